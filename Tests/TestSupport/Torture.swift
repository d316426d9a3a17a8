import Foundation

/// How much the long tests do: a sample by default, all of it under `script/torture`.
package enum Torture {
  /// Whether the long tests do all of it.
  package static let isFull = ProcessInfo.processInfo.environment["BACKTESTKIT_TORTURE"] == "1"

  /// The number of cases.
  package static func size(of sample: Int, full: Int) -> Int { isFull ? full : sample }
}

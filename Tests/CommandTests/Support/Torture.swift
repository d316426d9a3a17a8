import Foundation

/// How much the long tests do: a sample by default, all of it under `script/torture`.
enum Torture {
  static let isFull = ProcessInfo.processInfo.environment["BACKTESTKIT_TORTURE"] == "1"

  /// The number of cases.
  static func size(of sample: Int, full: Int) -> Int { isFull ? full : sample }
}

package import BacktestCommands
import Synchronization

/// A stream that keeps what is written.
package final class MemoryStream: TextStream {
  private let written = Mutex("")
  package let isTerminal: Bool
  package let width: Int

  /// A stream that claims to be a terminal or not.
  package init(isTerminal: Bool = false, width: Int = 80) {
    self.isTerminal = isTerminal
    self.width = width
  }

  package func write(_ text: String) { written.withLock { $0 += text } }

  /// All that was written.
  package var text: String { written.withLock { $0 } }
}

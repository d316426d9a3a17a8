import BacktestCommands
import Synchronization

/// A stream that keeps what is written.
final class MemoryStream: TextStream {
  private let written = Mutex("")
  let isTerminal: Bool
  let width: Int

  /// A stream that claims to be a terminal or not.
  init(isTerminal: Bool = false, width: Int = 80) {
    self.isTerminal = isTerminal
    self.width = width
  }

  func write(_ text: String) { written.withLock { $0 += text } }

  /// All that was written.
  var text: String { written.withLock { $0 } }
}

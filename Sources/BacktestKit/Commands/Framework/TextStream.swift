import BacktestStudies
internal import Glibc
internal import Synchronization

/// Where text goes: standard output, standard error, or memory in tests.
protocol TextStream: Sendable {
  /// Writes text as it is.
  func write(_ text: String)
  /// Whether a person looks at it.
  var isTerminal: Bool { get }
  /// The columns of the terminal; 80 where there is none.
  var width: Int { get }
}

/// A stream over a file descriptor, without a buffer of its own.
final class FileStream: TextStream {
  private let descriptor: Int32
  private let failure = Atomic<Int32>(0)

  /// A stream over an open descriptor, which it does not close.
  init(descriptor: Int32) { self.descriptor = descriptor }

  func write(_ text: String) {
    // After a failure nothing more is written: what follows would make no sense.
    guard failure.load(ordering: .relaxed) == 0 else { return }
    if let code = writeAll(Array(text.utf8), to: descriptor) {
      failure.store(code, ordering: .relaxed)
    }
  }

  /// What went wrong with writing, if anything. A reader that went away is no problem.
  var problem: String? {
    let code = failure.load(ordering: .relaxed)
    return code == 0 || code == EPIPE ? nil : String(cString: strerror(code))
  }

  var isTerminal: Bool { isatty(descriptor) == 1 }

  var width: Int {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }
}

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

import BacktestFiles
internal import Glibc
internal import Synchronization

/// Where text goes: standard output, standard error, or memory in tests.
package protocol TextStream: Sendable {
  /// Writes text as it is.
  func write(_ text: String)
  /// Whether a person looks at it.
  var isTerminal: Bool { get }
  /// The columns of the terminal; 80 where there is none.
  var width: Int { get }
}

/// An unbuffered stream over a file descriptor.
final class FileStream: TextStream {
  private let descriptor: Int32
  private let failure = Atomic<Int32>(0)

  /// A stream over an open descriptor, which it does not close.
  init(descriptor: Int32) { self.descriptor = descriptor }

  func write(_ text: String) {
    // After a failure nothing more is written: what follows would make no sense.
    guard failure.load(ordering: .relaxed) == 0 else { return }
    var text = text
    if let code = text.withUTF8({ writeAll(UnsafeRawBufferPointer($0), to: descriptor) }) {
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

/// Whether the user asked to stop.
struct Interrupt: Sendable {
  /// Whether it was asked.
  let isRaised: @Sendable () -> Bool

  /// Nobody asks.
  static let never = Interrupt { false }
}

/// What the process does with signals. Only the main of a program calls it.
///
/// A signal belongs to the process and its handler may hold no context, so the flag that it sets
/// cannot be passed in; everything else sees it through ``Interrupt``.
enum ProcessSignals {
  private static let isInterrupted = Atomic<Bool>(false)

  /// Lets the first interrupt or termination signal ask the command to stop. The system's own
  /// handling comes back with it, so a second one ends a command that does not listen.
  static func interrupt() -> Interrupt {
    // The first use may initialise the flag, which is no work for a signal handler.
    isInterrupted.store(false, ordering: .relaxed)
    listen(to: SIGINT)
    listen(to: SIGTERM)
    return Interrupt { isInterrupted.load(ordering: .relaxed) }
  }

  private static func listen(to signal: Int32) {
    var action = sigaction()
    sigaction(signal, nil, &action)
    // A job in the background was started deaf to the keyboard, and stays so.
    let present = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    guard present != unsafeBitCast(SIG_IGN, to: Int.self) else { return }
    action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      ProcessSignals.isInterrupted.store(true, ordering: .relaxed)
    }
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigaction(signal, &action, nil)
  }

  /// Makes writing to a closed pipe an error instead of a signal.
  static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Ends the process.
  static func exit(_ status: ExitCode) -> Never { Glibc.exit(status.rawValue) }
}

/// Monotonic time, for progress and durations; never for results.
protocol MonotonicClock: Sendable {
  /// Seconds since some fixed moment.
  var seconds: Double { get }
}

/// The monotonic clock of the system.
struct SystemClock: MonotonicClock {
  var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

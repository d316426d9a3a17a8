import BacktestCore
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

extension TextStream {
  /// The columns that a table may take; `nil` where no person looks and lines may be long.
  var tableWidth: Int? { isTerminal ? width : nil }

  /// The columns that a drawing of block characters may take; `nil` where no person looks, or
  /// where one asked for plain text with `NO_COLOR` or `TERM=dumb`.
  var drawingWidth: Int? {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    let isPlain = !(variable("NO_COLOR") ?? "").isEmpty || variable("TERM") == "dumb"
    return isTerminal && !isPlain ? width : nil
  }
}

/// An unbuffered stream over a file descriptor.
final class FileStream: TextStream {
  private let descriptor: Int32
  private let isSteered: Bool
  private let failure = Atomic<Int32>(0)

  /// A stream over an open descriptor, which it does not close.
  ///
  /// - Parameter isSteered: whether the program itself steers the terminal. Elsewhere a character
  ///   that would, such as one in the name of a study, is shown by its number.
  init(descriptor: Int32, isSteered: Bool) {
    self.descriptor = descriptor
    self.isSteered = isSteered
  }

  func write(_ text: String) {
    // After a failure nothing more is written: what follows would make no sense.
    guard failure.load(ordering: .relaxed) == 0 else { return }
    var text = isSteered ? text : text.withoutSteering
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

extension String {
  /// The text with the numbers of characters that steer a terminal or turn its direction.
  fileprivate var withoutSteering: String {
    func steers(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x09, 0x0A: false
      case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
      default: false
      }
    }
    guard unicodeScalars.contains(where: steers) else { return self }
    var shown = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if steers(scalar) {
        shown.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      } else {
        shown.append(scalar)
      }
    }
    return String(shown)
  }
}

/// What the process does with signals. Only the main of a program calls it.
///
/// A signal belongs to the process and its handler may hold no context, so what it raises cannot be
/// passed in; everything else gets the ``Interrupt``.
enum ProcessSignals {
  private static let interrupt = Interrupt()
  /// Wakes the thread that ends the process. It is never freed, because a signal may come any time.
  private nonisolated(unsafe) static let wakeUp: UnsafeMutablePointer<sem_t> = {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    return semaphore
  }()

  /// Makes the first interrupt or termination signal end the process: as soon as no work is under a
  /// shield, whatever else the process is doing. The system's own handling comes back with the
  /// first signal, so a second one does not wait.
  ///
  /// - Parameter end: ends the process, on a thread other than the main one.
  static func listen(end: @escaping @Sendable () -> Void) -> Interrupt {
    // The first use initialises these, which is no work for a signal handler.
    _ = (interrupt, wakeUp)
    var thread = pthread_t()
    let work = Unmanaged.passRetained(WatcherWork(end))
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        ProcessSignals.wait()
        Unmanaged<WatcherWork>.fromOpaque(argument).takeRetainedValue().end()
        return nil
      }, work.toOpaque())
    // Without the thread signals keep the system's own handling.
    guard code == 0 else {
      work.release()
      return interrupt
    }
    pthread_detach(thread)
    listen(to: SIGINT)
    listen(to: SIGTERM)
    return interrupt
  }

  /// Waits for a signal, and then until nothing has to be undone.
  private static func wait() {
    while sem_wait(wakeUp) != 0 {}
    while interrupt.isShielded { poll(nil, 0, 5) }
  }

  private static func listen(to signal: Int32) {
    var action = sigaction()
    sigaction(signal, nil, &action)
    // A job in the background was started deaf to the keyboard, and stays so.
    let present = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    guard present != unsafeBitCast(SIG_IGN, to: Int.self) else { return }
    action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      ProcessSignals.interrupt.raise()
      sem_post(ProcessSignals.wakeUp)
    }
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigaction(signal, &action, nil)
  }

  /// Makes writing to a closed pipe, or beyond the limit on the size of files, an error instead of
  /// a signal.
  static func ignoreWriteSignals() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Ends the process.
  static func exit(_ status: ExitCode) -> Never { Glibc.exit(status.rawValue) }

  /// Ends the process while other threads are at work, without what `exit` tidies up.
  static func exitAtOnce(_ status: ExitCode) -> Never { _exit(status.rawValue) }

  /// Whether the caller is the first that ends the process, and so reports it.
  static func claimEnd() -> Bool { interrupt.claimEnd() }

  /// Waits for another thread to end the process.
  static func waitForEnd() -> Never { while true { pause() } }
}

/// What a thread gets that waits for a signal.
private final class WatcherWork: Sendable {
  let end: @Sendable () -> Void

  init(_ end: @escaping @Sendable () -> Void) { self.end = end }
}

/// Monotonic time, for progress and durations; never for results.
protocol MonotonicClock: Sendable {
  /// Seconds since some fixed moment.
  var seconds: Double { get }
}

/// The monotonic clock of the system.
struct SystemClock: MonotonicClock {
  /// What the clock on the wall shows, to the second.
  @Sendable static func timeOfDay() -> Timestamp { Timestamp(seconds: Int64(time(nil))) }

  var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

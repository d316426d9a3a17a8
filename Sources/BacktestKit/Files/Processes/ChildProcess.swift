internal import Glibc
internal import Synchronization

/// A program that runs beside this one, started from its words without a shell.
///
///     let child = try ChildProcess(["python3", "policy.py"], streams: .lines)
///     child.exchange(Array("{\"id\":1}\n".utf8), within: 10)   // .line(answer)
///     child.terminate(grace: 2)
///
/// It leads its own process group, so that whatever it starts ends with it, and it is ended
/// and reaped at the latest when the value goes. All calls may come from any thread; one waits for
/// the other.
package final class ChildProcess: Sendable {
  /// What becomes of its streams.
  package enum Streams {
    /// Lines go in and lines come out; of standard error the end is kept for messages.
    case lines
    /// Nothing goes in; of standard output and error together the end is kept for messages.
    case captured
  }

  private let state: Mutex<ChildState>
  private let interrupt: Interrupt

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - command: the program, looked for on the PATH unless its name has a slash, and its words.
  ///   - folder: where it works; `nil` for the folder of this process.
  ///   - interrupt: ends waiting for the program.
  package init(
    _ command: [String], folder: String? = nil, streams: Streams,
    interrupt: Interrupt = Interrupt()
  ) throws(FileError) {
    self.interrupt = interrupt
    state = Mutex(
      try interrupt.shield { () throws(FileError) in
        try ChildState.start(command, folder: folder, streams: streams)
      })
  }

  deinit { terminate(grace: 2) }

  /// Sends a line, which ends in a line feed, and waits for one.
  package func exchange(_ line: [UInt8], within seconds: Double) -> ChildLine {
    interrupt.shield {
      state.withLock { $0.exchange(line, deadline: Deadline(seconds: seconds), interrupt) }
    }
  }

  /// Waits for its end; `nil` when it still runs after so many seconds.
  package func waitForExit(within seconds: Double) -> ChildExit? {
    state.withLock { $0.waitForExit(Deadline(seconds: seconds)) }
  }

  /// Ends it: closes its input and waits, asks it by SIGTERM and waits, then kills its group. An
  /// interrupt shortens the waiting.
  package func terminate(grace seconds: Double) {
    interrupt.shield { state.withLock { $0.terminate(grace: seconds, interrupt) } }
  }

  /// The last lines that it wrote for readers, oldest first.
  package func lastLines(_ count: Int) -> [String] { state.withLock { $0.tail.lines(count) } }
}

/// What came of waiting for a line.
package enum ChildLine: Equatable, Sendable {
  /// A line, without its line feed.
  case line([UInt8])
  /// No line in time.
  case timedOut
  /// The user asked to stop.
  case interrupted
  /// The output was closed, as it is when a process ends.
  case closed
  /// More than a line may have without a line feed.
  case tooLong
}

/// The descriptors and the process behind a `ChildProcess`; -1 is a descriptor that is closed.
package struct ChildState: Sendable {
  /// The most bytes that a line may have.
  package static let lineLimit = 1 << 20

  let process: pid_t
  var input: Int32
  var output: Int32
  var errors: Int32
  /// Whether the output is for readers too.
  let isCaptured: Bool
  /// What came after the last line.
  var unread: [UInt8] = []
  /// How much of it is known to hold no line feed.
  var scanned = 0
  var tail = StreamTail()
  /// How it ended, once it has been reaped.
  private(set) var exit: ChildExit?

  /// Waits for the end, reading on so that it is not held up by a full pipe.
  mutating func waitForExit(_ deadline: Deadline, unless interrupt: Interrupt? = nil) -> ChildExit?
  {
    var pause: Int32 = 1
    while true {
      if reap() {
        drain()
        return exit
      }
      let left = deadline.milliseconds
      if left == 0 || interrupt?.isRaised == true { return nil }
      // Output wakes this up at once; an end without output is noticed after the pause.
      move(writing: nil, milliseconds: min(pause, left))
      pause = min(2 * pause, 20)
    }
  }

  mutating func terminate(grace seconds: Double, _ interrupt: Interrupt) {
    func wait() -> ChildExit? {
      guard interrupt.isRaised else {
        return waitForExit(Deadline(seconds: seconds), unless: interrupt)
      }
      return waitForExit(Deadline(seconds: min(seconds, 0.05)))
    }
    ChildState.close(&input)
    if wait() == nil {
      kill(-process, SIGTERM)
      if wait() == nil {
        kill(-process, SIGKILL)
        while !reap(waits: true) {}
      }
    }
    ChildState.close(&output)
    ChildState.close(&errors)
  }

  /// Takes the exit status if there is one, and ends what the process left running.
  private mutating func reap(waits: Bool = false) -> Bool {
    if exit != nil { return true }
    var information = siginfo_t()
    let options = WEXITED | WNOWAIT | (waits ? 0 : WNOHANG)
    guard waitid(P_PID, id_t(process), &information, options) == 0 else {
      // Somebody else reaps all children of this process: nothing more will be known.
      if errno == ECHILD { exit = .unknown }
      return errno == ECHILD
    }
    guard information.si_signo == SIGCHLD else { return false }
    // Until it is reaped its number, and so its group's, belongs to nobody else.
    kill(-process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    exit = ChildExit(waitStatus: status)
    return true
  }

  static func close(_ descriptor: inout Int32) {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }
}

extension FileError {
  private static let notOnPath =
    "there is no program of this name on the PATH; install it or give its path"

  /// Whether a program cannot be started because it is not installed.
  package var isOfMissingProgram: Bool { reason == Self.notOnPath }

  /// A program that could not be started.
  init(starting program: String, _ reason: String) {
    self.init(
      path: program.isEmpty ? "" : quotedForMessage(program, limit: 200),
      action: "start the program", reason: reason)
  }

  /// The error that starting a program in a folder gave.
  init(starting program: String, in folder: String?, code: Int32) {
    let place = folder.map { ", seen from the folder \(quotedForMessage($0, limit: 200))" } ?? ""
    let reason =
      switch code {
      case ENOENT where program.contains("/"):
        "there is no program of this name\(place), or not the one that its first line names"
      case ENOENT: Self.notOnPath
      case EACCES:
        "the file is not executable; make it so, or name its interpreter: python3 \(program)"
      case ENOEXEC:
        "the system cannot run the file; it needs a first line such as #!/usr/bin/env python3, or "
          + "its interpreter before it"
      default: String(cString: strerror(code))
      }
    self.init(starting: program, reason)
  }
}

/// How a process ended.
package enum ChildExit: Equatable, Sendable, CustomStringConvertible {
  /// By itself.
  case status(Int32)
  /// By a signal.
  case signal(Int32)
  /// In a way that nobody knows, because this process does not keep how its children end.
  case unknown

  /// From the status that `waitpid` gives.
  init(waitStatus: Int32) {
    let signal = waitStatus & 0x7F
    self = signal == 0 ? .status((waitStatus >> 8) & 0xFF) : .signal(signal)
  }

  /// `ended with exit status 3`, `was ended by signal 9 (SIGKILL)`.
  package var description: String {
    switch self {
    case .status(let status): return "ended with exit status \(status)"
    case .signal(let signal):
      let name = Self.names.first { $0.signal == signal }.map { " (\($0.name))" } ?? ""
      return "was ended by signal \(signal)\(name)"
    case .unknown: return "ended, and its exit status is not known"
    }
  }

  private static let names: [(signal: Int32, name: String)] = [
    (SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGQUIT, "SIGQUIT"), (SIGILL, "SIGILL"),
    (SIGABRT, "SIGABRT"), (SIGBUS, "SIGBUS"), (SIGFPE, "SIGFPE"), (SIGKILL, "SIGKILL"),
    (SIGSEGV, "SIGSEGV"), (SIGPIPE, "SIGPIPE"), (SIGALRM, "SIGALRM"), (SIGTERM, "SIGTERM"),
  ]
}

/// The last bytes of a stream, for messages.
struct StreamTail: Sendable {
  private static let limit = 4096
  private var bytes: [UInt8] = []

  mutating func append(_ more: [UInt8]) {
    bytes += more.suffix(Self.limit)
    // Cut only now and then, so that small pieces cost little.
    if bytes.count > 4 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
  }

  /// The last lines that are not blank, oldest first.
  func lines(_ count: Int) -> [String] {
    // Programs that draw progress bars go back by carriage returns.
    let pieces = bytes.suffix(Self.limit).split { $0 == 0x0A || $0 == 0x0D }
    let lines = pieces.filter { piece in piece.contains { $0 > 0x20 } }
    return lines.suffix(count).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// A moment up to which another process may take its time.
///
/// A run asks no clock, and no result depends on one: what a passed deadline causes is an error
/// that ends the run. Nothing else in the library may use it.
package struct Deadline {
  private let end: Double

  /// The moment in so many seconds from now.
  package init(seconds: Double) { end = Deadline.now + seconds }

  /// What is left in milliseconds, rounded up; 0 when the moment has passed.
  package var milliseconds: Int32 {
    let left = (1_000 * (end - Deadline.now)).rounded(.up)
    return left > 0 ? Int32(min(left, 1e9)) : 0
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

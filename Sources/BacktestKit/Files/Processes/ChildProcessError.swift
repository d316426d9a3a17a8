internal import Glibc

/// A program that could not be started.
package struct ChildProcessError: Error, Equatable, CustomStringConvertible {
  /// Why, and what to do.
  package var description: String

  init(_ description: String) { self.description = description }

  /// The error that starting a program in a folder gave.
  init(code: Int32, program: String, folder: String?) {
    let name = quotedForMessage(program, limit: 200)
    let place = folder.map { " from the folder \(quotedForMessage($0, limit: 200))" } ?? ""
    switch code {
    case ENOENT where program.contains("/"):
      description = "there is no program \(name)\(place), or not the one that its first line names"
    case ENOENT:
      description = "there is no program \(name) on the PATH; install it or give its path"
    case EACCES:
      description =
        "\(name) is not executable; mark it so, or start it by its interpreter: python3 \(program)"
    case ENOEXEC:
      description =
        "\(name) is no program that the system starts; it needs a first line such as "
        + "#!/usr/bin/env python3, or its interpreter before it"
    default: description = "\(name) cannot be started: \(String(cString: strerror(code)))"
    }
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

  /// From what `waitpid` told.
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

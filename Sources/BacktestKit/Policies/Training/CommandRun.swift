import BacktestFiles

/// A command that failed: which, how, and what it said last.
public struct CommandRunError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The program and its words.
  public var command: [String]
  /// What happened, such as `it ended with exit status 3`.
  public var problem: String
  /// The last lines of its standard output and error, oldest first, at most ten.
  public var lastLines: [String]

  /// A command that failed.
  public init(command: [String], problem: String, lastLines: [String] = []) {
    self.command = command
    self.problem = problem
    self.lastLines = lastLines
  }

  /// One line: the command, what happened, and the last line that it wrote.
  public var description: String {
    let last = lastLines.last.map { "; its last line is \(quotedForMessage($0, limit: 200))" }
    return "\(CommandTemplate.shown(command)): \(problem)\(last ?? "")"
  }
}

/// Runs commands to their end.
public enum CommandRun {
  /// Runs a command to its end, without a shell and without input.
  ///
  /// It runs in a process group of its own; whatever it leaves running ends with it.
  ///
  /// - Parameters:
  ///   - command: the program, looked for on the PATH unless its name has a slash, and its words.
  ///   - folder: where it works; `nil` for the folder of this process.
  ///   - seconds: how long it may take; `nil` for as long as it needs.
  ///   - isInterrupted: whether the user asked to stop; asked ten times a second.
  /// - Throws: `CommandRunError` unless it ends with exit status 0.
  public static func run(
    _ command: [String], folder: String? = nil, within seconds: Double? = nil,
    isInterrupted: () -> Bool = { false }
  ) throws(CommandRunError) {
    let child: ChildProcess
    do throws(ChildProcessError) {
      child = try ChildProcess(command, folder: folder, streams: .captured)
    } catch {
      throw CommandRunError(command: command, problem: "\(error)")
    }
    let deadline = seconds.map { Deadline(seconds: $0) }
    var problem: String?
    while problem == nil {
      if let exit = child.waitForExit(within: 0.1) {
        if exit == .status(0) { return }
        problem = "it \(exit)"
      } else if isInterrupted() {
        problem = "it was interrupted"
      } else if let seconds, deadline?.milliseconds == 0 {
        problem = "it did not end within \(seconds) s and was ended"
      }
    }
    child.terminate(grace: 2)
    throw CommandRunError(
      command: command, problem: problem ?? "", lastLines: child.lastLines(10))
  }
}

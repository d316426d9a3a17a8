import BacktestCore
import BacktestFiles

/// What a command does once its parameters are read.
typealias CommandAction = (CommandContext) throws -> ExitCode

/// A command of the program: a name, what help says, and either subcommands or something to do.
///
///     let greet = Command("greet", summary: "Greet somebody.") { parameters in
///       let name = parameters.argument("name", .text("name"), help: "Whom to greet.")
///       return { context in
///         context.output.write("Hello, \(name)\n")
///         return .done
///       }
///     }
struct Command: Sendable {
  /// The word that names it.
  var name: String
  /// What it does, one sentence.
  var summary: String
  /// What else there is to know; paragraphs between empty lines.
  var discussion: String
  /// The commands below it.
  var subcommands: [Command]
  /// Whether it is a gate, which may fail although its input is right.
  var isGate = false
  /// Asks for the parameters and gives what to do with them.
  var declare: @Sendable (inout ParameterReader) -> CommandAction

  /// A command that does something.
  init(
    _ name: String, summary: String, discussion: String = "",
    declare: @escaping @Sendable (inout ParameterReader) -> CommandAction
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.declare = declare
    subcommands = []
  }

  /// A command that groups others.
  init(_ name: String, summary: String, discussion: String = "", subcommands: [Command]) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.subcommands = subcommands
    declare = { _ in { _ in .wrongInput } }
  }

  /// The parameters as they are declared.
  var declarations: [ParameterDeclaration] {
    var reader = ParameterReader()
    _ = declare(&reader)
    return reader.declarations
  }

  /// Reads the words that follow the command's name.
  ///
  /// - Throws: where the words do not fit the parameters.
  func action(for words: some Collection<String>) throws(CommandError) -> CommandAction {
    var reader = ParameterReader(try ParsedArguments(words, for: declarations))
    let action = declare(&reader)
    try reader.finish()
    return action
  }
}

/// What a command gets from outside: streams, a clock, and whether the user asked to stop.
struct CommandContext: Sendable {
  /// Where results go.
  var output: any TextStream
  /// Where messages and progress go.
  var errors: any TextStream
  /// How time passes.
  var clock: any MonotonicClock
  /// Whether the user asked to stop.
  var interrupt: Interrupt
  /// The time of day, for records of what was done when; never for results.
  var wallClock: @Sendable () -> Timestamp = SystemClock.timeOfDay

  /// Shows a message of one or more lines, of each as much as can be read at a glance.
  func report(_ message: String) {
    let lines = message.split(separator: "\n").map { bounded(String($0)) + "\n" }
    errors.write(lines.joined())
  }

  /// Ends the command when the user asked to stop; long commands call it between two steps.
  func checkInterrupt() throws(CommandError) {
    if interrupt.isRaised { throw .interrupted }
  }
}

/// A line of a message with at most 300 characters: of a longer one the middle goes, because it
/// begins with the place and ends with what to do.
private func bounded(_ line: String) -> String {
  let limit = 300
  // A count of bytes is never below that of characters, and hostile lines are long.
  guard line.utf8.count > limit, line.count > limit else { return line }
  return "\(line.prefix(limit - 101))…\(line.suffix(100))"
}

/// An invalid command line, or a command that ends without success for a reason
/// that the user must know.
///
/// Any other error that a command throws is shown by its description and ends it with
/// ``ExitCode/wrongInput``, since the library throws only about input; faults of ours trap.
struct CommandError: Error, Equatable {
  /// How the program ends.
  var status: ExitCode
  /// What went wrong and what to do.
  var message: String
  /// Whether the command line itself is wrong, so that its usage is shown.
  var showsUsage = false

  /// An invalid command line.
  static func usage(_ message: String) -> CommandError {
    CommandError(status: .wrongInput, message: message, showsUsage: true)
  }

  /// Invalid input.
  static func input(_ message: String) -> CommandError {
    CommandError(status: .wrongInput, message: message)
  }

  /// The user asked to stop.
  static let interrupted = CommandError(
    status: .interrupted, message: "interrupted; no file is half written")
}

/// How a command ended, as the shell sees it.
package enum ExitCode: Int32, Sendable, CaseIterable {
  /// Done, and a gate passed; warnings and ruin in a run are no failures.
  case done = 0
  /// A gate failed, or look-ahead was found.
  case gateFailed = 1
  /// The input or the command line is wrong.
  case wrongInput = 2
  /// A fault of the program, or a run that does not reproduce its fingerprint.
  case fault = 3
  /// The user interrupted; no file is half written.
  case interrupted = 130

  /// What help screens say about it.
  var meaning: String {
    switch self {
    case .done: "Done."
    case .gateFailed: "A gate failed, or look-ahead was found."
    case .wrongInput: "The input or the command line is wrong."
    case .fault: "A fault of the program, or a run that does not reproduce its fingerprint."
    case .interrupted: "Interrupted; no file is half written."
    }
  }
}

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
  func action(for words: some Collection<String>) throws(UsageError) -> CommandAction {
    var reader = ParameterReader(try SortedWords(words, for: declarations))
    let action = declare(&reader)
    try reader.finish()
    return action
  }
}

/// What a command gets from outside: streams, time and the wish of the user to stop.
struct CommandContext: Sendable {
  /// Where results go.
  var output: any TextStream
  /// Where messages and progress go.
  var errors: any TextStream
  /// How time passes.
  var clock: any MonotonicClock
  /// Whether the user asked to stop.
  var interrupt: Interrupt

  /// Ends the command when the user asked to stop; long commands call it between two steps.
  func checkInterrupt() throws(CommandFailure) {
    if interrupt.isRaised() { throw .interrupted }
  }
}

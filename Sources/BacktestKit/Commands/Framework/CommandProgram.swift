import BacktestCore
import BacktestFiles

/// A program made of commands: finds the command that is meant, runs it, and reports.
///
/// `--help`, `-h` and the word `help` work at every level; `--version` and `completion SHELL` are
/// there without being declared.
struct CommandProgram: Sendable {
  /// The program itself; its subcommands are the commands.
  let root: Command
  /// What `--version` shows.
  let version: String

  /// A program; the name is the one that help shows.
  init(_ name: String, version: String, summary: String, subcommands: [Command]) {
    self.version = version
    root = Self.addingCompletion(
      to: Command(name, summary: summary, subcommands: subcommands))
  }

  /// Runs a command line, given without the program's name.
  func run(_ words: [String], in context: CommandContext) -> ExitCode {
    var path = [root]
    do {
      guard let action = try find(words, &path, context) else { return .done }
      return try action(context)
    } catch {
      let failure = error as? CommandError ?? .input("\(error)")
      // The thread that hears signals may be ending the process already.
      if failure.status == .interrupted, !context.interrupt.claimEnd() {
        ProcessSignals.waitForEnd()
      }
      let screen = HelpScreen(path: path, width: context.errors.width)
      let usage = "\(screen.usage)See '\(screen.title) --help'.\n"
      // It may come from the thread that hears signals, which knows no command.
      let title = failure.status == .interrupted ? root.name : screen.title
      context.report("\(title): \(failure.message)")
      if failure.showsUsage { context.errors.write(usage) }
      return failure.status
    }
  }

  /// Follows the words down the tree; `nil` when help or the version was all that was asked.
  private func find(
    _ words: [String], _ path: inout [Command], _ context: CommandContext
  ) throws(CommandError) -> CommandAction? {
    var rest = words[...]
    var wantsHelp = false
    while let command = path.last, !command.subcommands.isEmpty {
      guard let word = rest.popFirst() else {
        if wantsHelp { break }
        throw CommandError.usage("a command is missing")
      }
      if word == "--help" || word == "-h" || word == "help" {
        wantsHelp = true
      } else if word == "--version", path.count == 1 {
        context.output.write("\(root.name) \(version)\n")
        return nil
      } else if let next = command.subcommands.first(where: { $0.name == word }) {
        path.append(next)
      } else {
        throw unknown(word, in: command, isProgram: path.count == 1)
      }
    }
    if wantsHelp || ParsedArguments.askForHelp(rest) {
      context.output.write(HelpScreen(path: path, width: context.output.width).text)
      return nil
    }
    return try path[path.count - 1].action(for: rest)
  }

  private func unknown(_ word: String, in command: Command, isProgram: Bool) -> CommandError {
    let isOption = word.hasPrefix("-")
    let names =
      isOption ? ["--help"] + (isProgram ? ["--version"] : []) : command.subcommands.map(\.name)
    let nearest = NearestName.find(word, among: names)
    let advice =
      nearest.map { "did you mean '\($0)'?" }
      ?? (isOption
        ? "options come after the command"
        : "commands are \(listed(command.subcommands.map(\.name), "and"))")
    let kind = isOption ? "option" : "command"
    return CommandError.usage("unknown \(kind) \(quotedForMessage(word)); \(advice)")
  }

  private static func addingCompletion(to root: Command) -> Command {
    var tree = root
    tree.subcommands.append(
      Command(
        "completion", summary: "Print a completion script for a shell.",
        discussion: """
          For bash, put this line into ~/.bashrc: source <(\(root.name) completion bash)

          For zsh, save the script as _\(root.name) in a folder of $fpath; for fish, as \
          ~/.config/fish/completions/\(root.name).fish.
          """
      ) { parameters in
        let shell = parameters.argument(
          "shell", .choice("shell", of: CompletionShell.self), help: "The shell.")
        return { context in
          let tree = CompletionTree(addingCompletion(to: root))
          context.output.write(shell.script(for: tree))
          return .done
        }
      })
    return tree
  }
}

extension CommandProgram {
  /// Runs the command line of the process and ends the process.
  ///
  /// The first interrupt signal ends the process once files and programs under way are removed, the
  /// second at once. Either way no file is half written, since files are renamed into place. A
  /// closed pipe is no signal but an end of output.
  func main(_ arguments: [String]) -> Never {
    ProcessSignals.ignoreWriteSignals()
    let output = FileStream(descriptor: 1, isSteered: false)
    let errors = FileStream(descriptor: 2, isSteered: true)
    let name = root.name
    let context = CommandContext(
      output: output, errors: errors, clock: SystemClock(),
      interrupt: ProcessSignals.listen { Self.endInterrupted(name, errors) })
    var status = run(Array(arguments.dropFirst()), in: context)
    if let problem = output.problem {
      errors.write("\(root.name): cannot write to standard output: \(problem)\n")
      if status == .done { status = .wrongInput }
    }
    ProcessSignals.exit(status)
  }
}

extension CommandProgram {
  /// Ends the process on a signal, over whatever progress is shown.
  private static func endInterrupted(_ name: String, _ errors: FileStream) {
    guard ProcessSignals.claimEnd() else { return }
    let clearing = errors.isTerminal ? "\r\u{1B}[K" : ""
    errors.write("\(clearing)\(name): \(CommandError.interrupted.message)\n")
    ProcessSignals.exitAtOnce(.interrupted)
  }
}

/// The help of a command, made from its declarations.
struct HelpScreen {
  /// The program and its commands down to the one shown.
  let path: [Command]
  /// The columns of the terminal.
  let width: Int

  /// How the command is called: `bt-run data check`.
  var title: String { path.map(\.name).joined(separator: " ") }

  /// The usage line, wrapped, with a line feed at the end.
  var usage: String {
    var words = ["Usage:", title]
    let declarations = command.declarations
    if command.subcommands.isEmpty {
      words.append("[options]")
      for option in declarations where option.form == .option && option.isRequired {
        words.append("--\(option.name) <\(option.valueName)>")
      }
      words += declarations.filter { $0.form == .argument }.map(\.usage)
    } else {
      words.append("<command>")
    }
    return wrapped(words, indent: 7 + 1 + 2)
  }

  /// The whole screen.
  var text: String {
    var sections = [paragraph(command.summary), usage]
    if !command.discussion.isEmpty {
      let paragraphs = command.discussion.split(separator: "\n\n").map { paragraph(String($0)) }
      sections.append(paragraphs.joined(separator: "\n"))
    }
    let declarations = command.declarations
    let options = declarations.filter { $0.form != .argument } + standardOptions
    sections.append(
      table("Commands:", command.subcommands.map { ($0.name, $0.summary) }))
    sections.append(
      table(
        "Arguments:",
        declarations.filter { $0.form == .argument }.map { ($0.label, $0.helpText) }))
    sections.append(table("Options:", options.map { ($0.optionLabel, $0.helpText) }))
    sections.append(
      table(
        "Exit status:",
        ExitCode.allCases.filter { $0 != .gateFailed || command.isGate || path.count == 1 }
          .map { ("\($0.rawValue)", $0.meaning) }))
    if !command.subcommands.isEmpty {
      sections.append(paragraph("See '\(title) <command> --help' for more on a command."))
    }
    return sections.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var command: Command { path[path.count - 1] }

  private var standardOptions: [ParameterDeclaration] {
    path.count == 1 ? [.help, .version] : [.help]
  }

  private var lineWidth: Int { min(max(width, 50), 100) }

  private func paragraph(_ text: String) -> String {
    wrapped(text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init), indent: 0)
  }

  private func table(_ heading: String, _ rows: [(String, String)]) -> String {
    guard !rows.isEmpty else { return "" }
    // Labels longer than this get their own line.
    let labelWidth = min(rows.map(\.0.displayWidth).max() ?? 0, 26)
    let indent = 2 + labelWidth + 2
    var text = heading + "\n"
    for (label, help) in rows {
      let lines = wrapped(
        help.split(separator: " ").map(String.init), indent: indent, isFirstIndented: true)
      if label.displayWidth > labelWidth {
        text += "  \(label)\n\(lines)"
      } else {
        text += "  \(label.padded(to: labelWidth))  \(lines.dropFirst(indent))"
      }
    }
    return text
  }

  /// Words in lines of at most the width; lines after the first are indented.
  private func wrapped(_ words: [String], indent: Int, isFirstIndented: Bool = false) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = isFirstIndented ? margin : ""
    var isEmpty = true
    for word in words {
      if !isEmpty, line.displayWidth + 1 + word.displayWidth > lineWidth {
        lines.append(line)
        line = margin
        isEmpty = true
      }
      line += isEmpty ? word : " " + word
      isEmpty = false
    }
    return (lines + [line]).map { $0 + "\n" }.joined()
  }
}

extension ParameterDeclaration {
  /// How a usage line shows an argument: `<study>`, `[<file>...]`.
  fileprivate var usage: String {
    let name = isRepeated ? "<\(name)>..." : "<\(name)>"
    return isRequired ? name : "[\(name)]"
  }

  /// How the list shows an option: `-o, --out <folder>`.
  fileprivate var optionLabel: String {
    let letter = short.map { "-\($0), " } ?? "    "
    return "\(letter)--\(name)" + (form == .option ? " <\(valueName)>" : "")
  }

  /// The help with what follows from the declaration.
  fileprivate var helpText: String {
    var notes: [String] = []
    if isRequired, form == .option { notes.append("required") }
    if isRepeated, form == .option { notes.append("may be repeated") }
    if let fallback { notes.append("default: \(fallback)") }
    if case .words(let words) = completion, !words.isEmpty {
      notes.insert("one of: \(words.joined(separator: ", "))", at: 0)
    }
    return notes.isEmpty ? help : "\(help) (\(notes.joined(separator: "; ")))"
  }
}

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
    do throws(UsageError) {
      let action = try find(words, &path, context)
      guard let action else { return .done }
      return perform(action, path, context)
    } catch {
      let screen = HelpScreen(path: path, width: context.errors.width)
      context.errors.write(
        "\(screen.title): \(error.message)\n\(screen.usage)See '\(screen.title) --help'.\n")
      return .wrongInput
    }
  }

  private func perform(
    _ action: CommandAction, _ path: [Command], _ context: CommandContext
  ) -> ExitCode {
    let title = path.map(\.name).joined(separator: " ")
    do {
      return try action(context)
    } catch let failure as CommandFailure {
      context.errors.write("\(title): \(failure.message)\n")
      return failure.status
    } catch {
      context.errors.write("\(title): \(error)\n")
      return .wrongInput
    }
  }

  /// Follows the words down the tree; `nil` when help or the version was all that was asked.
  private func find(
    _ words: [String], _ path: inout [Command], _ context: CommandContext
  ) throws(UsageError) -> CommandAction? {
    var rest = words[...]
    var wantsHelp = false
    while let command = path.last, !command.subcommands.isEmpty {
      guard let word = rest.popFirst() else {
        if wantsHelp { break }
        throw UsageError(message: "a command is missing")
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
    if wantsHelp || SortedWords.askForHelp(rest) {
      context.output.write(HelpScreen(path: path, width: context.output.width).text)
      return nil
    }
    return try path[path.count - 1].action(for: rest)
  }

  private func unknown(_ word: String, in command: Command, isProgram: Bool) -> UsageError {
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
    return UsageError(message: "unknown \(kind) \(quotedForMessage(word)); \(advice)")
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
  /// The first interrupt signal asks the command to stop, the second ends the process at once.
  /// Either way no file is half written, since files are renamed into place. A closed pipe is no
  /// signal but an end of output.
  func main(_ arguments: [String]) -> Never {
    ProcessSignals.ignoreClosedPipes()
    let output = FileStream(descriptor: 1)
    let errors = FileStream(descriptor: 2)
    let context = CommandContext(
      output: output, errors: errors, clock: SystemClock(),
      interrupt: ProcessSignals.interrupt())
    var status = run(Array(arguments.dropFirst()), in: context)
    if let problem = output.problem {
      errors.write("\(root.name): cannot write to standard output: \(problem)\n")
      if status == .done { status = .wrongInput }
    }
    ProcessSignals.exit(status)
  }
}

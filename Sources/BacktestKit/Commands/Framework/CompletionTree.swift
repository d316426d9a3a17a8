/// A shell for which a completion script can be made.
enum CompletionShell: String, CaseIterable, Sendable {
  case bash, zsh, fish

  /// The script for a program.
  func script(for tree: CompletionTree) -> String {
    switch self {
    case .bash: BashCompletion(tree: tree).script
    case .zsh: ZshCompletion(tree: tree).script
    case .fish: FishCompletion(tree: tree).script
    }
  }
}

/// The commands of a program with their parameters, flattened for a script.
struct CompletionTree {
  /// One command.
  struct Place {
    /// The words behind the program's name, such as `data`, `check`.
    var path: [String]
    /// The commands below it.
    var subcommands: [Command]
    /// Its parameters, the ones that every command has included.
    var parameters: [ParameterDeclaration]

    /// The parameters that begin with a dash.
    var options: [ParameterDeclaration] { parameters.filter { $0.form != .argument } }
    /// The parameters by position.
    var arguments: [ParameterDeclaration] { parameters.filter { $0.form == .argument } }
  }

  /// The program's name.
  let name: String
  /// All commands, the program itself first, each before those below it.
  let places: [Place]

  /// The tree of a program.
  init(_ root: Command) {
    name = root.name
    places = Self.places(root, path: [])
  }

  /// The program's name as a part of a function's name.
  var functionName: String { name.map { $0.isLetter || $0.isNumber ? "\($0)" : "_" }.joined() }

  private static func places(_ command: Command, path: [String]) -> [Place] {
    let standard: [ParameterDeclaration] = path.isEmpty ? [.help, .version] : [.help]
    let place = Place(
      path: path, subcommands: command.subcommands, parameters: command.declarations + standard)
    return [place] + command.subcommands.flatMap { places($0, path: path + [$0.name]) }
  }
}

extension ArgumentCompletion {
  /// The words that a script may hold without being read as anything else by the shell.
  var safeWords: [String] {
    guard case .words(let words) = self else { return [] }
    return words.filter { word in
      !word.isEmpty
        && word.utf8.allSatisfy { byte in
          switch byte {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x2B, 0x2F, 0x25, 0x40: true
          default: false
          }
        }
    }
  }
}

extension ParameterDeclaration {
  /// The ways to write the option: `--out`, `-o`.
  var spellings: [String] { ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) }
}

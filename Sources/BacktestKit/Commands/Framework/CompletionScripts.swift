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

/// The completion script for bash 4 and later; it needs no other package.
struct BashCompletion {
  let tree: CompletionTree

  /// The whole script.
  var script: String {
    let function = "_\(tree.functionName)_complete"
    let paths = tree.places.dropFirst().map { "' \($0.path.joined(separator: " "))'" }
    return """
      # Completion for \(tree.name). Load it with: source <(\(tree.name) completion bash)
      \(function)_files() {
        local ending
        for ending in "$@"; do
          mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X "!*$ending" -- "$current")
        done
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current")
        compopt -o filenames 2>/dev/null
      }
      \(function)_words() {
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$current")
      }
      \(function)() {
        COMPREPLY=()
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= index
        for ((index = 1; index < COMP_CWORD; index++)); do
          case "$path ${COMP_WORDS[index]}" in
            \(paths.joined(separator: "|"))) path="$path ${COMP_WORDS[index]}" ;;
          esac
        done
        # The shell takes --option=value for three words.
        if [[ $current == '=' ]]; then
          current=
        elif [[ $previous == '=' ]]; then
          previous=${COMP_WORDS[COMP_CWORD-2]}
        fi
        case "$path" in
      \(tree.places.map { cases($0, function) }.joined(separator: "\n"))
        esac
      }
      complete -F \(function) \(tree.name)

      """
  }

  private func cases(_ place: CompletionTree.Place, _ function: String) -> String {
    let path = place.path.map { " " + $0 }.joined()
    var lines = ["    '\(path)')"]
    let options = place.options.filter { $0.form == .option }
    if !options.isEmpty {
      lines.append("      case \"$previous\" in")
      for option in options {
        let offer = offer(option.completion, function).map { "\($0); " } ?? ""
        lines.append("        \(option.spellings.joined(separator: "|"))) \(offer)return ;;")
      }
      lines.append("      esac")
    }
    let spellings = place.options.flatMap(\.spellings).joined(separator: " ")
    lines.append("      if [[ $current == -* ]]; then")
    lines.append("        \(function)_words '\(spellings)'")
    lines.append("        return")
    lines.append("      fi")
    if !place.subcommands.isEmpty {
      let names = place.subcommands.map(\.name).joined(separator: " ")
      lines.append("      \(function)_words '\(names)'")
    }
    var offers: [String] = []
    for case let offer? in place.arguments.map({ offer($0.completion, function) })
    where !offers.contains(offer) {
      offers.append(offer)
    }
    lines += offers.map { "      " + $0 }
    lines.append("      ;;")
    return lines.joined(separator: "\n")
  }

  private func offer(_ completion: ArgumentCompletion, _ function: String) -> String? {
    switch completion {
    case .none: return nil
    case .folders: return "\(function)_files"
    case .files(let endings):
      let endings = endings.isEmpty ? ["''"] : endings.map { "'.\($0)'" }
      return "\(function)_files \(endings.joined(separator: " "))"
    case .words:
      let words = completion.safeWords
      return words.isEmpty ? nil : "\(function)_words '\(words.joined(separator: " "))'"
    }
  }
}

/// The completion script for zsh.
struct ZshCompletion {
  let tree: CompletionTree

  /// The whole script.
  var script: String {
    let function = self.function([])
    return """
      #compdef \(tree.name)
      # Completion for \(tree.name). Save it as _\(tree.name) in a folder of $fpath.
      \(tree.places.map(definition).joined(separator: "\n"))
      if [ "$funcstack[1]" = "_\(tree.name)" ]; then
        \(function) "$@"
      else
        compdef \(function) \(tree.name)
      fi

      """
  }

  private func function(_ path: [String]) -> String {
    (["_\(tree.functionName)_complete"] + path).joined(separator: "_")
      .replacing(" ", with: "_").replacing("-", with: "_")
  }

  private func definition(_ place: CompletionTree.Place) -> String {
    var lines = ["\(function(place.path))() {"]
    var specifications = place.options.map(specification)
    if place.subcommands.isEmpty {
      for (index, argument) in place.arguments.enumerated() {
        let position = argument.isRepeated ? "*" : "\(index + 1)"
        let separator = argument.isRequired || argument.isRepeated ? ":" : "::"
        specifications.append(
          "'\(position)\(separator)\(escaped(argument.name)):\(action(argument.completion))'")
      }
      lines.append("  _arguments -S -s \\\n    \(specifications.joined(separator: " \\\n    "))")
    } else {
      specifications += ["'1: :->command'", "'*:: :->rest'"]
      lines.append("  local line state")
      lines.append("  _arguments -C \\\n    \(specifications.joined(separator: " \\\n    "))")
      lines.append("  case $state in")
      let names = place.subcommands.map { "'\($0.name):\(escaped($0.summary))'" }
      lines.append("    command)")
      lines.append("      local -a commands=(\(names.joined(separator: " ")))")
      lines.append("      _describe 'command' commands ;;")
      lines.append("    rest)")
      lines.append("      case $line[1] in")
      for subcommand in place.subcommands {
        lines.append("        \(subcommand.name)) \(function(place.path + [subcommand.name])) ;;")
      }
      lines += ["      esac ;;", "  esac"]
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func specification(_ option: ParameterDeclaration) -> String {
    let takesValue = option.form == .option
    let value = takesValue ? ":\(escaped(option.valueName)):\(action(option.completion))" : ""
    let text = "'[\(escaped(option.help))]\(value)'"
    let long = "--\(option.name)" + (takesValue ? "=" : "")
    // A repeated option stays on offer, any other one goes with its other spelling.
    let prefix = option.isRepeated ? "'*'" : "'(\(option.spellings.joined(separator: " ")))'"
    guard let short = option.short else { return "\(prefix)\(long)\(text)" }
    return "\(prefix){-\(short)\(takesValue ? "+" : ""),\(long)}\(text)"
  }

  private func action(_ completion: ArgumentCompletion) -> String {
    switch completion {
    case .none: return " "
    case .folders: return "_files -/"
    case .files(let endings) where endings.isEmpty: return "_files"
    case .files(let endings): return "_files -g \"*.(\(endings.joined(separator: "|")))\""
    case .words: return "(\(completion.safeWords.joined(separator: " ")))"
    }
  }

  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "'": result += "'\\''"
      case "[", "]", ":", "\\": result += "\\\(character)"
      case "\n": result += " "
      default: result.append(character)
      }
    }
    return result
  }
}

/// The completion script for fish 3 and later.
struct FishCompletion {
  let tree: CompletionTree

  /// The whole script.
  var script: String {
    let function = "__\(tree.functionName)_is_at"
    let paths = tree.places.dropFirst().map { "' \($0.path.joined(separator: " "))'" }
    return """
      # Completion for \(tree.name). Save it as ~/.config/fish/completions/\(tree.name).fish
      function \(function)
        set -l place ''
        for word in (commandline -opc)[2..-1]
          switch "$place $word"
            case \(paths.joined(separator: " "))
              set place "$place $word"
          end
        end
        test "$place" = "$argv[1]"
      end
      complete -c \(tree.name) -f
      \(tree.places.flatMap { lines($0, function) }.joined(separator: "\n"))

      """
  }

  private func lines(_ place: CompletionTree.Place, _ function: String) -> [String] {
    let path = place.path.map { " " + $0 }.joined()
    let start = "complete -c \(tree.name) -n \"\(function) '\(path)'\""
    let commands = place.subcommands.map { command in
      "\(start) -a \(quoted(command.name)) -d \(quoted(command.summary))"
    }
    let options = place.options.map { option in
      let short = option.short.map { " -s \($0)" } ?? ""
      let value = option.form == .option ? " -r\(offer(option.completion) ?? " -f")" : ""
      return "\(start) -l \(option.name)\(short)\(value) -d \(quoted(option.help))"
    }
    let arguments = place.arguments.compactMap { argument in
      offer(argument.completion).map { "\(start)\($0)" }
    }
    return commands + options + arguments
  }

  private func offer(_ completion: ArgumentCompletion) -> String? {
    switch completion {
    case .none: return nil
    case .folders: return " -f -a '(__fish_complete_directories)'"
    case .files: return " -F"
    case .words: return " -f -a \(quoted(completion.safeWords.joined(separator: " ")))"
    }
  }

  private func quoted(_ text: String) -> String {
    var result = "'"
    for character in text {
      switch character {
      case "'", "\\": result += "\\\(character)"
      case "\n": result += " "
      default: result.append(character)
      }
    }
    return result + "'"
  }
}

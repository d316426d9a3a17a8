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

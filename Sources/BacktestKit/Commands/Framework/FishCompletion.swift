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

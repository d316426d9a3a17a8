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

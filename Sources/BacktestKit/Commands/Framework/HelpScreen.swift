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
      table("Exit status:", ExitCode.allCases.map { ("\($0.rawValue)", $0.meaning) }))
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
    // Labels longer than this get a line of their own.
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
  /// How an argument stands in a usage line: `<study>`, `[<file>...]`.
  fileprivate var usage: String {
    let name = isRepeated ? "<\(name)>..." : "<\(name)>"
    return isRequired ? name : "[\(name)]"
  }

  /// How an option stands in the list: `-o, --out <folder>`.
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

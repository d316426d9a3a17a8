import BacktestCore
import BacktestFiles

/// The words of a command line, sorted by the parameters that they belong to.
///
/// The rules are those of GNU: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`,
/// flags together as `-qv`, `--` before words that are no options, `-` as a word.
struct SortedWords: Equatable {
  /// The values of each option given, in order; a flag has one empty value.
  private(set) var values: [String: [String]] = [:]
  /// The words that belong to no option.
  private(set) var positionals: [String] = []

  private var rest: ArraySlice<String>
  private let declarations: [ParameterDeclaration]

  /// Sorts the words of a command.
  ///
  /// - Throws: where a word looks like an option and is none, or a value is missing or too much.
  init(
    _ words: some Collection<String>, for declarations: [ParameterDeclaration]
  ) throws(UsageError) {
    rest = Array(words)[...]
    self.declarations = declarations + [.help]
    while let word = rest.popFirst() {
      if word == "--" {
        positionals += rest
        rest = []
      } else if word.hasPrefix("--") {
        try sortLong(word)
      } else if word.hasPrefix("-"), word != "-", !isNegativeNumber(word) {
        try sortShort(word)
      } else {
        positionals.append(word)
      }
    }
  }

  /// Whether help is asked for, whatever else is wrong with the words.
  static func askForHelp(_ words: some Collection<String>) -> Bool {
    words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
  }

  private mutating func sortLong(_ word: String) throws(UsageError) {
    let parts = word.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = declarations.first(where: { $0.form != .argument && $0.name == name }) else {
      throw unknown("--\(name)")
    }
    let value = parts.count > 1 ? String(parts[1]) : nil
    if option.form == .flag {
      guard value == nil else {
        throw UsageError(message: "option '--\(name)' takes no value; write '--\(name)' alone")
      }
      values[name] = [""]
    } else {
      try add(value, to: option, written: "--\(name)")
    }
  }

  private mutating func sortShort(_ word: String) throws(UsageError) {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = declarations.first(where: { $0.short == letter }) else {
        throw unknown("-\(letter)")
      }
      if option.form == .flag {
        values[option.name] = [""]
        continue
      }
      let value = letters.first == "=" ? letters.dropFirst() : letters
      return try add(letters.isEmpty ? nil : String(value), to: option, written: "-\(letter)")
    }
  }

  private mutating func add(
    _ attached: String?, to option: ParameterDeclaration, written: String
  ) throws(UsageError) {
    var value = attached
    if value == nil, let next = rest.first, !isOption(next) { value = rest.popFirst() }
    guard let value else {
      throw UsageError(
        message: "option '\(written)' needs a value: \(written) <\(option.valueName)>")
    }
    guard option.isRepeated || values[option.name] == nil else {
      throw UsageError(message: "option '--\(option.name)' is given twice; remove one of them")
    }
    values[option.name, default: []].append(value)
  }

  /// Whether a word is an option of this command, and so hardly the value of another.
  private func isOption(_ word: String) -> Bool {
    if word == "--" { return true }
    guard word.hasPrefix("-"), word != "-" else { return false }
    if word.hasPrefix("--") {
      let name = word.dropFirst(2).prefix { $0 != "=" }
      return declarations.contains { $0.form != .argument && $0.name == name }
    }
    return declarations.contains { $0.short == word.dropFirst().first }
  }

  private func isNegativeNumber(_ word: String) -> Bool { Double(word) != nil && !isOption(word) }

  private func unknown(_ written: String) -> UsageError {
    let names = declarations.filter { $0.form != .argument }.map { "--\($0.name)" }
    let nearest = written.count > 2 ? NearestName.find(written, among: names) : nil
    let advice = nearest.map { "; did you mean '\($0)'?" } ?? ""
    return UsageError(message: "unknown option \(quotedForMessage(written))\(advice)")
  }
}

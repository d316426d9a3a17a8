import BacktestCore
import BacktestFiles

/// Declares the parameters of a command and reads their values, in one and the same place.
///
/// A command asks for its parameters once. Asked while help, completion or parsing is prepared,
/// the reader notes the declarations and gives placeholders; asked with the words of a command
/// line, it gives their values. So the asking must not depend on the values.
///
///     struct RunOptions {
///       var study: String, seed: Int, isQuiet: Bool
///       init(_ parameters: inout ParameterReader) {
///         study = parameters.argument("study", .file(endings: ["yaml"]), help: "The study.")
///         seed = parameters.option("seed", .integer(), default: 1, help: "The seed.")
///         isQuiet = parameters.flag("quiet", short: "q", help: "Print only the result.")
///       }
///     }
struct ParameterReader {
  /// The parameters asked for so far.
  private(set) var declarations: [ParameterDeclaration] = []
  /// The words of the command line, parsed; `nil` while declaring.
  private let words: ParsedArguments?
  private var positionals: ArraySlice<String>
  private var problem: CommandError?

  /// A reader that notes declarations.
  init() {
    words = nil
    positionals = []
  }

  /// A reader of a command line.
  init(_ words: ParsedArguments) {
    self.words = words
    positionals = words.positionals[...]
  }

  /// Whether values are read rather than declared.
  var isReading: Bool { words != nil }

  /// Ends the reading.
  ///
  /// - Throws: the first problem.
  func finish() throws(CommandError) {
    if let problem { throw problem }
    if let word = positionals.first {
      throw CommandError.usage("unexpected argument \(quotedForMessage(word)); remove it")
    }
  }

  /// Refuses parameters that do not fit together.
  mutating func require(_ condition: @autoclosure () -> Bool, _ message: String) {
    if isReading, problem == nil, !condition() { problem = CommandError.usage(message) }
  }
}

// Options
extension ParameterReader {
  /// A flag: true where it is given.
  mutating func flag(_ name: String, short: Character? = nil, help: String) -> Bool {
    declare(ParameterDeclaration(form: .flag, name: name, short: short, help: help))
    return words?.values[name] != nil
  }

  /// An option that must be given.
  mutating func option<Value>(
    _ name: String, short: Character? = nil, _ rule: ArgumentRule<Value>, help: String
  ) -> Value {
    var declaration = option(name, short, rule, help)
    declaration.isRequired = true
    declare(declaration)
    guard let word = words?.values[name]?.first else {
      fail("option '--\(name)' is missing; it must be \(rule.value.expected)")
      return rule.value.placeholder
    }
    return parse(word, rule, for: "--\(name)")
  }

  /// An option with a default.
  mutating func option<Value>(
    _ name: String, short: Character? = nil, _ rule: ArgumentRule<Value>, default fallback: Value,
    help: String
  ) -> Value {
    var declaration = option(name, short, rule, help)
    declaration.fallback = rule.show(fallback)
    declare(declaration)
    return words?.values[name]?.first.map { parse($0, rule, for: "--\(name)") } ?? fallback
  }

  /// An option that may be left out.
  mutating func optionalOption<Value>(
    _ name: String, short: Character? = nil, _ rule: ArgumentRule<Value>, help: String
  ) -> Value? {
    declare(option(name, short, rule, help))
    return words?.values[name]?.first.map { parse($0, rule, for: "--\(name)") }
  }

  /// An option that may be given any number of times.
  mutating func options<Value>(
    _ name: String, short: Character? = nil, _ rule: ArgumentRule<Value>, help: String
  ) -> [Value] {
    var declaration = option(name, short, rule, help)
    declaration.isRepeated = true
    declare(declaration)
    return (words?.values[name] ?? []).map { parse($0, rule, for: "--\(name)") }
  }

  private func option<Value>(
    _ name: String, _ short: Character?, _ rule: ArgumentRule<Value>, _ help: String
  ) -> ParameterDeclaration {
    ParameterDeclaration(
      form: .option, name: name, short: short, valueName: rule.name, help: help,
      completion: rule.completion)
  }
}

// Arguments
extension ParameterReader {
  /// An argument that must be given.
  mutating func argument<Value>(
    _ name: String, _ rule: ArgumentRule<Value>, help: String
  ) -> Value {
    declareArgument(name, rule, help, isRequired: true)
    guard let word = positionals.popFirst() else {
      fail("argument '<\(name)>' is missing")
      return rule.value.placeholder
    }
    return parse(word, rule, for: "<\(name)>")
  }

  /// An argument that may be left out.
  mutating func optionalArgument<Value>(
    _ name: String, _ rule: ArgumentRule<Value>, help: String
  ) -> Value? {
    declareArgument(name, rule, help)
    return positionals.popFirst().map { parse($0, rule, for: "<\(name)>") }
  }

  /// All the arguments that are left.
  mutating func arguments<Value>(
    _ name: String, _ rule: ArgumentRule<Value>, isRequired: Bool = false, help: String
  ) -> [Value] {
    declareArgument(name, rule, help, isRequired: isRequired, isRepeated: true)
    if isRequired, positionals.isEmpty { fail("argument '<\(name)>' is missing") }
    let words = positionals
    positionals = []
    return words.map { parse($0, rule, for: "<\(name)>") }
  }

  private mutating func declareArgument<Value>(
    _ name: String, _ rule: ArgumentRule<Value>, _ help: String, isRequired: Bool = false,
    isRepeated: Bool = false
  ) {
    let earlier = declarations.last { $0.form == .argument }
    precondition(
      earlier.map { !$0.isRepeated && ($0.isRequired || !isRequired) } ?? true,
      "no argument may follow those that take the rest, no required one an optional one")
    declare(
      ParameterDeclaration(
        form: .argument, name: name, valueName: name, help: help, isRequired: isRequired,
        isRepeated: isRepeated, completion: rule.completion))
  }
}

extension ParameterReader {
  private mutating func declare(_ declaration: ParameterDeclaration) {
    for other in declarations + [.help] where declaration.form != .argument {
      precondition(
        other.form == .argument
          || other.name != declaration.name
            && (other.short == nil || other.short != declaration.short),
        "two options have the same name")
    }
    declarations.append(declaration)
  }

  private mutating func fail(_ message: String) {
    if isReading, problem == nil { problem = CommandError.usage(message) }
  }

  private mutating func parse<Value>(
    _ word: String, _ rule: ArgumentRule<Value>, for label: String
  ) -> Value {
    if let value = rule.parse(word) { return value }
    let advice = rule.advice(word).map { "; \($0)" } ?? ""
    if rule.value.expected.isEmpty {
      fail("'\(label)' cannot be \(quotedForMessage(word)): there is no \(rule.name) to choose")
    } else {
      let expected = rule.expected(insteadOf: word)
      fail("'\(label)' must be \(expected), not \(quotedForMessage(word))\(advice)")
    }
    return rule.value.placeholder
  }
}

/// The words of a command line, assigned to the parameters of the command.
///
/// The rules are those of GNU: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`,
/// flags together as `-qv`, `--` before words that are no options, `-` as a word.
struct ParsedArguments: Equatable {
  /// The values of each option given, in order; a flag has one empty value.
  private(set) var values: [String: [String]] = [:]
  /// The words that belong to no option.
  private(set) var positionals: [String] = []

  private var rest: ArraySlice<String>
  private let declarations: [ParameterDeclaration]

  /// Parses the words of a command.
  ///
  /// - Throws: where a word looks like an option and is none, or a value is missing or too much.
  init(
    _ words: some Collection<String>, for declarations: [ParameterDeclaration]
  ) throws(CommandError) {
    rest = Array(words)[...]
    self.declarations = declarations + [.help]
    while let word = rest.popFirst() {
      if word == "--" {
        positionals += rest
        rest = []
      } else if word.hasPrefix("--") {
        try parseLong(word)
      } else if word.hasPrefix("-"), word != "-", !isNegativeNumber(word) {
        try parseShort(word)
      } else {
        positionals.append(word)
      }
    }
  }

  /// Whether help is asked for, whatever else is wrong with the words.
  static func askForHelp(_ words: some Collection<String>) -> Bool {
    words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
  }

  private mutating func parseLong(_ word: String) throws(CommandError) {
    let parts = word.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = declarations.first(where: { $0.form != .argument && $0.name == name }) else {
      throw unknown("--\(name)")
    }
    let value = parts.count > 1 ? String(parts[1]) : nil
    if option.form == .flag {
      guard value == nil else {
        throw CommandError.usage("option '--\(name)' takes no value; write '--\(name)' alone")
      }
      values[name] = [""]
    } else {
      try add(value, to: option, written: "--\(name)")
    }
  }

  private mutating func parseShort(_ word: String) throws(CommandError) {
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
  ) throws(CommandError) {
    var value = attached
    if value == nil, let next = rest.first, !isOption(next) { value = rest.popFirst() }
    guard let value else {
      throw CommandError.usage(
        "option '\(written)' needs a value: \(written) <\(option.valueName)>")
    }
    guard option.isRepeated || values[option.name] == nil else {
      throw CommandError.usage("option '--\(option.name)' is given twice; remove one of them")
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

  private func unknown(_ written: String) -> CommandError {
    let names = declarations.filter { $0.form != .argument }.map { "--\($0.name)" }
    let nearest = written.count > 2 ? NearestName.find(written, among: names) : nil
    let advice = nearest.map { "; did you mean '\($0)'?" } ?? ""
    return CommandError.usage("unknown option \(quotedForMessage(written))\(advice)")
  }
}

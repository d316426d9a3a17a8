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
  /// The words of the command line, sorted by parameter; `nil` while declaring.
  private let words: SortedWords?
  private var positionals: ArraySlice<String>
  private var problem: UsageError?

  /// A reader that notes declarations.
  init() {
    words = nil
    positionals = []
  }

  /// A reader of a command line.
  init(_ words: SortedWords) {
    self.words = words
    positionals = words.positionals[...]
  }

  /// Whether values are read rather than declared.
  var isReading: Bool { words != nil }

  /// Ends the reading.
  ///
  /// - Throws: the first problem.
  func finish() throws(UsageError) {
    if let problem { throw problem }
    if let word = positionals.first {
      throw UsageError(message: "unexpected argument \(quotedForMessage(word)); remove it")
    }
  }

  /// Refuses parameters that do not fit together.
  mutating func require(_ condition: @autoclosure () -> Bool, _ message: String) {
    if isReading, problem == nil, !condition() { problem = UsageError(message: message) }
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
      fail("option '--\(name)' is missing; it must be \(rule.expected)")
      return rule.placeholder
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
      return rule.placeholder
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
    if isReading, problem == nil { problem = UsageError(message: message) }
  }

  private mutating func parse<Value>(
    _ word: String, _ rule: ArgumentRule<Value>, for label: String
  ) -> Value {
    if let value = rule.parse(word) { return value }
    let nearest = NearestName.find(word, among: rule.choices)
    let advice = nearest.map { "; did you mean '\($0)'?" } ?? ""
    fail("'\(label)' must be \(rule.expected), not \(quotedForMessage(word))\(advice)")
    return rule.placeholder
  }
}

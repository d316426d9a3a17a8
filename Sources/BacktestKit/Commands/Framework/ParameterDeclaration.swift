import BacktestCore
import BacktestFiles

/// One parameter of a command, as data: parsing, help and completion are all made from it.
struct ParameterDeclaration: Equatable, Sendable {
  /// How a parameter is given.
  enum Form: Equatable, Sendable {
    /// `--name`, without a value.
    case flag
    /// `--name value`.
    case option
    /// A word by its position.
    case argument
  }

  /// How it is given.
  var form: Form
  /// Its name, without dashes.
  var name: String
  /// Its one-letter name.
  var short: Character?
  /// The placeholder for the value in help.
  var valueName = ""
  /// What it is for, one sentence.
  var help: String
  /// The default as help shows it.
  var fallback: String?
  /// Whether the command cannot do without it.
  var isRequired = false
  /// Whether it may be given more than once.
  var isRepeated = false
  /// What a shell offers for its value.
  var completion = ArgumentCompletion.none

  /// `--help`, which every command has.
  static let help = ParameterDeclaration(
    form: .flag, name: "help", short: "h", help: "Show this help.")

  /// `--version`, which the program has.
  static let version = ParameterDeclaration(
    form: .flag, name: "version", help: "Show the version.")

  /// How the parameter is written on the command line: `--out`, `<study>`.
  var label: String { form == .argument ? "<\(name)>" : "--\(name)" }
}

/// What a word of the command line must be: a rule for values of documents, with what help and
/// completion add to it.
struct ArgumentRule<Value> {
  /// What help writes for the value: `<folder>` is `folder`.
  var name: String
  /// What the value must be, and how it is read.
  var value: DocumentRule<Value>
  /// What a shell offers.
  var completion = ArgumentCompletion.none
  /// A default as help shows it.
  var show: (Value) -> String

  /// The value of a word, or `nil` where the word does not fit.
  func parse(_ word: String) -> Value? {
    value.convert(node(.text(word))) ?? value.convert(node(PlainScalar.content(of: word)))
  }

  /// What is expected instead of a word.
  func expected(insteadOf word: String) -> String {
    value.expected(insteadOf: node(.text(word)))
  }

  /// What to do about a word that does not fit, where more can be said than what is expected.
  func advice(_ word: String) -> String? {
    // Advice on values that are no text is about how documents write them.
    guard case .text(let text) = PlainScalar.content(of: word) else { return nil }
    return value.advice(node(.text(text)))
  }

  private func node(_ content: DocumentNode.Content) -> DocumentNode {
    DocumentNode(content: content, place: DocumentPlace(source: ""))
  }
}

/// What a shell offers for a word.
enum ArgumentCompletion: Equatable, Sendable {
  case none
  case folders
  /// Files with one of these endings (`yaml`); any file where there are none.
  case files([String])
  case words([String])
}

extension ArgumentRule where Value == String {
  /// Any text that is not empty.
  static func text(_ name: String, completion: ArgumentCompletion = .none) -> ArgumentRule {
    var value = DocumentRule.text
    value.expected = "text that is not empty"
    return ArgumentRule(name: name, value: value, completion: completion, show: { $0 })
  }

  /// A file to be read.
  static func file(_ name: String = "file", endings: [String] = []) -> ArgumentRule {
    text(name, completion: .files(endings))
  }

  /// A folder.
  static func folder(_ name: String = "folder") -> ArgumentRule {
    text(name, completion: .folders)
  }

  /// One of some names that are known only at run time.
  static func oneOf(_ names: [String], name: String) -> ArgumentRule {
    ArgumentRule(
      name: name,
      value: .word(of: names, placeholder: "", parse: { $0 }, write: { .text($0) }),
      completion: .words(names), show: { $0 })
  }
}

extension ArgumentRule where Value == Int {
  /// A whole number.
  static func integer(_ name: String = "n", _ bounds: NumberBounds = .any) -> ArgumentRule {
    ArgumentRule(name: name, value: .integer(bounds), show: { "\($0)" })
  }
}

extension ArgumentRule where Value == Double {
  /// A finite number.
  static func number(_ name: String = "number", _ bounds: NumberBounds = .any) -> ArgumentRule {
    ArgumentRule(name: name, value: .number(bounds), show: DecimalText.shortest)
  }
}

extension ArgumentRule where Value == CivilDate {
  /// A date such as `2018-12-31`.
  static func date(_ name: String = "date") -> ArgumentRule {
    ArgumentRule(name: name, value: .date, show: { $0.description })
  }
}

extension ArgumentRule where Value: RawRepresentable<String> & CaseIterable {
  /// One of the names of an enumeration.
  static func choice(_ name: String, of type: Value.Type = Value.self) -> ArgumentRule {
    ArgumentRule(
      name: name, value: .choice(), completion: .words(Value.allCases.map(\.rawValue)),
      show: { $0.rawValue })
  }
}

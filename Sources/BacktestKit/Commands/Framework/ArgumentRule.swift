import BacktestCore
import BacktestFiles

/// What a word of the command line must be: its name in help, how it is read, what completes it.
struct ArgumentRule<Value> {
  /// What stands for the value in help: `<folder>` is `folder`.
  var name: String
  /// What is expected, as a message says it: `a whole number`.
  var expected: String
  /// What declaring goes on with where there is no value; it never reaches a command.
  var placeholder: Value
  /// What a shell offers.
  var completion = ArgumentCompletion.none
  /// The value of a word, or `nil` where the word does not fit.
  var parse: (String) -> Value?
  /// A default as help shows it.
  var show: (Value) -> String
  /// The names that may be meant by a word that does not fit.
  var choices: [String] = []
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
    ArgumentRule(
      name: name, expected: "text that is not empty", placeholder: "", completion: completion,
      parse: { $0.isEmpty ? nil : $0 }, show: { $0 })
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
      name: name, expected: listed(names, "or"), placeholder: "", completion: .words(names),
      parse: { names.contains($0) ? $0 : nil }, show: { $0 }, choices: names)
  }
}

extension ArgumentRule where Value == Int {
  /// A whole number.
  static func integer(_ name: String = "n", _ bounds: DocumentBounds = .any) -> ArgumentRule {
    ArgumentRule(
      name: name, expected: "a whole number\(bounds.phrase)", placeholder: 0,
      parse: { Int($0).flatMap { bounds.contains(Double($0)) ? $0 : nil } }, show: { "\($0)" })
  }
}

extension ArgumentRule where Value == Double {
  /// A finite number.
  static func number(_ name: String = "number", _ bounds: DocumentBounds = .any) -> ArgumentRule {
    ArgumentRule(
      name: name, expected: "a number\(bounds.phrase)", placeholder: 0,
      parse: { Double($0).flatMap { bounds.contains($0) ? $0 : nil } },
      show: { $0.description.hasSuffix(".0") ? "\($0.description.dropLast(2))" : "\($0)" })
  }
}

extension ArgumentRule where Value == CivilDate {
  /// A date such as `2018-12-31`.
  static func date(_ name: String = "date") -> ArgumentRule {
    ArgumentRule(
      name: name, expected: "a date such as 2018-12-31",
      placeholder: CivilDate(daysSinceEpoch: 0),
      parse: { CivilDate($0) }, show: { $0.description })
  }
}

extension ArgumentRule where Value: RawRepresentable<String> & CaseIterable {
  /// One of the names of an enumeration.
  static func choice(_ name: String, of type: Value.Type = Value.self) -> ArgumentRule {
    let names = Value.allCases.map(\.rawValue)
    guard let first = Value.allCases.first else {
      preconditionFailure("an enumeration without cases cannot be chosen from")
    }
    return ArgumentRule(
      name: name, expected: listed(names, "or"), placeholder: first, completion: .words(names),
      parse: { Value(rawValue: $0) }, show: { $0.rawValue }, choices: names)
  }
}

import BacktestCore
import BacktestFiles

/// One key of a study, defined once: how it is read and checked, what it fills, and what documents,
/// the example of `bt-run init` and `result.json` say of it.
///
///     .optional("cache", \.cache, .text, "Where binary columns are kept.").values("folder")
///
/// `Root` is what the keys of a table fill.
struct StudyKey<Root> {
  /// What the key is, without what it fills.
  var row: StudyRow
  /// Reads the key and fills what it stands for; an absent key leaves the default.
  let read: (inout DocumentTable, inout Root) -> Void
  /// The value in effect as `result.json` has it; `nil` where there is none.
  let json: (Root) -> JSONValue?
  /// The value in effect as a study gives it.
  let text: (Root) -> String?

  init(
    _ row: StudyRow, read: @escaping (inout DocumentTable, inout Root) -> Void,
    json: @escaping (Root) -> JSONValue? = { _ in nil }, text: ((Root) -> String?)? = nil
  ) {
    self.row = row
    self.read = read
    self.json = json
    self.text = text ?? { json($0)?.yaml }
  }
}

/// What a key of a study is, whatever it fills.
package struct StudyRow {
  /// The key.
  package var name: String
  /// What it means, as one sentence.
  package var help: String
  /// What it accepts, as Markdown.
  package var values = ""
  /// The words that it accepts, where they are few.
  package var words: [String] = []
  /// The value that holds unless the key is given, as YAML; empty where there is none.
  package var fallback = ""
  /// What holds instead of a value unless the key is given, such as `unlimited`.
  var absence = ""
  /// A value for documents, as YAML; empty where none is needed.
  package var example = ""
  /// What has to be given beside it; empty where nothing has to.
  package var companion = ""
  /// Whether a study has to give it.
  var isRequired = false
  /// Whether it follows from other keys, so that it is part of results and not of studies.
  package var isDerived = false
  /// The name in `result.json`, where that is another.
  var resultName: String?
  /// The keys of the table that it holds, if it holds one.
  package var table: [StudyRow]?
  /// Whether it holds a list of such tables.
  package var isList = false

  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }

  init<Value>(_ name: String, _ help: String, _ rule: DocumentRule<Value>) {
    self.init(name, help)
    words = rule.words
    values =
      words.isEmpty
      ? String(rule.expected.trimmingPrefix("a ").trimmingPrefix("the ")) : Self.quoted(words)
  }

  /// Words as a cell of a document lists them.
  static func quoted(_ words: [String]) -> String {
    words.map { "`\($0)`" }.joined(separator: ", ")
  }
}

// What is beside name, type and meaning
extension StudyKey {
  private func with(_ change: (inout StudyRow) -> Void) -> StudyKey {
    var key = self
    change(&key.row)
    return key
  }

  /// The key with a value for documents.
  func example(_ example: String) -> StudyKey { with { $0.example = example } }

  /// The key with what holds where it is absent, in words.
  func absent(_ absence: String) -> StudyKey { with { $0.absence = absence } }

  /// The key with what it accepts in other words than those of its errors.
  func values(_ values: String) -> StudyKey { with { $0.values = values } }

  /// The key as one that is only accepted beside another, such as `rule: weights`.
  func beside(_ companion: String) -> StudyKey { with { $0.companion = companion } }
}

// Keys of one value
extension StudyKey {
  /// A key that fills a property, whose value is the default.
  static func value<Value>(
    _ name: String, _ property: WritableKeyPath<Root, Value>, _ rule: DocumentRule<Value>,
    _ help: String
  ) -> StudyKey {
    value(name, rule, help, get: { $0[keyPath: property] }) { $0[keyPath: property] = $1 }
  }

  /// A key that fills a property which is `nil` by default.
  static func optional<Value>(
    _ name: String, _ property: WritableKeyPath<Root, Value?>, _ rule: DocumentRule<Value>,
    _ help: String
  ) -> StudyKey {
    value(name, rule, help, get: { $0[keyPath: property] }) { $0[keyPath: property] = $1 }
  }

  /// A key of which one value is another of its root.
  static func value<Value>(
    _ name: String, _ rule: DocumentRule<Value>, _ help: String,
    get: @escaping (Root) -> Value?, set: @escaping (inout Root, Value) -> Void
  ) -> StudyKey {
    StudyKey(
      StudyRow(name, help, rule),
      read: { table, root in
        if let value = table.optional(name, rule) { set(&root, value) }
      }, json: { get($0).map(rule.write) })
  }

  /// A key that has to be given and fills a property.
  static func required<Value>(
    _ name: String, _ property: WritableKeyPath<Root, Value>, _ rule: DocumentRule<Value>,
    _ help: String
  ) -> StudyKey {
    required(name, rule, help, get: { $0[keyPath: property] }) { $0[keyPath: property] = $1 }
  }

  /// A key that has to be given.
  static func required<Value>(
    _ name: String, _ rule: DocumentRule<Value>, _ help: String,
    get: @escaping (Root) -> Value?, set: @escaping (inout Root, Value) -> Void
  ) -> StudyKey {
    var row = StudyRow(name, help, rule)
    row.isRequired = true
    return StudyKey(
      row, read: { table, root in set(&root, table.value(name, rule)) },
      json: { get($0).map(rule.write) })
  }

  /// A key of the engine, the portfolio or another part that studies know nothing of.
  init(_ key: ConfigurationKey<Root>) {
    let rule = DocumentRule<ConfigurationValue>.within(key.domain)
    var row = StudyRow(key.name, key.help, rule)
    row.example = key.example
    row.absence = key.absence
    row.companion = key.companion
    row.isRequired = key.isRequired
    row.isDerived = key.isDerived
    if key.domain == .duration { row.resultName = key.name + "-seconds" }
    self.init(
      row,
      read: { table, root in
        if key.isDerived { return }
        if key.isRequired, table.node(key.name) == nil {
          _ = table.value(key.name, rule)
        } else if key.isRequired {
          key.assign(&root, table.value(key.name, rule))
        } else if let value = table.optional(key.name, rule) {
          key.assign(&root, value)
        }
      }, json: { key.value($0).map { JSONValue($0) } }, text: { key.value($0)?.description })
  }

  /// A key of another part that fills a property, with its form in documents.
  static func value<Value>(
    _ key: ConfigurationKey<Root>, _ property: WritableKeyPath<Root, Value>,
    _ rule: DocumentRule<Value>
  ) -> StudyKey {
    value(key.name, property, rule, key.help).example(key.example)
  }

  /// A key of another part that has to be given and fills a property, with its form in documents.
  static func required<Value>(
    _ key: ConfigurationKey<Root>, _ property: WritableKeyPath<Root, Value>,
    _ rule: DocumentRule<Value>
  ) -> StudyKey {
    required(key.name, property, rule, key.help).example(key.example)
  }

  /// The same key of something that holds the root.
  func of<Outer>(_ part: WritableKeyPath<Outer, Root>) -> StudyKey<Outer> {
    StudyKey<Outer>(
      row, read: { read(&$0, &$1[keyPath: part]) }, json: { json($0[keyPath: part]) },
      text: { text($0[keyPath: part]) })
  }
}

// Keys of lists
extension StudyKey {
  /// A key of a list, which is empty by default.
  static func list<Item>(
    _ name: String, _ property: WritableKeyPath<Root, [Item]>, of rule: DocumentRule<Item>,
    _ help: String
  ) -> StudyKey {
    list(name, of: rule, help) {
      $0[keyPath: property]
    } set: {
      $0[keyPath: property] = $1
    }
  }

  /// A key of a list, which is `nil` by default.
  static func optionalList<Item>(
    _ name: String, _ property: WritableKeyPath<Root, [Item]?>, of rule: DocumentRule<Item>,
    _ help: String
  ) -> StudyKey {
    list(name, of: rule, help) {
      $0[keyPath: property]
    } set: {
      $0[keyPath: property] = $1
    }
  }

  /// A key of a list that is another value of its root.
  static func list<Item>(
    _ name: String, of rule: DocumentRule<Item>, _ help: String,
    get: @escaping (Root) -> [Item]?, set: @escaping (inout Root, [Item]) -> Void
  ) -> StudyKey {
    var row = StudyRow(name, help, rule)
    row.values = "list of \(row.values)"
    return StudyKey(
      row,
      read: { table, root in
        if let items = table.optionalList(name, of: rule, takesSingle: false) {
          set(&root, items)
        }
      }, json: { get($0).map { .list($0.map(rule.write)) } })
  }

  /// A key of a list that has to be given and hold something.
  static func requiredList<Item>(
    _ name: String, _ property: WritableKeyPath<Root, [Item]>, of rule: DocumentRule<Item>,
    _ help: String
  ) -> StudyKey {
    var row = StudyRow(name, help, rule)
    row.values = "list of \(row.values)"
    row.isRequired = true
    return StudyKey(
      row,
      read: { table, root in
        root[keyPath: property] = table.list(name, of: rule, takesSingle: false)
      },
      json: { .list($0[keyPath: property].map(rule.write)) })
  }
}

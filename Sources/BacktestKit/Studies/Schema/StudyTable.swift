import BacktestCore
import BacktestFiles

/// The keys of a table of a study, in order.
struct StudyTable<Root> {
  /// What a table without keys gives.
  var initial: Root
  /// The keys.
  let keys: [StudyKey<Root>]
  /// What has to be known or checked before the keys are read.
  var before: (inout DocumentTable, inout Root) -> Void = { _, _ in }
  /// What has to hold between keys, and what follows from them together.
  var after: (inout DocumentTable, inout Root) -> Void = { _, _ in }

  /// Reads all keys.
  func read(_ table: inout DocumentTable, into root: inout Root) {
    before(&table, &root)
    for key in keys { key.read(&table, &root) }
    after(&table, &root)
  }

  /// What a table gives.
  func value(_ table: inout DocumentTable) -> Root {
    var root = initial
    read(&table, into: &root)
    return root
  }

  /// The values in effect as `result.json` has them; keys without a value are left out.
  func json(_ root: Root) -> JSONValue {
    .table(
      keys.compactMap { key in
        key.json(root).map { JSONMember(key: key.row.resultName ?? key.row.name, value: $0) }
      })
  }

  /// The keys with their defaults, as documents and the example have them.
  var rows: [StudyRow] {
    keys.map { key in
      var row = key.row
      if !row.isRequired, row.table == nil { row.fallback = key.text(initial) ?? "" }
      return row
    }
  }

  /// The same table with other checks.
  func checked(
    before: ((inout DocumentTable, inout Root) -> Void)? = nil,
    after: ((inout DocumentTable, inout Root) -> Void)? = nil
  ) -> StudyTable {
    var table = self
    if let before { table.before = before }
    if let after { table.after = after }
    return table
  }
}

// Keys of tables
extension StudyKey {
  /// A key of a table; an absent one is read as if it were empty, unless it is optional.
  static func table<Part>(
    _ name: String, _ property: WritableKeyPath<Root, Part>, _ part: StudyTable<Part>,
    _ help: String, isRequired: Bool = false, isOptional: Bool = false
  ) -> StudyKey {
    var row = StudyRow(name, help)
    row.values = "table"
    row.table = part.rows
    row.isRequired = isRequired
    return StudyKey(
      row,
      read: { table, root in
        if isOptional, table.node(name) == nil { return }
        table.section(name) { part.read(&$0, into: &root[keyPath: property]) }
      }, json: { part.json($0[keyPath: property]) })
  }

  /// A key of a table that is `nil` where it is absent.
  static func optionalTable<Part>(
    _ name: String, _ property: WritableKeyPath<Root, Part?>, _ part: StudyTable<Part>,
    _ help: String
  ) -> StudyKey {
    optionalTable(name, help, { _ in part }, rows: part.rows) {
      $0[keyPath: property]
    } set: {
      $0[keyPath: property] = $1
    }
  }

  /// A key of a table that depends on what was read before it.
  static func optionalTable<Part>(
    _ name: String, _ help: String, _ part: @escaping (Root) -> StudyTable<Part>,
    rows: [StudyRow], get: @escaping (Root) -> Part?,
    set: @escaping (inout Root, Part) -> Void
  ) -> StudyKey {
    var row = StudyRow(name, help)
    row.values = "table"
    row.absence = "none"
    row.table = rows
    return StudyKey(
      row,
      read: { table, root in
        if let value = table.optionalSection(name, part(root).value) { set(&root, value) }
      }, json: { root in get(root).map(part(root).json) })
  }

  /// A key of a list of tables.
  static func tables<Part>(
    _ name: String, _ property: WritableKeyPath<Root, [Part]>, _ part: StudyTable<Part>,
    _ help: String
  ) -> StudyKey {
    var row = StudyRow(name, help)
    row.values = "list of tables"
    row.table = part.rows
    row.isRequired = true
    row.isList = true
    return StudyKey(
      row, read: { table, root in root[keyPath: property] = table.sections(name, part.value) })
  }
}

extension JSONValue {
  /// On one line, as a study gives it.
  var yaml: String {
    switch self {
    case .null: ""
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): NumberText.plain(value)
    case .text(let text): text
    case .list(let items): items.isEmpty ? "" : "[\(items.map(\.yaml).joined(separator: ", "))]"
    case .table(let members):
      members.isEmpty
        ? "" : "{\(members.map { "\($0.key): \($0.value.yaml)" }.joined(separator: ", "))}"
    }
  }

  /// A value of a configuration; a span of time is the number of its seconds.
  init(_ value: ConfigurationValue) {
    switch value {
    case .flag(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .text(let text): self = .text(text)
    case .duration(let span): self = .number(Double(span.nanoseconds) / 1e9)
    case .numbers(let values): self = .list(values.map { .number($0) })
    }
  }
}

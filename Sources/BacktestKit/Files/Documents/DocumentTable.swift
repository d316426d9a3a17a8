import BacktestCore

/// A table of a document while it is decoded: every key is asked for by name, and what is wrong
/// is collected, so that one run shows all of it.
///
/// Decoding does not throw. Where a value is missing or wrong, the problem is recorded and the
/// rule's placeholder is returned; ``DocumentNode/decode(_:)`` throws at the end and hands nothing
/// out. Keys that nobody asked for are problems too.
///
///     struct Costs {
///       var commission: Double, slippage: SlippageRule
///       init(_ table: inout DocumentTable) {
///         commission = table.value("commission", .number(.notNegative), default: 0)
///         slippage = table.value("slippage", .choice())
///       }
///     }
///     let costs = try DocumentReader.read(path: "costs.yaml").decode(Costs.init)
package struct DocumentTable {
  /// The way from the root to this table; empty at the root.
  let keyPath: String
  /// Where the table begins.
  package let place: DocumentPlace
  private let entries: [DocumentEntry]
  private let positions: [String: Int]
  /// The keys asked for so far, in order: the valid ones.
  private var askedKeys: [String] = []
  private var isAsked: Set<String> = []
  private var problems: [DocumentProblem] = []
  private var missing: [(key: String, problem: DocumentProblem)] = []
  /// Whether this replaces a value that is not a table, whose problem is already recorded.
  private let isStandIn: Bool

  fileprivate init(_ node: DocumentNode, keyPath: String, isStandIn: Bool = false) {
    self.keyPath = keyPath
    self.isStandIn = isStandIn
    place = node.place
    if case .table(let entries) = node.content { self.entries = entries } else { entries = [] }
    positions = Dictionary(
      zip(entries.map(\.key), entries.indices), uniquingKeysWith: { first, _ in first })
  }

  /// The keys of the table in the order of the document.
  package var keys: [String] { entries.map(\.key) }

  /// Looks a key up and marks it as known; a null counts as absent.
  package mutating func node(_ key: String) -> DocumentNode? {
    if isAsked.insert(key).inserted { askedKeys.append(key) }
    guard let position = positions[key], entries[position].value.kind != .null else { return nil }
    return entries[position].value
  }

  /// Records a problem of a key, or of the table where `key` is `nil`: what does not fit together.
  package mutating func report(_ message: String, at key: String? = nil) {
    let position = key.flatMap { positions[$0] }
    let path = key.map(path(to:)) ?? keyPath
    record(
      DocumentProblem(
        at: position.map { entries[$0].value.place } ?? place, keyPath: path, message))
  }

  /// Records a problem at a place inside the table, such as an item of a list.
  package mutating func report(_ message: String, atPlace place: DocumentPlace) {
    record(DocumentProblem(at: place, keyPath: keyPath, message))
  }

  /// Records that values of a table below a key do not fit: at the value called `name` where it is
  /// given, else at the first that the command line gave, since the file may fit without it, else
  /// at the table.
  package mutating func report(_ message: String, within key: String, about name: String? = nil) {
    var values: [DocumentEntry] = []
    if case .table(let found)? = positions[key].map({ entries[$0].value.content }) {
      values = found
    }
    let culprit =
      values.first { $0.key == name } ?? values.first { $0.value.place.line == nil }
    guard let culprit else { return report(message, at: key) }
    record(
      DocumentProblem(
        at: culprit.value.place, keyPath: "\(path(to: key)).\(culprit.key)", message))
  }

  /// The way from the root to a key of this table.
  func path(to key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }

  private mutating func record(_ problem: DocumentProblem) {
    if !isStandIn, problems.count < Self.problemLimit { problems.append(problem) }
  }
}

// Values
extension DocumentTable {
  /// The value of a key that must be there.
  package mutating func value<Value>(_ key: String, _ rule: DocumentRule<Value>) -> Value {
    guard let node = node(key) else {
      recordMissing(key, expected: rule.expected)
      return rule.placeholder
    }
    return convert(node, rule, key) ?? rule.placeholder
  }

  /// The value of a key, or a default where the key is absent.
  package mutating func value<Value>(
    _ key: String, _ rule: DocumentRule<Value>, default fallback: @autoclosure () -> Value
  ) -> Value {
    optional(key, rule) ?? fallback()
  }

  /// The value of a key, or `nil` where the key is absent.
  package mutating func optional<Value>(_ key: String, _ rule: DocumentRule<Value>) -> Value? {
    node(key).flatMap { convert($0, rule, key) }
  }

  /// The values of a list. An absent key is `nil`.
  ///
  /// - Parameter takesSingle: whether a single value counts as a list of one.
  package mutating func optionalList<Value>(
    _ key: String, of rule: DocumentRule<Value>, takesSingle: Bool = true
  ) -> [Value]? {
    guard let node = node(key) else { return nil }
    guard case .list(let items) = node.content else {
      if takesSingle { return convert(node, rule, key).map { [$0] } }
      report(
        "\(quotedPath(path(to: key))) must be a list, each item \(rule.expected), not "
          + "\(node.found); write it in brackets", at: key)
      return rule.convert(node).map { [$0] } ?? []
    }
    return items.enumerated().compactMap { index, item in
      convert(item, rule, key, item: index)
    }
  }

  /// The values of a list that must be there and hold at least one.
  package mutating func list<Value>(
    _ key: String, of rule: DocumentRule<Value>, takesSingle: Bool = true
  ) -> [Value] {
    guard let node = node(key) else {
      recordMissing(key, expected: "a list, each item \(rule.expected)")
      return []
    }
    if case .list(let items) = node.content, items.isEmpty {
      report(
        "\(quotedPath(path(to: key))) is an empty list; each item must be \(rule.expected)", at: key
      )
    }
    return optionalList(key, of: rule, takesSingle: takesSingle) ?? []
  }

  private mutating func convert<Value>(
    _ node: DocumentNode, _ rule: DocumentRule<Value>, _ key: String, item: Int? = nil
  ) -> Value? {
    if let value = rule.convert(node) { return value }
    let path = path(to: key) + (item.map { "[\($0)]" } ?? "")
    let advice = rule.advice(node).map { "; \($0)" } ?? ""
    let message =
      "\(quotedPath(path)) must be \(rule.expected(insteadOf: node)), not \(node.found)\(advice)"
    record(DocumentProblem(at: node.place, keyPath: path, message))
    return nil
  }

  private mutating func recordMissing(_ key: String, expected: String) {
    guard !isStandIn else { return }
    let message = "key '\(key)' is missing\(inTable); add it with \(expected)"
    missing.append((key, DocumentProblem(at: place, keyPath: path(to: key), message)))
  }

  private var inTable: String { keyPath.isEmpty ? "" : " in \(quotedPath(keyPath))" }
}

// Tables in the table
extension DocumentTable {
  /// Decodes the table of a key. An absent one is decoded as if it were empty, so it is a problem
  /// only where it must hold something.
  package mutating func section<Value>(
    _ key: String, _ decode: (inout DocumentTable) -> Value
  ) -> Value {
    let node = node(key) ?? DocumentNode(content: .table([]), place: place)
    return decodeTable(node, path: path(to: key), decode)
  }

  /// Decodes the table of a key, or gives `nil` where the key is absent.
  package mutating func optionalSection<Value>(
    _ key: String, _ decode: (inout DocumentTable) -> Value
  ) -> Value? {
    guard let node = node(key) else { return nil }
    return decodeTable(node, path: path(to: key), decode)
  }

  /// Decodes a list of tables; an absent key is an empty list.
  ///
  /// - Parameter textKey: the key of a table that a text is short for, where one may be written
  ///   instead; then a single text may also stand for the list.
  package mutating func sections<Value>(
    _ key: String, textIs textKey: String? = nil, _ decode: (inout DocumentTable) -> Value
  ) -> [Value] {
    guard var node = node(key) else { return [] }
    if let textKey {
      if node.kind == .text { node.content = .list([node]) }
      if case .list(let items) = node.content {
        node.content = .list(items.map { $0.wrappingText(as: textKey) })
      }
    }
    guard case .list(let items) = node.content else {
      report("\(quotedPath(path(to: key))) must be a list of tables, not \(node.found)", at: key)
      return []
    }
    var values: [Value] = []
    for (index, item) in items.enumerated() {
      values.append(decodeTable(item, path: "\(path(to: key))[\(index)]", decode))
    }
    return values
  }

  private mutating func decodeTable<Value>(
    _ node: DocumentNode, path: String, _ decode: (inout DocumentTable) -> Value
  ) -> Value {
    let isTable = node.kind == .table
    if !isTable {
      let message = "\(quotedPath(path)) must be a table (lines of 'key: value'), not \(node.found)"
      record(DocumentProblem(at: node.place, keyPath: path, message))
    }
    var table = DocumentTable(node, keyPath: path, isStandIn: isStandIn || !isTable)
    let value = decode(&table)
    for problem in table.finish() { record(problem) }
    return value
  }
}

// The end
extension DocumentTable {
  /// No more problems of a document are listed than this.
  fileprivate static var problemLimit: Int { 100 }
  /// No more unknown keys of one table are listed than this.
  private static var unknownKeyLimit: Int { 20 }

  /// Everything that is wrong, keys that nobody asked for included.
  fileprivate mutating func finish() -> [DocumentProblem] {
    let unknown = entries.filter { !isAsked.contains($0.key) }
    let absent = unknown.isEmpty ? [] : askedKeys.filter { positions[$0] == nil }
    var meant: Set<String> = []
    for entry in unknown.prefix(Self.unknownKeyLimit) {
      let nearest =
        NearestName.find(entry.key, among: absent)
        ?? NearestName.find(entry.key, among: askedKeys)
      if let nearest { meant.insert(nearest) }
      record(
        DocumentProblem(
          at: entry.keyPlace, keyPath: path(to: entry.key),
          "unknown key \(quotedForMessage(entry.key))\(inTable); \(advice(nearest, entry.key))"))
    }
    if unknown.count > Self.unknownKeyLimit {
      report("\(unknown.count - Self.unknownKeyLimit) more unknown keys\(inTable); remove them")
    }
    // A mistyped key is one problem, not an unknown one and a missing one.
    for (key, problem) in missing where !meant.contains(key) { record(problem) }
    return problems
  }

  private func advice(_ nearest: String?, _ key: String) -> String {
    if let nearest { return "did you mean '\(nearest)'?" }
    return askedKeys.isEmpty
      ? "no keys belong here" : "known are \(NearestName.list(askedKeys, near: key))"
  }
}

extension DocumentNode {
  /// A text as the one value of a table; anything else as it is.
  fileprivate func wrappingText(as key: String) -> DocumentNode {
    guard kind == .text else { return self }
    let entry = DocumentEntry(key: key, keyPlace: place, value: self)
    return DocumentNode(content: .table([entry]), place: place)
  }

  /// Decodes the document, which must be a table.
  ///
  /// - Throws: everything that is wrong, in the order of the document.
  package func decode<Value>(
    _ decode: (inout DocumentTable) -> Value
  ) throws(DocumentError) -> Value {
    guard kind == .table else {
      throw DocumentError(
        at: place, "the document must be a table (lines of 'key: value'), not \(found)")
    }
    var table = DocumentTable(self, keyPath: "")
    let value = decode(&table)
    var problems = inDocumentOrder(table.finish())
    guard !problems.isEmpty else { return value }
    if problems.count == DocumentTable.problemLimit {
      let source = DocumentPlace(source: place.source)
      problems.append(DocumentProblem(at: source, "there may be more problems; fix these first"))
    }
    throw DocumentError(problems)
  }

  /// Problems of the file by line, those of the command line after them as they were found.
  private func inDocumentOrder(_ problems: [DocumentProblem]) -> [DocumentProblem] {
    func key(_ item: (offset: Int, element: DocumentProblem)) -> (Int, Int, Int) {
      let place = item.element.place
      return (place.line ?? .max, place.column ?? 0, item.offset)
    }
    return problems.enumerated().sorted { key($0) < key($1) }.map(\.element)
  }
}

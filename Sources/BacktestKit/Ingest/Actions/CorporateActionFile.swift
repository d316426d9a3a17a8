public import BacktestCore

/// Reads what happened to shares from a CSV file, plain or gzip.
///
///     symbol,ex-date,kind,value,pay-date,new-symbol
///     AAPL,2005-02-28,split,2:1,,
///     AAPL,2012-08-09,dividend,2.65,2012-08-16,
///
/// Kinds are `split`, `reverse-split`, `dividend`, `special-dividend`, `symbol-change`,
/// `delisting`, `merger-cash`, `merger-shares` and, for futures, `roll`. A ratio is written `3:2`,
/// three new shares for two old ones, or as one number, 1.5. The columns `pay-date` and
/// `new-symbol` may be missing.
public struct CorporateActionFile: Sendable {
  /// A reader.
  public init() {}

  /// The actions of a file, in its order.
  ///
  /// - Throws: `DataError` with the first findings and their lines.
  public func load(_ path: String) throws(DataError) -> [CorporateAction] {
    try read(CSVByteSource(path: path), name: path)
  }

  /// The actions of a text in memory, which may be gzip data.
  ///
  /// - Throws: `DataError` as for a file called `name`.
  public func load(bytes: [UInt8], name: String) throws(DataError) -> [CorporateAction] {
    try bytes.withUnsafeBufferPointer { (raw) throws(DataError) in
      try read(CSVByteSource(bytes: UnsafeRawBufferPointer(raw), name: name), name: name)
    }
  }

  private func read(_ source: CSVByteSource, name: String) throws(DataError) -> [CorporateAction] {
    var actions: [CorporateAction] = []
    var seen = Set<CorporateAction>()
    _ = try CSVListReader(file: name).read(source) { (header) throws(DataError) in
      try CorporateActionColumns(header)
    } row: { row, columns, log in
      let row = CorporateActionRow(row: row, columns: columns)
      guard let action = row.action(&log) else { return }
      actions.append(action)
      if !seen.insert(action).inserted {
        log.add(
          .duplicateTime, line: row.row.line,
          "the same \(action.kind.name) of \(action.symbol) on \(action.exDate) is in a row above")
      }
    }
    return actions
  }
}

/// Where the columns of a file of actions are.
struct CorporateActionColumns {
  private static let names = ["symbol", "ex-date", "kind", "value", "pay-date", "new-symbol"]

  let symbol, exDate, kind, value: Int
  let payDate, newSymbol: Int?

  init(_ header: CSVListHeader) throws(DataError) {
    let advice = ", and those of a file of actions are \(Self.names.joined(separator: ", "))"
    symbol = try header.column(["symbol", "ticker"], advice: advice)
    exDate = try header.column(["ex-date", "exdate", "date"], advice: advice)
    kind = try header.column(["kind", "type", "action"], advice: advice)
    value = try header.column(["value", "amount", "ratio"], advice: advice)
    payDate = header.column(["pay-date", "payment-date"])
    newSymbol = header.column(["new-symbol", "new-ticker"])
  }
}

/// One row of a file of actions.
struct CorporateActionRow {
  let row: CSVListRow
  let columns: CorporateActionColumns

  /// The action, or `nil` with a finding.
  func action(_ log: inout DataIssueLog) -> CorporateAction? {
    let symbol = row.field(columns.symbol)
    guard !symbol.isEmpty else {
      return refuse(.malformedRow, columns.symbol, "the symbol is missing", &log)
    }
    guard let exDate = date(columns.exDate, &log), let kind = kind(&log) else { return nil }
    var payDate: CivilDate?
    if let column = columns.payDate, !row.field(column).isEmpty {
      guard let date = date(column, &log) else { return nil }
      payDate = date
      if date < exDate {
        return refuse(.badTime, column, "it is paid on \(date), before its ex-date", &log)
      }
      switch kind {
      case .dividend, .specialDividend: break
      default:
        return refuse(.badTime, column, "only dividends have a pay date, no \(kind.name)", &log)
      }
    }
    return CorporateAction(symbol, on: exDate, kind, payDate: payDate)
  }

  private func kind(_ log: inout DataIssueLog) -> CorporateAction.Kind? {
    let name = String(
      row.field(columns.kind).lowercased().map { $0 == "_" || $0 == " " ? "-" : $0 })
    let newSymbol = columns.newSymbol.map { row.field($0) } ?? ""
    if ["symbol-change", "merger-shares", "roll"].contains(name), newSymbol.isEmpty {
      return refuse(
        .malformedRow, columns.newSymbol ?? columns.kind,
        "a \(name) needs the column 'new-symbol'", &log)
    }
    if name == "symbol-change" { return .symbolChange(to: newSymbol) }
    if name == "roll" { return .roll(into: newSymbol) }
    let make: (Double) -> CorporateAction.Kind
    var isRatio = false
    switch name {
    case "split", "reverse-split":
      isRatio = true
      make = { .split(ratio: $0) }
    case "merger-shares":
      isRatio = true
      make = { .shareMerger(ratio: $0, into: newSymbol) }
    case "dividend", "cash-dividend": make = { .dividend($0) }
    case "special-dividend": make = { .specialDividend($0) }
    case "delisting": make = { .delisting(price: $0) }
    case "merger-cash": make = { .cashMerger(price: $0) }
    default:
      return refuse(
        .malformedRow, columns.kind,
        "\(DataIssue.quoted(name)) is no kind of action; use split, reverse-split, dividend, "
          + "special-dividend, symbol-change, delisting, merger-cash, merger-shares or roll", &log)
    }
    guard let value = value(isRatio: isRatio, isOptional: name == "delisting") else {
      let expected = isRatio ? "a ratio such as 2, 1.5 or 3:2" : "an amount of money such as 0.25"
      return refuse(
        .badNumber, columns.value,
        "\(DataIssue.quoted(row.field(columns.value))) is not \(expected)", &log)
    }
    if name == "split" && value < 1 || name == "reverse-split" && value > 1 {
      return refuse(
        .badNumber, columns.value,
        "\(NumberText.plain(value)) new shares for each old one make a "
          + "\(value < 1 ? "reverse-split" : "split"); write the ratio as new:old", &log)
    }
    let kind = make(value)
    if let problem = kind.problem { return refuse(.badNumber, columns.value, problem, &log) }
    return kind
  }

  private func value(isRatio: Bool, isOptional: Bool) -> Double? {
    let text = row.field(columns.value)
    if text.isEmpty { return isOptional ? 0 : nil }
    let parts = text.split(whereSeparator: { $0 == ":" || $0 == "/" }).map { Double($0) }
    if isRatio, parts.count == 2, let new = parts[0], let old = parts[1], old > 0 {
      return new / old
    }
    return Double(text)
  }

  private func date(_ column: Int, _ log: inout DataIssueLog) -> CivilDate? {
    if let date = CivilDate(row.field(column)) { return date }
    return refuse(
      .badTime, column,
      "\(DataIssue.quoted(row.field(column))) is not a date; write it like 2011-02-28", &log)
  }

  private func refuse<Value>(
    _ code: DataIssue.Code, _ column: Int, _ message: String, _ log: inout DataIssueLog
  ) -> Value? {
    row.report(code, column, message, to: &log)
    return nil
  }
}

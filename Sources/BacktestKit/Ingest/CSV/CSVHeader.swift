import BacktestCore

/// What each column of a file means.
struct CSVHeader {
  /// The names of the columns as written in the file.
  let names: [String]
  /// The meaning of each column.
  let roles: [CSVRole]
  /// Roles that take their value from the column of another role.
  let shared: [(role: CSVRole, from: CSVRole)]

  /// Whether rows name their instrument.
  var hasSymbol: Bool { roles.contains(.symbol) }
  /// Whether stamps are put together from two columns.
  var hasTimeOfDay: Bool { roles.contains(.timeOfDay) }
  /// Whether rows have a volume.
  var hasVolume: Bool { roles.contains(.volume) || shared.contains { $0.role == .volume } }

  /// The position of the column from which a role takes its value.
  func column(of role: CSVRole) -> Int? {
    let source = shared.first { $0.role == role }?.from ?? role
    return roles.firstIndex(of: source)
  }

  /// Finds the columns of a mapping among the names of a file.
  init(
    names: [String], mapping: CSVMapping, needsAdjustedClose: Bool, file: String, line: Int
  ) throws(DataError) {
    self.names = names
    let plain = names.map(CSVHeader.plain)
    var columns: [(role: CSVRole, column: Int)] = []
    for role in CSVRole.allCases where role != .ignored {
      if role == .adjustedClose && !needsAdjustedClose { continue }
      let wanted = CSVHeader.explicitName(role, in: mapping)
      var found = CSVHeader.matches(role, wanted: wanted, among: plain)
      if role == .timeOfDay && wanted == nil {
        // A column called time is a time of day only beside one called date.
        let date = columns.last { $0.role == .time }?.column
        if mapping.time != nil || date.map({ plain[$0] }) != "date" { found = [] }
      }
      if found.count > 1, let wanted {
        let exact = found.filter { names[$0] == wanted }
        if exact.count == 1 { found = exact }
      }
      // A price beside an open, a high and a low can only be the close.
      let prices: [CSVRole] = [.open, .high, .low]
      if role == .close, found.isEmpty, wanted == nil,
        prices.allSatisfy({ price in columns.contains { $0.role == price } })
      {
        found = plain.indices.filter { plain[$0] == "price" }
      }
      guard found.count < 2 else {
        throw DataError(
          .badHeader, file: file, line: line,
          CSVHeader.ambiguity(of: role, among: found.map { (names[$0], $0 + 1) }))
      }
      if let column = found.first { columns.append((role, column)) }
    }
    try CSVHeader.checkComplete(
      columns.map(\.role), names: names, mapping: mapping,
      needsAdjustedClose: needsAdjustedClose, file: file, line: line)
    var roles = [CSVRole](repeating: .ignored, count: names.count)
    var shared: [(role: CSVRole, from: CSVRole)] = []
    for (role, column) in columns {
      if roles[column] == .ignored {
        roles[column] = role
      } else if role.isNumber && roles[column].isNumber {
        shared.append((role, roles[column]))
      } else {
        throw DataError(
          .badHeader, file: file, line: line,
          "column \"\(names[column])\" cannot be both \(roles[column].label) and \(role.label)")
      }
    }
    self.roles = roles
    self.shared = shared
  }

  /// Several columns of one meaning, and how to choose one of them.
  private static func ambiguity(
    of role: CSVRole, among found: [(name: String, column: Int)]
  ) -> String {
    var list = found.prefix(4).map { "\"\($0.name)\" (column \($0.column))" }
    if found.count > 4 { list.append("and \(found.count - 4) more") }
    // Names that are alike to the letter cannot be distinguished by name.
    let isNamed = Set(found.map(\.name)).count == found.count
    let advice =
      isNamed && role.key != nil
      ? "name one by 'data.columns.\(role.key ?? "")'" : "rename or remove the others in the file"
    return "several columns could be the \(role.label): \(list.joined(separator: ", ")); \(advice)"
  }

  private static func checkComplete(
    _ found: [CSVRole], names: [String], mapping: CSVMapping, needsAdjustedClose: Bool,
    file: String, line: Int
  ) throws(DataError) {
    var missing: [String] = []
    var keys: [String] = []
    for role in [
      CSVRole.time, .timeOfDay, .open, .high, .low, .close, .adjustedClose, .volume, .symbol,
    ]
    where !found.contains(role) {
      let wanted = explicitName(role, in: mapping)
      guard isRequired(role, needsAdjustedClose) || wanted != nil else { continue }
      let hint = nearest(to: wanted ?? aliases(role)[0], among: names)
      let name = wanted.map { "\(role.label) (\"\($0)\")" } ?? role.label
      missing.append(name + (hint.map { ", perhaps \"\($0)\"" } ?? ""))
      if let key = role.key { keys.append("'\(key)'") }
    }
    guard !missing.isEmpty else { return }
    var headers = names.prefix(6).map { "\"\($0)\"" }.joined(separator: ", ")
    if names.count > 6 { headers += " and \(names.count - 6) more" }
    let mayBeWide = found == [.time] && names.count > 1
    throw DataError(
      .badHeader, file: file, line: line,
      "no column for \(missing.joined(separator: "; ")); the columns are \(headers); "
        + "name them by \(keys.joined(separator: ", ")) in 'data.columns'"
        + (mayBeWide ? ", or say 'layout: wide' if each column is an instrument" : ""))
  }

  private static func isRequired(_ role: CSVRole, _ needsAdjustedClose: Bool) -> Bool {
    switch role {
    case .time, .open, .high, .low, .close: true
    case .adjustedClose: needsAdjustedClose
    case .timeOfDay, .volume, .symbol, .ignored: false
    }
  }

  private static func matches(_ role: CSVRole, wanted: String?, among plain: [String]) -> [Int] {
    if let wanted {
      let name = CSVHeader.plain(wanted)
      return plain.indices.filter { plain[$0] == name }
    }
    for alias in aliases(role) {
      let found = plain.indices.filter { plain[$0] == alias }
      if !found.isEmpty { return found }
    }
    return []
  }

  private static func explicitName(_ role: CSVRole, in mapping: CSVMapping) -> String? {
    switch role {
    case .time: mapping.time
    case .timeOfDay: mapping.timeOfDay
    case .open: mapping.open
    case .high: mapping.high
    case .low: mapping.low
    case .close: mapping.close
    case .adjustedClose: mapping.adjustedClose
    case .volume: mapping.volume
    case .symbol: mapping.symbol
    case .ignored: nil
    }
  }

  /// Names by which columns are commonly called, the likeliest first.
  static func aliases(_ role: CSVRole) -> [String] {
    switch role {
    case .time:
      [
        "timestamp", "datetime", "date", "time", "opentime", "closetime", "tradedate", "day", "ts",
        "t", "unix", "unixtime", "epoch", "dateutc", "timeutc", "localtime", "gmttime", "index",
        "windowstart", "starttime",
      ]
    case .timeOfDay: ["time"]
    case .open: ["open", "o", "openprice", "openingprice", "first"]
    case .high: ["high", "h", "highprice", "max", "highest"]
    case .low: ["low", "l", "lowprice", "min", "lowest"]
    case .close:
      ["close", "c", "closeprice", "closingprice", "last", "lastprice", "closelast"]
    case .adjustedClose: ["adjclose", "adjustedclose", "closeadj", "closeadjusted", "adjusted"]
    case .volume: ["volume", "vol", "v", "basevolume", "volumebase", "quantity", "qty", "tickvol"]
    case .symbol:
      ["symbol", "ticker", "sym", "instrument", "asset", "secid", "tic", "code", "name"]
    case .ignored: []
    }
  }

  /// A name in small letters and without all that is neither letter nor digit.
  static func plain(_ name: String) -> String {
    let lower = name.lowercased()
    let kept = lower.filter { $0.isLetter || $0.isNumber }
    return kept.isEmpty ? lower : kept
  }

  /// The name that most likely means `wanted`.
  private static func nearest(to wanted: String, among names: [String]) -> String? {
    let plainNames = names.prefix(100).map(plain)
    let nearest = NearestName.find(plain(wanted), among: plainNames)
    return nearest.flatMap(plainNames.firstIndex).map { names[$0] }
  }
}

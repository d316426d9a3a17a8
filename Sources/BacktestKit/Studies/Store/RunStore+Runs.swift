import BacktestCore
import BacktestFiles

extension RunStore {
  /// Stores a result; one that is there already is counted as seen once more.
  ///
  /// - Returns: its number.
  @discardableResult
  package func record(_ run: StoredRun, of scope: TrialScope) throws(RunStoreError) -> Int {
    try insert(run, data: scope.data, at: now?().secondsSinceEpoch)
  }

  func insert(_ run: StoredRun, data: String, at time: Int?) throws(RunStoreError) -> Int {
    try change { (state) throws(RunStoreError) in
      let connection = state.connection
      let digest = run.digest(data: data)
      let family = try state.id(of: run.family)
      let insertion = try connection.prepare(
        "INSERT INTO run (digest, kind, name, family, fingerprint, first, last, returns, "
          + "settings, metrics, version, folder, recorded) "
          + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET "
          + "seen = seen + 1, version = excluded.version, "
          + "folder = coalesce(excluded.folder, folder)")
      insertion.bind(1, blob: digest).bind(2, run.kind).bind(3, run.name).bind(4, family)
        .bind(5, run.fingerprint).bind(6, run.firstDate.daysSinceEpoch)
        .bind(7, run.lastDate.daysSinceEpoch).bind(8, run.returnCount)
      insertion.bind(9, StoredRun.json(run.settings)).bind(10, StoredRun.json(run.metrics))
        .bind(11, run.version).bind(12, run.folder).bind(13, time)
      try insertion.run()
      let query = try connection.prepare("SELECT id FROM run WHERE digest = ?")
      defer { query.end() }
      guard try query.bind(1, blob: digest).step() else {
        throw RunStoreError(connection.path, .damaged("a run cannot be found again"))
      }
      return try query.integer(0)
    }
  }

  /// Runs, the latest first or the best by a metric.
  ///
  /// - Parameters:
  ///   - filter: which runs.
  ///   - metric: the name of the metric that orders them; runs without it come last.
  ///   - ascending: whether small values come first.
  ///   - limit: the most runs.
  /// - Throws: `RunStoreError` where the store cannot be read.
  public func runs(
    _ filter: RunFilter = RunFilter(), by metric: String? = nil, ascending: Bool = false,
    limit: Int? = nil
  ) throws(RunStoreError) -> [StoredRun] {
    try read { (connection) throws(RunStoreError) in
      let key = "json_extract(run.metrics, '$.\"' || ?6 || '\"')"
      let order =
        metric == nil
        ? "run.id DESC" : "\(key) IS NULL, \(key) \(ascending ? "ASC" : "DESC"), run.id"
      let query = try connection.prepare(
        "SELECT \(Self.columns) \(Self.filtered) ORDER BY \(order) LIMIT ?7")
      filter.bind(to: query)
      if let metric { query.bind(6, metric.filter { $0 != "\"" }) }
      query.bind(7, limit ?? -1)
      var runs: [StoredRun] = []
      while try query.step() { runs.append(try Self.run(query, connection)) }
      return try runs.map { (run) throws(RunStoreError) in try Self.complete(run, connection) }
    }
  }

  /// How many runs there are.
  public func runCount(_ filter: RunFilter = RunFilter()) throws(RunStoreError) -> Int {
    try read { (connection) throws(RunStoreError) in
      let query = try connection.prepare("SELECT count(*) \(Self.filtered)")
      filter.bind(to: query)
      defer { query.end() }
      return try query.step() ? try query.integer(0) : 0
    }
  }

  /// The run of a number, or of a fingerprint that is unique by its first digits.
  ///
  /// - Throws: `RunStoreError` where there is none, or several.
  public func run(_ name: String) throws(RunStoreError) -> StoredRun {
    try read { (connection) throws(RunStoreError) in
      let number = Int(name.hasPrefix("#") ? String(name.dropFirst()) : name)
      let digits = name.lowercased()
      let isFingerprint = digits.utf8.count >= 6 && digits.allSatisfy(\.isHexDigit)
      guard number != nil || isFingerprint else { throw self.unknown(name) }
      let query = try connection.prepare(
        "SELECT \(Self.columns) FROM run JOIN family ON family.id = run.family "
          + "WHERE run.id = ?1 OR (?2 IS NOT NULL AND substr(run.fingerprint, 1, length(?2)) = ?2) "
          + "ORDER BY run.id = ?1 DESC, run.id")
      query.bind(1, number ?? -1).bind(2, isFingerprint ? digits : nil)
      var found: [StoredRun] = []
      while try query.step() { found.append(try Self.run(query, connection)) }
      if let first = found.first, first.number == number { found = [first] }
      guard let run = found.first else { throw self.unknown(name) }
      guard found.count == 1 else {
        let numbers = found.map { "\($0.number)" }.joined(separator: ", ")
        throw RunStoreError(
          self.path, .invalid("the runs \(numbers) have the fingerprint '\(name)'; name a number"))
      }
      return try Self.complete(run, connection)
    }
  }

  private func unknown(_ name: String) -> RunStoreError {
    RunStoreError(
      path,
      .invalid(
        "there is no run \(quotedForMessage(name)); name one by its number, or by at least 6 "
          + "digits of its fingerprint"))
  }

  static let columns =
    "run.id, run.kind, run.name, family.strategy, family.symbols, family.timeframe, "
    + "run.fingerprint, run.first, run.last, run.returns, run.settings, run.metrics, "
    + "run.version, run.folder, run.seen, run.recorded"

  /// What a filter leaves of the runs.
  static let filtered =
    "FROM run JOIN family ON family.id = run.family WHERE "
    + "(?1 IS NULL OR instr(lower(family.strategy), ?1) > 0 "
    + "OR instr(lower(family.symbols), ?1) > 0 "
    + "OR family.id = ?5) AND (?2 IS NULL OR EXISTS (SELECT 1 FROM tag WHERE tag.run = run.id "
    + "AND tag.name = ?2)) AND (?3 IS NULL OR instr(lower(run.name), ?3) > 0) "
    + "AND (?4 IS NULL OR run.recorded < ?4)"

  /// The run in the row of a query.
  static func run(
    _ query: SQLiteStatement, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> StoredRun {
    let settings = try table(try query.text(10), connection)
    let metrics = try table(try query.text(11), connection)
    var run = StoredRun(
      number: try query.integer(0), kind: try query.text(1), name: try query.text(2),
      family: TrialFamily(
        strategy: try query.text(3),
        symbols: try query.text(4).split(separator: "\n").map(String.init),
        timeframe: try query.text(5)),
      fingerprint: try query.text(6), firstDate: try query.date(7), lastDate: try query.date(8),
      returnCount: try query.count(9), settings: [:], metrics: [:],
      version: try query.text(12), folder: try query.optionalText(13))
    run.timesSeen = try query.count(14)
    run.recordedAt = try query.time(15)
    for (key, value) in settings {
      guard case .text(let text) = value.content else { throw query.damaged(10, "texts by key") }
      run.settings[key] = text
    }
    for (name, value) in metrics {
      switch value.content {
      case .number(let number): run.metrics[name] = number
      case .integer(let number): run.metrics[name] = Double(number)
      case .null: break
      default: throw query.damaged(11, "numbers by name")
      }
    }
    return run
  }

  private static func table(
    _ text: String, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> [(String, DocumentNode)] {
    let node = try? DocumentReader.read(Array(text.utf8), name: connection.path, format: .json)
    guard case .table(let entries)? = node?.content else {
      throw RunStoreError(connection.path, .damaged("a table of a run is no JSON"))
    }
    return entries.map { ($0.key, $0.value) }
  }

  /// A run with its tags and notes.
  private static func complete(
    _ run: StoredRun, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> StoredRun {
    var run = run
    let query = try connection.prepare("SELECT name FROM tag WHERE run = ? ORDER BY name")
    query.bind(1, run.number)
    while try query.step() { run.tags.append(try query.text(0)) }
    run.notes = try notes("run", run.number, connection)
    return run
  }
}

extension RunFilter {
  /// Sets the parameters 1 to 5 of a query.
  func bind(to query: SQLiteStatement) {
    query.bind(1, family?.lowercased()).bind(2, tag).bind(3, name?.lowercased())
      .bind(4, before?.secondsSinceEpoch).bind(5, family.flatMap { Int($0) } ?? -1)
  }
}

extension SQLiteStatement {
  /// A day counted from 1970.
  func date(_ column: Int32) throws(RunStoreError) -> CivilDate {
    let days = try integer(column)
    guard abs(days) < 100_000_000 else { throw damaged(column, "a day") }
    return CivilDate(daysSinceEpoch: days)
  }

  /// Seconds since 1970, or nothing.
  func time(_ column: Int32) throws(RunStoreError) -> Timestamp? {
    guard let seconds = try optionalInteger(column) else { return nil }
    guard abs(seconds) < 9_000_000_000 else { throw damaged(column, "a time") }
    return Timestamp(seconds: Int64(seconds))
  }
}

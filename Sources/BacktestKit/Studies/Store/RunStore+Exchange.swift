import BacktestCore
import BacktestFiles
internal import Synchronization

extension RunStore {
  /// Writes a copy of the whole store to a new file.
  ///
  /// - Throws: `RunStoreError` where there is something at the path already, or it cannot be
  ///   written.
  public func copy(to target: String) throws(RunStoreError) {
    guard !fileExists(target) else {
      throw RunStoreError(target, .invalid("there is a file of this name; choose another"))
    }
    // To SQLite a copy is a change, which a connection that only reads refuses.
    let connection = try SQLiteConnection(path, .write)
    try connection.prepare("VACUUM INTO ?").bind(1, target).run()
  }

  /// Checks every page, index and value of the store.
  ///
  /// - Throws: `RunStoreError` with the first thing that is wrong.
  package func checkIntegrity() throws(RunStoreError) {
    try read { (connection) throws(RunStoreError) in
      let query = try connection.prepare("PRAGMA integrity_check(1)")
      defer { query.end() }
      guard try query.step() else { return }
      let found = try query.text(0)
      guard found != "ok" else { return }
      // A line with the name of the database comes first.
      let line = found.split(separator: "\n").first { !$0.hasPrefix("***") }
      throw RunStoreError(connection.path, .damaged(line.map(String.init) ?? found))
    }
  }

  /// Adds what another store has and this one has not.
  ///
  /// - Returns: how many trials and runs were added.
  /// - Throws: `RunStoreError` where the other store is damaged, or nothing can be written.
  @discardableResult
  public func add(
    _ other: RunStore
  ) throws(RunStoreError) -> (trials: Int, runs: Int) {
    try other.checkIntegrity()
    try other.checkValues()
    guard FileIdentity(path) != FileIdentity(other.path) else {
      throw RunStoreError(path, .invalid("this is the store itself; name another"))
    }
    let source = other.path
    return try state.withLock { (state) throws(RunStoreError) in
      let connection = state.connection
      state.known = KnownRows()
      try connection.prepare("ATTACH ? AS other").bind(1, source).run()
      defer { try? connection.execute("DETACH other") }
      return try connection.transaction { () throws(RunStoreError) in
        for statement in Self.shared { try connection.execute(statement) }
        try connection.execute(Self.trials)
        let trials = connection.changes
        try connection.execute(Self.series)
        try connection.execute(Self.runs)
        let runs = connection.changes
        for statement in Self.remarks { try connection.execute(statement) }
        return (trials, runs)
      }
    }
  }

  private static let sameFamily =
    "JOIN other.family AS f ON f.id = %.family JOIN family AS mine ON mine.strategy = f.strategy "
    + "AND mine.symbols = f.symbols AND mine.timeframe = f.timeframe"

  private static func sameFamily(as table: String) -> String {
    sameFamily.replacing("%", with: table)
  }

  /// Rows that others refer to.
  private static let shared = [
    "INSERT OR IGNORE INTO family (strategy, symbols, timeframe) "
      + "SELECT strategy, symbols, timeframe FROM other.family ORDER BY id",
    "INSERT OR IGNORE INTO rules (content) SELECT content FROM other.rules ORDER BY id",
    "INSERT OR IGNORE INTO data (content) SELECT content FROM other.data ORDER BY id",
    "INSERT OR IGNORE INTO axis (digest, count, days) "
      + "SELECT digest, count, days FROM other.axis ORDER BY id",
    "INSERT OR IGNORE INTO metric_names (names) SELECT names FROM other.metric_names ORDER BY id",
    "INSERT OR IGNORE INTO configuration (digest, family, rules, parameters, source) "
      + "SELECT c.digest, mine.id, r.id, c.parameters, c.source FROM other.configuration AS c "
      + sameFamily(as: "c")
      + " JOIN other.rules AS o ON o.id = c.rules JOIN rules AS r ON r.content = o.content "
      + "ORDER BY c.id",
  ]

  private static let trials =
    "INSERT OR IGNORE INTO trial (digest, family, configuration, data, axis, origin, part, count, "
    + "mean, squares, seen, recorded) SELECT t.digest, mine.id, c.id, d.id, a.id, t.origin, "
    + "t.part, t.count, t.mean, t.squares, t.seen, t.recorded FROM other.trial AS t "
    + sameFamily(as: "t")
    + " JOIN other.configuration AS oc ON oc.id = t.configuration "
    + "JOIN configuration AS c ON c.digest = oc.digest "
    + "JOIN other.data AS od ON od.id = t.data JOIN data AS d ON d.content = od.content "
    + "JOIN other.axis AS oa ON oa.id = t.axis JOIN axis AS a ON a.digest = oa.digest "
    + "ORDER BY t.id"

  private static let series =
    "INSERT OR IGNORE INTO series (trial, metric_names, metrics, returns) "
    + "SELECT mine.id, n.id, s.metrics, s.returns FROM other.series AS s "
    + "JOIN other.trial AS t ON t.id = s.trial JOIN trial AS mine ON mine.digest = t.digest "
    + "JOIN other.metric_names AS o ON o.id = s.metric_names "
    + "JOIN metric_names AS n ON n.names = o.names"

  private static let runs =
    "INSERT OR IGNORE INTO run (digest, kind, name, family, fingerprint, first, last, returns, "
    + "settings, metrics, version, folder, seen, recorded) SELECT r.digest, r.kind, r.name, "
    + "mine.id, r.fingerprint, r.first, r.last, r.returns, r.settings, r.metrics, r.version, NULL, "
    + "r.seen, r.recorded FROM other.run AS r " + sameFamily(as: "r") + " ORDER BY r.id"

  /// Tags and notes, the latter unless the same one is there.
  private static let remarks = [
    "INSERT OR IGNORE INTO tag (run, name) SELECT mine.id, t.name FROM other.tag AS t "
      + "JOIN other.run AS r ON r.id = t.run JOIN run AS mine ON mine.digest = r.digest",
    "INSERT INTO note (run, text, recorded) SELECT mine.id, n.text, n.recorded "
      + "FROM other.note AS n JOIN other.run AS r ON r.id = n.run "
      + "JOIN run AS mine ON mine.digest = r.digest WHERE NOT EXISTS (SELECT 1 FROM note "
      + "WHERE note.run = mine.id AND note.text = n.text AND note.recorded IS n.recorded) "
      + "ORDER BY n.id",
    "INSERT INTO note (family, text, recorded) SELECT mine.id, n.text, n.recorded "
      + "FROM other.note AS n " + sameFamily(as: "n")
      + " WHERE NOT EXISTS (SELECT 1 FROM note WHERE note.family = mine.id "
      + "AND note.text = n.text AND note.recorded IS n.recorded) ORDER BY n.id",
  ]
}

extension RunStore {
  /// Checks what SQLite cannot know: that returns are as many as their days, days ascend, digests
  /// have 16 bytes, and tables are JSON.
  ///
  /// - Throws: `RunStoreError` with the first thing that is wrong.
  package func checkValues() throws(RunStoreError) {
    _ = try runs()
    _ = try families()
    try read { (connection) throws(RunStoreError) in
      let axes = try connection.prepare("SELECT count, days FROM axis")
      while try axes.step() {
        let days = try axes.blob(1, of: Int32.self, count: try axes.count(0))
        guard zip(days, days.dropFirst()).allSatisfy({ $0 < $1 }) else {
          axes.end()
          throw RunStoreError(connection.path, .damaged("the days of an axis do not ascend"))
        }
      }
      for (condition, what) in Self.conditions {
        let query = try connection.prepare("SELECT EXISTS (\(condition))")
        defer { query.end() }
        if try query.step(), try query.integer(0) != 0 {
          throw RunStoreError(connection.path, .damaged(what))
        }
      }
    }
  }

  /// What finds invalid rows, and what is wrong with them.
  private static let conditions = [
    (
      "SELECT 1 FROM trial WHERE length(digest) <> 16 OR count < 0 OR seen < 1 OR squares < 0 "
        + "OR abs(mean) > 1e300 OR squares > 1e300",
      "a trial has invalid figures"
    ),
    ("SELECT 1 FROM configuration WHERE length(digest) <> 16", "a digest has not 16 bytes"),
    (
      "SELECT 1 FROM trial LEFT JOIN configuration ON configuration.id = trial.configuration "
        + "LEFT JOIN axis ON axis.id = trial.axis LEFT JOIN data ON data.id = trial.data "
        + "WHERE configuration.family IS NOT trial.family OR axis.count IS NOT trial.count "
        + "OR data.id IS NULL",
      "a trial has no configuration, no days or no data"
    ),
    (
      "SELECT 1 FROM series LEFT JOIN trial ON trial.id = series.trial "
        + "WHERE trial.id IS NULL OR length(series.returns) <> 4 * trial.count "
        + "OR length(series.metrics) % 8 <> 0",
      "the returns of a trial are not as many as its days"
    ),
  ]
}

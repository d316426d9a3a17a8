internal import Glibc

/// The tables of a store, and what makes a file one.
///
/// Trials are small rows; their returns and metrics lie in another table, so that lists and counts
/// never read them. A date axis, a set of rules, a description of data and a list of metric names
/// are stored once and shared.
enum RunStoreSchema {
  /// The number of this schema, SQLite's `user_version`.
  static let version = 1
  /// What marks the file, SQLite's `application_id`: "BTKR".
  static let applicationID = 0x4254_4B52

  /// The size in bytes of the smallest page of SQLite; no file with contents is smaller.
  static let smallestFile = 512

  /// Digests are spread over their whole index, which should stay in memory: 64 MiB.
  static let cacheSize = "PRAGMA cache_size = -65536"

  /// What makes the tables, statement by statement.
  static let statements = [
    """
    CREATE TABLE family (id INTEGER PRIMARY KEY, strategy TEXT NOT NULL, symbols TEXT NOT NULL, \
    timeframe TEXT NOT NULL, forgotten INTEGER NOT NULL DEFAULT 0, \
    UNIQUE (strategy, symbols, timeframe)) STRICT
    """,
    "CREATE TABLE rules (id INTEGER PRIMARY KEY, content TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE data (id INTEGER PRIMARY KEY, content TEXT NOT NULL UNIQUE) STRICT",
    """
    CREATE TABLE axis (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, \
    count INTEGER NOT NULL, days BLOB NOT NULL) STRICT
    """,
    "CREATE TABLE metric_names (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE) STRICT",
    """
    CREATE TABLE configuration (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, \
    family INTEGER NOT NULL, rules INTEGER NOT NULL, parameters TEXT NOT NULL, source TEXT) STRICT
    """,
    """
    CREATE TABLE trial (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, \
    family INTEGER NOT NULL, configuration INTEGER NOT NULL, data INTEGER NOT NULL, \
    axis INTEGER NOT NULL, origin TEXT NOT NULL, part INTEGER, \
    count INTEGER NOT NULL, mean REAL NOT NULL, \
    squares REAL NOT NULL, seen INTEGER NOT NULL DEFAULT 1, recorded INTEGER) STRICT
    """,
    "CREATE INDEX trial_of_family ON trial (family, configuration)",
    "CREATE INDEX configuration_of_family ON configuration (family, digest)",
    """
    CREATE TABLE series (trial INTEGER PRIMARY KEY, metric_names INTEGER NOT NULL, \
    metrics BLOB NOT NULL, returns BLOB NOT NULL) STRICT
    """,
    """
    CREATE TABLE run (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, \
    name TEXT NOT NULL, family INTEGER NOT NULL, fingerprint TEXT NOT NULL, \
    first INTEGER NOT NULL, last INTEGER NOT NULL, returns INTEGER NOT NULL, \
    settings TEXT NOT NULL, metrics TEXT NOT NULL, version TEXT NOT NULL, folder TEXT, \
    seen INTEGER NOT NULL DEFAULT 1, recorded INTEGER) STRICT
    """,
    "CREATE INDEX run_of_family ON run (family)",
    """
    CREATE TABLE note (id INTEGER PRIMARY KEY, run INTEGER, family INTEGER, text TEXT NOT NULL, \
    recorded INTEGER) STRICT
    """,
    """
    CREATE TABLE tag (run INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (run, name)) STRICT
    """,
  ]

  /// Makes an empty file a store, or finds out that it is one.
  ///
  /// - Throws: `RunStoreError` where it is something else.
  static func prepare(
    _ connection: SQLiteConnection, creates: Bool
  ) throws(RunStoreError) {
    // What another program wrote runs no functions of ours.
    try connection.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    // The log is flushed when it is copied into the file, every 64 MiB and at the end, so that a
    // killed process loses nothing and a crash of the system the last transactions at most.
    try connection.execute("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8192")
    try connection.execute(cacheSize)
    if creates, try isEmpty(connection) {
      try beginLog(connection)
      try connection.transaction { () throws(RunStoreError) in
        // Another process may have been faster.
        guard try isEmpty(connection) else { return }
        for statement in statements { try connection.execute(statement) }
        try connection.execute("PRAGMA application_id = \(applicationID)")
        try connection.execute("PRAGMA user_version = \(version)")
      }
    }
    try check(connection)
  }

  /// The log lets others read while one writes.
  private static func beginLog(_ connection: SQLiteConnection) throws(RunStoreError) {
    try connection.execute("PRAGMA page_size = 8192")
    // Two that begin at once refuse each other without waiting.
    for _ in 0..<100 {
      guard let failure = failure(of: "PRAGMA journal_mode = WAL", connection) else { return }
      guard failure.problem == .locked else { throw failure }
      waitForOthers()
    }
    throw RunStoreError(connection.path, .locked)
  }

  private static func failure(of sql: String, _ connection: SQLiteConnection) -> RunStoreError? {
    do throws(RunStoreError) {
      try connection.execute(sql)
      return nil
    } catch {
      return error
    }
  }

  private static func isEmpty(_ connection: SQLiteConnection) throws(RunStoreError) -> Bool {
    guard try value("SELECT count(*) FROM sqlite_schema", connection) == 0 else { return false }
    return try value("PRAGMA application_id", connection) == 0
  }

  private static func check(_ connection: SQLiteConnection) throws(RunStoreError) {
    guard try value("PRAGMA application_id", connection) == applicationID else {
      throw RunStoreError(connection.path, .notAStore)
    }
    let found = try value("PRAGMA user_version", connection)
    guard found <= version else {
      throw RunStoreError(connection.path, .newerSchema(found: found, known: version))
    }
    // Nothing but these tables: a trigger of somebody else would change what is written.
    // A copy lists tables before indices.
    let query = try connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
    var present: [String] = []
    while try query.step() { present.append(try query.text(0)) }
    guard present.sorted() == statements.sorted() else {
      throw RunStoreError(connection.path, .damaged("its tables are not those of schema \(found)"))
    }
  }

  private static func value(
    _ sql: String, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> Int {
    let query = try connection.prepare(sql)
    defer { query.end() }
    guard try query.step() else { return 0 }
    return try query.integer(0)
  }
}

/// Waits a moment for another process.
private func waitForOthers() { _ = poll(nil, 0, 50) }

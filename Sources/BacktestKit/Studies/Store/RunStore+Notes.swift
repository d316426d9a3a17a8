import BacktestCore
import BacktestFiles

extension RunStore {
  /// The families, each with its counts.
  ///
  /// - Parameter text: text that the strategy or one of the symbols has, or the family's number.
  /// - Throws: `RunStoreError` where the store cannot be read.
  public func families(_ text: String? = nil) throws(RunStoreError) -> [StoredFamily] {
    try read { (connection) throws(RunStoreError) in
      let query = try connection.prepare(
        "SELECT id, strategy, symbols, timeframe, forgotten, "
          + "(SELECT count(*) FROM trial WHERE family = family.id), "
          + "(SELECT count(*) FROM configuration WHERE family = family.id), "
          + "(SELECT count(*) FROM run WHERE family = family.id) FROM family WHERE "
          + "(?1 IS NULL OR instr(lower(strategy), ?1) > 0 OR instr(lower(symbols), ?1) > 0 "
          + "OR id = ?2) ORDER BY id")
      query.bind(1, text?.lowercased()).bind(2, text.flatMap { Int($0) } ?? -1)
      var families: [StoredFamily] = []
      while try query.step() {
        families.append(
          StoredFamily(
            number: try query.integer(0),
            family: TrialFamily(
              strategy: try query.text(1),
              symbols: try query.text(2).split(separator: "\n").map(String.init),
              timeframe: try query.text(3)),
            trialCount: try query.integer(5), configurationCount: try query.integer(6),
            forgottenCount: try query.count(4), runCount: try query.integer(7)))
      }
      return try families.map { (family) throws(RunStoreError) in
        var family = family
        family.notes = try Self.notes("family", family.number, connection)
        return family
      }
    }
  }

  /// Writes something down about a run.
  ///
  /// - Throws: `RunStoreError` where there is no such run, or nothing can be written.
  public func note(_ text: String, run number: Int) throws(RunStoreError) {
    try add(note: text, to: "run", number)
  }

  /// Writes something down about a family.
  ///
  /// - Throws: `RunStoreError` where there is no such family, or nothing can be written.
  public func note(_ text: String, family number: Int) throws(RunStoreError) {
    try add(note: text, to: "family", number)
  }

  private func add(note text: String, to table: String, _ number: Int) throws(RunStoreError) {
    let time = now?().secondsSinceEpoch
    try change { (state) throws(RunStoreError) in
      try self.checkRow(number, of: table, state.connection)
      try state.connection.prepare(
        "INSERT INTO note (\(table), text, recorded) VALUES (?, ?, ?)"
      ).bind(1, number).bind(2, text).bind(3, time).run()
    }
  }

  /// Gives tags to a run and takes others away.
  ///
  /// - Throws: `RunStoreError` where there is no such run, or nothing can be written.
  public func tag(
    run number: Int, adding: [String], removing: [String] = []
  ) throws(RunStoreError) {
    try change { (state) throws(RunStoreError) in
      try self.checkRow(number, of: "run", state.connection)
      for tag in adding {
        try state.connection.prepare("INSERT OR IGNORE INTO tag (run, name) VALUES (?, ?)")
          .bind(1, number).bind(2, tag).run()
      }
      for tag in removing {
        try state.connection.prepare("DELETE FROM tag WHERE run = ? AND name = ?")
          .bind(1, number).bind(2, tag).run()
      }
    }
  }

  /// Notes where the files of a run are, from the folder of the store.
  package func setFolder(_ folder: String, ofRun number: Int) throws(RunStoreError) {
    try change { (state) throws(RunStoreError) in
      try state.connection.prepare("UPDATE run SET folder = ? WHERE id = ?")
        .bind(1, folder).bind(2, number).run()
    }
  }

  private func checkRow(
    _ number: Int, of table: String, _ connection: SQLiteConnection
  ) throws(RunStoreError) {
    let query = try connection.prepare("SELECT 1 FROM \(table) WHERE id = ?").bind(1, number)
    defer { query.end() }
    guard try query.step() else {
      throw RunStoreError(path, .invalid("there is no \(table) of the number \(number)"))
    }
  }

  /// The notes on a run or a family.
  static func notes(
    _ column: String, _ number: Int, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> [StoredNote] {
    let query = try connection.prepare(
      "SELECT text, recorded FROM note WHERE \(column) = ? ORDER BY id")
    query.bind(1, number)
    var notes: [StoredNote] = []
    while try query.step() {
      notes.append(StoredNote(text: try query.text(0), recordedAt: try query.time(1)))
    }
    return notes
  }
}

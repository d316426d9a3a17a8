import BacktestCore
package import BacktestEvidence

/// A trial and what it has in common with others of its job.
package struct ScopedTrial: Sendable {
  let scope: TrialScope
  let trial: Trial

  /// A trial of a job.
  package init(_ scope: TrialScope, _ trial: Trial) {
    self.scope = scope
    self.trial = trial
  }
}

extension RunStore {
  /// Stores trials, all of them or none. One that is there already is counted as seen once more.
  package func append(_ trials: [ScopedTrial]) throws(RunStoreError) {
    guard !trials.isEmpty else { return }
    let time = now?().secondsSinceEpoch
    try change { (state) throws(RunStoreError) in
      for one in trials { try state.append(one.trial, in: one.scope, at: time) }
    }
  }
}

extension RunStore.State {
  fileprivate mutating func append(
    _ trial: Trial, in scope: TrialScope, at time: Int?
  ) throws(RunStoreError) {
    // The axis that was used last has one return a session.
    let trial = trial.dates == known.axis?.dates ? trial : trial.bySession
    let scope = trial.market.map(scope.part) ?? scope
    let rows = try ids(of: scope)
    let axis = try self.axis(of: trial.dates)
    let parameters = trial.parameters.description
    let configuration = scope.configuration(parameters, source: trial.sourceDigest)
    let digest = scope.trial(configuration, axis.digest, market: trial.market)

    let known = try connection.prepare("SELECT id FROM trial WHERE digest = ?")
    let isKnown = try known.bind(1, blob: digest).step()
    let knownID = isKnown ? try known.integer(0) : 0
    known.end()
    var id = knownID
    if isKnown {
      try connection.prepare("UPDATE trial SET seen = seen + 1 WHERE id = ?").bind(1, id).run()
    } else {
      let moments = trial.moments
      let insertion = try connection.prepare(
        "INSERT INTO trial (digest, family, configuration, data, axis, origin, part, "
          + "count, mean, squares, recorded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      let part = trial.origin.stored
      insertion.bind(1, blob: digest).bind(2, rows.family)
      insertion.bind(
        3,
        try self.id(
          ofConfiguration: configuration.bytes, trial, parameters, rows.family, rows.rules))
      insertion.bind(4, rows.data).bind(5, axis.id).bind(6, part.name).bind(7, part.number)
      insertion.bind(8, moments.count).bind(9, moments.mean).bind(10, moments.squares)
      insertion.bind(11, time)
      try insertion.run()
      id = Int(connection.lastInserted)
    }
    try store(trial, as: id)
  }

  /// Stores metrics and returns, unless they are there.
  private mutating func store(_ trial: Trial, as id: Int) throws(RunStoreError) {
    let names = try self.id(ofNames: trial.metricNames)
    let insertion = try connection.prepare(
      "INSERT OR IGNORE INTO series (trial, metric_names, metrics, returns) VALUES (?, ?, ?, ?)")
    insertion.bind(1, id).bind(2, names)
    trial.metricValues.withUnsafeBytes { insertion.bind(3, copying: $0) }
    try insertion.run(4, lending: trial.returns)
  }

  /// The rows of a scope.
  mutating func ids(
    of scope: TrialScope
  ) throws(RunStoreError) -> (family: Int, rules: Int, data: Int) {
    if let known = known.scope, known.scope === scope {
      return (known.family, known.rules, known.data)
    }
    let family = try id(of: scope.family)
    let rules = try id(of: scope.rules, in: "rules", column: "content")
    let data = try id(of: scope.data, in: "data", column: "content")
    known.scope = (scope, family, rules, data)
    return (family, rules, data)
  }

  /// The row of a family, which is made where it is missing.
  func id(of family: TrialFamily) throws(RunStoreError) -> Int {
    func bound(_ sql: String) throws(RunStoreError) -> SQLiteStatement {
      try connection.prepare(sql).bind(1, family.strategy).bind(2, family.symbolText)
        .bind(3, family.timeframe)
    }
    try bound(
      "INSERT OR IGNORE INTO family (strategy, symbols, timeframe) VALUES (?, ?, ?)"
    ).run()
    let query = try bound(
      "SELECT id FROM family WHERE strategy = ? AND symbols = ? AND timeframe = ?")
    defer { query.end() }
    guard try query.step() else { throw vanished("family") }
    return try query.integer(0)
  }

  /// The row of a text that is stored once, which is made where it is missing.
  private func id(
    of text: String, in table: String, column: String
  ) throws(RunStoreError) -> Int {
    try connection.prepare("INSERT OR IGNORE INTO \(table) (\(column)) VALUES (?)")
      .bind(1, text).run()
    let query = try connection.prepare("SELECT id FROM \(table) WHERE \(column) = ?").bind(1, text)
    defer { query.end() }
    guard try query.step() else { throw vanished(table) }
    return try query.integer(0)
  }

  private mutating func id(ofNames names: [String]) throws(RunStoreError) -> Int {
    if let known = known.metricNames, known.names == names { return known.id }
    let id = try id(
      of: names.joined(separator: "\n"), in: "metric_names", column: "names")
    known.metricNames = (names, id)
    return id
  }

  private func id(
    ofConfiguration digest: [UInt8], _ trial: Trial, _ parameters: String, _ family: Int,
    _ rules: Int
  ) throws(RunStoreError) -> Int {
    try connection.prepare(
      "INSERT OR IGNORE INTO configuration (digest, family, rules, parameters, source) "
        + "VALUES (?, ?, ?, ?, ?)"
    ).bind(1, blob: digest).bind(2, family).bind(3, rules).bind(4, parameters)
      .bind(5, trial.sourceDigest).run()
    if connection.changes == 1 { return Int(connection.lastInserted) }
    let query = try connection.prepare("SELECT id FROM configuration WHERE digest = ?")
    defer { query.end() }
    guard try query.bind(1, blob: digest).step() else { throw vanished("configuration") }
    return try query.integer(0)
  }

  /// The row of a date axis, which is made where it is missing.
  private mutating func axis(
    of dates: [CivilDate]
  ) throws(RunStoreError) -> (digest: [UInt8], id: Int) {
    if let known = known.axis, known.dates == dates { return (known.digest, known.id) }
    let days = dates.map { Int32(clamping: $0.daysSinceEpoch) }
    var content = ContentDigest()
    days.withUnsafeBytes { content.update($0) }
    let digest = content.value.bytes
    let insertion = try connection.prepare(
      "INSERT OR IGNORE INTO axis (digest, count, days) VALUES (?, ?, ?)")
    insertion.bind(1, blob: digest).bind(2, days.count)
    try insertion.run(3, lending: days)
    let query = try connection.prepare("SELECT id FROM axis WHERE digest = ?")
    defer { query.end() }
    guard try query.bind(1, blob: digest).step() else { throw vanished("axis") }
    let id = try query.integer(0)
    known.axis = (dates, digest, id)
    return (digest, id)
  }

  private func vanished(_ table: String) -> RunStoreError {
    RunStoreError(connection.path, .damaged("a row of '\(table)' cannot be found again"))
  }
}

extension Trial.Origin {
  /// The name of the origin, and which part of a job it is: twice the fold or split, and 1 more for
  /// its test part.
  fileprivate var stored: (name: String, number: Int?) {
    switch self {
    case .run: ("run", nil)
    case .sweep: ("sweep", nil)
    case .walkForward(let fold, let isTest): ("walk-forward", 2 * fold + (isTest ? 1 : 0))
    case .crossValidation(let split, let isTest):
      ("cross-validation", 2 * split + (isTest ? 1 : 0))
    }
  }
}

extension Timestamp {
  /// Whole seconds since 1970.
  var secondsSinceEpoch: Int { Int(nanoseconds.flooredQuotient(by: 1_000_000_000).quotient) }
}

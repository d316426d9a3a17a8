import BacktestCore
package import BacktestEvidence

extension RunStore {
  /// From how many configurations at most the mean correlation is taken: of more those with the
  /// lowest digests, which is a fair draw that does not depend on the order of storing.
  package static let correlatedConfigurations = 1_000

  /// Counts the trials of a family.
  ///
  /// - Parameters:
  ///   - scope: a job of the family.
  ///   - name: how the result shows the store.
  package func count(_ scope: TrialScope, shownAs name: String) throws(RunStoreError)
    -> CountedTrials
  {
    try read { (connection) throws(RunStoreError) in
      let family = scope.family
      let query = try connection.prepare(
        "SELECT id, forgotten, (SELECT count(*) FROM trial WHERE family = family.id) "
          + "FROM family WHERE strategy = ? AND symbols = ? AND timeframe = ?")
      query.bind(1, family.strategy).bind(2, family.symbolText).bind(3, family.timeframe)
      var count = CountedTrials(
        family: family.description, store: name, counted: 0, forgotten: 0, configurations: 0)
      guard try query.step() else { return count }
      let id = try query.integer(0)
      count.forgotten = try query.count(1)
      count.counted = try query.integer(2)
      query.end()
      let ratios = try Self.ratios(id, counted: count.counted, connection)
      count.configurations = ratios.count
      if count.configurations > 1 {
        count.sharpeVariance = try Self.variance(of: ratios, id, connection)
        count.meanCorrelation = try Self.meanCorrelation(id, connection)
      }
      return count
    }
  }

  /// The variance of the ratios of a family's configurations.
  private static func variance(
    of found: ConfigurationRatios, _ family: Int, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> Double? {
    // In the order of digests, so that sums do not depend on the order of storing.
    let query = try connection.prepare(
      "SELECT id FROM configuration WHERE family = ? ORDER BY digest")
    query.bind(1, family)
    var ratios: [Double] = []
    ratios.reserveCapacity(found.count)
    while try query.step() {
      if let ratio = found.ratio(of: try query.integer(0)) { ratios.append(ratio) }
    }
    return TrialMoments(ratios).variance
  }

  /// The Sharpe ratio of one session of each configuration with trials.
  ///
  /// SQLite hands over the rows as they come, and they are sorted here: that takes a quarter of
  /// the time of a join that sorts.
  private static func ratios(
    _ family: Int, counted: Int, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> ConfigurationRatios {
    let last = try connection.prepare("SELECT max(id) FROM trial")
    let isMost = try last.step() ? (last.optionalInteger(0) ?? 0) / 8 < counted : false
    last.end()
    // Where most rows are of the family, the table is read from one end to the other: faster than
    // row by row, and no page is read twice, so that none has to be kept.
    if isMost { try connection.execute("PRAGMA cache_size = -4096") }
    defer { try? connection.execute(RunStoreSchema.cacheSize) }
    let query = try connection.prepare(
      "SELECT configuration, digest, count, mean, squares FROM trial "
        + "\(isMost ? "NOT INDEXED " : "")WHERE family = ?")
    query.bind(1, family)
    var rows: [TrialRow] = []
    rows.reserveCapacity(counted)
    while try query.step() {
      rows.append(
        TrialRow(
          configuration: try query.integer(0), digest: try query.digest(1),
          moments: TrialMoments(
            count: try query.count(2), mean: try query.number(3), squares: try query.number(4))))
    }
    return ConfigurationRatios(&rows)
  }

  /// The mean correlation of the returns of two configurations.
  private static func meanCorrelation(
    _ family: Int, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> Double? {
    let query = try connection.prepare(
      "SELECT trial.configuration, trial.id, trial.axis FROM "
        + "(SELECT id, digest FROM configuration WHERE family = ?1 ORDER BY digest LIMIT ?2) "
        + "AS chosen JOIN trial ON trial.family = ?1 AND trial.configuration = chosen.id "
        + "ORDER BY chosen.digest, trial.count, trial.digest")
    query.bind(1, family).bind(2, correlatedConfigurations)
    var trials: [(configuration: Int, id: Int, axis: Int)] = []
    while try query.step() {
      trials.append((try query.integer(0), try query.integer(1), try query.integer(2)))
    }
    let (dayCount, axes) = try days(of: Set(trials.map(\.axis)), connection)
    var tally = CorrelationTally(dayCount: dayCount)
    let returns = try connection.prepare("SELECT returns FROM series WHERE trial = ?")
    for (index, trial) in trials.enumerated() {
      let days = axes[trial.axis] ?? []
      returns.end()
      if try returns.bind(1, trial.id).step() {
        tally.lay(try returns.blob(0, of: Float.self, count: days.count), on: days)
      }
      let isLast = index + 1 == trials.count
      if isLast || trials[index + 1].configuration != trial.configuration { tally.finishSeries() }
    }
    returns.end()
    return tally.mean
  }

  /// The days of some axes as positions among all days that they have, and the number of these.
  private static func days(
    of axes: Set<Int>, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> (count: Int, axes: [Int: [Int]]) {
    var found: [Int: [Int32]] = [:]
    let query = try connection.prepare("SELECT count, days FROM axis WHERE id = ?")
    for axis in axes {
      query.end()
      guard try query.bind(1, axis).step() else { continue }
      found[axis] = try query.blob(1, of: Int32.self, count: try query.count(0))
    }
    query.end()
    let all = Set(found.values.joined()).sorted()
    let places = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })
    return (all.count, found.mapValues { days in days.map { places[$0] ?? 0 } })
  }
}

/// What the Sharpe ratio of a configuration needs of one trial.
private struct TrialRow {
  let configuration: Int
  let digest: (UInt64, UInt64)
  let moments: TrialMoments
}

/// The Sharpe ratio of each configuration, over all its trials.
private struct ConfigurationRatios {
  /// The number of each configuration, ascending, and its ratio, which is NaN where it has none.
  private var ratios: [(number: Int, ratio: Double)] = []

  /// The number of configurations.
  var count: Int { ratios.count }

  /// Joins the trials of each configuration in the order of their digests; leaves them sorted.
  init(_ rows: inout [TrialRow]) {
    // In place, because a second copy of a million rows takes longer to come by than to fill.
    rows.sort { first, second in
      guard first.configuration == second.configuration else {
        return first.configuration < second.configuration
      }
      return first.digest < second.digest
    }
    var joined = TrialMoments()
    for (index, row) in rows.enumerated() {
      joined.add(row.moments)
      let isLast = index + 1 == rows.count
      guard isLast || rows[index + 1].configuration != row.configuration else { continue }
      ratios.append((row.configuration, joined.sharpe ?? .nan))
      joined = TrialMoments()
    }
  }

  /// The ratio of a configuration; `nil` where it has none.
  func ratio(of number: Int) -> Double? {
    guard let first = ratios.first?.number, number >= first else { return nil }
    // Numbers mostly follow each other.
    let (distance, isTooFar) = number.subtractingReportingOverflow(first)
    let guess = isTooFar ? ratios.count - 1 : min(distance, ratios.count - 1)
    let place =
      ratios[guess].number == number
      ? guess : ratios.partitioningIndex { $0.number >= number }
    guard place < ratios.count, ratios[place].number == number else { return nil }
    return ratios[place].ratio.isNaN ? nil : ratios[place].ratio
  }
}

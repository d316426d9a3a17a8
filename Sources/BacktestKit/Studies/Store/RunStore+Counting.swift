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
        "SELECT id, forgotten, (SELECT count(*) FROM trial WHERE family = family.id), "
          + "(SELECT count(DISTINCT configuration) FROM trial WHERE family = family.id) "
          + "FROM family WHERE strategy = ? AND symbols = ? AND timeframe = ?")
      query.bind(1, family.strategy).bind(2, family.symbolText).bind(3, family.timeframe)
      var count = CountedTrials(
        family: family.description, store: name, counted: 0, forgotten: 0, configurations: 0)
      guard try query.step() else { return count }
      let id = try query.integer(0)
      count.forgotten = try query.integer(1)
      count.counted = try query.integer(2)
      count.configurations = try query.integer(3)
      query.end()
      if count.configurations > 1 {
        count.sharpeVariance = try Self.sharpeVariance(id, connection)
        count.meanCorrelation = try Self.meanCorrelation(id, connection)
      }
      return count
    }
  }

  /// The variance over configurations of the Sharpe ratio of one session.
  private static func sharpeVariance(
    _ family: Int, _ connection: SQLiteConnection
  ) throws(RunStoreError) -> Double? {
    // In the order of digests, so that sums do not depend on the order of storing.
    let query = try connection.prepare(
      "SELECT trial.configuration, trial.count, mean, squares FROM trial "
        + "JOIN configuration ON configuration.id = trial.configuration "
        + "WHERE trial.family = ? "
        + "ORDER BY configuration.digest, trial.digest")
    query.bind(1, family)
    var ratios: [Double] = []
    var current = -1
    var joined = TrialMoments()
    while try query.step() {
      let configuration = try query.integer(0)
      if configuration != current {
        if let ratio = joined.sharpe { ratios.append(ratio) }
        (current, joined) = (configuration, TrialMoments())
      }
      joined.add(
        TrialMoments(
          count: try query.integer(1), mean: try query.number(2), squares: try query.number(3)))
    }
    if let ratio = joined.sharpe { ratios.append(ratio) }
    return TrialMoments(ratios).variance
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
      found[axis] = try query.blob(1, of: Int32.self, count: try query.integer(0))
    }
    query.end()
    let all = Set(found.values.joined()).sorted()
    let places = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })
    return (all.count, found.mapValues { days in days.map { places[$0] ?? 0 } })
  }
}

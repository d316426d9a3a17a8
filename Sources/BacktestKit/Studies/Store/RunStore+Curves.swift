import BacktestCore
package import BacktestEvidence

extension RunStore {
  /// What a stored run made of one unit of money, from the returns of the trial that it is; `nil`
  /// where they are gone, or where it is put together from several trials.
  package func curve(of run: StoredRun) throws(RunStoreError) -> DailyCurve? {
    try read { (connection) throws(RunStoreError) in
      let query = try connection.prepare(
        "SELECT axis.count, axis.days, names, metrics, series.returns FROM trial "
          + "JOIN family ON family.id = trial.family JOIN axis ON axis.id = trial.axis "
          + "JOIN series ON series.trial = trial.id "
          + "JOIN metric_names ON metric_names.id = series.metric_names "
          + "WHERE strategy = ? AND symbols = ? AND timeframe = ? AND origin = 'run' "
          + "ORDER BY trial.id")
      query.bind(1, run.family.strategy).bind(2, run.family.symbolText)
        .bind(3, run.family.timeframe)
      defer { query.end() }
      while try query.step() {
        let count = try query.count(0)
        let names = try query.text(2).split(separator: "\n").map(String.init)
        let values = try query.blob(3, of: Double.self, count: names.count)
        guard Self.isSame(names, values, as: run) else { continue }
        let dates = try query.blob(1, of: Int32.self, count: count).map {
          CivilDate(daysSinceEpoch: Int($0))
        }
        let returns = try query.blob(4, of: Float.self, count: count)
        guard let last = dates.last, last == run.lastDate,
          dates.allSatisfy({ $0 > run.firstDate })
        else { continue }
        return DailyCurve(from: run.firstDate, dates: dates, returns: returns.map(Double.init))
      }
      return nil
    }
  }

  /// Whether the metrics of a trial are those of a run, to the last bit.
  private static func isSame(_ names: [String], _ values: [Double], as run: StoredRun) -> Bool {
    let decisive = ["total-return", "sharpe", "volatility", "max-drawdown"]
    let own = Dictionary(zip(names, values)) { first, _ in first }
    guard own["total-return"] != nil else { return false }
    return decisive.allSatisfy { name in
      let value = own[name].flatMap { $0.isNaN ? nil : $0 }
      return value == run.metrics[name]
    }
  }
}

package import BacktestCore
package import BacktestEvidence
import BacktestFiles
import BacktestPolicies

/// The trials of one job: where they go, and how they are counted at its end.
package struct JobTrials: Sendable {
  private let store: RunStore?
  private let recorder: TrialRecorder?
  private let absence: String

  /// The trials of a job.
  ///
  /// - Parameters:
  ///   - store: where they are stored; `nil` stores none.
  ///   - absence: why there is no store.
  package init(store: RunStore?, absence: String = TrialCounting.noStore) {
    self.store = store
    recorder = store.map { TrialRecorder($0) }
    self.absence = absence
  }

  /// What takes the trials of a study; `nil` where they are not stored.
  package func observer(_ study: Study, _ market: StudyMarket) -> TrialObserver? {
    recorder?.observer(study.trialScope(market))
  }

  /// Units that count as finished only once their trials are stored, so that a job that is killed
  /// in between does them again.
  package func storing(before units: (any FinishedUnits)?) -> (any FinishedUnits)? {
    guard let recorder, let units else { return units }
    return StoredUnits(units: units, recorder: recorder)
  }

  /// Waits until all trials are stored, and counts those of the study's family.
  ///
  /// - Parameter run: the run whose Sharpe ratio is deflated; a spread over many has none.
  package func count(
    _ study: Study, _ market: StudyMarket, deflating run: BacktestResult? = nil
  ) -> TrialCounting {
    guard let store, let recorder else { return .notCounted(reason: absence) }
    do throws(RunStoreError) {
      try recorder.finish()
      let count = try store.count(
        study.trialScope(market), shownAs: relativePath(from: study.folder, to: store.path))
      return .counted(run.map { count.deflating($0) } ?? count)
    } catch {
      return .notCounted(reason: error.description)
    }
  }
}

/// Finished units whose trials are stored before them.
private struct StoredUnits: FinishedUnits {
  let units: any FinishedUnits
  let recorder: TrialRecorder

  func bytes(of unit: Int) -> [UInt8]? { units.bytes(of: unit) }

  func add(_ bytes: [UInt8], of unit: Int) {
    // Where trials cannot be stored, nothing is counted and there is nothing to wait for.
    try? recorder.finish()
    units.add(bytes, of: unit)
  }
}

extension Study {
  /// What all trials of this study have in common: the rules that are not parameters, and the bars.
  package func trialScope(_ market: StudyMarket) -> TrialScope {
    let series = market.universe.series
    let timeframes = Set(series.map { "\($0.timeframe)" }).sorted()
    var rules: JSONValue = [
      "account": StudyTable.account.json(configuration), "run": StudyTable.run.json(configuration),
    ]
    if configuration.accounting.placesOrders {
      rules.set("execution", StudyTable.execution.json(configuration))
    }
    if let risk = configuration.riskJSON { rules.set("risk", risk) }
    if let exits = configuration.exitsJSON { rules.set("exits", exits) }
    if !strategy.policies.isEmpty {
      rules.set("policies", .list(strategy.policies.map(\.trialJSON)))
      if let ensemble = strategy.ensemble {
        rules.set("ensemble", StudyEnsemble.table.json(ensemble))
      }
    }
    let data: JSONValue = [
      "digest": .text(market.tradedDigest.hexadecimal),
      "from": JSONValue(series.compactMap(\.closeTimes.first).min()?.description),
      "to": JSONValue(series.compactMap(\.closeTimes.last).max()?.description),
    ]
    return TrialScope(
      family: TrialFamily(
        strategy: strategy.definition.name, symbols: series.map(\.instrument.symbol),
        timeframe: timeframes.joined(separator: ", ")),
      rules: rules, data: data)
  }
}

extension StudyPolicy {
  /// What makes two policies the same in the store: their files and how they are used.
  fileprivate var trialJSON: JSONValue {
    [
      "manifest": .text(manifestDigest), "weights": JSONValue(trained?.weightsDigest),
      "command": .list(command.map { .text($0) }), "options": PolicyOptions.table.json(options),
    ]
  }
}

extension RunStore {
  /// Stores an outcome, whose trials it has.
  ///
  /// - Returns: its number; `nil` where it cannot be stored any more.
  func record(_ outcome: StudyOutcome) -> Int? {
    let sample = outcome.metrics.sample
    let dates = sample.pointDates ?? outcome.result.sessionDates
    var settings: [String: String] = [:]
    for setting in ResultRecord.Setting.all(in: ResultConfiguration(outcome).json) {
      settings[setting.key] = setting.value.description
    }
    let scope = outcome.study.trialScope(outcome.market)
    let run = StoredRun(
      number: 0, kind: outcome.kind.rawValue, name: outcome.study.name, family: scope.family,
      fingerprint: outcome.result.fingerprint.description,
      firstDate: dates.first ?? CivilDate(daysSinceEpoch: 0),
      lastDate: dates.last ?? CivilDate(daysSinceEpoch: 0), returnCount: sample.count,
      settings: settings, metrics: outcome.metrics.valuesByName, version: BacktestKitVersion.current
    )
    return try? record(run, of: scope)
  }
}

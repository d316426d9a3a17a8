package import BacktestCore

/// One evaluation of one parameter set on data: what has to be counted before the best of many is
/// believed.
package struct Trial: Sendable {
  /// What evaluated it.
  package enum Origin: Hashable, Sendable {
    /// A run over all bars.
    case run
    /// A point of a sweep.
    case sweep
    /// A train or test window of a walk-forward's fold, counted from 0.
    case walkForward(fold: Int, isTest: Bool)
    /// The train or test part of a split of a cross-validation, counted from 0.
    case crossValidation(split: Int, isTest: Bool)
  }

  /// What evaluated it.
  package var origin: Origin
  /// The parameters of the strategy.
  package var parameters: StrategyParameters
  /// The digest of the file from which its strategy was made, where the folds of a walk-forward
  /// have their own checkpoints, or the market where a job has several; `nil` otherwise.
  package var sourceDigest: String?
  /// The part of the market on which it was evaluated, such as an asset, where that is not the
  /// whole market of the job; `nil` otherwise.
  package var market: String?
  /// The session date of each return. Evaluations on the same window should share the array.
  package var dates: [CivilDate]
  /// Simple returns of sessions, in order of time.
  package var returns: [Float]
  /// The names of metrics. Evaluations of one job should share the array.
  package var metricNames: [String]
  /// The value of each of these metrics; NaN where there is none.
  package var metricValues: [Double]

  /// An evaluation.
  package init(
    _ origin: Origin, parameters: StrategyParameters, dates: [CivilDate], returns: [Float],
    metricNames: [String], metricValues: [Double]
  ) {
    precondition(dates.count == returns.count, "one date for each return")
    precondition(metricNames.count == metricValues.count, "one value for each metric")
    self.origin = origin
    self.parameters = parameters
    self.dates = dates
    self.returns = returns
    self.metricNames = metricNames
    self.metricValues = metricValues
  }

  /// An evaluation with metrics by name; those without a value are left out.
  package init(
    _ origin: Origin, parameters: StrategyParameters, dates: [CivilDate], returns: [Float],
    metrics: [String: Double]
  ) {
    let names = metrics.keys.sorted()
    self.init(
      origin, parameters: parameters, dates: dates, returns: returns, metricNames: names,
      metricValues: names.map { metrics[$0] ?? .nan })
  }
}

extension Trial {
  /// A run over all bars with all its metrics.
  package init(
    _ metrics: PerformanceMetrics, of run: BacktestResult, parameters: StrategyParameters
  ) {
    let sessions = run.sessionSample
    let dates = sessions.pointDates ?? run.sessionDates
    let all = metrics.all
    self.init(
      .run, parameters: parameters, dates: Array(dates.dropFirst()),
      returns: sessions.returns.map { Float($0) }, metricNames: all.map(\.metric.name),
      metricValues: all.map { $0.value ?? .nan })
  }
}

extension Trial {
  /// The evaluation with one return a session: neighbours of one date are compounded.
  package var bySession: Trial {
    guard zip(dates, dates.dropFirst()).contains(where: { $0 == $1 }) else { return self }
    var sessions = self
    (sessions.dates, sessions.returns) = ([], [])
    for (date, value) in zip(dates, returns) {
      if sessions.dates.last == date {
        let before = Double(sessions.returns.removeLast())
        sessions.returns.append(Float((1 + before) * (1 + Double(value)) - 1))
      } else {
        sessions.dates.append(date)
        sessions.returns.append(value)
      }
    }
    return sessions
  }
}

/// Called with each evaluation as soon as it is done, on any thread and in any order.
package typealias TrialObserver = @Sendable (Trial) -> Void

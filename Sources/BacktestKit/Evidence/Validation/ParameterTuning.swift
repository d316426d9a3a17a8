package import BacktestCore

/// Searches a space of parameters for the best value of an objective, learning from each trial.
///
/// Trials are asked for in batches, and what a batch asks for follows from the batches before it,
/// so that results do not depend on the number of threads. The best of many trials is a choice made
/// after the fact: its deflated Sharpe ratio says what it is worth.
package struct ParameterTuning: Sendable {
  /// The strategy.
  package var definition: StrategyDefinition
  /// The values that may be tried.
  package var space: SearchSpace
  /// The market.
  package var feed: Feed
  /// The rules of each run.
  package var configuration: BacktestConfiguration
  /// The objective, the number of trials, and by what they are judged.
  package var plan: TuningPlan
  /// Called with each evaluation as soon as it is done.
  package var onTrial: TrialObserver?
  /// Keeps what trials gave, so that a tuning which was killed goes on where it stopped.
  package var finishedUnits: (any FinishedUnits)?

  /// A tuning on a market that is laid out already.
  package init(
    _ definition: StrategyDefinition, _ space: SearchSpace, on feed: Feed,
    configuration: BacktestConfiguration, plan: TuningPlan
  ) {
    self.definition = definition
    self.space = space
    self.feed = feed
    self.configuration = configuration
    self.plan = plan
  }

  /// How often a trial is asked for until the strategy accepts it.
  private static let attemptLimit = 200

  /// Asks for trials, measures them, and tells the sampler.
  ///
  /// - Throws: `EvidenceError` where the plan does not fit the bars or the strategy, or the sampler
  ///   fails.
  package func run(
    _ sampler: some ParameterSampler, threads: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> TuningResult {
    let evaluator = try TrialEvaluator(self)
    var trials: [TuningTrial] = []
    var tried: Set<[String]> = []
    var isOver = false
    while !isOver, trials.count < plan.trialCount {
      var batch: [TuningTrial] = []
      while batch.count < plan.batchCount, trials.count + batch.count < plan.trialCount {
        guard let next = try ask(sampler, trials.count + batch.count, trials, &tried) else {
          isOver = true
          break
        }
        batch.append(next)
      }
      let (asked, known) = (batch, trials)
      let done = try parallelMap(
        count: asked.count, threads: threads,
        progress: { progress?(known.count + $0, plan.trialCount) }
      ) { (place) throws(EvidenceError) in
        try evaluator.finished(asked[place], earlier: known)
      }
      for trial in done {
        trials.append(trial)
        try sampler.tell(trial)
      }
    }
    guard trials.contains(where: { $0.state != .infeasible }) else {
      throw .tuning("the strategy accepts none of the values that were tried; change the space")
    }
    return TuningResult(
      plan: plan, space: space, objective: evaluator.objective, trials: trials)
  }

  /// The next trial that the strategy accepts and that was not tried; `nil` where there is none.
  private func ask(
    _ sampler: some ParameterSampler, _ number: Int, _ history: [TuningTrial],
    _ tried: inout Set<[String]>
  ) throws(EvidenceError) -> TuningTrial? {
    var latest: TuningTrial?
    for attempt in 0..<Self.attemptLimit {
      guard let values = try sampler.ask(number, attempt: attempt, history) else { break }
      var trial = TuningTrial(number: number, values: values)
      do throws(ParameterError) {
        trial.parameters = try space.parameters(values, of: definition)
      } catch {
        guard case .inconsistent = error else { throw .parameters(error) }
        trial.state = .infeasible
        latest = attempt + 1 < Self.attemptLimit ? trial : nil
        continue
      }
      // The same set again would teach nothing.
      if tried.insert(values.map(\.description)).inserted { return trial }
      latest = nil
    }
    // A grid has one set for each trial, whether the strategy accepts it or not.
    return latest
  }
}

/// What a tuning maximises, how many trials it makes, and by what they are judged.
package struct TuningPlan: Sendable, Equatable {
  /// The name of the metric.
  package var objective = "sharpe"
  /// The most trials.
  package var trialCount = 100
  /// The trials that are asked for together.
  package var batchCount = 8
  /// The walk-forward whose test windows judge a trial; `nil` judges it by all bars at once.
  package var walkForward: WalkForwardPlan?
  /// What ends trials early.
  package var pruner = TrialPruner.none

  /// The plan of 100 trials by Sharpe ratio over all bars.
  package init() {}
}

/// One set of parameters that a tuning tried.
package struct TuningTrial: Sendable, Equatable {
  /// Its number, from 0.
  package var number: Int
  /// The values of the dimensions.
  package var values: [ParameterValue]
  /// The complete parameters; none where the strategy does not accept the values.
  package var parameters = StrategyParameters(values: [])
  /// How it ended.
  package var state = State.complete
  /// The objective of each fold that was run, in order of time; one without folds has one value.
  package var folds: [Double?] = []

  /// How a trial ended.
  package enum State: String, Sendable, CaseIterable {
    /// It went through all bars or folds.
    case complete
    /// It was ended early.
    case pruned
    /// The strategy does not accept the values, or warms up too long.
    case infeasible
  }

  init(number: Int, values: [ParameterValue]) {
    self.number = number
    self.values = values
  }

  /// The mean over the folds that were run; `nil` where one of them has no value.
  package var value: Double? { state == .infeasible ? nil : mean(ofFirst: folds.count) }

  /// The mean over the first folds; `nil` where there are not so many, or one has no value.
  func mean(ofFirst count: Int) -> Double? {
    guard count > 0, folds.count >= count else { return nil }
    let values = folds.prefix(count).compactMap(\.self)
    return values.count == count ? values.compensatedSum { $0 } / Double(count) : nil
  }
}

/// What a tuning tried, and the best of it.
package struct TuningResult: Sendable {
  /// What was asked for.
  package let plan: TuningPlan
  package let space: SearchSpace
  /// The metric.
  package let objective: MetricDefinition
  /// All trials, in order.
  package let trials: [TuningTrial]

  /// The positions of the complete trials with a value, the best first; of equals the first.
  package var ranking: [Int] {
    let sign = objective.higherIsBetter ?? true ? -1.0 : 1.0
    let complete = trials.indices.filter {
      trials[$0].state == .complete && trials[$0].value != nil
    }
    return complete.sorted {
      ((trials[$0].value ?? 0) * sign, $0) < ((trials[$1].value ?? 0) * sign, $1)
    }
  }

  /// The position of the best trial; `nil` where none has a value.
  package var best: Int? { ranking.first }
}

import BacktestCore
import BacktestEvidence
import BacktestNetworks
import BacktestPolicies

extension StudyRunner {
  /// Reports how many runs are done.
  typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  /// Does the work of a study once or, where it asks for replicates, once for each, and gives the
  /// outcome in the middle with all of them in it.
  ///
  /// - Parameter work: takes a study, what `{seed}` stands for, and where progress goes.
  func replicated(
    _ work: (Study, _ seed: Int, Progress?) throws(StudyError) -> StudyOutcome
  ) throws(StudyError) -> StudyOutcome {
    let ownSeed = Int(clamping: study.seed)
    guard let replicates = study.replicates else { return try work(study, ownSeed, progress) }
    var outcomes: [StudyOutcome] = []
    var names: [String] = []
    for index in 0..<replicates.count {
      let (variant, seed, name) = try study.replicate(index, of: replicates)
      let (progress, count) = (progress, replicates.count)
      let shown: Progress = { done, total in progress?(index * total + done, count * total) }
      outcomes.append(try work(variant, seed ?? ownSeed, shown))
      names.append(name)
    }
    let members = zip(names, outcomes).map { name, outcome in
      var values: [String: Double] = [:]
      for (metric, value) in outcome.metrics.all { values[metric.name] = value }
      return Replicates.Member(name: name, values: values)
    }
    let walksForward = outcomes[0].walkForward != nil
    let objective =
      replicates.objective ?? (walksForward ? study.walkForward?.plan.objective : nil) ?? "sharpe"
    let summary = Replicates(members, objective: objective)
    var outcome = outcomes[summary.shown]
    outcome.replicates = StudyReplicateOutcomes(summary: summary, outcomes: outcomes)
    return outcome
  }
}

extension Study {
  /// The study of a replicate, its seed where it has one, and what results call it.
  fileprivate func replicate(
    _ index: Int, of replicates: StudyReplicates
  ) throws(StudyError) -> (study: Study, seed: Int?, name: String) {
    guard !replicates.checkpoints.isEmpty else {
      return (self, replicates.seeds[index], "seed \(replicates.seeds[index])")
    }
    let name = replicates.checkpoints[index]
    var variant = self
    do throws(PolicyError) {
      variant.strategy.policies[0] = try strategy.policies[0].replacing(
        with: resolved(name), named: name)
    } catch {
      throw .replicates("\(error)")
    }
    return (variant, nil, name)
  }

  /// The configuration that is the accounting of the policy's training, where the study runs by
  /// orders and that makes sense: one policy that states weights, was trained to act at the close
  /// it observes, and pays costs that are a share of what is traded.
  func trainersAccounting(
    _ decider: StudyDecider, in market: StudyMarket
  ) -> (configuration: BacktestConfiguration, fee: Double)? {
    guard strategy.policies.count == 1, decider.statesWeights, !decider.hasProcess,
      strategy.policies[0].manifest.execution == .sameClose, !configuration.accounting.holdsWeights,
      let commission = configuration.execution.commission.share,
      let slippage = configuration.execution.slippage.share
    else { return nil }
    var other = configuration
    let fee = commission + slippage
    // A portfolio of shares that sum to 1 begins with equal parts in its trainers' environments.
    let sumsToOne = strategy.policies[0].manifest.action?.meaning == .softmaxWeights
    other.accounting = .weights(fee: fee, initialWeights: sumsToOne ? .equal : .zero)
    return (try? other.validate(for: market.universe)) == nil ? nil : (other, fee)
  }
}

extension CommissionModel {
  /// The share of the traded value that it takes; `nil` where it is none.
  fileprivate var share: Double? {
    switch self {
    case is NoCommission: 0
    case let model as BasisPointCommission: model.basisPoints / 1e4
    default: nil
    }
  }
}

extension SlippageModel {
  /// The share of the traded value that it takes; `nil` where it is none.
  fileprivate var share: Double? {
    switch self {
    case is NoSlippage: 0
    case let model as BasisPointSlippage: model.basisPoints / 1e4
    default: nil
    }
  }
}

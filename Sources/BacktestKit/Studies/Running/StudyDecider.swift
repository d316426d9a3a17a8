import BacktestCore
import BacktestEvidence
import BacktestNetworks
import BacktestPolicies

/// What decides in the market of a study: the strategy of the catalogue, or one made from policies.
struct StudyDecider: Sendable {
  /// The strategy to run.
  let definition: StrategyDefinition
  /// Whether its decisions are shares of equity; not known of a strategy of the catalogue.
  let statesWeights: Bool
  /// The programs that decide, which run until the decider goes.
  private let processes: [ExternalPolicy]

  /// - Throws: `StudyError.policy` where the market lacks what a policy needs, or a program does
  ///   not start.
  init(_ strategy: StudyStrategy, in market: StudyMarket) throws(StudyError) {
    guard !strategy.policies.isEmpty else {
      definition = strategy.definition
      statesWeights = false
      processes = []
      return
    }
    do throws(PolicyError) {
      var processes: [ExternalPolicy] = []
      var members: [PolicyMember] = []
      for policy in strategy.policies {
        members.append(try policy.member(in: market.folder, &processes))
      }
      self.processes = processes
      let made: any Strategy
      if let ensemble = strategy.ensemble {
        made = try EnsembleStrategy(
          members, rule: ensemble.rule, universe: market.universe, options: ensemble.options)
        statesWeights = true
      } else {
        let single = try PolicyStrategy(members[0], universe: market.universe)
        made = single
        statesWeights = single.statesWeights
      }
      try market.checkPrices(of: strategy.policies)
      definition = StrategyDefinition(
        name: strategy.definition.name, summary: strategy.definition.summary
      ) { _ in made }
      for process in processes { try process.start() }
    } catch {
      throw .policy(error)
    }
  }

  /// Whether a program in another process decides, so that runs must follow each other.
  var hasProcess: Bool { !processes.isEmpty }

  /// Throws why a program cannot decide any more; a run in which that happened counts for nothing.
  func checkProcesses() throws(StudyError) {
    for process in processes {
      if let failure = process.failure { throw .policy(failure) }
    }
  }
}

extension StudyMarket {
  /// Refuses policies of adjusted closes on raw ones.
  fileprivate func checkPrices(of policies: [StudyPolicy]) throws(PolicyError) {
    guard !unadjustedPrices.isEmpty,
      let policy = policies.first(where: \.observesAdjustedCloses)
    else { return }
    throw PolicyError(
      source: policy.path,
      "\(policy.manifest.name) was trained on adjusted closes ('price: adjusted_close'), but those "
        + "of \(FigureText.list(unadjustedPrices)) are raw; give 'data: {price: adjusted}'")
  }
}

extension StudyPolicy {
  /// The policy with what belongs to it.
  fileprivate func member(
    in folder: String, _ processes: inout [ExternalPolicy]
  ) throws(PolicyError) -> PolicyMember {
    let manifest = manifest
    let decides: any Policy
    if let trained {
      decides = trained
    } else {
      let process = try ExternalPolicy(command, folder: folder, manifest: manifest)
      processes.append(process)
      decides = process
    }
    return PolicyMember(decides, manifest: manifest, options: options) {
      (feature) throws(PolicyError) in
      let other = try TrainedPolicy(path: "\(manifest.folder)/\(feature.policy)")
      return ObservedPredictor(policy: other, observation: other.manifest.observation)
    }
  }
}

import BacktestCore
import BacktestFiles
public import BacktestNetworks

/// A policy with what belongs to it: what it observes, what its decisions mean, how they are sized.
public struct PolicyMember: Sendable {
  /// The policy, as it begins an episode.
  public var policy: any Policy
  /// What it observes, and what its actions or outputs are.
  public var manifest: PolicyManifest
  /// How its decisions become positions.
  public var options: PolicyOptions
  /// Finds the policies whose predictions it observes.
  public var predictor: @Sendable (PredictionFeature) throws(PolicyError) -> ObservedPredictor

  /// A policy with what belongs to it.
  ///
  /// - Parameters:
  ///   - policy: decides.
  ///   - manifest: what it observes, and what its decisions mean.
  ///   - options: how decisions become positions.
  ///   - predictor: finds the policies whose predictions it observes; without it such a policy is
  ///     an error.
  public init(
    _ policy: any Policy, manifest: PolicyManifest, options: PolicyOptions = PolicyOptions(),
    predictor: @escaping @Sendable (PredictionFeature) throws(PolicyError) -> ObservedPredictor =
      ObservationBuilder.noPredictor
  ) {
    self.policy = policy
    self.manifest = manifest
    self.options = options
    self.predictor = predictor
  }
}

extension PolicyMember {
  /// The seats of the policy in a universe: one with all of its assets where the manifest names
  /// them, else one at each instrument with an equal part of equity.
  func seats(in universe: Universe) throws(PolicyError) -> ContiguousArray<PolicySeat> {
    do throws(PolicyError) {
      if let problem = options.problem(for: manifest) { throw PolicyError(problem) }
      if policy.observationCount != manifest.observation.count {
        throw PolicyError(
          "the policy takes \(policy.observationCount) numbers, its observation has "
            + "\(manifest.observation.count)")
      }
      let assets = manifest.action?.assets ?? []
      var seats: ContiguousArray<PolicySeat> = []
      if assets.isEmpty {
        for index in universe.series.indices {
          seats.append(
            try PolicySeat(
              self, instruments: [index], of: universe, share: 1 / Double(universe.count)))
        }
        return seats
      }
      let symbols = universe.series.map(\.instrument.symbol)
      var instruments: [Int] = []
      for asset in assets {
        guard let index = symbols.firstIndex(of: asset) else {
          throw PolicyError(
            "the policy trades '\(asset)', which is not in the universe; "
              + "known are \(listed(symbols, "and"))")
        }
        instruments.append(index)
      }
      seats.append(try PolicySeat(self, instruments: instruments, of: universe, share: 1))
      return seats
    } catch {
      throw error.source.isEmpty
        ? PolicyError(source: manifest.path, error.problem) : error
    }
  }
}

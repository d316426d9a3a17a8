public import BacktestCore
import BacktestFiles

/// Any policy as a strategy: a trained network, a program in another process, a script.
///
///     let policy = try TrainedPolicy(path: "policies/ppo")
///     let strategy = try PolicyStrategy(policy, manifest: policy.manifest, universe: universe)
///     let result = Backtest(strategy, on: universe).run()
///
/// A policy whose manifest names assets trades those of the universe. One that names none trades
/// every instrument with a separate copy of itself; each copy manages an equal part of equity, and
/// sees weights as shares of its part. Features take in every bar. The policy decides at the closes
/// of its instruments, for the first time after the warm-up, so recurrent state begins there.
///
/// The strategy is a value: a copy is independent of the original, and a run begins with the policy
/// as it was given.
public struct PolicyStrategy: Strategy {
  /// The symbols of the universe in which it trades, in its order.
  public let symbols: [String]
  private(set) var runners: ContiguousArray<PolicyRunner>
  private var refusals = RefusalLog()
  private var drift: WeightDriftMonitor
  private var hasBegun = false

  /// A strategy in a universe.
  ///
  /// - Parameters:
  ///   - policy: decides.
  ///   - manifest: what it observes, and what its decisions mean.
  ///   - universe: the market in which it trades; a run on another one stops the program.
  ///   - options: how decisions become positions.
  /// - Throws: `PolicyError` where the universe lacks an asset, or something does not fit.
  public init(
    _ policy: any Policy, manifest: PolicyManifest, universe: Universe,
    options: PolicyOptions = PolicyOptions()
  ) throws(PolicyError) {
    try self.init(PolicyMember(policy, manifest: manifest, options: options), universe: universe)
  }

  /// A strategy in a universe.
  ///
  /// - Throws: `PolicyError` where the universe lacks an asset, or something does not fit.
  public init(_ member: PolicyMember, universe: Universe) throws(PolicyError) {
    symbols = universe.series.map(\.instrument.symbol)
    runners = try member.runners(in: universe)
    drift = WeightDriftMonitor(instrumentCount: universe.count)
  }

  /// Bars before the first observation is complete.
  public var warmup: Int { runners.reduce(0) { max($0, $1.warmup) } }

  /// How often the policy did not decide.
  public var refusalCount: Int { refusals.count }

  /// Whether its decisions set target weights. Where they do not, they are orders, which an account
  /// of weights cannot carry out.
  public var setsTargetWeights: Bool { runners.allSatisfy(\.setsTargetWeights) }

  /// Begins an episode.
  public mutating func onStart(_ trading: inout TradingContext) {
    precondition(
      trading.universe.series.map(\.instrument.symbol) == symbols,
      "a policy's strategy runs in the universe for which it was made")
    let followsTargets = trading.account.followsTargets
    for index in runners.indices { runners[index].start(followsTargets: followsTargets) }
  }

  /// Takes in what was traded.
  public mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    for index in runners.indices { runners[index].book(fill) }
  }

  /// Takes in the bars that closed, and carries out what the policy decides on them.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    if !trading.isWarmingUp, !hasBegun {
      hasBegun = true
      for index in runners.indices { runners[index].begin(trading, at: bars) }
    }
    for index in runners.indices {
      let closed = runners[index].countCloses(bars)
      guard closed > 0 else {
        runners[index].takeInputs(bars)
        continue
      }
      runners[index].refresh(from: &trading)
      let outcome = runners[index].step(bars, closed: closed, mayDecide: !trading.isWarmingUp)
      runners[index].conclude(outcome, &trading, &drift, &refusals)
    }
  }
}

/// A policy with everything that belongs to it: what it observes, what its decisions mean, and how
/// they become positions.
public struct PolicyMember: Sendable {
  /// The policy, as it begins an episode.
  public var policy: any Policy
  /// What it observes, and what its actions or outputs are.
  public var manifest: PolicyManifest
  /// How its decisions become positions.
  public var options: PolicyOptions
  /// Loads the policies whose predictions it observes; `nil` where it observes none.
  package var loadPredictor: PredictorLoader?

  /// Loads the policy that a prediction feature names.
  package typealias PredictorLoader =
    @Sendable (PredictionFeature) throws(PolicyError) -> ObservedPredictor

  /// A policy with everything that belongs to it.
  ///
  /// - Parameters:
  ///   - policy: decides.
  ///   - manifest: what it observes, and what its decisions mean.
  ///   - options: how decisions become positions.
  public init(
    _ policy: any Policy, manifest: PolicyManifest, options: PolicyOptions = PolicyOptions()
  ) {
    self.init(policy, manifest: manifest, options: options, loadPredictor: nil)
  }

  /// A policy that may observe the predictions of others, which `loadPredictor` loads; without it,
  /// such a policy is an error.
  package init(
    _ policy: any Policy, manifest: PolicyManifest, options: PolicyOptions,
    loadPredictor: PredictorLoader?
  ) {
    self.policy = policy
    self.manifest = manifest
    self.options = options
    self.loadPredictor = loadPredictor
  }
}

extension PolicyMember {
  /// Compares golden decisions that have a date with the features that bars give on that day.
  ///
  /// - Throws: `PolicyError` with the first number that differs.
  package func checkDatedDecisions(in universe: Universe) throws(PolicyError) {
    let dated = manifest.golden.filter { $0.date != nil }
    guard !dated.isEmpty else { return }
    for runner in try runners(in: universe) {
      if let problem = runner.datedProblem(dated, in: universe) {
        throw PolicyError(source: manifest.path, problem)
      }
    }
  }

  /// Loads the policy that a prediction feature names.
  func predictor(of feature: PredictionFeature) throws(PolicyError) -> ObservedPredictor {
    guard let loadPredictor else { return try ObservationBuilder.noPredictor(feature) }
    return try loadPredictor(feature)
  }

  /// The runners of the policy in a universe: one for all of its assets where the manifest names
  /// them, else one for each instrument with an equal part of equity.
  func runners(in universe: Universe) throws(PolicyError) -> ContiguousArray<PolicyRunner> {
    try PolicyError.located(at: manifest.path) { () throws(PolicyError) in
      if let problem = options.problem(for: manifest) { throw PolicyError(problem) }
      if policy.observationCount != manifest.observation.count {
        throw PolicyError(
          "the policy takes \(policy.observationCount) numbers, its observation has "
            + "\(manifest.observation.count)")
      }
      var runners: ContiguousArray<PolicyRunner> = []
      guard let assets = manifest.action?.assets, !assets.isEmpty else {
        let inputs = try manifest.observation.inputs(in: universe)
        let traded = universe.series.indices.filter { !inputs.contains($0) }
        if traded.isEmpty {
          throw PolicyError("all instruments are 'inputs' of the policy, so it trades none")
        }
        for index in traded {
          runners.append(
            try PolicyRunner(
              self, instruments: [index], of: universe, share: 1 / Double(traded.count)))
        }
        return runners
      }
      let symbols = universe.series.map(\.instrument.symbol)
      var instruments: [Int] = []
      for asset in assets {
        guard let index = symbols.firstIndex(of: asset) else {
          throw PolicyError(
            "the policy trades '\(asset)', which is not in the universe; "
              + "known are \(NearestName.list(symbols, near: asset))")
        }
        instruments.append(index)
      }
      runners.append(try PolicyRunner(self, instruments: instruments, of: universe, share: 1))
      return runners
    }
  }
}

extension ObservationDefinition {
  /// The places of the inputs in a universe.
  func inputs(in universe: Universe) throws(PolicyError) -> [Int] {
    let symbols = universe.series.map(\.instrument.symbol)
    return try inputs.map { (input) throws(PolicyError) in
      guard let index = symbols.firstIndex(of: input) else {
        throw PolicyError(
          "the policy observes '\(input)', which is not in the universe: add its bars to "
            + "'data.files'; known are \(NearestName.list(symbols, near: input))")
      }
      return index
    }
  }
}

extension PolicyStrategy: ObservingStrategy {
  /// The observation of each runner, as the policy was last given it.
  package func forEachObservation(_ body: (UnsafeBufferPointer<Double>) -> Void) {
    for runner in runners { runner.withObservation(body) }
  }
}

public import BacktestCore
public import BacktestNetworks

/// Any policy as a strategy: a trained network, a program in another process, a script.
///
///     let policy = try TrainedPolicy(path: "policies/ppo")
///     let strategy = try PolicyStrategy(policy, manifest: policy.manifest, universe: universe)
///     let result = Backtest(strategy, on: universe).run()
///
/// A policy whose manifest names assets trades those of the universe; one that names none trades
/// every instrument by a copy of itself with an equal part of equity, and each copy sees weights as
/// shares of its part. Features take in every bar. The policy decides at the closes of its
/// instruments, for the first time after the warm-up, so that recurrent state begins there.
///
/// The strategy is a value: a copy goes on by itself, and a run begins with the policy as it was
/// given.
public struct PolicyStrategy: Strategy {
  /// The symbols of the universe in which it trades, in its order.
  public let symbols: [String]
  var panel: PolicyPanel
  private var drift: DriftWatch

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
    panel = PolicyPanel(try member.seats(in: universe))
    drift = DriftWatch(instrumentCount: universe.count)
  }

  /// Bars before the first observation is complete.
  public var warmup: Int { panel.warmup }

  /// How often the policy did not decide.
  public var refusalCount: Int { panel.refusals.count }

  /// Whether its decisions state shares of equity. Where they do not, they are orders, which an
  /// account of weights cannot carry out.
  public var statesWeights: Bool { panel.seats.allSatisfy(\.statesWeights) }

  /// Begins an episode.
  public mutating func onStart(_ trading: inout TradingContext) {
    precondition(
      trading.universe.series.map(\.instrument.symbol) == symbols,
      "a policy's strategy runs in the universe for which it was made")
    panel.start(followsStatements: trading.account.holdsWeights)
  }

  /// Notes what was traded.
  public mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    for seat in panel.seats.indices { panel.seats[seat].book(fill) }
  }

  /// Takes in the bars that closed, and carries out what the policy decides on them.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    if !trading.isWarmingUp, !panel.hasBegun { panel.begin(trading) }
    for index in panel.seats.indices {
      let closed = panel.seats[index].countCloses(bars)
      guard closed > 0 else { continue }
      panel.seats[index].refresh(from: trading)
      switch panel.seats[index].step(bars, closed: closed, mayDecide: !trading.isWarmingUp) {
      case .idle: break
      case .decided:
        trading.countDecision(of: panel.seats[index].name)
        panel.seats[index].carryOut(&trading, &drift)
      case .refused(let refusal):
        panel.refusals.note(refusal, by: panel.seats[index], &trading)
        if panel.seats[index].options.onRefusal != .hold {
          panel.seats[index].closePositions(&trading)
        }
      }
    }
  }
}

extension PolicySeat {
  /// States or orders what the last decision wants.
  fileprivate mutating func carryOut(
    _ trading: inout TradingContext, _ drift: inout DriftWatch
  ) {
    if instruments.count == 1 {
      trading.record(decision.prediction, of: instruments[0], tellsRises: tellsRises)
    }
    for intent in intents where !isCoolingDown(intent.asset) {
      let instrument = instruments[intent.asset]
      switch intent.kind {
      case .target(let wanted):
        let (last, held) = (state.targetWeight[intent.asset], state.realWeight[intent.asset])
        let weight = stated(wanted, intent.asset)
        state.state(intent.asset, weight: weight)
        switch options.drift {
        case .target:
          drift.look(instrument, stated: last * share, held: held * share, &trading)
          trading.target(instrument, weight: weight * share)
        case .rebalance: trading.rebalance(instrument, weight: weight * share)
        }
      case .rebalance(let weight):
        state.state(intent.asset, weight: weight)
        trading.rebalance(instrument, weight: weight * share)
      case .trade(let units): trading.submit(Order(instrument, quantity: units))
      }
    }
    record(in: &trading)
  }

  /// Writes down what the last decision wanted of each instrument.
  private func record(in trading: inout TradingContext) {
    let (isOneChoice, isPredictor) = (decision.action.count == 1, isPredictor)
    for asset in instruments.indices {
      let wanted: StrategyDecision.Wanted =
        statesWeights ? .weight(state.targetWeight[asset] * share) : .units(units(of: asset))
      trading.recordDecision(
        instruments[asset], weight: state.realWeight[asset] * share, wanted: wanted,
        action: isPredictor ? nil : decision.action[isOneChoice ? 0 : asset])
    }
  }

  /// The units that the last decision traded of an asset.
  private func units(of asset: Int) -> Double {
    for intent in intents where intent.asset == asset && !isCoolingDown(asset) {
      if case .trade(let units) = intent.kind { return units }
    }
    return 0
  }

  /// Closes what is held, because there is no decision.
  fileprivate mutating func closePositions(_ trading: inout TradingContext) {
    for asset in instruments.indices {
      trading.recordDecision(
        instruments[asset], weight: state.realWeight[asset] * share, wanted: .weight(0))
      state.state(asset, weight: 0)
      trading.rebalance(instruments[asset], weight: 0)
    }
  }
}

public import BacktestCore

/// Several policies that decide together, as a strategy.
///
///     let ensemble = try EnsembleStrategy(
///       [PolicyMember(first, manifest: first.manifest), PolicyMember(second, manifest: …)],
///       rule: .bestRecent(bars: 63), universe: universe)
///     let result = Backtest(ensemble, on: universe).run()
///
/// Each policy is complete: it has its own observation, memory, sizing and fallback. Its last
/// decision counts until the next one; a policy that has not decided yet, or is not asked any more,
/// does not count. Policies that trade units count with the weights that their trades lead to. The
/// combined weights are the targets.
public struct EnsembleStrategy: Strategy {
  /// The symbols of the universe in which it trades, in its order.
  public let symbols: [String]
  /// How the weights that the policies ask for become one.
  public let rule: EnsembleRule
  /// How weights become positions.
  public let options: EnsembleOptions
  private var members: ContiguousArray<ContiguousArray<PolicyRunner>>
  private var accounts: ContiguousArray<MemberAccount>
  /// The vote of each policy on each instrument, policy by policy; its weight is not a number where
  /// the policy has none.
  private var memberVotes: ContiguousArray<EnsembleRule.MemberVote>
  /// The last target of each instrument.
  private var targets: ContiguousArray<Double>
  /// Room for the votes on one instrument.
  private var votes: ContiguousArray<EnsembleRule.MemberVote> = []
  /// The predictions that policies made at this close, for each instrument.
  private var blends: ContiguousArray<PredictionBlend>
  private var drift: WeightDriftMonitor
  private var refusals = RefusalLog()
  private var hasBegun = false

  /// An ensemble in a universe.
  ///
  /// - Parameters:
  ///   - members: the policies, one or more; their own thresholds and drift rules are not used.
  ///   - rule: how the weights that they ask for become one.
  ///   - universe: the market in which it trades; a run on another one stops the program.
  ///   - options: how weights become positions.
  /// - Throws: `PolicyError` where the universe lacks an asset, or something does not fit.
  public init(
    _ members: [PolicyMember], rule: EnsembleRule, universe: Universe,
    options: EnsembleOptions = EnsembleOptions()
  ) throws(PolicyError) {
    if members.isEmpty { throw PolicyError("an ensemble needs at least one policy") }
    if let problem = options.problem ?? rule.problem(for: members) { throw PolicyError(problem) }
    self.rule = rule
    self.options = options
    symbols = universe.series.map(\.instrument.symbol)
    self.members = []
    for member in members { self.members.append(try member.runners(in: universe)) }
    var span = 1
    if case .bestRecent(let bars) = rule { span = bars }
    let count = universe.count
    accounts = ContiguousArray(
      repeating: MemberAccount(instrumentCount: count, fee: options.fee, span: span),
      count: members.count)
    memberVotes = ContiguousArray(
      repeating: EnsembleRule.MemberVote(weight: .nan), count: members.count * count)
    targets = ContiguousArray(repeating: 0, count: count)
    blends = ContiguousArray(repeating: PredictionBlend(), count: count)
    drift = WeightDriftMonitor(instrumentCount: count)
    votes.reserveCapacity(members.count)
  }

  /// Bars before the first observation of each policy is complete.
  public var warmup: Int { members.joined().reduce(0) { max($0, $1.warmup) } }

  /// How often a policy did not decide.
  public var refusalCount: Int { refusals.count }

  /// Begins an episode.
  public mutating func onStart(_ trading: inout TradingContext) {
    precondition(
      trading.universe.series.map(\.instrument.symbol) == symbols,
      "an ensemble runs in the universe for which it was made")
    let followsTargets = options.memberState == .own || trading.account.followsTargets
    for member in members.indices {
      for index in members[member].indices {
        members[member][index].start(followsTargets: followsTargets)
      }
    }
  }

  /// Takes in what was traded.
  public mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    for member in members.indices {
      for index in members[member].indices { members[member][index].book(fill) }
    }
  }

  /// Takes in the bars that closed, and carries out what the policies agree on.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for member in accounts.indices { accounts[member].close(bars) }
    if !trading.isWarmingUp, !hasBegun { begin(trading, at: bars) }
    var isNew = false
    for member in members.indices where ask(member, bars, &trading) { isNew = true }
    if isNew {
      recordPredictions(&trading)
      combineVotes(&trading)
    }
  }

  private mutating func begin(_ trading: TradingContext, at bars: BarSlice) {
    hasBegun = true
    for member in accounts.indices { accounts[member].begin(equity: trading.equity) }
    for index in targets.indices {
      targets[index] = trading.heldWeight(InstrumentID(index))
    }
    guard options.memberState == .shared else { return }
    for member in members.indices {
      for index in members[member].indices { members[member][index].begin(trading, at: bars) }
    }
  }
}

extension EnsembleStrategy {
  /// Lets a policy decide.
  ///
  /// - Returns: whether its votes are new.
  private mutating func ask(
    _ member: Int, _ bars: BarSlice, _ trading: inout TradingContext
  ) -> Bool {
    var isNew = false
    for index in members[member].indices {
      let closed = members[member][index].countCloses(bars)
      guard closed > 0 else {
        members[member][index].takeInputs(bars)
        continue
      }
      if options.memberState == .own {
        members[member][index].refresh(fromWeightsOf: &accounts[member])
      } else {
        members[member][index].refresh(from: &trading)
      }
      switch members[member][index].step(
        bars, closed: closed, mayDecide: !trading.isWarmingUp)
      {
      case .idle: break
      case .decided:
        trading.countDecision(of: members[member][index].name)
        isNew = true
        takePrediction(member, index)
        takeVotes(member, index)
      case .refused(let refusal):
        refusals.add(refusal, of: members[member][index], &trading)
        if withdrawVotes(member, index) { isNew = true }
      }
    }
    return isNew
  }

  /// The position of a policy's vote on an instrument.
  private func place(_ member: Int, _ instrument: InstrumentID) -> Int {
    member * targets.count + Int(instrument.index)
  }

  /// Withdraws the votes of a policy that did not decide.
  ///
  /// - Returns: whether anything changed.
  private mutating func withdrawVotes(_ member: Int, _ index: Int) -> Bool {
    let hasStopped = members[member][index].hasStopped
    guard hasStopped || members[member][index].options.onRefusal != .hold else {
      return false
    }
    for asset in members[member][index].instruments.indices {
      setVote(0, strength: 0, member, index, asset)
      guard hasStopped else { continue }
      let instrument = members[member][index].instruments[asset]
      memberVotes[place(member, instrument)].weight = .nan
    }
    return true
  }

  // Properties of a runner are read one by one: a copy of it would be alive while its state is
  // written, and cost an allocation.
  /// Takes in the votes that follow from a policy's decision.
  private mutating func takeVotes(_ member: Int, _ index: Int) {
    let count = members[member][index].instruments.count
    if count < targets.count, members[member][index].share == 1 {
      // A portfolio votes for 0 in what it does not trade.
      for instrument in targets.indices
      where memberVotes[place(member, InstrumentID(instrument))].weight.isNaN {
        memberVotes[place(member, InstrumentID(instrument))].weight = 0
      }
    }
    if !members[member][index].setsTargetWeights {
      for asset in 0..<count {
        let held = members[member][index].state.assets[asset].realWeight
        setVote(held, strength: strength(member, index, held), member, index, asset)
      }
    }
    for number in members[member][index].intents.indices {
      let intent = members[member][index].intents[number]
      guard !members[member][index].isCoolingDown(intent.asset) else { continue }
      let weight = members[member][index].weight(after: intent)
      setVote(weight, strength: strength(member, index, weight), member, index, intent.asset)
    }
  }

  /// Takes in the prediction of a policy that predicts.
  private mutating func takePrediction(_ member: Int, _ index: Int) {
    guard members[member][index].isPredictor else { return }
    let instrument = Int(members[member][index].instruments[0].index)
    blends[instrument].add(members[member][index].decision.prediction)
  }

  /// Records the combined predictions of this close, and clears them.
  private mutating func recordPredictions(_ trading: inout TradingContext) {
    for index in blends.indices where blends[index].count > 0 {
      trading.record(blends[index].prediction, of: InstrumentID(index))
      blends[index] = PredictionBlend()
    }
  }

  /// How much a policy's vote for a weight counts.
  private func strength(_ member: Int, _ index: Int, _ weight: Double) -> Double {
    guard case .confidence(let confidence) = rule else { return 0 }
    let prediction = members[member][index].decision.prediction
    switch confidence {
    case .signal: return abs(prediction.direction ?? weight)
    case .inverseVariance:
      guard let deviation = prediction.deviation, deviation > 0 else { return 0 }
      return 1 / (deviation * deviation)
    }
  }

  /// Sets a policy's vote on one of its assets.
  private mutating func setVote(
    _ weight: Double, strength: Double, _ member: Int, _ index: Int, _ asset: Int
  ) {
    let instrument = members[member][index].instruments[asset]
    let share = members[member][index].share
    memberVotes[place(member, instrument)] = EnsembleRule.MemberVote(
      weight: weight * share, strength: strength)
    accounts[member].state(Int(instrument.index), weight: weight * share)
    guard options.memberState == .own else { return }
    members[member][index].state.assets[asset].setTarget(weight)
  }

  /// Combines the votes on each instrument and sets the targets.
  private mutating func combineVotes(_ trading: inout TradingContext) {
    let equity = trading.equity
    let limits = options.weights.limits(defaultMaximum: .infinity)
    for index in targets.indices {
      let instrument = InstrumentID(index)
      guard trading.lastClose(instrument) != nil else { continue }
      let last = targets[index]
      var weight = limits.clamped(combinedWeight(instrument, last: last))
      if abs(weight - last) < options.weights.rebalanceThreshold { weight = last }
      targets[index] = weight
      let held = trading.weight(instrument, ofEquity: equity)
      trading.recordDecision(instrument, weight: held, wanted: .weight(weight))
      if options.memberState == .shared { setMemberTargets(instrument, weight) }
      switch options.weights.drift {
      case .target:
        // An account of weights is brought to its targets at each close.
        if !trading.account.followsTargets {
          drift.check(instrument, target: last, held: held, &trading)
        }
        trading.target(instrument, weight: weight)
      case .rebalance: trading.rebalance(instrument, weight: weight)
      }
    }
  }

  private mutating func combinedWeight(_ instrument: InstrumentID, last: Double) -> Double {
    // Policies of single instruments vote on shares of their part of equity.
    var scale = 1.0
    if case .vote = rule { scale = members[0][0].share }
    votes.removeAll(keepingCapacity: true)
    for member in members.indices {
      var vote = memberVotes[place(member, instrument)]
      guard !vote.weight.isNaN else { continue }
      vote.weight /= scale
      if case .bestRecent = rule { vote.strength = accounts[member].growth }
      votes.append(vote)
    }
    if votes.isEmpty, refusals.count > 0 { return 0 }
    if let limit = options.maximumDisagreement, EnsembleRule.disagreement(of: votes) > limit {
      return 0
    }
    return scale * rule.combined(votes, last: last / scale)
  }

  private mutating func setMemberTargets(_ instrument: InstrumentID, _ weight: Double) {
    for member in members.indices {
      for index in members[member].indices {
        guard let asset = members[member][index].instruments.firstIndex(of: instrument)
        else { continue }
        let share = members[member][index].share
        members[member][index].state.assets[asset].setTarget(weight / share)
      }
    }
  }
}

extension PolicyRunner {
  /// The weight to which an intent leads.
  fileprivate func weight(after intent: PolicyIntent) -> Double {
    switch intent.kind {
    case .target(let weight), .rebalance(let weight): return weight
    case .trade(let units):
      let value = units * state.assets[intent.asset].lastClose * multipliers[intent.asset]
      return state.assets[intent.asset].realWeight + value / state.equity
    }
  }
}

extension EnsembleStrategy: ObservingStrategy {
  /// The observation of each runner of each policy, as it was last given.
  package func forEachObservation(_ body: (UnsafeBufferPointer<Double>) -> Void) {
    for runner in members.joined() { runner.withObservation(body) }
  }
}

public import BacktestCore
public import BacktestNetworks

/// Several policies that decide together, as a strategy.
///
///     let ensemble = try EnsembleStrategy(
///       [PolicyMember(first, manifest: first.manifest), PolicyMember(second, manifest: …)],
///       rule: .bestRecent(bars: 63), universe: universe)
///     let result = Backtest(ensemble, on: universe).run()
///
/// Each policy is complete: it observes for itself and has its own memory, sizing and fallback.
/// What it wants counts until it decides again; one that has not decided yet, or is asked no more,
/// does not count. Policies that trade units count with the weights to which their trades lead. The
/// weights on which they agree are stated as targets.
public struct EnsembleStrategy: Strategy {
  /// The symbols of the universe in which it trades, in its order.
  public let symbols: [String]
  /// How the weights that the policies want become one.
  public let rule: EnsembleRule
  /// How weights become positions.
  public let options: EnsembleOptions
  private var panels: ContiguousArray<PolicyPanel>
  private var papers: ContiguousArray<PaperAccount>
  /// What each policy wants of each instrument, policy by policy; not a number where nothing.
  private var wishes: ContiguousArray<EnsembleRule.Ballot>
  private var stated: ContiguousArray<Double>
  private var ballots: ContiguousArray<EnsembleRule.Ballot> = []
  /// What the policies that predicted at this close expect of each instrument together.
  private var blends: ContiguousArray<PredictionBlend>
  private var drift: DriftWatch
  private var refusals = RefusalLog()
  private var hasBegun = false

  /// An ensemble in a universe.
  ///
  /// - Parameters:
  ///   - members: the policies, one or more; a threshold and a drift rule of theirs do not count.
  ///   - rule: how the weights that they want become one.
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
    panels = []
    for member in members { panels.append(PolicyPanel(try member.seats(in: universe))) }
    var span = 1
    if case .bestRecent(let bars) = rule { span = bars }
    let count = universe.count
    papers = ContiguousArray(
      repeating: PaperAccount(instrumentCount: count, fee: options.fee, span: span),
      count: members.count)
    wishes = ContiguousArray(
      repeating: EnsembleRule.Ballot(weight: .nan), count: members.count * count)
    stated = ContiguousArray(repeating: 0, count: count)
    blends = ContiguousArray(repeating: PredictionBlend(), count: count)
    drift = DriftWatch(instrumentCount: count)
    ballots.reserveCapacity(members.count)
  }

  /// Bars before the first observation of each policy is complete.
  public var warmup: Int { panels.reduce(0) { max($0, $1.warmup) } }

  /// How often a policy did not decide.
  public var refusalCount: Int { refusals.count }

  /// Begins an episode.
  public mutating func onStart(_ trading: inout TradingContext) {
    precondition(
      trading.universe.series.map(\.instrument.symbol) == symbols,
      "an ensemble runs in the universe for which it was made")
    let isOwn = options.memberState == .own
    for member in panels.indices {
      panels[member].start(followsStatements: isOwn || trading.account.holdsWeights)
    }
  }

  /// Notes what was traded.
  public mutating func onFill(_ fill: Fill, _ trading: inout TradingContext) {
    for member in panels.indices {
      for seat in panels[member].seats.indices { panels[member].seats[seat].book(fill) }
    }
  }

  /// Takes in the bars that closed, and carries out what the policies agree on.
  public mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {
    for member in papers.indices { papers[member].close(bars) }
    if !trading.isWarmingUp, !hasBegun { begin(trading) }
    var isNew = false
    for member in panels.indices where ask(member, bars, &trading) { isNew = true }
    if isNew {
      recordPredictions(&trading)
      agree(&trading)
    }
  }

  private mutating func begin(_ trading: TradingContext) {
    hasBegun = true
    for member in papers.indices { papers[member].begin(equity: trading.equity) }
    for index in stated.indices {
      stated[index] = trading.heldWeight(InstrumentID(index))
    }
    guard options.memberState == .shared else { return }
    for member in panels.indices { panels[member].begin(trading) }
  }
}

extension EnsembleStrategy {
  /// Lets a policy decide; returns whether it wants something new.
  private mutating func ask(
    _ member: Int, _ bars: BarSlice, _ trading: inout TradingContext
  ) -> Bool {
    var isNew = false
    for index in panels[member].seats.indices {
      let closed = panels[member].seats[index].countCloses(bars)
      guard closed > 0 else { continue }
      if options.memberState == .own {
        panels[member].seats[index].refresh(fromWeightsOf: papers[member])
      } else {
        panels[member].seats[index].refresh(from: trading)
      }
      switch panels[member].seats[index].step(
        bars, closed: closed, mayDecide: !trading.isWarmingUp)
      {
      case .idle: break
      case .decided:
        trading.countDecision(of: panels[member].seats[index].name)
        isNew = true
        takePrediction(member, index)
        takeWishes(member, index)
      case .refused(let refusal):
        refusals.note(refusal, by: panels[member].seats[index], &trading)
        if leaveWishes(member, index) { isNew = true }
      }
    }
    return isNew
  }

  /// The place of a policy's wish for an instrument.
  private func place(_ member: Int, _ instrument: InstrumentID) -> Int {
    member * stated.count + Int(instrument.index)
  }

  /// Takes back what a policy wants that did not decide; returns whether anything changed.
  private mutating func leaveWishes(_ member: Int, _ index: Int) -> Bool {
    let hasStopped = panels[member].seats[index].hasStopped
    guard hasStopped || panels[member].seats[index].options.onRefusal != .hold else {
      return false
    }
    for asset in panels[member].seats[index].instruments.indices {
      wish(0, figure: 0, member, seat: index, asset)
      guard hasStopped else { continue }
      let instrument = panels[member].seats[index].instruments[asset]
      wishes[place(member, instrument)].weight = .nan
    }
    return true
  }

  // Members of a seat are read one by one: a copy of it would be held while its state is written,
  // and cost an allocation.
  /// Takes down what a policy's decision wants.
  private mutating func takeWishes(_ member: Int, _ index: Int) {
    let count = panels[member].seats[index].instruments.count
    if count < stated.count, panels[member].seats[index].share == 1 {
      // A portfolio wants nothing of what it does not trade.
      for instrument in stated.indices
      where wishes[place(member, InstrumentID(instrument))].weight.isNaN {
        wishes[place(member, InstrumentID(instrument))].weight = 0
      }
    }
    if !panels[member].seats[index].statesWeights {
      for asset in 0..<count {
        let held = panels[member].seats[index].state.realWeight[asset]
        wish(held, figure: figure(member, index, held), member, seat: index, asset)
      }
    }
    for number in panels[member].seats[index].intents.indices {
      let intent = panels[member].seats[index].intents[number]
      guard !panels[member].seats[index].isCoolingDown(intent.asset) else { continue }
      let weight = panels[member].seats[index].weight(after: intent)
      wish(weight, figure: figure(member, index, weight), member, seat: index, intent.asset)
    }
  }

  /// Takes down what a policy that predicts expects.
  private mutating func takePrediction(_ member: Int, _ index: Int) {
    guard panels[member].seats[index].isPredictor else { return }
    let instrument = Int(panels[member].seats[index].instruments[0].index)
    blends[instrument].add(panels[member].seats[index].decision.prediction)
  }

  /// Writes down what the policies expect together, and begins anew.
  private mutating func recordPredictions(_ trading: inout TradingContext) {
    for index in blends.indices where blends[index].count > 0 {
      trading.record(blends[index].prediction, of: InstrumentID(index))
      blends[index] = PredictionBlend()
    }
  }

  private func figure(_ member: Int, _ index: Int, _ weight: Double) -> Double {
    guard case .confidence(let confidence) = rule else { return 0 }
    let prediction = panels[member].seats[index].decision.prediction
    switch confidence {
    case .signal: return abs(prediction.direction ?? weight)
    case .inverseVariance:
      guard let deviation = prediction.deviation, deviation > 0 else { return 0 }
      return 1 / (deviation * deviation)
    }
  }

  /// Takes down the weight that a policy wants of one of its assets.
  private mutating func wish(
    _ weight: Double, figure: Double, _ member: Int, seat: Int, _ asset: Int
  ) {
    let instrument = panels[member].seats[seat].instruments[asset]
    let share = panels[member].seats[seat].share
    wishes[place(member, instrument)] = EnsembleRule.Ballot(
      weight: weight * share, figure: figure)
    papers[member].state(Int(instrument.index), weight: weight * share)
    guard options.memberState == .own else { return }
    panels[member].seats[seat].state.state(asset, weight: weight)
  }

  /// States the weights on which the policies agree.
  private mutating func agree(_ trading: inout TradingContext) {
    let equity = trading.equity
    for index in stated.indices {
      let instrument = InstrumentID(index)
      guard trading.lastClose(instrument) != nil else { continue }
      let last = stated[index]
      var weight = options.limits.clamped(agreed(instrument, last: last))
      if abs(weight - last) < options.rebalanceThreshold { weight = last }
      stated[index] = weight
      let held = trading.weight(instrument, ofEquity: equity)
      trading.recordDecision(instrument, weight: held, wanted: .weight(weight))
      if options.memberState == .shared { tellMembers(instrument, weight) }
      switch options.drift {
      case .target:
        drift.look(instrument, stated: last, held: held, &trading)
        trading.target(instrument, weight: weight)
      case .rebalance: trading.rebalance(instrument, weight: weight)
      }
    }
  }

  private mutating func agreed(_ instrument: InstrumentID, last: Double) -> Double {
    // Policies of one instrument vote on shares of their part of equity.
    var scale = 1.0
    if case .vote = rule { scale = panels[0].seats[0].share }
    ballots.removeAll(keepingCapacity: true)
    for member in panels.indices {
      var ballot = wishes[place(member, instrument)]
      guard !ballot.weight.isNaN else { continue }
      ballot.weight /= scale
      if case .bestRecent = rule { ballot.figure = papers[member].growth }
      ballots.append(ballot)
    }
    if ballots.isEmpty, refusals.count > 0 { return 0 }
    return scale * rule.combined(ballots, last: last / scale)
  }

  private mutating func tellMembers(_ instrument: InstrumentID, _ weight: Double) {
    for member in panels.indices {
      for seat in panels[member].seats.indices {
        guard let asset = panels[member].seats[seat].instruments.firstIndex(of: instrument)
        else { continue }
        let share = panels[member].seats[seat].share
        panels[member].seats[seat].state.state(asset, weight: weight / share)
      }
    }
  }
}

extension PolicySeat {
  /// The weight to which an intent leads.
  fileprivate func weight(after intent: PolicyIntent) -> Double {
    switch intent.kind {
    case .target(let weight), .rebalance(let weight): return weight
    case .trade(let units):
      let value = units * state.lastClose[intent.asset] * multipliers[intent.asset]
      return state.realWeight[intent.asset] + value / state.equity
    }
  }
}

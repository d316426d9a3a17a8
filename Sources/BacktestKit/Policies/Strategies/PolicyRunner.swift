import BacktestCore
import BacktestFiles

/// Runs a policy on the instruments that it trades: builds its observations, asks it for decisions,
/// turns them into intents and carries these out.
struct PolicyRunner: Sendable {
  /// The name of the policy.
  let name: String
  /// Its instruments, in the policy's order of assets.
  let instruments: ContiguousArray<InstrumentID>
  /// Their symbols.
  let symbols: [String]
  /// The fraction of the account's equity that the policy manages; its weights are shares of it.
  let share: Double
  /// Money per price unit and unit of quantity.
  let multipliers: ContiguousArray<Double>
  let options: PolicyOptions
  let limits: WeightLimits
  private let sizing: PolicySizing?
  /// Learns intervals about its predicted returns; `nil` where none are asked for.
  private var conformal: ConformalCalibration?
  /// The interval of the last decision.
  private(set) var interval: ForecastInterval?
  /// Whether its probability of "up" is the probability of a return above zero.
  private let predictsRises: Bool

  private var policy: any Policy
  /// Whether a network decides, whose last digits depend on the kernels that computed it.
  private let isNetwork: Bool
  private(set) var builder: ObservationBuilder
  /// Which actions a position allows; `nil` where all are.
  let masks: ActionMasks?
  /// Turns actions into intents; `nil` for a predictor.
  private var interpreter: ActionInterpreter?
  /// Whether it predicts, and does not act.
  let isPredictor: Bool
  /// Whether its decisions set target weights, rather than trade units.
  let setsTargetWeights: Bool
  /// The weights that actions state, where nothing else has a say in them; else `nil`.
  let statedWeights: StatedWeights?
  /// The account as the policy sees it.
  var state: PolicyAccountState
  private var observation: ContiguousArray<Double>
  private(set) var decision: PolicyDecision
  /// The intents of the last decision, in the order in which they are carried out.
  private(set) var intents: ContiguousArray<PolicyIntent>
  private var decisionCount = 0
  private var hasClosed: ContiguousArray<Bool>
  /// Whether decisions are written down in the result.
  var keepsRecords = true
  /// Whether the policy is not asked any more.
  private(set) var hasStopped = false
  /// Whether ages and entry prices follow the targets, in an account of weights without trades.
  private(set) var followsTargets = false
  /// The rows of the last trades; `nil` before the first.
  var lastTradeRows: ContiguousArray<Int?>
  /// The runner's own cash, where several share an account and trade units.
  var ownCash: Double?

  /// What happened at a bar.
  enum Outcome {
    /// There was nothing to decide.
    case idle
    /// The runner has new intents.
    case decided
    /// The policy did not decide.
    case refused(PolicyRefusal)
  }

  init(
    _ member: PolicyMember, instruments: [Int], of universe: Universe, share: Double
  ) throws(PolicyError) {
    let manifest = member.manifest
    name = manifest.name
    self.instruments = ContiguousArray(instruments.map(InstrumentID.init))
    symbols = instruments.map { universe.series[$0].instrument.symbol }
    self.share = share
    multipliers = ContiguousArray(instruments.map { universe.series[$0].instrument.multiplier })
    options = member.options
    limits = options.weights.limits(defaultMaximum: manifest.action == nil ? 1 : .infinity)
    sizing = options.sizing ?? (manifest.action == nil ? .sign(threshold: 0) : nil)
    predictsRises = manifest.output?.predictsRises ?? true
    conformal = options.conformal.map(ConformalCalibration.init)
    policy = member.policy
    isNetwork = manifest.hasNetwork
    let inputs = try manifest.observation.inputs(in: universe)
    let observed = instruments + inputs
    builder = try ObservationBuilder(
      manifest.observation, instruments: observed.map(InstrumentID.init), symbols: symbols,
      market: ObservedMarket(
        references: universe.references, calendars: observed.map { universe.series[$0].calendar })
    ) { (feature) throws(PolicyError) in try member.predictor(of: feature) }
    masks = manifest.action?.masks
    if let action = manifest.action { interpreter = try ActionInterpreter(action) }
    statedWeights =
      sizing == nil && options.conformal == nil && options.abstention == Abstention()
      ? interpreter?.statedWeights : nil
    interpreter?.multipliers = multipliers
    (isPredictor, setsTargetWeights) = (interpreter == nil, interpreter?.setsTargetWeights ?? true)
    state = PolicyAccountState(assetCount: instruments.count)
    state.cooldown = manifest.cooldown
    observation = ContiguousArray(repeating: 0, count: manifest.observation.count)
    decision = policy.makeDecision()
    intents = []
    intents.reserveCapacity(instruments.count)
    hasClosed = ContiguousArray(repeating: false, count: instruments.count)
    lastTradeRows = ContiguousArray(repeating: nil, count: instruments.count)
  }

  /// How the first golden decision with a date differs from bars; `nil` where none does.
  func datedProblem(_ golden: [GoldenDecision], in universe: Universe) -> String? {
    let isOnly = universe.series.count == instruments.count
    return DatedObservations(builder, of: universe, assetCount: instruments.count).problem(
      golden.filter { isOnly || $0.asset != nil }, symbol: instruments.count == 1 ? symbols[0] : nil
    )
  }

  /// Bars before the first complete observation.
  var warmup: Int { builder.warmup - 1 }

  /// Begins an episode.
  mutating func start(followsTargets: Bool) {
    policy.reset()
    self.followsTargets = followsTargets
  }

  /// Calls `body` with the numbers of the last observation.
  func withObservation(_ body: (UnsafeBufferPointer<Double>) -> Void) {
    observation.withUnsafeBufferPointer(body)
  }

  /// Counts the bars that closed.
  ///
  /// - Returns: how many of its assets closed.
  mutating func countCloses(_ bars: BarSlice) -> Int {
    var closed = 0
    for asset in instruments.indices where bars[instruments[asset]] != nil {
      closed += 1
      hasClosed[asset] = true
      if followsTargets { state.assets[asset].ageOneBar() }
    }
    return closed
  }

  /// Notes that an asset has closed.
  mutating func noteClose(of asset: Int) { hasClosed[asset] = true }

  /// Takes in the bars of inputs, at an instant at which no asset closed.
  mutating func takeInputs(_ bars: BarSlice) { builder.update(bars, state: state) }

  /// Takes in the bars that closed, and decides where a decision is due.
  ///
  /// - Parameters:
  ///   - closed: how many of its assets closed.
  ///   - mayDecide: `false` while the run warms up. Features then take in the bars, but the policy
  ///     keeps its initial memory.
  /// - Precondition: the state is up to date.
  mutating func step(_ bars: BarSlice, closed: Int, mayDecide: Bool) -> Outcome {
    guard closed > 0 else { return .idle }
    builder.update(bars, state: state)
    if conformal != nil, let bar = bars[instruments[0]] {
      conformal?.observe(close: bar.continuous.close)
    }
    guard mayDecide, !hasStopped, isDue(closed) else { return .idle }
    do throws(PolicyRefusal) {
      guard try observe() else { return .idle }
      if let length = options.episodeLength, decisionCount > 0, decisionCount % length == 0 {
        policy.reset()
      }
      decision.time = bars.time
      if let masks { decision.allowed = masks.allowed(shares: state.assets[0].shares) }
      try Self.decide(&policy, observation, into: &decision)
      if isNetwork { decision.prediction.round() }
      decisionCount += 1
      try interpret()
      return .decided
    } catch {
      return refuse(error)
    }
  }

  /// Takes an action from outside in place of one of the policy's.
  ///
  /// - Parameter action: the number of each choice, or the components of a box.
  mutating func take(_ action: UnsafeBufferPointer<Double>) -> Outcome {
    guard action.count == decision.action.count else {
      return refuse(
        PolicyRefusal(
          "an action of \(action.count) components, expected \(decision.action.count)"))
    }
    for index in action.indices { decision.action[index] = action[index] }
    do throws(PolicyRefusal) {
      try interpret()
      return .decided
    } catch {
      return refuse(error)
    }
  }

  /// There is no decision at this bar.
  mutating func refuse(_ refusal: PolicyRefusal) -> Outcome {
    if refusal.isFinal || options.onRefusal == .stop { hasStopped = true }
    return .refused(refusal)
  }

  /// Whether enough of the assets closed for a decision.
  func isDue(_ closed: Int) -> Bool {
    switch options.decide {
    case .allClosed: closed == instruments.count
    case .anyClosed: hasClosed.allSatisfy { $0 }
    }
  }

  private mutating func observe() throws(PolicyRefusal) -> Bool {
    switch Self.fill(&observation, from: &builder, state) {
    case .ready: return true
    case .waiting: return false
    case .missing(let column):
      throw PolicyRefusal("number \(column) of the observation has no value")
    }
  }

  // Parts are passed one by one, so that none is copied while another is written.
  private static func fill(
    _ observation: inout ContiguousArray<Double>, from builder: inout ObservationBuilder,
    _ state: PolicyAccountState
  ) -> ObservationStatus {
    observation.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
  }

  private static func decide(
    _ policy: inout any Policy, _ observation: ContiguousArray<Double>,
    into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    try observation.withUnsafeBufferPointer { (numbers) throws(PolicyRefusal) in
      try policy.decide(numbers, into: &decision)
    }
  }

  private static func interpret(
    _ interpreter: inout ActionInterpreter?, _ decision: PolicyDecision,
    _ state: PolicyAccountState, _ limits: WeightLimits,
    into intents: inout ContiguousArray<PolicyIntent>
  ) throws(PolicyRefusal) {
    try interpreter?.interpret(decision.action, state, limits: limits, into: &intents)
  }

  private mutating func interpret() throws(PolicyRefusal) {
    interval = try conformal?.interval(about: decision.prediction)
    let abstains =
      try options.abstention.applies(to: decision.prediction)
      || options.conformal?.abstains(from: interval) == true
    guard !isPredictor else {
      let wanted =
        try sizing?.weight(of: decision.prediction, interval: interval, limits: limits) ?? 0
      let weight = abstains ? 0 : wanted
      intents.removeAll(keepingCapacity: true)
      intents.append(PolicyIntent(asset: 0, .target(weight)))
      return
    }
    try Self.interpret(&interpreter, decision, state, limits, into: &intents)
    let isOneChoice = decision.action.count == 1
    for asset in instruments.indices {
      state.assets[asset].lastAction = decision.action[isOneChoice ? 0 : asset]
    }
    if abstains {
      for index in intents.indices { intents[index].kind = .target(0) }
      return
    }
    guard case .confidence(let scale)? = sizing else { return }
    for index in intents.indices {
      guard case .target(let weight) = intents[index].kind else { continue }
      let mean = decision.prediction.signal ?? decision.prediction.expectedReturn ?? weight
      let confidence = try decision.prediction.confidence(of: mean, scale: scale)
      intents[index].kind = .target(limits.clamped(weight * confidence))
    }
  }
}

// Carrying out
extension PolicyRunner {
  /// Carries out what was decided at a bar, or what follows where nothing was.
  mutating func conclude(
    _ outcome: Outcome, _ trading: inout TradingContext, _ drift: inout WeightDriftMonitor,
    _ refusals: inout RefusalLog
  ) {
    switch outcome {
    case .idle: break
    case .decided:
      if keepsRecords { trading.countDecision(of: name) }
      carryOut(&trading, &drift)
    case .refused(let refusal):
      refusals.add(refusal, of: self, &trading)
      if options.onRefusal != .hold { closePositions(&trading) }
    }
  }

  /// Sets the targets or submits the orders of the last decision, and records it.
  mutating func carryOut(_ trading: inout TradingContext, _ drift: inout WeightDriftMonitor) {
    if keepsRecords, instruments.count == 1 {
      trading.record(
        decision.prediction, interval: interval, of: instruments[0], predictsRises: predictsRises)
    }
    for intent in intents where !isCoolingDown(intent.asset) {
      let instrument = instruments[intent.asset]
      switch intent.kind {
      case .target(let wanted):
        let (last, held) = (
          state.assets[intent.asset].targetWeight, state.assets[intent.asset].realWeight
        )
        let weight = Self.weight(
          toward: wanted, from: last, threshold: options.weights.rebalanceThreshold)
        state.assets[intent.asset].setTarget(weight)
        switch options.weights.drift {
        case .target:
          // An account of weights is brought to its targets at each close.
          if keepsRecords, !followsTargets {
            drift.check(instrument, target: last * share, held: held * share, &trading)
          }
          trading.target(instrument, weight: weight * share)
        case .rebalance: trading.rebalance(instrument, weight: weight * share)
        }
      case .rebalance(let weight):
        state.assets[intent.asset].setTarget(weight)
        trading.rebalance(instrument, weight: weight * share)
      case .trade(let units): trading.submit(Order(instrument, quantity: units))
      }
    }
    if keepsRecords { record(in: &trading) }
  }

  /// Records what the last decision asked for in each instrument.
  private func record(in trading: inout TradingContext) {
    let (isOneChoice, isPredictor) = (decision.action.count == 1, isPredictor)
    for asset in instruments.indices {
      let wanted: DecisionRecord.Wanted =
        setsTargetWeights
        ? .weight(state.assets[asset].targetWeight * share) : .units(units(of: asset))
      trading.recordDecision(
        instruments[asset], weight: state.assets[asset].realWeight * share, wanted: wanted,
        action: isPredictor ? nil : decision.action[isOneChoice ? 0 : asset])
    }
  }

  /// The units of an asset that the last decision traded.
  private func units(of asset: Int) -> Double {
    for intent in intents where intent.asset == asset && !isCoolingDown(asset) {
      if case .trade(let units) = intent.kind { return units }
    }
    return 0
  }

  /// Closes all positions, because there is no decision.
  mutating func closePositions(_ trading: inout TradingContext) {
    for asset in instruments.indices {
      trading.recordDecision(
        instruments[asset], weight: state.assets[asset].realWeight * share, wanted: .weight(0))
      state.assets[asset].setTarget(0)
      trading.rebalance(instruments[asset], weight: 0)
    }
  }
}

/// Counts refusals, and notes the first of them in the result.
struct RefusalLog: Sendable {
  /// How many there were.
  private(set) var count = 0
  /// Why the policy did not decide the first time; `nil` where it always did.
  private(set) var first: String?
  private static let notedCount = 20

  mutating func add(
    _ refusal: PolicyRefusal, of runner: PolicyRunner, _ trading: inout TradingContext
  ) {
    count += 1
    if first == nil { first = refusal.reason }
    let isLast = runner.hasStopped && runner.options.onRefusal != .stop
    trading.countRefusal(
      of: runner.name, refusal.reason,
      effect: runner.options.onRefusal.effect + (isLast ? ", and it was asked no more" : ""))
    guard count <= Self.notedCount else { return }
    let rule = runner.hasStopped ? "it is asked no more" : "\(runner.options.onRefusal.rawValue)"
    trading.note(
      "\(runner.name) did not decide on \(listed(runner.symbols, "and")): \(refusal.reason) "
        + "(\(rule))"
        + (count == Self.notedCount ? "; further refusals are counted only" : ""))
  }
}

extension PolicyOptions.RefusalRule {
  /// What became of positions, in words.
  fileprivate var effect: String {
    switch self {
    case .flat: "positions were closed"
    case .hold: "positions were kept"
    case .stop: "positions were closed for good"
    }
  }
}

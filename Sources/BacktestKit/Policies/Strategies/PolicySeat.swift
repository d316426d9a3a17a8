import BacktestCore
import BacktestNetworks

/// A policy at the instruments that it trades: what it observes, what it remembers, what it wants.
struct PolicySeat: Sendable {
  /// The name of the policy.
  let name: String
  /// Its instruments, in the policy's order of assets.
  let instruments: ContiguousArray<InstrumentID>
  /// Their symbols.
  let symbols: [String]
  /// The part of equity that its weights are shares of.
  let share: Double
  /// Money per price unit and unit of quantity.
  let multipliers: ContiguousArray<Double>
  let options: PolicyOptions
  let limits: WeightLimits
  private let sizing: PolicySizing?
  /// Whether its probability of "up" is that of a return above zero.
  let tellsRises: Bool

  var policy: any Policy
  var builder: ObservationBuilder
  /// Turns actions into intents; `nil` for a predictor.
  private var interpreter: ActionInterpreter?
  /// The account as the policy sees it.
  var state: PolicyAccountState
  private var observation: ContiguousArray<Double>
  private(set) var decision: PolicyDecision
  /// What the last decision wants, in the order in which it is carried out.
  private(set) var intents: ContiguousArray<PolicyIntent>
  private var decisionCount = 0
  private var hasClosed: ContiguousArray<Bool>
  /// Whether it is asked no more.
  private(set) var hasStopped = false
  /// Whether ages and entry prices follow statements, where an account has weights and no trades.
  var followsStatements = false
  /// The rows of the last trades; -1 before the first.
  var lastTradeRows: ContiguousArray<Int>
  /// Cash of this seat alone, where several share the account and trade units.
  var ownCash: Double?

  /// What became of a bar.
  enum Outcome {
    /// There was nothing to decide.
    case idle
    /// The seat's intents are new.
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
    limits = options.limits(isPredictor: manifest.action == nil)
    sizing = options.sizing ?? (manifest.action == nil ? .sign(threshold: 0) : nil)
    tellsRises = manifest.output?.tellsRises ?? true
    policy = member.policy
    builder = try ObservationBuilder(
      manifest.observation, instruments: Array(self.instruments), symbols: symbols,
      predictor: member.predictor)
    if let action = manifest.action { interpreter = try ActionInterpreter(action) }
    interpreter?.multipliers = multipliers
    state = PolicyAccountState(assetCount: instruments.count)
    state.cooldown = manifest.cooldown
    observation = ContiguousArray(repeating: 0, count: manifest.observation.count)
    decision = policy.makeDecision()
    intents = []
    intents.reserveCapacity(instruments.count)
    hasClosed = ContiguousArray(repeating: false, count: instruments.count)
    lastTradeRows = ContiguousArray(repeating: -1, count: instruments.count)
  }

  /// Whether it predicts, and does not act.
  var isPredictor: Bool { interpreter == nil }

  /// Whether its actions state shares of equity, and not units to trade.
  var statesWeights: Bool { interpreter?.statesWeights ?? true }

  /// Counts the bars that closed; returns how many of its assets did.
  mutating func countCloses(_ bars: BarSlice) -> Int {
    var closed = 0
    for asset in instruments.indices where bars[instruments[asset]] != nil {
      closed += 1
      hasClosed[asset] = true
      if followsStatements { state.ageOneBar(asset) }
    }
    return closed
  }

  /// Takes in the bars that closed, and decides where it is due.
  ///
  /// - Parameters:
  ///   - closed: how many of its assets closed.
  ///   - mayDecide: `false` while the run warms up: features take the bars in, and the policy's own
  ///     memory stays at its start.
  /// - Precondition: the state is that of now.
  mutating func step(_ bars: BarSlice, closed: Int, mayDecide: Bool) -> Outcome {
    guard closed > 0 else { return .idle }
    builder.update(bars, state: state)
    guard mayDecide, !hasStopped, isDue(closed) else { return .idle }
    do throws(PolicyRefusal) {
      guard try observe() else { return .idle }
      if let length = options.episodeLength, decisionCount > 0, decisionCount % length == 0 {
        policy.reset()
      }
      try Self.decide(&policy, observation, into: &decision)
      decisionCount += 1
      try interpret()
      return .decided
    } catch {
      if error.isFinal || options.onRefusal == .stop { hasStopped = true }
      return .refused(error)
    }
  }

  private func isDue(_ closed: Int) -> Bool {
    switch options.decide {
    case .allClosed: closed == instruments.count
    case .anyClosed: hasClosed.allSatisfy { $0 }
    }
  }

  private mutating func observe() throws(PolicyRefusal) -> Bool {
    switch Self.fill(&observation, from: builder, state) {
    case .ready: return true
    case .waiting: return false
    case .missing(let column):
      throw PolicyRefusal("number \(column) of the observation has no value")
    }
  }

  // Parts are handed over one by one, so that none is copied while another is written.
  private static func fill(
    _ observation: inout ContiguousArray<Double>, from builder: ObservationBuilder,
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
    guard interpreter != nil else {
      let weight = try sizing?.weight(of: decision.prediction, limits: limits) ?? 0
      intents.removeAll(keepingCapacity: true)
      intents.append(PolicyIntent(asset: 0, .target(weight)))
      return
    }
    try Self.interpret(&interpreter, decision, state, limits, into: &intents)
    let isOneChoice = decision.action.count == 1
    for asset in instruments.indices {
      state.lastAction[asset] = decision.action[isOneChoice ? 0 : asset]
    }
    guard case .confidence(let scale)? = sizing else { return }
    for index in intents.indices {
      guard case .target(let weight) = intents[index].kind else { continue }
      let mean = decision.prediction.signal ?? decision.prediction.expectedReturn ?? weight
      let confidence = try decision.prediction.confidence(of: mean, scale: scale)
      intents[index].kind = .target(limits.clamped(weight * confidence))
    }
  }

  /// Whether the environment would not trade an asset yet after its last trade.
  func isCoolingDown(_ asset: Int) -> Bool { state.barsSinceTrade[asset] < state.cooldown }

  /// The weight that is stated for one that is wanted: the last one where they differ by less than
  /// the threshold.
  func stated(_ wanted: Double, _ asset: Int) -> Double {
    let last = state.targetWeight[asset]
    return abs(wanted - last) < options.rebalanceThreshold ? last : wanted
  }
}

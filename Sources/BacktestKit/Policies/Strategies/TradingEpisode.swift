package import BacktestCore

/// A run of the engine that waits at each decision for an action from outside.
///
/// It is the run that `PolicyStrategy` makes of the same actions, step by step: what is trained on
/// it is what is judged. It is a value; a copy goes on by itself.
package struct TradingEpisode: Sendable {
  private let plan: EpisodePlan
  private var engine: Engine
  private var runner: PolicyRunner
  private var cells: AccountCells
  private var drift: WeightDriftMonitor
  private var refusals = RefusalLog()
  private var hasBegun = false
  private let keepsHistory: Bool
  private let measuresAgreement: Bool
  private var agreement = 0.0
  /// Where the observation of now begins in the plan's table.
  private var place = 0
  /// Whether a decision is due.
  private var isWaiting = false
  private var standing: AccountStanding
  private var stepCount = 0

  init(
    _ plan: EpisodePlan, _ configuration: BacktestConfiguration, keepsHistory: Bool,
    measuresAgreement: Bool
  ) {
    self.plan = plan
    self.measuresAgreement = measuresAgreement
    self.keepsHistory = keepsHistory
    runner = plan.runner
    runner.keepsRecords = keepsHistory
    cells = plan.cells
    drift = WeightDriftMonitor(instrumentCount: plan.feed.universe.count)
    engine = Engine(
      feed: plan.feed, configuration: configuration, warmup: plan.runner.warmup,
      keepsHistory: keepsHistory)
    runner.start(followsTargets: engine.trading.account.followsTargets)
    standing = engine.standing()
    engine.skipWarmup(leaving: cells.depth)
    runner.countEarlierCloses(engine.trading)
    advance()
  }

  /// Where the episode is.
  ///
  /// Mutating, as all that is asked at every step: a large value behind a pointer would be copied
  /// otherwise, with everything that it refers to.
  package mutating func progress() -> EpisodeProgress {
    EpisodeProgress(
      isWaiting: isWaiting, isRuined: engine.isRuined, instant: engine.lastInstant,
      stepCount: stepCount, standing: standing, agreement: agreement,
      allowed: runner.masks?.allowed(shares: runner.state.shares[0]) ?? .max)
  }

  /// What is wrong with an action; `nil` where it can be carried out.
  package static func problem(
    with action: UnsafeBufferPointer<Double>, of definition: ActionDefinition
  ) -> String? {
    for index in action.indices {
      let place = action.count == 1 ? "the action" : "component \(index + 1) of the action"
      let value = action[index]
      guard value.isFinite else { return "\(place) is \(value), not a finite number" }
      if definition.kind == .box {
        let (low, high) = (definition.low[index], definition.high[index])
        // Bounds and actions may both have been rounded to 32 bits.
        let slack = 1e-6 * max(1, abs(low), abs(high))
        guard (low - slack...high + slack).contains(value) else {
          return "\(place) is \(value), outside of \(low)...\(high)"
        }
      } else if Int(exactly: value).map((0..<definition.sizes[index]).contains) != true {
        return "\(place) is \(NumberText.exact(value)), not a whole number from 0 to "
          + "\(definition.sizes[index] - 1)"
      }
    }
    return nil
  }

  /// Carries out an action, and goes on to the next decision or to the end.
  ///
  /// - Parameter action: one without a problem.
  /// - Precondition: a decision is due.
  package mutating func step(_ action: UnsafeBufferPointer<Double>) -> EpisodeProgress {
    carryOut(action)
    return progress()
  }

  private mutating func carryOut(_ action: UnsafeBufferPointer<Double>) {
    precondition(isWaiting, "the episode is over")
    stepCount += 1
    conclude(runner.take(action))
    if !keepsHistory, stepCount & 63 == 0 { engine.forgetHistory() }
    guard measuresAgreement else { return advance() }
    let closes = runner.state.lastClose
    let targets = runner.setsTargetWeights ? runner.state.targetWeight : nil
    advance()
    let held = targets ?? runner.state.realWeight
    var sum = 0.0
    for asset in closes.indices {
      let move = runner.state.lastClose[asset] - closes[asset]
      if move * held[asset] > 0 { sum += 1 } else if move * held[asset] < 0 { sum -= 1 }
    }
    agreement = sum / Double(closes.count)
  }

  /// Writes the observation of this decision, or the last of the episode.
  package mutating func write(to observation: UnsafeMutablePointer<Float>) {
    plan.table.copy(from: place, to: observation)
    cells.write(to: observation)
  }

  /// The result of the run so far.
  package func result(named name: String) -> BacktestResult { engine.result(strategy: name) }

  private mutating func conclude(_ outcome: PolicyRunner.Outcome) {
    runner.conclude(outcome, &engine.trading, &drift, &refusals)
  }

  /// Goes on to the next decision.
  private mutating func advance() {
    isWaiting = false
    while true {
      switch engine.advance() {
      case .finished: return finish()
      case .timer: continue
      case .bars:
        if closeBars() { return }
      }
    }
  }

  /// The last observation is of the account as it is in the end.
  private mutating func finish() {
    standing = engine.standing()
    runner.refresh(from: engine.trading)
    _ = cells.update(runner.state)
    if case .ready(let found) = plan.table.entries[engine.lastInstant] { place = found }
  }

  /// Takes in the bars that closed; `true` where a decision is due.
  private mutating func closeBars() -> Bool {
    while let fill = engine.nextUnreportedFill() { runner.book(fill) }
    let isWarmingUp = engine.trading.isWarmingUp
    if !isWarmingUp, !hasBegun {
      hasBegun = true
      runner.begin(engine.trading)
    }
    let closed = runner.countCloses(engine.bars)
    guard closed > 0 else { return false }
    runner.refresh(from: engine.trading)
    cells.append(runner.state)
    guard !isWarmingUp, !runner.hasStopped, runner.isDue(closed) else { return false }
    let missing: Int
    switch plan.table.entries[engine.lastInstant] {
    case .none: return false
    case .ready(let found):
      guard let column = cells.update(runner.state) else {
        place = found
        // A decision after the last bar could earn nothing.
        isWaiting = !engine.isAtLastClose
        if isWaiting { standing = engine.standing() }
        return isWaiting
      }
      missing = column
    case .missing(let column): missing = column
    }
    conclude(
      runner.refuse(PolicyRefusal("number \(missing) of the observation has no value")))
    return false
  }
}

/// Where an episode is.
package struct EpisodeProgress: Sendable, BitwiseCopyable {
  /// Whether a decision is due.
  package var isWaiting: Bool
  /// Whether equity is gone.
  package var isRuined: Bool
  /// The instant of the decision, or the last of the episode.
  package var instant: Int
  /// The number of decisions so far.
  package var stepCount: Int
  /// What the account is worth now, and what trading has cost so far.
  package var standing: AccountStanding
  /// How far positions agreed with the moves of prices over the last step: the share of assets held
  /// on the side on which their price moved, less the share held on the other; 0 where that is not
  /// measured.
  package var agreement: Double
  /// The discrete actions that are allowed now, a bit for each; all where there are no masks.
  package var allowed: UInt64
}

extension PolicyRunner {
  /// Notes which assets closed in bars that were gone over.
  mutating func countEarlierCloses(_ trading: TradingContext) {
    for asset in instruments.indices where trading.lastRow(Int(instruments[asset].index)) >= 0 {
      noteClose(of: asset)
    }
  }
}

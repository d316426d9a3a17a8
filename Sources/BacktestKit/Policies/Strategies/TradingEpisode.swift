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
  /// Where actions state weights that the account takes at once; `nil` where they do more.
  private var room: StatedRoom?
  /// The account while they do, in that memory; `nil` where the engine has it.
  private nonisolated(unsafe) var steps: UnsafeMutablePointer<StatedSteps>?
  /// Where the observation of now begins in the plan's table.
  private var place = 0
  /// Where the episode is.
  package private(set) var progress: EpisodeProgress

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
    progress = EpisodeProgress(standing: engine.standing())
    if !measuresAgreement, !keepsHistory, runner.followsTargets { room = plan.statedRoom }
    engine.skipWarmup(leaving: cells.depth)
    runner.countEarlierCloses(engine.trading)
    advance()
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

  /// Why the episode ended before a first decision; `nil` where there was one.
  package var absence: String? {
    guard !progress.isWaiting, progress.stepCount == 0 else { return nil }
    let reason =
      refusals.first ?? (progress.isRuined ? "the account was ruined" : "it has too few bars")
    let last = plan.feed.instants[engine.lastInstant]
    return "there is no decision up to \(last): \(reason)"
  }

  /// Carries out an action, and goes on to the next decision or to the end.
  ///
  /// - Parameter action: one without a problem.
  /// - Precondition: a decision is due.
  package mutating func step(_ action: UnsafeBufferPointer<Double>) {
    precondition(progress.isWaiting, "the episode is over")
    progress.stepCount &+= 1
    if steps != nil, !isKnownUniquelyReferenced(&room) { separate() }
    switch steps?.pointee.step(action, &progress) {
    case .decision: return
    case .close:
      progress.isWaiting = false
      takeBack()
      if !awaitsDecision() { advance() }
    case .ruin(let before):
      progress.isWaiting = false
      takeBack(endsFrom: before)
      finish()
    case nil:
      progress.isWaiting = false
      carryOut(action)
      if progress.isWaiting, let room { lend(room) }
    }
  }

  private mutating func carryOut(_ action: UnsafeBufferPointer<Double>) {
    conclude(runner.take(action))
    if !keepsHistory, progress.stepCount & 63 == 0 { engine.forgetHistory() }
    guard measuresAgreement else { return advance() }
    let before = runner.state.assets
    advance()
    measureAgreement(since: before)
  }

  /// A copy of this episode has the same memory: the first to go on leaves it to the other.
  @inline(never)
  private mutating func separate() {
    takeBack()
    room = plan.statedRoom
  }

  /// Has the next actions state weights, as long as nothing else happens.
  private mutating func lend(_ room: StatedRoom) {
    guard let rules = plan.stated, let account = engine.lendAccount(room.weights) else { return }
    room.steps.initialize(
      to: StatedSteps(
        rules, room, account, runner.state, place: place, stepCount: progress.stepCount))
    steps = room.steps
  }

  /// Its steps while a loop may take them; `nil` where they are taken one at a time.
  ///
  /// Mutating, because a large value that is only read would be copied at a call.
  ///
  /// - Precondition: an episode whose steps a loop takes is not copied, and `catchUp` comes before
  ///   anything else is asked of it.
  mutating func loopedSteps() -> UnsafeMutablePointer<StatedSteps>? {
    guard let stated = plan.stated, stated.pointee.isOfOne else { return nil }
    return steps
  }

  /// Takes in the steps that a loop took.
  mutating func catchUp() {
    guard let steps else { return }
    progress.standing = steps.pointee.account.standing
    progress.instant = steps.pointee.account.instant
    progress.stepCount = steps.pointee.stepCount
    progress.allowed = steps.pointee.allowed
  }

  /// Gives the account back to the engine.
  private mutating func takeBack(endsFrom before: Double? = nil) {
    guard let lent = steps?.pointee else { return }
    steps = nil
    engine.takeBack(lent.account, endsFrom: before)
    runner.state.takeBack(lent, equity: lent.account.equity * runner.share)
  }

  /// Compares the moves of prices over a step with what was held.
  private mutating func measureAgreement(since before: ContiguousArray<PolicyAccountState.Asset>) {
    var sum = 0.0
    for asset in before.indices {
      let now = runner.state.assets[asset]
      let move = now.lastClose - before[asset].lastClose
      let held = runner.setsTargetWeights ? before[asset].targetWeight : now.realWeight
      if move * held > 0 { sum += 1 } else if move * held < 0 { sum -= 1 }
    }
    progress.agreement = sum / Double(before.count)
  }

  /// Writes the observation of this decision, or the last of the episode.
  package mutating func write(to observation: UnsafeMutablePointer<Float>) {
    if let steps { return steps.pointee.write(to: observation) }
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
    progress.isRuined = engine.isRuined
    runner.refresh(from: &engine.trading)
    _ = cells.update(runner.state)
    if case .ready(let found) = plan.table.entries[engine.lastInstant] { place = found }
    takeStock()
  }

  /// Notes where the episode is.
  private mutating func takeStock() {
    progress.standing = engine.standing()
    progress.instant = engine.lastInstant
    if let masks = runner.masks {
      progress.allowed = masks.allowed(shares: runner.state.assets[0].shares)
    }
  }

  /// Takes in the bars that closed; `true` where a decision is due.
  private mutating func closeBars() -> Bool {
    while let fill = engine.nextUnreportedFill() { runner.book(fill) }
    let isWarmingUp = engine.trading.isWarmingUp
    if !isWarmingUp, !hasBegun {
      hasBegun = true
      runner.begin(engine.trading, at: engine.bars)
    }
    let closed = runner.countCloses(engine.bars)
    guard closed > 0 else { return false }
    runner.refresh(from: &engine.trading)
    cells.append(runner.state)
    guard !isWarmingUp, !runner.hasStopped, runner.isDue(closed) else { return false }
    return awaitsDecision()
  }

  /// Whether a decision is due at this close, where there is an observation.
  @inline(__always)
  private mutating func awaitsDecision() -> Bool {
    let missing: Int
    switch plan.table.entries[engine.lastInstant] {
    case .none: return false
    case .ready(let found):
      guard let column = cells.update(runner.state) else {
        place = found
        // A decision after the last bar could earn nothing.
        guard !engine.isAtLastClose else { return false }
        progress.isWaiting = true
        takeStock()
        return true
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
  package var isWaiting = false
  /// Whether equity is gone.
  package var isRuined = false
  /// The instant of the decision, or the last of the episode.
  package var instant = 0
  /// The number of decisions so far.
  package var stepCount = 0
  /// What the account is worth now, and what trading has cost so far.
  package var standing: AccountStanding
  /// How far positions agreed with the moves of prices over the last step: the share of assets held
  /// on the side on which their price moved, less the share held on the other; 0 where that is not
  /// measured.
  package var agreement = 0.0
  /// The discrete actions that are allowed now, a bit for each; all where there are no masks.
  package var allowed = UInt64.max
}

extension PolicyRunner {
  /// Notes which assets closed in bars that were gone over.
  mutating func countEarlierCloses(_ trading: TradingContext) {
    for asset in instruments.indices where trading.lastRow(Int(instruments[asset].index)) >= 0 {
      noteClose(of: asset)
    }
  }
}

/// The event loop as a state machine: it runs to the next decision, takes that decision from
/// outside, and goes on.
///
/// `Backtest.run()` is the loop over this step; a training environment or a policy in another
/// process drives the same step:
///
///     var engine = Engine(feed: feed, configuration: configuration, warmup: 0)
///     while case .bars = engine.advance() {
///       engine.trading.target(InstrumentID(0), weight: policy(engine.bars))
///     }
///     let result = engine.result(strategy: "policy")
///
/// An engine is a value: a copy goes on independently. A `Checkpoint` is the cheap way back.
public struct Engine: Sendable {
  /// The market that is replayed.
  public let feed: Feed
  /// The rules of the run.
  public let configuration: BacktestConfiguration
  let plan: ExecutionPlan
  /// The account, and where decisions are stated.
  public var trading: TradingContext

  /// The instant of the base point, and that of the first decision.
  let baseInstant: Int
  let firstDecision: Int
  let endInstant: Int
  /// Whether the last instant is only measured: its decision belongs to the next window.
  let isWindowed: Bool
  /// The account that goes on from the base point; `nil` when it begins with cash.
  let inherited: Account?
  /// Whether the account is a vector of weights, and what changing them costs.
  let holdsWeights: Bool
  let weightFee: Double

  var queue = EventQueue()
  var log = RunLog()
  var points: EquityColumns
  var clock = Timestamp.distantPast
  var stage = Stage.ready
  /// The stage at a decision.
  let decidingStage: Stage
  var needsEquityPoint = false
  /// The account's value at the last close, good as long as nothing has filled since.
  var valuation = (equity: 0.0, grossExposure: 0.0)
  var valuedFills = 0
  var reportedFills = 0
  /// Whether fills wait to be handed out at this decision.
  @usableFromInline var hasUnreportedFills = false
  var ruinedAt: Timestamp?
  /// Whether the strategy is asked once a session, and the first instant since it was; beyond all
  /// instants where it is asked at each close.
  let decidesBySession: Bool
  @usableFromInline var sessionStart: Int
  /// The row of each grid whose open has been matched.
  var openedRows: ContiguousArray<Int>
  /// Room that is used again and again, so that no decision allocates.
  var candidates: ContiguousArray<MatchCandidate> = []
  var batch: ContiguousArray<LiveOrder> = []
  var timersFired = 0
  /// The moments to which the engine was taken back.
  var rewinds: [Moment] = []

  /// What the engine waits for.
  enum Stage: Sendable {
    case ready, deciding
    /// At a decision of a run with one a session, whose closes go the general way.
    case decidingSession
    case finished
  }

  /// Why the engine stopped.
  public enum Step: Hashable, Sendable {
    /// Bars closed: a decision is due.
    case bars
    /// A timer went off; its tag is given.
    case timer(Int)
    /// The run is over.
    case finished
  }

  /// An engine at the beginning of a run.
  ///
  /// - Parameters:
  ///   - feed: the market; many runs can share one.
  ///   - configuration: the rules of the run.
  ///   - warmup: bars before the first decision, unless the configuration gives a number or a
  ///     window.
  ///   - account: an account of the same universe that the run takes over at its base point, with
  ///     its positions; `nil` begins with the initial cash.
  /// - Precondition: a window lies within the feed's instants and begins at 1 or later, and the
  ///   configuration can be: `BacktestConfiguration.validate(for:)` says what cannot.
  public init(
    feed: Feed, configuration: BacktestConfiguration, warmup: Int = 0, account: Account? = nil
  ) {
    if let problem = configuration.problem(instrumentCount: feed.instrumentCount) {
      preconditionFailure(problem)
    }
    inherited = account
    self.feed = feed
    self.configuration = configuration
    plan = ExecutionPlan(configuration.execution)
    trading = TradingContext(
      feed: feed, rules: configuration.account, accounting: configuration.accounting)
    decidesBySession = configuration.decisions == .allClosed
    sessionStart = decidesBySession ? 0 : .max
    decidingStage = decidesBySession ? .decidingSession : .deciding
    holdsWeights = configuration.accounting.holdsWeights
    if case .weights(let fee, _) = configuration.accounting {
      weightFee = fee
    } else {
      weightFee = 0
    }
    precondition(
      account.map { $0.holdsWeights == configuration.accounting.holdsWeights } ?? true,
      "an account that goes on keeps its accounting")
    isWindowed = configuration.window != nil
    if let window = configuration.window {
      precondition(
        window.lowerBound >= 1 && window.upperBound <= feed.instants.count,
        "a window lies within the feed, after its first bar")
      firstDecision = window.lowerBound - 1
      baseInstant = firstDecision
      endInstant = window.upperBound
    } else {
      firstDecision = max(0, configuration.warmup ?? warmup)
      endInstant = feed.instants.count
      baseInstant = min(max(firstDecision - 1, 0), endInstant - 1)
    }
    points = EquityColumns(count: endInstant - baseInstant)
    points.set(0, equity: configuration.account.initialCash, grossExposure: 0)
    openedRows = ContiguousArray(repeating: -1, count: feed.grids.count)
    // One record a decision and instrument; beyond four million the room grows by doubling.
    trading.recordRoom = min(
      max(0, endInstant - firstDecision) * feed.universe.count, 1 << 22)
  }

  /// The last instant at which bars closed, or -1.
  @usableFromInline var instant: Int { trading.instant }

  /// The bars that closed at this decision; where it is one a session, those of the session.
  ///
  /// - Precondition: the engine has advanced to a decision.
  @inlinable
  public var bars: BarSlice {
    precondition(instant >= 0, "no bar has closed yet: call advance() first")
    return BarSlice(feed: feed, instant: instant, since: sessionStart)
  }

  /// The fills since the last decision that have not been handed out yet, one at a time.
  public mutating func nextUnreportedFill() -> Fill? {
    guard reportedFills < log.fills.count else { return nil }
    reportedFills += 1
    hasUnreportedFills = reportedFills < log.fills.count
    return log.fills[reportedFills - 1]
  }

  /// Goes on to the next decision, timer or the end, carrying out what was asked for since.
  public mutating func advance() -> Step {
    let nothingWaits = !trading.hasRequests && trading.book.isEmpty && queue.isEmpty
    if nothingWaits, stage == .deciding { return moveToNextClose() }
    return decidesBySession ? advanceThroughSession() : advanceThroughEvents()
  }

  /// The general way: whatever is scheduled before the next close happens first.
  mutating func advanceThroughEvents() -> Step {
    switch stage {
    case .ready: start()
    case .deciding, .decidingSession: break
    case .finished: return .finished
    }
    if trading.hasRequests { collectRequests() }
    while !(trading.book.isEmpty && queue.isEmpty) {
      let isLast = instant + 1 >= endInstant
      let limit = isLast ? clock + TimeSpan(nanoseconds: 1) : feed.instants[instant + 1]
      let open = nextOpenTime()
      let scheduled = queue.first?.key
      let opensFirst = scheduled.map { (open, .marketOpen) < ($0.time, $0.phase) } ?? true
      let time = opensFirst ? open : scheduled?.time ?? open
      if needsEquityPoint, opensFirst || time > clock {
        takeEquityPoint()
        if stage == .finished { return .finished }
        continue
      }
      guard time < limit else { break }
      if opensFirst {
        openMarkets(at: open)
      } else if let tag = process(queue.removeFirst()) {
        return .timer(tag)
      }
    }
    return moveToNextClose()
  }

  private mutating func start() {
    if inherited == nil {
      log.ledger.append(
        LedgerEntry(
          time: feed.instants[baseInstant], kind: .deposit,
          amount: configuration.account.initialCash))
    }
    stage = decidingStage
  }

  /// Closes the next bars, up to the decision about them; ends the run when there are none.
  @inline(__always)
  private mutating func moveToNextClose() -> Step {
    if needsEquityPoint { takeEquityPoint() }
    guard stage != .finished, instant + 1 < endInstant else {
      stage = .finished
      return .finished
    }
    trading.instant &+= 1
    clock = feed.instants[instant]
    trading.now = clock
    closeBars()
    valuation = trading.account.valuation
    valuedFills = log.fills.count
    hasUnreportedFills = reportedFills < valuedFills
    if valuation.equity <= 0 {
      ruin()
      return .finished
    }
    if !queue.isEmpty { endSessions() }
    needsEquityPoint = instant > baseInstant
    if instant <= firstDecision {
      trading.isWarmingUp = instant < firstDecision
      if instant == baseInstant, inherited != nil { takeOverAccount() }
    }
    if isWindowed, instant == endInstant - 1 {
      if configuration.onWindowEnd == .close { closeWindow() }
      takeEquityPoint()
      stage = .finished
      return .finished
    }
    stage = decidingStage
    return .bars
  }

  /// Phase 2: what ends with the session.
  private mutating func endSessions() {
    while let event = queue.first, event.key.time == clock, event.key.phase == .sessionEnd {
      _ = process(queue.removeFirst())
    }
  }
}

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
  /// The account and the broker, and where decisions are stated.
  public var trading: TradingContext

  /// The instant of the base point, and that of the first decision.
  @usableFromInline let baseInstant: Int
  let firstDecision: Int
  let endInstant: Int
  /// The last instant of a window, which is only measured: its decision belongs to the next
  /// window. Beyond all instants where there is no window.
  let windowEnd: Int
  let closesEndedSeries: Bool
  /// Whether some instruments are in other currencies than the account's.
  let hasCurrencies: Bool
  /// Whether session ends or funding may change the account.
  let hasAccountEvents: Bool
  /// The account that goes on from the base point; `nil` when it begins with cash.
  let inherited: Account?

  var queue = EventQueue()
  var log = RunLog()
  @usableFromInline var points: EquityColumns
  /// The instant of the first point that is kept: the base point, but in a run that forgets.
  @usableFromInline var firstPoint: Int
  var stage = Stage.ready
  /// The stage at a decision.
  let decidingStage: Stage
  var needsEquityPoint = false
  /// Whether a close after which nothing waits can have none but the usual consequences.
  let hasQuietCloses: Bool
  /// Whether an account of weights takes them at once, since nobody reads what is written down.
  let statesWeights: Bool
  /// Whether equity is watched from close to close.
  let watchesEquity: Bool
  /// The first instant that is not known to close quietly: no order or event waits for those
  /// before it. 0 where something waits.
  @usableFromInline var quietEnd = 0
  /// The account's value at the last close, good as long as nothing has filled since.
  @usableFromInline var valuation = Valuation(equity: 0, grossExposure: 0)
  var valuedFills = 0
  var reportedFills = 0
  /// Whether fills wait to be handed out at this decision.
  @usableFromInline var hasUnreportedFills = false
  var ruinedAt: Timestamp?
  var overflowedAt: Timestamp?
  /// Whether the strategy is asked once a session, and the first instant since it was; beyond all
  /// instants where it is asked at each close.
  let decidesBySession: Bool
  @usableFromInline var sessionStart: Int
  var timersFired = 0
  /// Whom to report progress to, and the instant after which to do so; beyond all instants where
  /// nobody asks.
  var progress: RunProgress?
  var nextReport = Int.max
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
  ///   - series: indicator values of the feed that runs share; `nil` shares nothing.
  /// - Precondition: a window lies within the feed's instants and begins at 1 or later, and the
  ///   configuration can be: `BacktestConfiguration.validate(for:)` says what cannot.
  public init(
    feed: Feed, configuration: BacktestConfiguration, warmup: Int = 0, account: Account? = nil,
    sharing series: SharedSeries? = nil
  ) {
    self.init(
      feed: feed, configuration: configuration, warmup: warmup, account: account, sharing: series,
      keepsHistory: true)
  }

  /// An engine whose run may forget what is behind it: it then has no result, and takes the same
  /// memory however long it is.
  package init(
    feed: Feed, configuration: BacktestConfiguration, warmup: Int, account: Account? = nil,
    sharing series: SharedSeries? = nil, keepsHistory: Bool
  ) {
    precondition(series.map { $0.feed === feed } ?? true, "shared series belong to one feed")
    if let problem = configuration.problem(instrumentCount: feed.instrumentCount) {
      preconditionFailure(problem)
    }
    inherited = account
    self.feed = feed
    self.configuration =
      configuration.account.foreignExchange == nil
        && feed.universe.hasForeignCurrencies(beside: configuration.account.currency)
      ? configuration.convertingCurrencies : configuration
    decidesBySession = configuration.decisions == .allClosed
    sessionStart = decidesBySession ? 0 : .max
    decidingStage = decidesBySession ? .decidingSession : .deciding
    closesEndedSeries = configuration.onSeriesEnd == .close
    windowEnd = configuration.window.map { $0.upperBound - 1 } ?? .max
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
    firstPoint = baseInstant
    let pointCount = endInstant - baseInstant
    points = EquityColumns(count: keepsHistory ? pointCount : min(pointCount, 64))
    points.set(0, equity: configuration.account.initialCash, grossExposure: 0)
    var own = Account(
      rules: self.configuration.account, universe: feed.universe,
      accounting: configuration.accounting)
    precondition(account?.isLike(own) ?? true, "an account that goes on keeps its accounting")
    own.beginDecisions(at: firstDecision)
    trading = TradingContext(
      account: own, broker: Broker(feed: feed, rules: configuration.execution))
    // Where several bars of a session make one decision, indicators see its last bars only.
    trading.sharedSeries = decidesBySession ? nil : series
    watchesEquity = configuration.risk.watchesEquity
    hasCurrencies = own.hasCurrencies
    hasQuietCloses =
      !decidesBySession && !closesEndedSeries && !watchesEquity && !hasCurrencies
      && !configuration.exits.watchesCloses
    statesWeights = hasQuietCloses && own.followsTargets && feed.hasOneGrid && !keepsHistory
    hasAccountEvents = own.terms != nil || !feed.funding.isEmpty
    if configuration.risk.isActive {
      trading.broker.attach(
        RiskDesk(
          configuration.risk, universe: feed.universe,
          initialEquity: account?.equity ?? configuration.account.initialCash))
    }
    if configuration.exits.isActive {
      trading.broker.attach(
        ExitDesk(configuration.exits, instrumentCount: feed.instrumentCount))
    }
    // One record a decision and instrument; beyond four million the room grows by doubling.
    trading.recordRoom =
      keepsHistory
      ? min(max(0, endInstant - firstDecision) * feed.universe.count, 1 << 22) : 0
  }

  /// The last instant at which bars closed, or -1.
  @inlinable @inline(__always)
  var instant: Int { trading.broker.market.instant }

  /// The moment that the run has reached.
  @inline(__always)
  var clock: Timestamp {
    get { trading.broker.market.clock }
    set { trading.broker.market.clock = newValue }
  }

  /// The bars that closed at this decision; where it is one a session, those of the session.
  ///
  /// - Precondition: the engine has advanced to a decision.
  @inlinable
  public var bars: BarSlice {
    precondition(instant >= 0, "no bar has closed yet: call advance() first")
    return BarSlice(feed: feed, instant: instant, since: sessionStart)
  }

  /// The times of all points that the curve of a whole run has, the base point first.
  package var pointTimes: Column<Timestamp> { feed.instants.rows(baseInstant..<endInstant) }

  /// The fills since the last decision that have not been handed out yet, one at a time.
  public mutating func nextUnreportedFill() -> Fill? {
    guard reportedFills < log.fills.count else { return nil }
    reportedFills += 1
    hasUnreportedFills = reportedFills < log.fills.count
    return log.fills[reportedFills - 1]
  }

  /// Goes on to the next decision, timer or the end, carrying out what was asked for since.
  @inlinable
  public mutating func advance() -> Step {
    own()
    return advanceOwned()
  }

  /// Makes this engine the single owner of the memory that quiet closes write. Its copies go on by
  /// themselves.
  @inlinable @inline(__always)
  mutating func own() {
    // Whoever sets the account anew may have set one with orders.
    if !trading.broker.isIdle { quietEnd = 0 }
    points.own()
  }

  /// The step as `run` takes it, compiled into its loop: most closes are over before a call would
  /// have begun.
  ///
  /// - Precondition: `own()` came before, and nobody has copied the engine since.
  @inlinable @inline(__always)
  mutating func advanceOwned() -> Step {
    let next = instant &+ 1
    guard next < quietEnd, !trading.hasRequests else { return advanceThroughRequests() }
    // Nothing is ordered or scheduled: the bars close, what is held is valued, and that is all.
    moveClock(to: next)
    if needsValuation, !valueHoldings() { return .finished }
    // The point of the instant, unless the decision changes it. Quiet closes end with the curve.
    points.setKnown(
      next &- firstPoint, equity: valuation.equity, grossExposure: valuation.grossExposure)
    return .bars
  }

  /// Goes to the close of an instant.
  @inlinable @inline(__always)
  mutating func moveClock(to next: Int) {
    if next & feed.preparationMask == 0 { trading.broker.market.prepareRows() }
    trading.broker.market.instant = next
    let time = feed.instants.start[next]
    trading.broker.market.clock = time
    trading.time = time
  }

  /// Whether a close changes what the account is worth, or more than one grid goes on.
  @inlinable @inline(__always)
  var needsValuation: Bool { trading.account.heldCount > 0 || !trading.broker.market.hasOneGrid }

  /// Values what is held at a quiet close; `false` where nothing is left.
  @usableFromInline @inline(never)
  mutating func valueHoldings() -> Bool {
    if !trading.broker.market.hasOneGrid { trading.broker.market.moveRows() }
    valuation = closeAccount()
    if valuation.isSound { return true }
    endEarly()
    return false
  }

  @usableFromInline @inline(never)
  mutating func advanceThroughRequests() -> Step {
    decidesBySession ? advanceThroughSession() : advanceThroughEvents()
  }

  /// The general way: whatever is scheduled before the next close happens first.
  mutating func advanceThroughEvents() -> Step {
    switch stage {
    case .ready: start()
    case .deciding, .decidingSession: break
    case .finished: return .finished
    }
    trading.broker.own()
    if trading.hasRequests { collectRequests() }
    while !(trading.broker.isIdle && queue.isEmpty) {
      let isLast = instant + 1 >= endInstant
      let limit = isLast ? clock + TimeSpan(nanoseconds: 1) : feed.instants[instant + 1]
      let open =
        trading.broker.isIdle
        ? .distantFuture : trading.broker.market.nextOpenTime(before: endInstant)
      let scheduled = queue.first?.key
      let opensFirst = scheduled.map { (open, .marketOpen) < ($0.time, $0.phase) } ?? true
      let time = opensFirst ? open : scheduled?.time ?? open
      if needsEquityPoint, opensFirst || time > clock || scheduled?.phase == .corporateAction {
        takeEquityPoint()
        if stage == .finished { return .finished }
        continue
      }
      guard time < limit else { break }
      if opensFirst {
        clock = open
        if hasCurrencies { moveRates(through: open) }
        trading.broker.matchOpens(account: &trading.account, log: &log)
      } else if let tag = process(queue.removeFirst()) {
        return .timer(tag)
      }
    }
    return moveToNextClose()
  }

  private mutating func start() {
    if inherited == nil {
      log.record(
        LedgerEntry(
          time: feed.instants[baseInstant], kind: .deposit,
          amount: configuration.account.initialCash))
    }
    stage = decidingStage
  }

  /// Closes the next bars, up to the decision about them; ends the run when there are none.
  private mutating func moveToNextClose() -> Step {
    if needsEquityPoint { takeEquityPoint() }
    quietEnd = 0
    let next = instant &+ 1
    guard stage != .finished, next < endInstant else {
      stage = .finished
      return .finished
    }
    if next >= nextReport { reportProgress(next) }
    if next - firstPoint >= points.count { forgetPoints() }
    moveClock(to: next)
    if !feed.hasOneGrid { trading.broker.market.moveRows() }
    closeBars()
    valuedFills = log.fills.count
    hasUnreportedFills = reportedFills < valuedFills
    guard valuation.isSound else {
      endEarly()
      return .finished
    }
    if !queue.isEmpty { endSessions() }
    if hasAccountEvents, !endAccountBar() { return .finished }
    needsEquityPoint = next > baseInstant
    if next <= firstDecision {
      trading.isWarmingUp = next < firstDecision
      if next == baseInstant {
        if inherited != nil { takeOverAccount() }
        startAccountEvents()
      }
    }
    if next == windowEnd { return finishWindow() }
    if watchesEquity, next >= firstDecision { watchEquity() }
    if trading.broker.attachesExits, next >= baseInstant { watchExits() }
    if trading.broker.book.exitCount > 0, !decidesBySession || sessionEnds(at: next) {
      trading.broker.endIdleExits(account: &trading.account, log: &log)
    }
    stage = decidingStage
    let isQuiet = trading.broker.isIdle && queue.isEmpty && next > firstDecision
    if isQuiet, hasQuietCloses {
      quietEnd = min(endInstant, windowEnd, nextReport, firstPoint + points.count)
      points.set(
        next - firstPoint, equity: valuation.equity, grossExposure: valuation.grossExposure)
    }
    return .bars
  }

  /// The last close of a window, which is not decided.
  @inline(never)
  private mutating func finishWindow() -> Step {
    if configuration.onWindowEnd == .close { closeWindow() }
    takeEquityPoint()
    stage = .finished
    return .finished
  }
}

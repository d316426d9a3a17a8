/// Watches equity and the market from close to close.
struct EquityGuard: Sendable {
  private let drawdown: DrawdownGuard?
  private let killSwitch: Double?
  private let breaker: CircuitBreaker?
  private let initialEquity: Double
  private var peak: Double
  private var session: CivilDate?
  /// Sessions of a halt that are left.
  private var sessionsLeft = 0
  /// Whether nothing may be opened after a drawdown.
  private(set) var isHalted = false
  /// The drawdown that led to the last halt.
  private(set) var haltDrawdown = 0.0
  /// Whether trading has ended.
  private(set) var isKilled = false
  /// The loss of the initial capital at which it did.
  private(set) var lossAtKill = 0.0
  /// The factor of targets.
  private(set) var scale = 1.0
  private var events: [Event] = []

  /// The equal-weight index of the universe at the last closes, the newest last, and the closes
  /// since its last large move.
  private var index: [Double] = [1]
  private var largeMove = 0.0
  private var closesSinceMove = Int.max

  /// A level that equity has crossed.
  struct Event {
    var limit: RiskBreach.Limit
    var value: Double
    var bound: Double
    var action: RiskBreach.Action
  }

  /// What has to be done after a close.
  enum Response {
    case nothing
    /// Positions are closed and opening orders withdrawn.
    case close
    /// Targets are traded to their new scale.
    case rescale
    /// Targets may be stated anew.
    case resume
  }

  init(_ rules: RiskRules, initialEquity: Double) {
    drawdown = rules.drawdown
    killSwitch = rules.killSwitch
    breaker = rules.circuitBreaker?.scope == .universe ? rules.circuitBreaker : nil
    self.initialEquity = initialEquity
    peak = initialEquity
    if let breaker { index.reserveCapacity(breaker.bars + 2) }
  }

  /// The last move of the universe that still stops entries; `nil` where there is none.
  var universeMove: Double? {
    guard let breaker, closesSinceMove < breaker.haltBars else { return nil }
    return largeMove
  }

  /// What has happened since it was last asked.
  mutating func takeEvents() -> [Event] {
    defer { events.removeAll(keepingCapacity: true) }
    return events
  }

  mutating func watch(equity: Double, market: MarketCursor, session: CivilDate) -> Response {
    if let breaker { watchUniverse(breaker, market) }
    let isNewSession = self.session.map { $0 != session } ?? false
    self.session = session
    if isKilled { return .nothing }
    if let killSwitch, equity <= initialEquity * (1 - killSwitch) {
      isKilled = true
      lossAtKill = 1 - equity / initialEquity
      events.append(
        Event(limit: .killSwitch, value: lossAtKill, bound: killSwitch, action: .closed))
      return .close
    }
    guard let drawdown else { return .nothing }
    if isHalted {
      if isNewSession { sessionsLeft -= 1 }
      guard sessionsLeft <= 0 else { return .nothing }
      isHalted = false
      peak = equity
      scale = 1
      events.append(
        Event(
          limit: .drawdownHalt, value: haltDrawdown, bound: drawdown.haltAt ?? 0, action: .resumed))
      return .resume
    }
    peak = max(peak, equity)
    let depth = 1 - equity / peak
    if let level = drawdown.haltAt, equity <= peak * (1 - level) {
      isHalted = true
      haltDrawdown = depth
      sessionsLeft = drawdown.coolDownSessions + 1
      events.append(Event(limit: .drawdownHalt, value: depth, bound: level, action: .closed))
      return .close
    }
    return rescaled(drawdown, equity: equity)
  }

  private mutating func rescaled(_ drawdown: DrawdownGuard, equity: Double) -> Response {
    guard let level = drawdown.reduceAt else { return .nothing }
    let isDeep = equity <= peak * (1 - level)
    let wanted = isDeep ? drawdown.scale : 1
    guard wanted != scale else { return .nothing }
    scale = wanted
    events.append(
      Event(
        limit: .drawdownReduce, value: 1 - equity / peak, bound: level,
        action: isDeep ? .reduced : .restored))
    return .rescale
  }

  /// Moves the index by the mean return of the instruments whose bars close now.
  private mutating func watchUniverse(_ breaker: CircuitBreaker, _ market: MarketCursor) {
    var (sum, count) = (0.0, 0)
    for instrument in 0..<market.feed.instrumentCount {
      let row = market.closingRow(of: instrument)
      let close = market.columns[instrument].close
      guard row > 0, close[row - 1] > 0 else { continue }
      sum += close[row] / close[row - 1] - 1
      count += 1
    }
    if closesSinceMove < .max { closesSinceMove += 1 }
    guard count > 0 else { return }
    index.append(index[index.count - 1] * (1 + sum / Double(count)))
    if index.count > breaker.bars + 1 { index.removeFirst() }
    let last = index[index.count - 1]
    let moves = index.dropLast().map { last / $0 - 1 }
    if let move = moves.last(where: { breaker.isReached(by: $0) }) {
      largeMove = move
      closesSinceMove = 0
    }
  }
}

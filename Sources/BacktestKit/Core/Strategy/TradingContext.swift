/// What a strategy can see of its account and the market, and how it asks for trades.
///
/// Requests take effect after the decision: first orders and cancellations in the order in which
/// they were made, then targets as one batch. During warm-up everything asked for is ignored.
public struct TradingContext: Sendable {
  /// The account as it is now.
  public internal(set) var account: Account
  /// The time of the decision.
  @inlinable
  public var now: Timestamp { time }
  @usableFromInline var time = Timestamp.distantPast
  /// Whether the strategy sees bars but may not order yet.
  public internal(set) var isWarmingUp = true

  /// The market, and the orders that rest in it.
  @usableFromInline var broker: Broker
  /// Whether anything was asked for since the engine last looked.
  @usableFromInline var hasRequests = false
  var requests: ContiguousArray<TradingRequest> = []
  var targetRequests = OwnedBuffer<TargetRequest>()
  var notes: [StrategyNote] = []
  /// What the strategy has asked to be called at.
  var schedules: [ActiveSchedule] = []
  var tallies: [DecisionTally] = []
  var forecasts: [StrategyForecast] = []
  var decisions: [DecisionRecord] = []
  /// How many forecasts, and how many decisions, find room without asking for memory again.
  var recordRoom = 0
  /// Indicator values that runs over this market share; `nil` where each computes its own.
  var sharedSeries: SharedSeries?
  @usableFromInline var standing: ContiguousArray<PositionTarget>

  init(account: Account, broker: Broker) {
    self.account = account
    self.broker = broker
    standing = ContiguousArray(
      repeating: PositionTarget(.none, 0), count: account.positions.count)
  }

  /// The market that is replayed.
  @inlinable @inline(__always)
  var feed: Feed { broker.market.feed }
}

extension TradingContext {
  /// The row of an instrument's last closed bar, or -1.
  @inline(__always)
  package func lastRow(_ instrument: Int) -> Int { broker.market.lastRow(of: instrument) }

  /// The instruments and their series.
  public var universe: Universe { feed.universe }
  /// The instrument with a symbol, or `nil`.
  public func instrument(_ symbol: String) -> InstrumentID? { feed.universe.instrument(symbol) }
  /// Cash in account currency.
  public var cash: Double { account.cash }
  /// Cash and positions at their marks.
  public var equity: Double { account.equity }
  /// What is held of an instrument.
  public func position(_ instrument: InstrumentID) -> Position {
    account.positions[Int(instrument.index)]
  }

  /// The share of equity last stated for an instrument, those of this decision included: 0 before
  /// any and after a target that is no weight; under weights accounting the initial weight.
  public func targetWeight(_ instrument: InstrumentID) -> Double {
    let target = standing[Int(instrument.index)]
    if target.measure == .weight { return target.value }
    return account.statedWeight(of: Int(instrument.index))
  }

  /// The share of equity that an instrument has now, at its mark; negative for shorts.
  ///
  /// Under weights accounting it is what the stated weight has become with the prices since the
  /// close before: `w x (1 + return) / (1 + return of the account)`.
  public func weight(_ instrument: InstrumentID) -> Double {
    account.weight(of: Int(instrument.index), ofEquity: account.equity)
  }

  /// The date of the session to which this moment belongs: of the sessions of all instruments'
  /// calendars, the first that ends at or after it. An instrument without a calendar has UTC days.
  public var sessionDate: CivilDate { feed.universe.sessionDate(of: now) }

  /// The close of an instrument's last closed bar, or `nil` before its first.
  public func lastClose(_ instrument: InstrumentID) -> Double? {
    broker.market.lastClose(of: Int(instrument.index))
  }

  /// The last `count` closed bars of an instrument, oldest first; fewer near the beginning.
  public func history(_ instrument: InstrumentID, _ count: Int) -> BarHistory {
    let end = lastRow(Int(instrument.index)) + 1
    return BarHistory(
      feed: feed, instrument: Int(instrument.index), rows: max(0, end - count)..<end)
  }

  /// The orders of an instrument that are live or on their way, in order of submission; those of
  /// this decision are not among them yet, and the exits that the run attaches never are.
  public func openOrders(_ instrument: InstrumentID) -> [Order] {
    broker.book.orders(of: Int(instrument.index)).compactMap { live in
      guard live.order.exitRule == nil else { return nil }
      var order = live.order
      order.quantity = live.remaining
      return order
    }
  }
}

extension TradingContext {
  /// States that the position shall be worth a share of equity, and trades when that differs from
  /// what was last stated. Drift is left alone.
  @inlinable @inline(__always)
  public mutating func target(_ instrument: InstrumentID, weight: Double) {
    restate(instrument, PositionTarget(.weight, weight))
  }

  /// States that the position shall be worth so much money, and trades when that differs from what
  /// was last stated.
  @inlinable @inline(__always)
  public mutating func target(_ instrument: InstrumentID, value: Double) {
    restate(instrument, PositionTarget(.value, value))
  }

  /// States that the position shall be so many units, negative for short, and trades when that
  /// differs from what was last stated.
  @inlinable @inline(__always)
  public mutating func target(_ instrument: InstrumentID, quantity: Double) {
    restate(instrument, PositionTarget(.quantity, quantity))
  }

  /// Trades the position to a share of equity now, whatever was stated before: drift is traded too.
  public mutating func rebalance(_ instrument: InstrumentID, weight: Double) {
    request(instrument, PositionTarget(.weight, weight))
  }

  @inlinable @inline(__always)
  mutating func restate(_ instrument: InstrumentID, _ target: PositionTarget) {
    let last = standing[Int(instrument.index)]
    guard last.measure != target.measure || last.value != target.value else { return }
    request(instrument, target)
  }

  @usableFromInline
  mutating func request(_ instrument: InstrumentID, _ target: PositionTarget) {
    guard !isWarmingUp else { return }
    precondition(target.value.isFinite, "a target is a finite number")
    standing[Int(instrument.index)] = target
    hasRequests = true
    targetRequests.own()
    targetRequests.append(
      TargetRequest(
        instrument: Int(instrument.index), number: targetRequests.count, target: target))
  }
}

extension TradingContext {
  /// Submits an order; what becomes of it is in the result's outcomes. During warm-up it is
  /// ignored, and `nil` comes back.
  @discardableResult
  public mutating func submit(_ order: Order) -> OrderID? {
    guard !isWarmingUp else { return nil }
    var order = order
    broker.register(&order, at: now)
    hasRequests = true
    requests.append(.submit(order))
    return order.assignedID
  }

  /// Submits two or more orders of which one cancels the others when it fills.
  @discardableResult
  public mutating func submitOneCancelsOther(_ orders: [Order]) -> [OrderID] {
    let group = broker.makeGroup()
    return orders.compactMap { order in
      var order = order
      order.group = group
      return submit(order)
    }
  }

  /// Submits an entry together with the exits that belong to it.
  ///
  /// The exits only ever close what the entry has opened. They wait until it fills, protect its
  /// position from that moment on, and cancel one another; an entry that ends without a fill ends
  /// them too.
  ///
  ///     trading.submitBracket(
  ///       Order(spx, quantity: 100, kind: .limit(90)),
  ///       exits: [
  ///         Order(spx, quantity: -100, kind: .stop(85)),
  ///         Order(spx, quantity: -100, kind: .limit(99)),
  ///       ])
  ///
  /// - Returns: the number of the entry, then those of the exits; none during warm-up.
  @discardableResult
  public mutating func submitBracket(_ entry: Order, exits: [Order]) -> [OrderID] {
    guard let parent = submit(entry) else { return [] }
    let group = broker.makeGroup()
    return [parent]
      + exits.compactMap { exit in
        var exit = exit
        exit.reduceOnly = true
        exit.parent = parent
        exit.group = group
        return submit(exit)
      }
  }

  /// Withdraws an order; nothing happens when it is gone already, or was never submitted (`nil`).
  public mutating func cancel(_ order: OrderID?) {
    guard let order, !isWarmingUp else { return }
    hasRequests = true
    requests.append(.cancel(order))
  }

  /// Asks for `onTimer` with a tag at a later time.
  ///
  /// - Precondition: the time is not before now.
  public mutating func schedule(at time: Timestamp, tag: Int) {
    precondition(time >= now, "a timer goes off in the future")
    hasRequests = true
    requests.append(.schedule(time, tag: tag))
  }

  /// Leaves a remark in the result and the report.
  public mutating func note(_ text: String) { notes.append(StrategyNote(time: now, text: text)) }
}

// Orders in few words, and what can be done with them while they wait.

extension TradingContext {
  /// Buys units at market, or at a limit; with a stop-loss or a take-profit as a bracket.
  ///
  ///     trading.buy(spx, 10)
  ///     trading.buy(spx, 10, limit: 94, timeInForce: .day)
  ///     trading.buy(spx, 10, stopLoss: 95, takeProfit: 110)
  ///
  /// - Parameters:
  ///   - instrument: what to buy.
  ///   - quantity: units, above 0.
  ///   - limit: the highest price to pay; `nil` is at market.
  ///   - timeInForce: how long the order lives.
  ///   - stopLoss: the price of a sell stop that belongs to the entry; `nil` is none.
  ///   - takeProfit: the price of a sell limit that belongs to the entry; `nil` is none.
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func buy(
    _ instrument: InstrumentID, _ quantity: Double, limit: Double? = nil,
    timeInForce: Order.TimeInForce = .goodTilCancelled, stopLoss: Double? = nil,
    takeProfit: Double? = nil
  ) -> OrderID? {
    enter(
      Order(
        instrument, quantity: max(0, quantity), kind: limit.map { .limit($0) } ?? .market,
        timeInForce: timeInForce), stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Buys units once the price has risen to a stop: at market, or at a limit.
  ///
  ///     trading.buy(spx, 10, stop: 95)
  ///     trading.buy(spx, 10, stop: 95, limit: 96)
  ///
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func buy(
    _ instrument: InstrumentID, _ quantity: Double, stop: Double, limit: Double? = nil,
    timeInForce: Order.TimeInForce = .goodTilCancelled, stopLoss: Double? = nil,
    takeProfit: Double? = nil
  ) -> OrderID? {
    enter(
      Order(
        instrument, quantity: max(0, quantity), kind: .stopping(at: stop, limit: limit),
        timeInForce: timeInForce), stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Buys units once the price has fallen to a touch price: at market, or at a limit.
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func buy(
    _ instrument: InstrumentID, _ quantity: Double, touch: Double, limit: Double? = nil,
    timeInForce: Order.TimeInForce = .goodTilCancelled, stopLoss: Double? = nil,
    takeProfit: Double? = nil
  ) -> OrderID? {
    enter(
      Order(
        instrument, quantity: max(0, quantity), kind: .touching(at: touch, limit: limit),
        timeInForce: timeInForce), stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Buys units at market once the price has risen by a trail above its lowest.
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func buy(
    _ instrument: InstrumentID, _ quantity: Double, trail: Order.Trail,
    timeInForce: Order.TimeInForce = .goodTilCancelled
  ) -> OrderID? {
    submit(
      Order(
        instrument, quantity: max(0, quantity), kind: .trailingStop(trail),
        timeInForce: timeInForce))
  }

  /// Sells units at market, or at a limit; with a stop-loss or a take-profit as a bracket.
  ///
  ///     trading.sell(spx, 10)
  ///     trading.sell(spx, 10, limit: 106)
  ///
  /// - Parameters:
  ///   - instrument: what to sell.
  ///   - quantity: units, above 0.
  ///   - limit: the lowest price to take; `nil` is at market.
  ///   - timeInForce: how long the order lives.
  ///   - stopLoss: the price of a buy stop that belongs to the entry; `nil` is none.
  ///   - takeProfit: the price of a buy limit that belongs to the entry; `nil` is none.
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func sell(
    _ instrument: InstrumentID, _ quantity: Double, limit: Double? = nil,
    timeInForce: Order.TimeInForce = .goodTilCancelled, stopLoss: Double? = nil,
    takeProfit: Double? = nil
  ) -> OrderID? {
    enter(
      Order(
        instrument, quantity: -max(0, quantity), kind: limit.map { .limit($0) } ?? .market,
        timeInForce: timeInForce), stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Sells units once the price has fallen to a stop: at market, or at a limit.
  ///
  ///     trading.sell(spx, 10, stop: 95)
  ///     trading.sell(spx, 10, stop: 95, limit: 94)
  ///
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func sell(
    _ instrument: InstrumentID, _ quantity: Double, stop: Double, limit: Double? = nil,
    timeInForce: Order.TimeInForce = .goodTilCancelled, stopLoss: Double? = nil,
    takeProfit: Double? = nil
  ) -> OrderID? {
    enter(
      Order(
        instrument, quantity: -max(0, quantity), kind: .stopping(at: stop, limit: limit),
        timeInForce: timeInForce), stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Sells units once the price has risen to a touch price: at market, or at a limit.
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func sell(
    _ instrument: InstrumentID, _ quantity: Double, touch: Double, limit: Double? = nil,
    timeInForce: Order.TimeInForce = .goodTilCancelled, stopLoss: Double? = nil,
    takeProfit: Double? = nil
  ) -> OrderID? {
    enter(
      Order(
        instrument, quantity: -max(0, quantity), kind: .touching(at: touch, limit: limit),
        timeInForce: timeInForce), stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Sells units at market once the price has fallen by a trail below its highest.
  ///
  ///     trading.sell(spx, 10, trail: .percent(5))
  ///     trading.sell(spx, 10, trail: .amount(3 * atr))
  ///
  /// - Returns: the number of the order; `nil` during warm-up.
  @discardableResult
  public mutating func sell(
    _ instrument: InstrumentID, _ quantity: Double, trail: Order.Trail,
    timeInForce: Order.TimeInForce = .goodTilCancelled
  ) -> OrderID? {
    submit(
      Order(
        instrument, quantity: -max(0, quantity), kind: .trailingStop(trail),
        timeInForce: timeInForce))
  }

  /// Submits an entry, with exits where prices for them are given.
  private mutating func enter(
    _ entry: Order, stopLoss: Double?, takeProfit: Double?
  ) -> OrderID? {
    guard stopLoss != nil || takeProfit != nil else { return submit(entry) }
    var exits: [Order] = []
    for kind in [stopLoss.map(Order.Kind.stop), takeProfit.map(Order.Kind.limit)] {
      guard let kind else { continue }
      exits.append(Order(entry.instrument, quantity: -entry.quantity, kind: kind))
    }
    return submitBracket(entry, exits: exits).first
  }
}

extension TradingContext {
  /// Submits an entry together with exits for parts of it.
  ///
  /// As in a bracket, the exits wait until the entry fills and only close what it has opened. But
  /// where one of them fills, in part or whole, the others become smaller by as much as they exceed
  /// what is left, and only those with nothing left are cancelled.
  ///
  ///     trading.submitLadder(
  ///       Order(spx, quantity: 100),
  ///       exits: [
  ///         Order(spx, quantity: -100, kind: .stop(95)),
  ///         Order(spx, quantity: -50, kind: .limit(105)),
  ///         Order(spx, quantity: -50, kind: .limit(110)),
  ///       ])
  ///
  /// - Returns: the number of the entry, then those of the exits; none during warm-up.
  @discardableResult
  public mutating func submitLadder(_ entry: Order, exits: [Order]) -> [OrderID] {
    submitBracket(
      entry,
      exits: exits.map { exit in
        var exit = exit
        exit.reducesGroup = true
        return exit
      })
  }

  /// Submits an order, and others that wait until it has filled whole; they end with it where it
  /// ends otherwise.
  ///
  ///     trading.submitOneTriggersOther(
  ///       Order(spx, quantity: 100, kind: .limit(90)),
  ///       then: [Order(gold, quantity: -50)])
  ///
  /// What waits becomes live when the first has filled, and trades from the next price on.
  /// - Returns: the number of the first, then those of the others; none during warm-up.
  @discardableResult
  public mutating func submitOneTriggersOther(_ first: Order, then others: [Order]) -> [OrderID] {
    guard let parent = submit(first) else { return [] }
    return [parent]
      + others.compactMap { order in
        var order = order
        order.parent = parent
        return submit(order)
      }
  }

  /// Changes an order that waits: it keeps its number, and loses its priority unless it was only
  /// made smaller. Nothing happens when it is gone already.
  ///
  ///     trading.modify(stop, stop: 97)
  ///     trading.modify(entry, quantity: 50, limit: 95)
  ///
  /// An invalid change is refused whole, with a reason in the result's order events.
  /// - Parameters:
  ///   - order: its number.
  ///   - quantity: units in all, those filled already included, signed as the order.
  ///   - limit: the new limit price.
  ///   - stop: the new stop or touch price.
  ///   - trail: how far a trailing stop stays behind from now on.
  /// - Complexity: O(1) where the order does not grow.
  public mutating func modify(
    _ order: OrderID?, quantity: Double? = nil, limit: Double? = nil, stop: Double? = nil,
    trail: Order.Trail? = nil
  ) {
    guard let order, !isWarmingUp else { return }
    hasRequests = true
    requests.append(
      .modify(
        OrderChange(
          order: order, quantity: quantity ?? .nan, limit: limit ?? .nan, trigger: stop ?? .nan,
          trail: trail)))
  }

  /// Withdraws all orders of an instrument, or of all instruments.
  public mutating func cancelAll(_ instrument: InstrumentID? = nil) {
    guard !isWarmingUp else { return }
    hasRequests = true
    requests.append(.cancelAll(instrument))
  }

  /// Withdraws all orders of an instrument and trades its position to zero at market.
  public mutating func close(_ instrument: InstrumentID) {
    cancelAll(instrument)
    request(instrument, PositionTarget(.quantity, 0))
  }
}

extension Order.Kind {
  fileprivate static func stopping(at stop: Double, limit: Double?) -> Order.Kind {
    limit.map { .stopLimit(stop: stop, limit: $0) } ?? .stop(stop)
  }

  fileprivate static func touching(at touch: Double, limit: Double?) -> Order.Kind {
    limit.map { .limitIfTouched(touch: touch, limit: $0) } ?? .marketIfTouched(touch)
  }
}

import BacktestCore

// MARK: - Margin by rates (part 15)

/// What a contract asks for, in its own currency, whatever its price is.
struct SimulatedContractMargin: Sendable {
  var initialLong, initialShort, maintenanceLong, maintenanceShort: Double
}

/// The terms of an account, as plain values.
struct SimulatedTerms: Sendable {
  var margin: MarginRates?
  /// Of contracts whose margin is money per contract, by their numbers.
  var contractMargin: [Int: SimulatedContractMargin] = [:]
  var checksBars = false
  var debitRate = 0.0
  var creditRate = 0.0
  var borrowRate = 0.0
  var yearDays = 365.0
  var hasFinancing: Bool { debitRate > 0 || creditRate > 0 || borrowRate > 0 }
}

extension MarketSimulator {
  /// Whether what is bought is paid in full.
  var isCash: Bool { rules.leverage == nil && rules.terms.margin == nil }

  /// What one unit opened at a price asks of the account's power: its value, or its margin.
  func initial(_ instrument: Int, isLong: Bool, at price: Double) -> Double {
    if let amounts = rules.terms.contractMargin[instrument] {
      return (isLong ? amounts.initialLong : amounts.initialShort) * rate(instrument)
    }
    let value = price * unitMoney(instrument)
    guard let margin = rules.terms.margin else { return value }
    return value * (isLong ? margin.initialLong : margin.initialShort)
  }

  /// What holding the units of an instrument asks for.
  private func maintenance(_ i: Int, _ margin: MarginRates) -> Double {
    let (units, isLong) = (abs(quantities[i]), quantities[i] > 0)
    if let amounts = rules.terms.contractMargin[i] {
      return units * (isLong ? amounts.maintenanceLong : amounts.maintenanceShort) * rate(i)
    }
    return units * marks[i] * unitMoney(i)
      * (isLong ? margin.maintenanceLong : margin.maintenanceShort)
  }

  /// Equity x leverage - gross exposure (part 5); by rates, equity - initial requirement.
  var power: Double {
    if rules.terms.margin == nil { return equity * (rules.leverage ?? 1) - grossExposure }
    var power = equity
    for i in quantities.indices where quantities[i] != 0 {
      power -= abs(quantities[i]) * initial(i, isLong: quantities[i] > 0, at: marks[i])
    }
    return power
  }

  /// Below maintenance, positions are reduced: the largest maintenance first, by the fewest lots
  /// that restore it at the marks.
  mutating func checkMargin() {
    guard let margin = rules.terms.margin else { return }
    for index in orders.indices where orders[index].isLiquidation && !orders[index].hasEnded {
      end(index, .cancelled)
    }
    let requirements = quantities.indices.map { maintenance($0, margin) }
    let asked = requirements.reduce(0, +)
    guard equity > 0, asked - equity > asked * 1e-12 else { return }
    var left = Set(quantities.indices.filter { quantities[$0] != 0 })
    var missing = asked - equity
    while missing > asked * 1e-12, !left.isEmpty {
      let largest = left.map { requirements[$0] }.max()!
      let next = left.filter { requirements[$0] == largest }.min()!
      left.remove(next)
      guard largest > 0 else { break }
      let held = abs(quantities[next])
      var units = missing / largest * held
      if let lot = instruments[next].lotSize {
        units = (units / lot * (1 - 1e-12)).rounded(.up) * lot
      }
      units = min(units, held)
      missing -= units / held * largest
      liquidate(next, quantities[next] > 0 ? -units : units)
    }
  }

  private mutating func liquidate(_ instrument: Int, _ units: Double) {
    let order = register(Order(InstrumentID(instrument), quantity: units), group: 0)
    let index = order.number - 1
    tape.internalOrders.insert(index)
    orders[index].reduceOnly = true
    orders[index].isLiquidation = true
    if !remember(index) { return end(index, .rejected(.noHistory)) }
    // It does not travel.
    orders[index].liveAt = now
    orders[index].isLive = true
    step(index, "accepted")
  }
}

// MARK: - Session ends

extension MarketSimulator {
  /// The account's sessions: those of all calendars together, each until the last market closes.
  static func accountSessions(
    _ calendars: [any TradingCalendar], from first: CivilDate, count: Int
  ) -> [(date: CivilDate, end: Timestamp)] {
    (0..<count).compactMap { days in
      let date = first.adding(days: days)
      return calendars.compactMap { $0.session(on: date)?.close }.max().map { (date, $0) }
    }
  }

  /// Interest and fees for the days to the next session, then the margin check.
  mutating func endAccountSession() {
    guard now > baseTime, let place = sessions.firstIndex(where: { $0.end == now }),
      place + 1 < sessions.count
    else { return }
    let terms = rules.terms
    let days = sessions[place + 1].date.daysSinceEpoch - sessions[place].date.daysSinceEpoch
    let years = Double(days) / terms.yearDays
    settleContracts()
    // Nobody borrows a contract.
    let worths = quantities.indices.map {
      isContract($0) ? 0 : quantities[$0] * marks[$0] * instruments[$0].multiplier
    }
    // Interest on each balance as it was before any charge; a fee in the currency of its shares.
    var interests = [0.0]
    let accounts = [nil] + currencies.codes.map(Optional.some)
    for (place, code) in accounts.enumerated() {
      var short = 0.0
      for i in worths.indices where !rules.holdsCurrencies || instruments[i].currency == code {
        short += max(0, -worths[i]) * (rules.holdsCurrencies ? 1 : rate(i))
      }
      let balance = place == 0 ? home : currencies.balances[place - 1]
      interests.append(
        balance < 0
          ? balance * terms.debitRate * years
          : max(0, balance - short) * terms.creditRate * years)
    }
    interests.removeFirst()
    home += interests[0]
    for place in currencies.codes.indices where rules.holdsCurrencies {
      currencies.balances[place] += interests[place + 1]
    }
    for i in worths.indices {
      receive(-max(0, -worths[i]) * terms.borrowRate * years, of: i)
    }
    if !terms.checksBars { checkMargin() }
  }
}

// MARK: - Corporate actions (part 15)

/// An action as the simulator sees it: when, and what.
struct SimulatedAction {
  var time: Timestamp
  var instrument: Int
  var kind: CorporateAction.Kind
  var payTime: Timestamp?
}

extension MarketSimulator {
  /// The actions of a market with the opens of their sessions, in order.
  static func actions(of market: [BarSeries]) -> [SimulatedAction] {
    var found: [SimulatedAction] = []
    for (instrument, series) in market.enumerated() {
      let calendar = series.calendar ?? AlwaysOpenCalendar()
      func open(_ date: CivilDate) -> Timestamp {
        (0...31).compactMap { calendar.session(on: date.adding(days: $0))?.open }.first!
      }
      for action in series.actions {
        found.append(
          SimulatedAction(
            time: open(action.exDate), instrument: instrument, kind: action.kind,
            payTime: action.payDate.map(open)))
      }
    }
    return found
  }

  /// What happens to shares now, after the decision and before the open.
  mutating func act(before end: Timestamp) {
    guard now >= baseTime, now < end else { return }
    for payment in pending where payment.time <= now {
      receive(payment.amount, of: payment.instrument)
    }
    pending.removeAll { $0.time <= now }
    // In order of instruments, and of the list within one.
    for action in actions where action.time == now {
      switch action.kind {
      case .split(let ratio): split(action.instrument, by: ratio)
      case .dividend(let amount), .specialDividend(let amount):
        let instrument = action.instrument
        guard quantities[instrument] != 0 else { continue }
        let money = quantities[instrument] * amount * instruments[instrument].multiplier
        marks[instrument] -= amount
        if let time = action.payTime, time > now {
          pending.append((time, money, instrument))
        } else {
          receive(money, of: instrument)
        }
      case .delisting(let price), .cashMerger(let price):
        delist(action.instrument)
        close(action.instrument, at: price)
      case .shareMerger(let ratio, let symbol):
        exchange(action.instrument, ratio, symbol)
      case .symbolChange(let symbol): exchange(action.instrument, 1, symbol)
      case .roll(let symbol): roll(action.instrument, symbol)
      }
    }
  }

  /// The orders of the old contract are withdrawn; it is closed and the new one opened at the next
  /// opens, whatever the rule for market orders is.
  private mutating func roll(_ old: Int, _ symbol: String) {
    let held = quantities[old]
    for index in orders.indices where orders[index].instrument == old && !orders[index].hasEnded {
      orders[index].hasEnded = true
      note(index, .cancelled)
    }
    guard held != 0, let new = instruments.firstIndex(where: { $0.symbol == symbol }) else {
      return
    }
    liquidate(old, -held)
    liquidate(new, held)
    orders[orders.count - 1].isLiquidation = false
    orders[orders.count - 1].reduceOnly = false
    orders[orders.count - 1].isTriggered = true
    orders[orders.count - 1].kind = .marketOnOpen
  }

  private mutating func split(_ instrument: Int, by ratio: Double) {
    for index in orders.indices where orders[index].instrument == instrument {
      splitOrder(index, by: ratio)
    }
    splitHolding(instrument, by: ratio)
    defer { alignAfterSplit(instrument) }
    if case .quantity(let units) = standing[instrument] {
      standing[instrument] = .quantity(units * ratio)
    }
    guard quantities[instrument] != 0 else { return }
    let units = quantities[instrument] * ratio
    quantities[instrument] = floored(units, instrument)
    largest[instrument] *= ratio
    marks[instrument] /= ratio
    let fraction = units - quantities[instrument]
    if isNothing(abs(fraction), of: abs(units)) {
      quantities[instrument] = units
      return
    }
    let open = openingRow(instrument).map { bars[instrument][$0].open }
    receive(
      fraction * (open ?? marks[instrument]) * instruments[instrument].multiplier, of: instrument)
    if quantities[instrument] == 0 { largest[instrument] = 0 }
  }

  /// Units x ratio down to the lot, prices / ratio.
  private mutating func splitOrder(_ index: Int, by ratio: Double) {
    let left = floored(orders[index].remaining * ratio, orders[index].instrument)
    let paid = commissionOfFills(index)
    orders[index].filled *= ratio
    orders[index].wanted = orders[index].filled + left
    orders[index].meanVolume *= ratio
    orders[index].makerUnits *= ratio
    switch orders[index].kind {
    case .market: break
    case .limit(let price): orders[index].kind = .limit(price / ratio)
    case .stop(let price): orders[index].kind = .stop(price / ratio)
    case .marketIfTouched(let price): orders[index].kind = .marketIfTouched(price / ratio)
    case .stopLimit(let stop, let limit):
      orders[index].kind = .stopLimit(stop: stop / ratio, limit: limit / ratio)
    case .limitIfTouched(let touch, let limit):
      orders[index].kind = .limitIfTouched(touch: touch / ratio, limit: limit / ratio)
    case .stopIfTouched(let touch, let stop):
      orders[index].kind = .stopIfTouched(touch: touch / ratio, stop: stop / ratio)
    case .trailingStop(.amount(let amount)):
      orders[index].kind = .trailingStop(.amount(amount / ratio))
    case .trailingStop, .marketOnOpen, .marketOnClose: break
    }
    orders[index].best /= ratio
    if orders[index].fillCount > 0 {
      orders[index].commission += commissionOfFills(index) - paid
    }
    if !orders[index].hasEnded, left == 0 { end(index, .rejected(.noQuantity)) }
  }

  private mutating func delist(_ instrument: Int) {
    delisted.insert(instrument)
    for index in orders.indices
    where orders[index].instrument == instrument && !orders[index].hasEnded {
      end(index, .delisted)
    }
  }

  /// A fill without costs, which the rules make.
  private mutating func fill(_ instrument: Int, _ units: Double, at price: Double) {
    let order = register(Order(InstrumentID(instrument), quantity: units), group: 0)
    tape.internalOrders.insert(order.number - 1)
    book(
      abs(units), order.number - 1, max(0, lastRows[instrument]), price, isIntrabar: false,
      isCut: false, isCostless: true)
  }

  private mutating func close(_ instrument: Int, at price: Double) {
    guard quantities[instrument] != 0 else { return }
    fill(instrument, -quantities[instrument], at: price)
  }

  private mutating func exchange(_ old: Int, _ ratio: Double, _ symbol: String) {
    guard let new = instruments.firstIndex(where: { $0.symbol == symbol }) else { return }
    delist(old)
    let (held, mark) = (quantities[old], marks[old])
    guard held != 0 else { return }
    close(old, at: mark)
    let units = floored(held * ratio, new)
    guard units != 0 else { return }
    fill(new, units, at: mark * unitMoney(old) / ratio / unitMoney(new))
    if lastRows[new] >= 0 { marks[new] = bars[new][lastRows[new]].close }
  }
}

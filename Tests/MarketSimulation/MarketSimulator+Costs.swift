import BacktestCore
import Glibc

// MARK: - What a trade costs (part 6)

/// What trading costs, as plain values.
struct SimulatedCosts: Sendable {
  var slippage = Slippage.none
  var commission = Commission.none
  var taxes: [Tax] = []

  enum Slippage: Sendable {
    case none
    case basisPoints(Double)
    case halfSpread(Double)
    /// Half of a spread in basis points of the price.
    case relativeSpread(Double)
    case rangeShare(Double)
    case corwinSchultz(Double)
    /// A multiple of half of the spread that was quoted last.
    case quotedSpread(Double)
    case volumeShare(Double)
    case squareRoot(Double)
    case almgren(days: Double, outstanding: Double, gamma: Double, eta: Double)
  }

  enum Commission: Sendable {
    case none
    case basisPoints(Double)
    case perShare(Double, minimum: Double, maximumPercent: Double? = nil)
    case perOrder(Double)
    case perContract(Double, exchange: Double)
    case makerTaker(maker: Double, taker: Double)
    /// Money per unit by the units of the month.
    case unitTiers([(from: Double, rate: Double)], minimum: Double)
    /// Basis points by the money of the month, for takers and makers.
    case moneyTiers([(from: Double, taker: Double, maker: Double)])
  }

  enum Tax: Sendable {
    case onPurchases(basisPoints: Double)
    case onSales(basisPoints: Double)
    case perUnitSold(Double, most: Double)
  }
}

/// What was traded in a month under one commission.
struct SimulatedMonth {
  var units = 0.0
  var money = 0.0
}

extension MarketSimulator {
  /// The costs of an instrument: its own or those of all.
  func costs(_ instrument: Int) -> SimulatedCosts {
    rules.costsOf[instrument] ?? rules.costs
  }

  /// What has been traded this month before an order, by those that share its commission.
  func monthBefore(_ instrument: Int) -> SimulatedMonth {
    var month = SimulatedMonth()
    let date = now.utcDate
    func scope(_ instrument: Int) -> Int { rules.costsOf[instrument] == nil ? -1 : instrument }
    for fill in tape.fills
    where !fill.isCostless && scope(fill.instrument) == scope(instrument) {
      let day = fill.time.utcDate
      guard day.year == date.year, day.month == date.month else { continue }
      month.units += abs(fill.quantity)
      month.money += abs(fill.quantity) * fill.price * fill.unit
    }
    return month
  }

  /// Slippage as a fraction of the price.
  func slippageFraction(
    of units: Double, _ order: SimulatedOrder, _ row: Int, _ reference: Double
  ) -> Double {
    let bar = bars[order.instrument][row]
    switch costs(order.instrument).slippage {
    case .none: return 0
    case .basisPoints(let points): return points / 10_000
    case .halfSpread(let spread): return spread / 2 / reference
    case .relativeSpread(let points): return points / 20_000
    case .rangeShare(let share): return share * (bar.high - bar.low) / reference
    case .corwinSchultz(let multiple): return multiple * order.spread / 2
    case .quotedSpread(let multiple): return multiple * order.spread / 2 / reference
    case .volumeShare(let impact):
      guard hasVolume[order.instrument] else { return 0 }
      let share = (taken[order.instrument][row] + units) / bar.volume
      return impact * share * share
    case .squareRoot(let impact):
      return impact * order.deviation * (units / order.meanVolume).squareRoot()
    case .almgren(let days, let outstanding, let gamma, let eta):
      let perSession = barsPerSession[order.instrument]
      let sigma = order.deviation * perSession.squareRoot()
      let volume = order.meanVolume * perSession
      // The order pays the mean of where its earlier fills have left the price and where this one
      // leaves it.
      let before = gamma * sigma * abs(order.filled) / volume * power(outstanding / volume, 1, 4)
      let after =
        gamma * sigma * (abs(order.filled) + units) / volume * power(outstanding / volume, 1, 4)
      return (before + after) / 2 + eta * sigma * power(units / volume / days, 3, 5)
    }
  }

  /// x to the power of a fraction, as the root that a power has, by halving.
  private func power(_ x: Double, _ numerator: Int, _ root: Int) -> Double {
    func whole(_ y: Double, _ n: Int) -> Double { (0..<n).reduce(1.0) { z, _ in z * y } }
    let goal = whole(x, numerator)
    var (least, most) = (0.0, max(1, goal))
    for _ in 0..<300 {
      let middle = (least + most) / 2
      if whole(middle, root) <= goal { least = middle } else { most = middle }
    }
    return least
  }

  /// The commission that a fill adds to what its order has paid.
  func commission(
    of units: Double, _ index: Int, _ price: Double, isIntrabar: Bool
  ) -> Double {
    let order = orders[index]
    let money = units * price * unitMoney(order.instrument)
    var (makerUnits, makerMoney) = (order.makerUnits, order.makerMoney)
    if isIntrabar, rests(order) {
      makerUnits += units
      makerMoney += money
    }
    let month = order.fillCount == 0 ? monthBefore(order.instrument) : order.month
    let total = total(
      costs(order.instrument).commission, units: abs(order.filled) + units,
      money: order.notional + money, makerUnits: makerUnits, makerMoney: makerMoney, month: month)
    return total - order.commission
  }

  /// Whether an order trades at its limit, not where its trigger was reached.
  func rests(_ order: SimulatedOrder) -> Bool { order.kind.limitPrice != nil && !order.isTaking }

  /// What all that an order has traded costs, after a split by its units of now.
  func commissionOfFills(_ index: Int) -> Double {
    let order = orders[index]
    guard order.fillCount > 0 else { return 0 }
    return total(
      costs(order.instrument).commission, units: abs(order.filled), money: order.notional,
      makerUnits: order.makerUnits, makerMoney: order.makerMoney, month: order.month)
  }

  private func total(
    _ commission: SimulatedCosts.Commission, units: Double, money: Double, makerUnits: Double,
    makerMoney: Double, month: SimulatedMonth
  ) -> Double {
    switch commission {
    case .none: return 0
    case .basisPoints(let points): return money * points / 10_000
    case .perShare(let amount, let minimum, let maximumPercent):
      return min(
        max(units * amount, minimum), maximumPercent.map { money * $0 / 100 } ?? .infinity)
    case .perOrder(let amount): return amount
    case .perContract(let amount, let exchange): return units * amount + units * exchange
    case .makerTaker(let maker, let taker):
      return makerMoney * maker / 10_000 + (money - makerMoney) * taker / 10_000
    case .unitTiers(let tiers, let minimum):
      let rates = tiers.map { ($0.from, $0.rate) }
      return max(
        charge(rates, upTo: month.units + units) - charge(rates, upTo: month.units), minimum)
    case .moneyTiers(let tiers):
      let (takers, makers) = (tiers.map { ($0.from, $0.taker) }, tiers.map { ($0.from, $0.maker) })
      let taker =
        charge(takers, upTo: month.money + money) - charge(takers, upTo: month.money)
      let maker =
        charge(makers, upTo: month.money + money) - charge(makers, upTo: month.money)
      let share = money > 0 ? makerMoney / money : 0
      return (taker * (1 - share) + maker * share) / 10_000
    }
  }

  /// What a volume costs from nothing on.
  private func charge(_ tiers: [(from: Double, rate: Double)], upTo volume: Double) -> Double {
    var sum = 0.0
    for (place, tier) in tiers.enumerated() where volume > tier.from {
      let end = place + 1 < tiers.count ? tiers[place + 1].from : volume
      sum += tier.rate * (min(end, volume) - tier.from)
    }
    return sum
  }

  /// The tax that a fill adds to what its order has paid.
  func tax(of units: Double, _ index: Int, _ price: Double) -> Double {
    let order = orders[index]
    let money = units * price * unitMoney(order.instrument)
    var sum = 0.0
    for tax in costs(order.instrument).taxes {
      switch tax {
      case .onPurchases(let points) where order.isBuy: sum += money * points / 10_000
      case .onSales(let points) where !order.isBuy: sum += money * points / 10_000
      case .perUnitSold(let amount, let most) where !order.isBuy:
        let before = min(abs(order.filled) * amount, most)
        sum += min((abs(order.filled) + units) * amount, most) - before
      default: break
      }
    }
    return sum
  }
}

// MARK: - What is known when an order becomes live

extension MarketSimulator {
  /// Whether what the slippage of an order asks of the past is known; remembers it.
  mutating func remember(_ index: Int) -> Bool {
    let instrument = orders[index].instrument
    switch costs(instrument).slippage {
    case .squareRoot, .almgren:
      (orders[index].deviation, orders[index].meanVolume) = history(instrument)
      return !orders[index].deviation.isNaN && !orders[index].meanVolume.isNaN
    case .corwinSchultz:
      guard let spread = spread(instrument) else { return false }
      orders[index].spread = spread
      return true
    case .quotedSpread:
      guard let quote = quotes[instrument]!.last(where: { $0.time <= now }) else { return false }
      orders[index].spread = quote.spread
      return true
    default: return true
    }
  }

  /// The mean spread of the last 20 pairs of bars (Corwin and Schultz, 2012, equations 14 and 18,
  /// with the adjustment for gaps of their section II.C).
  private func spread(_ instrument: Int) -> Double? {
    let last = lastRows[instrument]
    guard last >= 20 else { return nil }
    let rows = bars[instrument]
    let spreads = (last - 19...last).map { row -> Double in
      var (first, second) = (rows[row - 1], rows[row])
      // In units of the last bar.
      first.high /= units(instrument, row - 1)
      first.low /= units(instrument, row - 1)
      first.close /= units(instrument, row - 1)
      second.high /= units(instrument, row)
      second.low /= units(instrument, row)
      var gap = 0.0
      if second.low > first.close { gap = first.close - second.low }
      if second.high < first.close { gap = first.close - second.high }
      second.high += gap
      second.low += gap
      let beta = square(log(first.high / first.low)) + square(log(second.high / second.low))
      let gamma = square(log(max(first.high, second.high) / min(first.low, second.low)))
      let k = 3 - 8.0.squareRoot()
      let alpha = (2.0.squareRoot() - 1) * beta.squareRoot() / k - (gamma / k).squareRoot()
      return max(0, 2 * (exp(alpha) - 1) / (exp(alpha) + 1))
    }
    return spreads.reduce(0, +) / 20
  }

  private func square(_ x: Double) -> Double { x * x }
}

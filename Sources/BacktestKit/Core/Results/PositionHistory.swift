/// What is held of an instrument after a fill or an action changed it, valued at the price of that
/// moment, by both ways to say what was paid for what is left.
///
/// Average cost gives every unit the mean price of all. First in, first out sells the oldest units
/// first. They split the same total differently into what is realised and what is not.
public struct PositionRecord: Hashable, Sendable, BitwiseCopyable {
  /// When it changed.
  public var time: Timestamp
  /// What is held.
  public var instrument: InstrumentID
  /// Units held after the change, negative for short.
  public var quantity: Double
  /// The reference price of the fill; after an action the price that follows from it.
  public var mark: Double
  /// Quantity x mark x multiplier, in the currency of the instrument, as all money here.
  public var value: Double
  /// Account currency for one unit of that currency.
  public var rate = 1.0
  /// By average cost.
  public var averageCost: Basis
  /// First in, first out.
  public var firstInFirstOut: Basis

  /// What was paid, and what came of it; slippage included, commission not.
  public struct Basis: Hashable, Sendable, BitwiseCopyable {
    /// The mean price of the units that are left; 0 when flat.
    public var price = 0.0
    /// Profit of all units sold so far.
    public var realized = 0.0
    /// Profit at the mark of the units that are left.
    public var unrealized = 0.0
  }
}

extension BacktestResult {
  /// What was held of each instrument after every fill and every action, in order of time.
  ///
  /// Where positions of a fold end at their marks, the next fold begins flat and no fill says so:
  /// there is no history then, and the list is empty.
  public var positionHistory: [PositionRecord] {
    guard configuration.accounting.placesOrders, !trades.contains(where: \.isMarked) else {
      return []
    }
    var books = universe.series.map { LotBook(multiplier: $0.instrument.multiplier) }
    var records: [PositionRecord] = []
    records.reserveCapacity(fills.count + actions.count)
    var pending = actions[...]
    for (index, fill) in fills.enumerated() {
      while let action = pending.first, action.fillsBefore <= index {
        records += books.apply(action)
        pending.removeFirst()
      }
      let instrument = Int(fill.instrument.index)
      books[instrument].trade(fill.quantity, at: fill.price)
      var record = books[instrument].record(fill.time, fill.instrument, mark: fill.reference)
      if !conversions.isEmpty { record.rate = conversions[index].rate }
      records.append(record)
    }
    for action in pending { records += books.apply(action) }
    return records
  }
}

extension [LotBook] {
  fileprivate mutating func apply(_ action: AppliedAction) -> [PositionRecord] {
    guard case .split(let ratio) = action.action.kind, action.quantityBefore != 0 else { return [] }
    let index = Int(action.instrument.index)
    let mark = self[index].split(
      by: ratio, to: action.quantityAfter, for: action.amount / action.rate)
    var record = self[index].record(action.time, action.instrument, mark: mark)
    record.rate = action.rate
    return [record]
  }
}

/// The units of one instrument by the prices at which they came in.
struct LotBook {
  private var lots: [(quantity: Double, price: Double)] = []
  /// Lots before it are used up.
  private var first = 0
  private var quantity = 0.0
  private var averagePrice = 0.0
  private var lastPrice = 0.0
  private var realizedAverage = 0.0
  private var realizedFirstIn = 0.0
  private let multiplier: Double

  init(multiplier: Double) { self.multiplier = multiplier }

  /// Takes in a trade: first what it closes, then what it opens.
  mutating func trade(_ units: Double, at price: Double) {
    lastPrice = price
    var left = units
    if quantity != 0, (units > 0) != (quantity > 0) {
      let closed = abs(units) < abs(quantity) ? -units : quantity
      close(closed, at: price)
      left += closed
      // What rounding leaves of a position is none.
      if abs(quantity) <= abs(closed) * 1e-12 { clear() }
      if abs(left) <= abs(units) * 1e-12 { left = 0 }
    }
    guard left != 0 else { return }
    averagePrice = (averagePrice * quantity + price * left) / (quantity + left)
    quantity += left
    lots.append((left, price))
  }

  /// Sells units, signed as the position, the oldest lots first.
  private mutating func close(_ units: Double, at price: Double) {
    realizedAverage += units * (price - averagePrice) * multiplier
    quantity -= units
    var left = units
    while first < lots.count, left != 0 {
      let taken = abs(lots[first].quantity) <= abs(left) ? lots[first].quantity : left
      realizedFirstIn += taken * (price - lots[first].price) * multiplier
      lots[first].quantity -= taken
      left -= taken
      if lots[first].quantity == 0 { first += 1 }
    }
  }

  private mutating func clear() {
    quantity = 0
    averagePrice = 0
    lots.removeAll(keepingCapacity: true)
    first = 0
  }

  /// Each unit becomes so many; what does not make a lot is paid out. Returns the price after it.
  mutating func split(by ratio: Double, to units: Double, for amount: Double) -> Double {
    quantity *= ratio
    averagePrice /= ratio
    lastPrice /= ratio
    for index in lots.indices {
      lots[index].quantity *= ratio
      lots[index].price /= ratio
    }
    let fraction = quantity - units
    if abs(fraction) > abs(quantity) * 1e-12 {
      lastPrice = amount / (fraction * multiplier)
      close(fraction, at: lastPrice)
      if units == 0 { clear() }
    }
    return lastPrice
  }

  func record(_ time: Timestamp, _ instrument: InstrumentID, mark: Double) -> PositionRecord {
    let cost = lots[first...].reduce(0) { $0 + $1.quantity * $1.price }
    let firstInPrice = quantity == 0 ? 0 : cost / quantity
    return PositionRecord(
      time: time, instrument: instrument, quantity: quantity, mark: mark,
      value: quantity * mark * multiplier,
      averageCost: PositionRecord.Basis(
        price: averagePrice, realized: realizedAverage,
        unrealized: quantity * (mark - averagePrice) * multiplier),
      firstInFirstOut: PositionRecord.Basis(
        price: firstInPrice, realized: realizedFirstIn,
        unrealized: quantity * (mark - firstInPrice) * multiplier))
  }
}

/// Cash and the signed value of all positions at the points of an equity curve.
public struct CashCurve: Sendable {
  /// Cash at each point, in account currency.
  public var cash: [Double]
  /// The sum of the signed values of positions at each point: equity less cash and less dividends
  /// that are booked and not paid yet.
  public var netExposure: [Double]
}

extension BacktestResult {
  /// Cash and net exposure at each point of the curve, worked out from the ledger; `nil` under
  /// weights accounting, where cash is equity.
  public var cashCurve: CashCurve? {
    guard configuration.accounting.placesOrders else { return nil }
    let entries = ledger
    let (universe, currency) = (universe, configuration.account.currency)
    let inside = Set(fills.lazy.filter(\.isIntrabar).map { FillPlace($0.order, $0.time) })
    // Where the ledger does not begin with a deposit, cash was there before.
    let isWhole = entries.first?.kind == .deposit
    var cash = MoneyByCurrency(universe, currency: currency, separates: account.holdsBalances)
    if !isWhole { cash.start(from: account.balances, less: entries) }
    // What contracts are in the books with, as if their price had been paid.
    var notional = MoneyByCurrency(universe, currency: currency, separates: true)
    let trades = contractTrades
    if !isWhole { notional.start(of: account, after: trades, settled: entries) }
    var trade = trades.startIndex
    var booked = MoneyByCurrency(universe, currency: currency, separates: true)
    var (entry, action) = (0, 0)
    var curve = CashCurve(cash: [], netExposure: [])
    curve.cash.reserveCapacity(curveRows.count)
    curve.netExposure.reserveCapacity(curveRows.count)
    for row in curveRows {
      let time = self.curve.times[row]
      while entry < entries.count,
        entries[entry].isBefore(pointAt: time, isBase: row == 0, inside: inside)
      {
        cash.add(entries[entry])
        if entries[entry].kind == .settlement { notional.add(entries[entry], times: -1) }
        if entries[entry].kind == .dividend { booked.add(entries[entry], times: -1) }
        entry += 1
      }
      while trade < trades.endIndex,
        trades[trade].isBefore(pointAt: time, isBase: row == 0, inside: inside)
      {
        notional.add(trades[trade])
        trade += 1
      }
      while action < actions.count, actions[action].time < time {
        if actions[action].isDividend { booked.add(actions[action]) }
        action += 1
      }
      let money = cash.value(at: time)
      curve.cash.append(money)
      let (equity, contracts) = (self.curve.equity[row], notional.value(at: time))
      let exposure = equity - money - contracts - booked.value(at: time)
      // Where nothing is held, what is left is the rounding of sums.
      let isRounding = abs(exposure) <= 1e-14 * (abs(equity) + abs(money) + abs(contracts))
      curve.netExposure.append(isRounding ? 0 : exposure)
    }
    return curve
  }

  /// The movements of cash, each with the first point of the curve that shows it; what comes after
  /// the last point is shown by that.
  package var ledgerByPoint: [(entry: LedgerEntry, point: Int)] {
    let inside = Set(fills.lazy.filter(\.isIntrabar).map { FillPlace($0.order, $0.time) })
    var row = 0
    return ledger.map { entry in
      while row + 1 < curve.times.count,
        !entry.isBefore(pointAt: curve.times[row], isBase: row == 0, inside: inside)
      {
        row += 1
      }
      return (entry, row)
    }
  }

  /// The notional of trades in contracts, as if it had been paid.
  private var contractTrades: [LedgerEntry] {
    let currencies = universe.foreignCurrencies(beside: configuration.account.currency)
    return fills.enumerated().compactMap { index, fill in
      let place = Int(fill.instrument.index)
      let instrument = universe.series[place].instrument
      guard !instrument.assetClass.paysNotional else { return nil }
      let rate = conversions.isEmpty ? 1 : conversions[index].rate
      return LedgerEntry(
        time: fill.time, kind: .trade,
        amount: -fill.quantity * fill.price * instrument.multiplier * rate,
        instrument: fill.instrument, order: fill.order, currency: currencies[place], rate: rate)
    }
  }

  private var curveRows: Range<Int> { 0..<curve.times.count }
}

/// One fill among those of its order.
private struct FillPlace: Hashable {
  var order: OrderID
  var time: Timestamp

  init(_ order: OrderID, _ time: Timestamp) {
    self.order = order
    self.time = time
  }
}

extension AppliedAction {
  /// Whether it paid, or cost, a dividend.
  package var isDividend: Bool {
    switch action.kind {
    case .dividend, .specialDividend: true
    default: false
    }
  }
}

extension LedgerEntry {
  /// Whether it came before the equity point of an instant: what happens to shares and fills at
  /// opens come after it, and the base point comes before everything but the deposit.
  fileprivate func isBefore(
    pointAt point: Timestamp, isBase: Bool, inside: Set<FillPlace>
  ) -> Bool {
    if time != point { return time < point }
    switch kind {
    case .deposit, .deficitWrittenOff: return true
    case .dividend, .cashInLieu: return false
    default:
      if isBase { return false }
      return order.map { inside.contains(FillPlace($0, time)) } ?? true
    }
  }
}

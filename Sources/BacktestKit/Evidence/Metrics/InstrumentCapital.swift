import BacktestCore

/// What each instrument of a run earned in a period, and how much was at work in it.
struct InstrumentCapital {
  /// Profit of each instrument, all its costs and payments included, over equity at the start.
  var contributions: [Double]
  /// Capital at work in each instrument over equity at the start, negative for short positions.
  var weights: [Double]
  /// Equity at the end over equity at the start, less one.
  var totalReturn: Double
}

/// A period between two points of an equity curve.
struct CapitalSpan {
  /// The days, the first and the last of which belong to it.
  var dates: ClosedRange<CivilDate>
  /// The point at which it starts: the last one before its first day.
  var start: Int
  /// The last point of each of its days.
  var days: [Int]

  /// The point at which it ends.
  var end: Int { days[days.count - 1] }
}

/// Follows the positions of a run from period to period.
///
/// The capital at work in an instrument is what its position was worth at the start of the period;
/// what is bought later adds its price from its day on, and a sale takes the sold share of the
/// capital away from the next day on. A day counts with the most that was at work in it, and the
/// period with the mean of its days. So a position that only rests has its weight at the start, and
/// one that is bought on the first day the weight at which it was bought.
struct CapitalBooks {
  private let result: BacktestResult
  private let changes: [Change]
  private let ledger: [(entry: LedgerEntry, point: Int)]
  private var holdings: [Holding]
  private var nextChange = 0
  private var nextEntry = 0
  private var nextDividend = 0
  private let dividends: [(amount: Double, instrument: Int, point: Int)]

  /// The positions of a run; `nil` where they are not known in the account's currency: under
  /// weights accounting, with several currencies, and where positions of folds end at their marks.
  init?(_ result: BacktestResult) {
    guard result.configuration.accounting.placesOrders, result.conversions.isEmpty,
      !result.trades.contains(where: \.isMarked)
    else { return nil }
    self.result = result
    ledger = result.ledgerByPoint
    holdings = result.universe.series.map { Holding(series: $0) }
    var points = PointSearch(times: result.curve.times)
    var found: [Change] = []
    var pending = result.actions[...]
    func split(_ applied: AppliedAction) {
      guard case .split(let ratio) = applied.action.kind, applied.quantityBefore != 0
      else { return }
      found.append(
        Change(
          point: points.point(after: applied.time, isAtClose: false), time: applied.time,
          instrument: Int(applied.instrument.index),
          what: .split(ratio, to: applied.quantityAfter)))
    }
    for (index, fill) in result.fills.enumerated() {
      while let action = pending.first, action.fillsBefore <= index {
        split(action)
        pending.removeFirst()
      }
      found.append(
        Change(
          point: points.point(after: fill.time, isAtClose: fill.isIntrabar), time: fill.time,
          instrument: Int(fill.instrument.index),
          what: .trade(fill.quantity, price: fill.price, mark: fill.reference)))
    }
    for action in pending { split(action) }
    changes = found
    points = PointSearch(times: result.curve.times)
    dividends = result.actions.filter(\.isDividend).map { applied in
      (
        applied.amount, Int(applied.instrument.index),
        points.point(after: applied.time, isAtClose: false)
      )
    }
  }

  /// What the instruments earned in a period, which comes after those asked for before; `nil` where
  /// no equity was left at its start.
  mutating func advance(through span: CapitalSpan) -> InstrumentCapital? {
    apply(through: span.start)
    let before = result.curve.equity[span.start]
    guard before > 0 else { return nil }
    var profits = [Double](repeating: 0, count: holdings.count)
    _ = moneyMoved(through: span.start)
    for index in holdings.indices {
      let value = holdings[index].value(at: result.curve.times[span.start])
      holdings[index].start(with: value)
      if holdings[index].paysNotional { profits[index] -= value }
    }
    for day in span.days {
      apply(through: day)
      for index in holdings.indices { holdings[index].endDay() }
    }
    for (instrument, amount) in moneyMoved(through: span.end) { profits[instrument] += amount }
    for index in holdings.indices where holdings[index].paysNotional {
      profits[index] += holdings[index].value(at: result.curve.times[span.end])
    }
    return InstrumentCapital(
      contributions: profits.map { $0 / before },
      weights: holdings.map { $0.daySum / Double(span.days.count) / before },
      totalReturn: result.curve.equity[span.end] / before - 1)
  }

  private mutating func apply(through point: Int) {
    while nextChange < changes.count, changes[nextChange].point <= point {
      holdings[changes[nextChange].instrument].apply(changes[nextChange])
      nextChange += 1
    }
  }

  /// The money that instruments brought or cost since the last call. A dividend counts from its
  /// ex-date on, as equity counts it, not from its payment.
  private mutating func moneyMoved(through point: Int) -> [(instrument: Int, amount: Double)] {
    var moved: [(instrument: Int, amount: Double)] = []
    while nextEntry < ledger.count, ledger[nextEntry].point <= point {
      let entry = ledger[nextEntry].entry
      if entry.kind != .dividend, entry.kind != .deposit, let instrument = entry.instrument {
        moved.append((Int(instrument.index), entry.amount))
      }
      nextEntry += 1
    }
    while nextDividend < dividends.count, dividends[nextDividend].point <= point {
      moved.append((dividends[nextDividend].instrument, dividends[nextDividend].amount))
      nextDividend += 1
    }
    return moved
  }
}

/// A change of a position, and the first point of the curve that shows it.
private struct Change {
  enum What {
    case trade(_ units: Double, price: Double, mark: Double)
    case split(_ ratio: Double, to: Double)
  }

  var point: Int
  var time: Timestamp
  var instrument: Int
  var what: What
}

/// Finds points of a curve for times that do not descend.
private struct PointSearch {
  let times: Column<Timestamp>
  private var row = 1

  init(times: Column<Timestamp>) { self.times = times }

  /// The first point that shows what happened at a time: the point of that time where it happened
  /// at a close, else the next one. The base point shows nothing.
  mutating func point(after time: Timestamp, isAtClose: Bool) -> Int {
    while row < times.count, times[row] < time { row += 1 }
    let isLater = row < times.count && times[row] == time && !isAtClose
    return min(row + (isLater ? 1 : 0), times.count - 1)
  }
}

/// A position while it is followed.
private struct Holding {
  let series: BarSeries
  private var quantity = 0.0
  private var mark = 0.0
  private var markTime: Timestamp?
  private var row = -1
  private var capital = 0.0
  /// The most that was at work in the day so far.
  private var most = 0.0
  /// The sum of that over the days of the period.
  private(set) var daySum = 0.0

  init(series: BarSeries) { self.series = series }

  var paysNotional: Bool { series.instrument.assetClass.paysNotional }

  /// The value at a point, at the last close, or at a later fill or split.
  mutating func value(at time: Timestamp) -> Double {
    while row + 1 < series.count, series.closeTimes[row + 1] <= time { row += 1 }
    guard quantity != 0 else { return 0 }
    var price = mark
    if row >= 0, markTime.map({ $0 <= series.closeTimes[row] }) ?? true {
      price = series.close[row]
    }
    return quantity * price * series.instrument.multiplier
  }

  mutating func start(with value: Double) {
    (capital, most, daySum) = (value, value, 0)
  }

  mutating func endDay() {
    daySum += most
    most = capital
  }

  mutating func apply(_ change: Change) {
    markTime = change.time
    switch change.what {
    case .split(let ratio, let units):
      mark /= ratio
      quantity = units
      if units == 0 { capital = 0 }
    case .trade(let units, let price, let mark):
      self.mark = mark
      trade(units, at: price)
    }
  }

  private mutating func trade(_ units: Double, at price: Double) {
    var opened = units
    if quantity != 0, (units > 0) != (quantity > 0) {
      // What rounding leaves of a position is none.
      let isWhole = abs(units) >= abs(quantity) * (1 - 1e-12)
      capital = isWhole ? 0 : capital * (1 + units / quantity)
      opened = isWhole ? units + quantity : 0
      quantity = isWhole ? 0 : quantity + units
      if abs(opened) <= abs(units) * 1e-12 { opened = 0 }
      // A position that turns round counts as the new one.
      if isWhole, opened != 0 { most = 0 }
    }
    quantity += opened
    capital += opened * price * series.instrument.multiplier
    if abs(capital) > abs(most) { most = capital }
  }
}

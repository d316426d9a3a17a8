internal import Glibc

/// The bars of one instrument on their way through a change: each as logarithms of its prices over
/// the price before them, so that what follows a changed bar follows its new close.
struct StressedWindow {
  let series: BarSeries
  /// The rows in the time of the change.
  let rows: Range<Int>
  /// Whether each row of the series stays.
  private var isKept: [Bool]
  /// The logarithm by which each row is shifted against the row before; nothing elsewhere.
  private var shifts: [Int: Double] = [:]
  /// The multiple of the logarithms of a row.
  private var multiple = 1.0

  init(_ series: BarSeries, _ stress: MarketStress) throws(MarketError) {
    self.series = series
    rows = series.rowRange(from: stress.from, to: stress.through)
    isKept = Array(repeating: true, count: series.count)
    switch stress.change {
    case .missingBars, .halt: break
    default:
      for row in 0..<series.count where !(series.low[row] > 0) {
        throw MarketError(
          symbol: series.instrument.symbol, row: row,
          "has a price that is not above zero, which cannot be changed by a factor")
      }
    }
  }

  /// Changes the instrument by itself.
  mutating func apply(
    _ change: MarketStress.Change, _ random: inout Randomness
  ) throws(MarketError) {
    guard !rows.isEmpty else { return }
    switch change {
    case .shock(let size):
      let shift = log(1 + size)
      shifts[rows.lowerBound, default: 0] += shift
      if rows.upperBound < series.count { shifts[rows.upperBound, default: 0] -= shift }
    case .volatility(let multiple): scaleReturns(multiple)
    case .gaps(let count, let size):
      // The first bar of a series has no open that could lie away from a close.
      let places = max(rows.lowerBound, 1)..<max(rows.upperBound, 1)
      guard count <= places.count else {
        throw MarketError(
          symbol: series.instrument.symbol,
          "\(count) gaps do not fit between \(places.count + 1) bars; ask for fewer")
      }
      for place in random.sample(count, from: places.count) {
        let isFall = size < 0 || random.nextUnit() < 0.5
        shifts[places.lowerBound + place] = log(1 + (isFall ? -abs(size) : abs(size)))
      }
    case .missingBars(let share):
      for row in rows where random.nextUnit() < share { isKept[row] = false }
    case .halt: for row in rows { isKept[row] = false }
    case .correlation: break
    }
  }

  /// The close before a row in the row's units, which a split may have changed.
  private func closeBefore(_ row: Int) -> Double {
    series.close[row - 1] * series[row - 1].scale / series[row].scale
  }

  /// The logarithmic return of a row from close to close.
  private func closeReturn(_ row: Int) -> Double { log(series.close[row] / closeBefore(row)) }

  /// The rows of the window that have a return.
  private var returnRows: Range<Int> {
    max(rows.lowerBound, 1)..<max(rows.upperBound, 1)
  }

  /// The mean of the returns is kept: what they deviate from it is multiplied.
  private mutating func scaleReturns(_ multiple: Double) {
    let count = returnRows.count
    guard count > 0 else { return }
    let mean = returnRows.reduce(0) { $0 + closeReturn($1) } / Double(count)
    self.multiple = multiple
    for row in returnRows { shifts[row] = (1 - multiple) * mean }
  }

  /// Moves the returns of several instruments toward their common mean at the closes that all have.
  static func correlate(
    _ windows: inout [StressedWindow], weight: Double
  ) throws(MarketError) {
    guard windows.count > 1 else {
      throw MarketError("a correlation needs at least two instruments")
    }
    var common = Set(windows[0].returnRows.map { windows[0].series.closeTimes[$0] })
    for window in windows.dropFirst() {
      common.formIntersection(window.returnRows.map { window.series.closeTimes[$0] })
    }
    let scores = windows.map { window in
      StandardScores(
        window.returnRows.filter { common.contains(window.series.closeTimes[$0]) }.map {
          (row: $0, value: window.closeReturn($0))
        })
    }
    guard common.count > 2 else {
      throw MarketError("a correlation needs at least three closes that all instruments have")
    }
    let moving = scores.indices.filter { scores[$0].deviation > 0 }
    guard moving.count > 1 else { return }
    let factor = StandardScores(
      (0..<common.count).map { place in
        (row: place, value: moving.reduce(0) { $0 + scores[$1].scores[place] })
      })
    guard factor.deviation > 0 else { return }
    for index in moving {
      let own = scores[index]
      let mixed = StandardScores(
        (0..<common.count).map { place in
          (
            row: own.rows[place],
            value: (1 - weight) * own.scores[place] + weight * factor.scores[place]
          )
        })
      guard mixed.deviation > 0 else { continue }
      for place in 0..<common.count {
        let wanted = own.mean + own.deviation * mixed.scores[place]
        let row = own.rows[place]
        windows[index].shifts[row] = wanted - windows[index].closeReturn(row)
      }
    }
  }

  /// The series as the change leaves it.
  func changedSeries() throws(MarketError) -> BarSeries {
    if shifts.isEmpty, multiple == 1 {
      if isKept.allSatisfy(\.self) { return series }
      let kept = isKept.indices.filter { isKept[$0] }
      guard !kept.isEmpty else {
        throw MarketError(
          symbol: series.instrument.symbol, "a change of the market leaves no bars")
      }
      return try keepingEvents(series.rows(at: kept))
    }
    var columns = [[Double]](repeating: [], count: 4)
    for column in 0..<4 { columns[column].reserveCapacity(series.count) }
    // The logarithm of the factor between the changed close and the given one.
    var level = 0.0
    for row in 0..<series.count {
      let bar = series[row]
      let shift = shifts[row] ?? 0
      let prices = [bar.open, bar.high, bar.low, bar.close]
      if multiple != 1, returnRows.contains(row) {
        let before = closeBefore(row)
        for (column, price) in prices.enumerated() {
          columns[column].append(
            before * exp(level + shift + multiple * log(price / before)))
        }
        level += shift + (multiple - 1) * log(bar.close / before)
      } else {
        level += shift
        let factor = level == 0 ? 1 : exp(level)
        for (column, price) in prices.enumerated() { columns[column].append(price * factor) }
      }
      guard columns.allSatisfy({ $0[row] > 0 && $0[row] < .infinity }) else {
        throw MarketError(
          symbol: series.instrument.symbol, row: row,
          "has a price beyond the numbers that there are after a change of the market")
      }
    }
    return try keepingEvents(series.replacingPrices(columns.map { Column($0) }))
  }

  /// Changed bars with what happens to their instrument: actions, and the funding of a contract.
  private func keepingEvents(_ changed: BarSeries) throws(MarketError) -> BarSeries {
    var changed = try changed.adding(series.actions)
    changed.funding = series.funding
    return changed
  }
}

/// Values less their mean over their deviation (n).
private struct StandardScores {
  let rows: [Int]
  let mean: Double
  let deviation: Double
  let scores: [Double]

  init(_ values: [(row: Int, value: Double)]) {
    rows = values.map(\.row)
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0) { $0 + $1.value } / count
    let variance = values.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) } / count
    let deviation = variance > 1e-24 ? variance.squareRoot() : 0
    self.mean = mean
    self.deviation = deviation
    scores = values.map { deviation > 0 ? ($0.value - mean) / deviation : 0 }
  }
}

extension BarSeries {
  /// The same bars with other prices: open, high, low, close; without corporate actions.
  fileprivate func replacingPrices(_ prices: [Column<Double>]) -> BarSeries {
    var changed = BarSeries(
      trusted: instrument, timeframe: timeframe, calendar: calendar,
      times: [openTimes, closeTimes], prices: prices + [volume], priceBasis: priceBasis)
    changed.source = source
    changed.issues = issues
    return changed
  }

  /// The bars of some rows in ascending order, without corporate actions.
  package func rows(at rows: [Int]) -> BarSeries {
    func times(_ column: Column<Timestamp>) -> Column<Timestamp> { Column(rows.map { column[$0] }) }
    func prices(_ column: Column<Double>) -> Column<Double> { Column(rows.map { column[$0] }) }
    var picked = BarSeries(
      trusted: instrument, timeframe: timeframe, calendar: calendar,
      times: [times(openTimes), times(closeTimes)],
      prices: [prices(open), prices(high), prices(low), prices(close), prices(volume)],
      priceBasis: priceBasis)
    picked.source = source
    picked.issues = issues
    return picked
  }
}

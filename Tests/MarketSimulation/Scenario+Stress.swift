import BacktestCore
import Glibc

extension Scenario {
  /// In some scenarios the market is changed before it is played.
  mutating func drawStress(_ random: inout Randomness) {
    guard finer.isEmpty, market.allSatisfy({ $0.actions.isEmpty }) else { return }
    for _ in 0...random.nextInteger(below: 2) {
      let changes: [MarketStress.Change] = [
        .shock(random.pick([-0.5, -0.2, 0.3])), .volatility(random.pick([0, 0.5, 2])),
        .gaps(count: random.pick([1, 3]), size: random.pick([-0.2, 0.1])), .missingBars(0.2),
        .halt, .correlation(random.pick([0.5, 1])),
      ]
      let first = Timestamp(seconds: 1_704_067_200).utcDate
      let from = random.oneIn(2) ? first.adding(days: random.nextInteger(below: 25)) : nil
      let through = (from ?? first).adding(days: 4 + random.nextInteger(below: 12))
      let stress = MarketStress(
        random.pick(changes), of: random.oneIn(3) ? [market[0].instrument.symbol] : nil, from: from,
        through: random.oneIn(2) ? through : nil)
      // What cannot be, such as a halt of all bars, is left out.
      stresses.append(stress)
      if (try? stressed()) == nil { stresses.removeLast() }
    }
  }

  /// The engine's market after its changes.
  func stressed() throws -> [BarSeries] {
    try Universe(market).stressed(by: stresses, seed: seed).series
  }

  /// The first bar that the engine changes to something else than the plain arithmetic does.
  func stressDifference() throws -> String? {
    var plain = market.map { series in (0..<series.count).map { series[$0] } }
    for (place, stress) in stresses.enumerated() { apply(stress, place, to: &plain) }
    for (mine, its) in zip(plain, try stressed()) {
      if mine.count != its.count { return "\(mine.count) bars, but \(its.count) of the engine" }
      for (row, bar) in mine.enumerated() {
        let prices = zip(
          [bar.open, bar.high, bar.low, bar.close],
          [its[row].open, its[row].high, its[row].low, its[row].close])
        let isSame =
          bar.closeTime == its.closeTimes[row]
          && prices.allSatisfy { abs($0 - $1) <= 1e-9 * $0 }
        if !isSame { return "changed bar \(row): \(bar), but \(its[row]) of the engine" }
      }
    }
    return nil
  }

  /// One change, instrument by instrument and bar by bar.
  private func apply(_ stress: MarketStress, _ place: Int, to bars: inout [[Bar]]) {
    var windows: [Int: [Int]] = [:]
    for index in market.indices
    where stress.symbols?.contains(market[index].instrument.symbol) ?? true {
      let calendar = market[index].calendar ?? AlwaysOpenCalendar()
      windows[index] = bars[index].indices.filter { row in
        let date = calendar.sessionDate(of: bars[index][row].closeTime)
        return date >= (stress.from ?? date) && date <= (stress.through ?? date)
      }
    }
    if case .correlation(let weight) = stress.change {
      return correlate(&bars, windows, weight)
    }
    for (index, rows) in windows.sorted(by: { $0.key < $1.key }) where !rows.isEmpty {
      var random = Randomness(
        seed: seed, stream: "stress/\(place)/\(market[index].instrument.symbol)")
      switch stress.change {
      case .shock(let size): for row in rows { bars[index][row].multiply(by: 1 + size) }
      case .halt: bars[index].removeSubrange(rows[0]...rows.last!)
      case .missingBars(let share):
        let missing = rows.filter { _ in random.nextUnit() < share }
        for row in missing.reversed() { bars[index].remove(at: row) }
      case .gaps(let count, let size):
        let first = max(rows[0], 1)
        for gap in random.sample(count, from: rows.last! + 1 - first) {
          let isFall = size < 0 || random.nextUnit() < 0.5
          let factor = isFall ? 1 - abs(size) : 1 + abs(size)
          for row in (first + gap)..<bars[index].count { bars[index][row].multiply(by: factor) }
        }
      case .volatility(let multiple): scale(&bars[index], rows.filter { $0 > 0 }, multiple)
      case .correlation: break
      }
    }
  }

  /// Returns deviate from their mean by a multiple; what follows the window follows its last close.
  private func scale(_ bars: inout [Bar], _ rows: [Int], _ multiple: Double) {
    guard !rows.isEmpty else { return }
    let given = bars
    func change(_ price: Double, _ row: Int) -> Double { log(price / given[row - 1].close) }
    let mean = rows.reduce(0) { $0 + change(given[$1].close, $1) } / Double(rows.count)
    for row in rows {
      func moved(_ price: Double) -> Double {
        bars[row - 1].close * exp(mean + multiple * (change(price, row) - mean))
      }
      let bar = given[row]
      (bars[row].open, bars[row].close) = (moved(bar.open), moved(bar.close))
      (bars[row].high, bars[row].low) = (moved(bar.high), moved(bar.low))
    }
    let last = rows.last!
    for row in (last + 1)..<max(bars.count, last + 1) {
      bars[row].multiply(by: bars[last].close / given[last].close)
    }
  }

  /// Returns at the closes that all have move toward their common score.
  private func correlate(_ bars: inout [[Bar]], _ windows: [Int: [Int]], _ weight: Double) {
    let given = bars
    let indices = windows.keys.sorted()
    func row(_ index: Int, _ time: Timestamp) -> Int? {
      windows[index]!.first { $0 > 0 && given[index][$0].closeTime == time }
    }
    let times = windows[indices[0]]!.filter { $0 > 0 }.map { given[indices[0]][$0].closeTime }
      .filter { time in indices.allSatisfy { row($0, time) != nil } }
    let returns = indices.map { index in
      times.map { time in
        log(given[index][row(index, time)!].close / given[index][row(index, time)! - 1].close)
      }
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func deviation(_ values: [Double]) -> Double {
      mean(values.map { ($0 - mean(values)) * ($0 - mean(values)) }).squareRoot()
    }
    func scores(_ values: [Double]) -> [Double] {
      let (middle, spread) = (mean(values), deviation(values))
      return values.map { spread > 1e-12 ? ($0 - middle) / spread : 0 }
    }
    let moving = indices.indices.filter { deviation(returns[$0]) > 1e-12 }
    guard moving.count > 1 else { return }
    let common = scores(
      times.indices.map { place in moving.reduce(0) { $0 + scores(returns[$1])[place] } })
    guard deviation(common) > 0 else { return }
    for own in moving {
      let index = indices[own]
      let mixed = zip(scores(returns[own]), common).map { (1 - weight) * $0 + weight * $1 }
      guard deviation(mixed) > 1e-12 else { continue }
      let wanted = scores(mixed).map { mean(returns[own]) + deviation(returns[own]) * $0 }
      var factor = 1.0
      for place in bars[index].indices {
        if let found = times.firstIndex(of: given[index][place].closeTime) {
          factor *= exp(wanted[found] - returns[own][found])
        }
        bars[index][place].multiply(by: factor)
      }
    }
  }
}

extension Bar {
  /// All prices of the bar times a factor.
  fileprivate mutating func multiply(by factor: Double) {
    (open, high, low, close) = (open * factor, high * factor, low * factor, close * factor)
  }
}

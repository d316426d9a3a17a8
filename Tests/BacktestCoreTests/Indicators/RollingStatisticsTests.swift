import BacktestCore
import Testing

/// Rolling statistics against the slowest obvious computation over the window.
struct RollingStatisticsTests {
  enum Kind: CaseIterable {
    case walk, ties, constant, offset, spikes, gaps
  }

  static func series(_ kind: Kind, seed: UInt64, count: Int = 400) -> [Double] {
    var random = IndicatorRandom(state: seed)
    var level = 100.0
    return (0..<count).map { _ in
      level += random.symmetric()
      switch kind {
      case .walk: return level
      case .ties: return Double(random.below(4))
      case .constant: return 0.1
      case .offset: return 1e9 + 1e-3 * random.symmetric()
      case .spikes: return random.below(15) == 0 ? 1e12 * random.symmetric() : level
      case .gaps:
        return [level, .nan, level, .infinity, level, -.infinity][random.below(60) % 40 % 6]
      }
    }
  }

  /// The windows of a series that end at each input, `nil` where incomplete or not finite.
  static func windows(_ series: [Double], _ period: Int) -> [[Double]?] {
    series.indices.map { last in
      guard last + 1 >= period else { return nil }
      let window = Array(series[(last + 1 - period)...last])
      return window.allSatisfy(\.isFinite) ? window : nil
    }
  }

  /// Compares `actual` with `expected` for every window of every kind of series.
  func check<I: Indicator>(
    _ indicator: I, period: Int, seed: UInt64, allowing tolerance: ([Double]) -> Double,
    _ expected: ([Double]) -> Double
  ) where I.Input == Double, I.Output == Double {
    for kind in Kind.allCases {
      let series = Self.series(kind, seed: seed)
      let actual = indicator.values(over: series)
      for (row, window) in Self.windows(series, period).enumerated() {
        guard let window, let value = actual[row] else {
          #expect(window == nil && actual[row] == nil, "\(I.self) \(kind) seed \(seed) row \(row)")
          continue
        }
        let wanted = expected(window)
        if !(abs(value - wanted) <= tolerance(window)) {
          Issue.record("\(I.self)(\(period)) \(kind) seed \(seed) row \(row): \(value), \(wanted)")
        }
      }
    }
  }

  static func mean(_ window: [Double]) -> Double {
    window[0] + window.reduce(0) { $0 + ($1 - window[0]) } / Double(window.count)
  }

  static func deviation(_ window: [Double], lessOne: Bool) -> Double {
    let centre = mean(window.map { $0 - window[0] })
    let squares = window.reduce(0) { $0 + ($1 - window[0] - centre) * ($1 - window[0] - centre) }
    return (squares / Double(window.count - (lessOne ? 1 : 0))).squareRoot()
  }

  static func largest(_ window: [Double]) -> Double { window.map { abs($0) }.max() ?? 0 }

  @Test(arguments: [(1, 11), (2, 12), (7, 13), (50, 14)] as [(Int, UInt64)])
  func meansAgreeWithTheWindow(period: Int, seed: UInt64) {
    let tolerance = { 4e-16 * Self.largest($0) * Double(period) }
    check(SimpleMovingAverage(period), period: period, seed: seed, allowing: tolerance, Self.mean)
    check(
      WeightedMovingAverage(period), period: period, seed: seed, allowing: tolerance
    ) { window in
      let weighted = window.enumerated().map { Double($0 + 1) * ($1 - window[0]) }
      return window[0] + weighted.reduce(0, +) / Double(period * (period + 1) / 2)
    }
  }

  @Test(arguments: [(1, 21), (2, 22), (7, 23), (50, 24)] as [(Int, UInt64)])
  func extremesAreThoseOfTheWindow(period: Int, seed: UInt64) {
    check(RollingMinimum(period), period: period, seed: seed, allowing: { _ in 0 }) { $0.min()! }
    check(RollingMaximum(period), period: period, seed: seed, allowing: { _ in 0 }) { $0.max()! }
  }

  /// Relative to 1e-9, also 1e9 away from zero and right after a spike has left.
  @Test(arguments: [(2, 31), (7, 32), (50, 33)] as [(Int, UInt64)])
  func deviationsAgreeWithTheWindow(period: Int, seed: UInt64) {
    check(
      RollingDeviation(period), period: period, seed: seed,
      allowing: { 1e-9 * Self.deviation($0, lessOne: false) }
    ) { Self.deviation($0, lessOne: false) }
    check(
      RollingDeviation(period, of: .sample), period: period, seed: seed,
      allowing: { 1e-9 * Self.deviation($0, lessOne: true) }
    ) { Self.deviation($0, lessOne: true) }
  }

  @Test(arguments: [(2, 41), (7, 42), (50, 43)] as [(Int, UInt64)])
  func correlationsAgreeWithTheWindow(period: Int, seed: UInt64) {
    for kind in Kind.allCases {
      let x = Self.series(kind, seed: seed)
      let y = zip(x, Self.series(.walk, seed: seed + 1)).map { $0 + $1 }
      let xs = Self.windows(x, period)
      let ys = Self.windows(y, period)
      for (row, actual) in RollingCorrelation(period).values(over: Array(zip(x, y))).enumerated() {
        var expected: Double?
        if let a = xs[row], let b = ys[row], Set(a).count > 1, Set(b).count > 1 {
          let p = a.map { $0 - a[0] }
          let q = b.map { $0 - b[0] }
          let products = zip(p, q).map { ($0 - Self.mean(p)) * ($1 - Self.mean(q)) }
          let scale = Self.deviation(p, lessOne: false) * Self.deviation(q, lessOne: false)
          expected = Self.mean(products) / scale
        }
        guard let actual, let expected else {
          #expect(actual == nil && expected == nil, "\(kind) seed \(seed) row \(row)")
          continue
        }
        #expect(abs(actual - expected) < 1e-9, "\(kind) seed \(seed) row \(row)")
      }
    }
  }

  @Test func aHundredThousandUpdatesDoNotDrift() throws {
    let series = Self.series(.offset, seed: 51, count: 100_000)
    let tail = Array(series.suffix(50))
    let mean = try #require(SimpleMovingAverage(50).values(over: series).last ?? nil)
    let deviation = try #require(RollingDeviation(50).values(over: series).last ?? nil)
    #expect(mean == Self.mean(tail))
    #expect(abs(deviation / Self.deviation(tail, lessOne: false) - 1) < 1e-12)
  }

  @Test func windowsKeepTheNewest() {
    for capacity in 1...5 {
      var window = RollingWindow(capacity: capacity)
      for step in 0..<17 {
        #expect(window.isFull == (step >= capacity))
        #expect(window.append(Double(step)) == (step < capacity ? nil : Double(step - capacity)))
        #expect(window.count == min(step + 1, capacity))
        for age in 0..<window.count { #expect(window[age] == Double(step - age)) }
      }
    }
  }
}

import BacktestCore
import Testing

/// What all indicators promise, whatever they compute.
struct IndicatorBehaviourTests {
  static let all =
    IndicatorReferenceTests.market + IndicatorReferenceTests.edges + [
      IndicatorColumns(["CORREL"], RollingCorrelation(9), input: { ($0.high, $0.low) }) { [$0] },
      .bars(["ADX and DI"], AverageDirectionalIndex(7)) { [$0.average, $0.plus, $0.minus] },
      .closes("SAMPLE", RollingDeviation(5, of: .sample)),
    ]

  /// Those whose memory is unlimited, by name: they skip what is not finite.
  static let skipping = all.filter { columns in
    let words = [
      "EMA", "KAMA", "RSI", "MACD", "ATR", "NATR", "TRANGE", "ADX", "DX", "PLUS", "OBV", "TRIX",
      "SAR",
    ]
    return words.contains { columns.names[0].hasPrefix($0) }
  }

  static let windowed = all.filter { columns in
    !skipping.contains { $0.names == columns.names }
  }

  /// Bars of a random walk, without a tie or a flat stretch.
  static func walk(seed: UInt64, count: Int) -> [Bar] {
    var random = IndicatorRandom(state: seed)
    var level = 100.0
    return (0..<count).map { _ in
      let open = level
      level += random.symmetric()
      let reach = 1 + random.symmetric()
      return IndicatorBars.bar(
        [open, max(open, level) + reach, min(open, level) - reach / 2, level, 500 + 100 * reach])
    }
  }

  static func bits(_ rows: [[Double]?]) -> [[UInt64]?] { rows.map { $0?.map(\.bitPattern) } }

  @Test(arguments: all)
  func theFirstValueComesWithTheWarmup(columns: IndicatorColumns) {
    let values = columns.values(Self.walk(seed: 1, count: 120))
    #expect(values.firstIndex { $0 != nil } == columns.warmupLength - 1)
    #expect(values.dropFirst(columns.warmupLength - 1).allSatisfy { $0 != nil })
  }

  @Test(arguments: all)
  func copiesAreIndependent(columns: IndicatorColumns) {
    let bars = Self.walk(seed: 2, count: 150)
    let beside = columns.valuesBesideCopies(bars, Self.walk(seed: 3, count: 3))
    #expect(Self.bits(beside) == Self.bits(columns.values(bars)))
  }

  @Test(arguments: all)
  func thePastDoesNotDependOnTheFuture(columns: IndicatorColumns) {
    let bars = Self.walk(seed: 4, count: 200)
    let whole = Self.bits(columns.values(bars))
    for end in stride(from: 1, to: 200, by: 13) {
      let other = Array(bars[..<end]) + Self.walk(seed: UInt64(end), count: 5)
      #expect(Self.bits(columns.values(other)).prefix(end) == whole.prefix(end))
    }
  }

  @Test(arguments: skipping)
  func unlimitedMemorySkipsWhatIsNotFinite(columns: IndicatorColumns) {
    let bars = Self.walk(seed: 5, count: 150)
    let clean = Self.bits(columns.values(bars))
    var holes: Set<Int> = []
    var damaged: [Bar] = []
    for (row, bar) in bars.enumerated() {
      if row % 11 == 3 {
        holes.insert(damaged.count)
        let bad = [Double.nan, .infinity, -.infinity][row % 3]
        damaged.append(IndicatorBars.flat(bad))
      }
      damaged.append(bar)
    }
    let values = Self.bits(columns.values(damaged))
    #expect(holes.allSatisfy { values[$0] == nil })
    #expect(values.indices.filter { !holes.contains($0) }.map { values[$0] } == clean)
  }

  @Test(arguments: windowed, [Double.nan, .infinity, -.infinity])
  func windowsForgetWhatIsNotFinite(columns: IndicatorColumns, bad: Double) {
    for hole in 60..<75 {
      var bars = Self.walk(seed: 6, count: 200)
      let clean = columns.values(bars)
      bars[hole] = IndicatorBars.flat(bad)
      let values = columns.values(bars)
      #expect(values[hole] == nil)
      #expect(Self.bits(Array(values[..<hole])) == Self.bits(Array(clean[..<hole])))
      // The values return, at the latest, when the warm-up has passed again.
      for row in (hole + columns.warmupLength)..<bars.count {
        let pairs = zip(values[row] ?? [.nan], clean[row] ?? [])
        #expect(pairs.allSatisfy { abs($0 - $1) <= 1e-9 * max(1, abs($1)) }, "row \(row)")
      }
    }
  }

  @Test func meansOfAConstantAreExact() {
    let constant = [Double](repeating: 0.1, count: 300)
    for period in [1, 3, 10, 50] {
      let rows = [
        SimpleMovingAverage(period).values(over: constant),
        ExponentialMovingAverage(period).values(over: constant),
        WeightedMovingAverage(period).values(over: constant),
        BollingerBands(period).values(over: constant).map { $0?.upper },
      ]
      for row in rows { #expect(row.dropFirst(period - 1).allSatisfy { $0 == 0.1 }) }
    }
  }

  @Test func periodOneIsTheInputItself() {
    let bars = Self.walk(seed: 7, count: 40)
    let closes = bars.map(\.close)
    #expect(SimpleMovingAverage(1).values(over: closes) == closes)
    #expect(ExponentialMovingAverage(1).values(over: closes) == closes)
    #expect(WeightedMovingAverage(1).values(over: closes) == closes)
    #expect(RollingMinimum(1).values(over: closes) == closes)
    #expect(RollingMaximum(1).values(over: closes) == closes)
    #expect(RollingDeviation(1).values(over: closes).allSatisfy { $0 == 0 })
    #expect(AverageTrueRange(1).values(over: bars) == TrueRange().values(over: bars))
    let strength = RelativeStrengthIndex(1).values(over: [1, 2, 1, 1])
    #expect(strength == [nil, 100, 0, 0])
  }

  @Test func theDocumentedExampleHolds() {
    #expect(SimpleMovingAverage(2).values(over: [1, 3, 5]) == [nil, 2, 4])
  }

  @Test func volumeIndicatorsNeedVolume() {
    let bars = (1...40).map { IndicatorBars.flat(Double($0), volume: .nan) }
    #expect(MoneyFlowIndex(5).values(over: bars).allSatisfy { $0 == nil })
    #expect(OnBalanceVolume().values(over: bars).allSatisfy { $0 == nil })
  }

  @Test func impossiblePeriodsTrap() async {
    await #expect(processExitsWith: .failure) { _ = SimpleMovingAverage(0) }
    await #expect(processExitsWith: .failure) { _ = RollingDeviation(1, of: .sample) }
    await #expect(processExitsWith: .failure) { _ = RollingCorrelation(1) }
    await #expect(processExitsWith: .failure) {
      _ = MovingAverageConvergenceDivergence(fast: 26, slow: 26)
    }
  }
}

@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import AllocationCounter
import Testing

/// What holds for every observation, and what is refused.
@Suite struct ObservationBuilderTests {
  /// Features of each family, lagged and scaled, with the account.
  private var mixed: ObservationDefinition {
    var lagged = MarketFeature(.logReturn, lag: 3, scale: 100)
    lagged.asset = nil
    var rsi = MarketFeature(.indicator, period: 14)
    rsi.indicator = MarketFeature.IndicatorChoice("rsi")
    var definition = ObservationDefinition(
      shape: [4, 9],
      features: [
        .market(lagged), .market(MarketFeature(.logCloseOverMean, period: 20)),
        .market(MarketFeature(.logReturnDeviation, period: 10)),
        .market(MarketFeature(.relativeStrengthUnit)),
        .market(MarketFeature(.convergenceHistogram)),
        .market(MarketFeature(.bollingerScore)), .market(MarketFeature(.logVolumeChange)),
        .market(rsi), .state(StateFeature(.positionWeight)),
      ])
    definition.window = 4
    return definition
  }

  private func market(_ bars: Int, seed: UInt64, bend: Int? = nil) throws -> Feed {
    var random = TestRandom(seed: seed)
    var price = 50.0
    let prices = (0..<bars).map { bar -> MarketBuilder.Prices in
      let open = price
      price *= 1 + Double(random.below(401) - 200) / 10_000
      if let bend, bar > bend { price *= 1.3 }
      return (open, max(open, price) * 1.002, min(open, price) * 0.997, price)
    }
    return try Observed.feed(
      try MarketBuilder.series(prices, volume: prices.map { $0.0 * 10 + $0.3 }))
  }

  @Test func laterBarsChangeNothing() throws {
    let plain = try Observed.rows(mixed, try market(300, seed: 5)) { Observed.stated(Double($0)) }
    let bent = try Observed.rows(mixed, try market(300, seed: 5, bend: 200)) {
      Observed.stated(Double($0))
    }
    #expect(plain[...200] == bent[...200])
    #expect(plain[201] != bent[201])
    #expect(plain.firstIndex { $0 != nil } == 22)
  }

  @Test func aCopyGoesOnByItself() throws {
    let feed = try market(120, seed: 6)
    let other = try market(120, seed: 7)
    var builder = try ObservationBuilder(mixed, instruments: [InstrumentID(0)], symbols: ["A"])
    #expect(builder.count == 36 && builder.warmup == 23)
    let state = Observed.stated(0.1)
    func numbers(_ builder: ObservationBuilder) -> [Double] {
      var numbers = [Double](repeating: 0, count: builder.count)
      let status = numbers.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
      #expect(status == .ready)
      // The first 32 bits of 0.1 are not those of its 64.
      #expect(numbers[35] == Double(Float(0.1)))
      return numbers
    }
    for instant in 0..<60 {
      builder.update(BarSlice(feed: feed, instant: instant), state: state)
    }
    let before = numbers(builder)
    var copy = builder
    for instant in 0..<60 {
      copy.update(BarSlice(feed: other, instant: instant), state: state)
    }
    #expect(numbers(builder) == before)
    #expect(numbers(copy) != before)
  }

  @Test func anAssetThatDidNotCloseKeepsItsFeatures() throws {
    let slow = try MarketBuilder.series(
      [(1, 1, 1, 1), (2, 2, 2, 2), (4, 4, 4, 4)], symbol: "SLOW", every: .hours(3))
    let fast = try MarketBuilder.series(
      (1...9).map { (Double($0), Double($0), Double($0), Double($0)) }, symbol: "FAST",
      every: .hours(1))
    let definition = ObservationDefinition(
      shape: [4], features: [.market(MarketFeature(.close)), .market(MarketFeature(.difference))])
    let rows = try Observed.rows(
      definition, try Observed.feed(slow, fast), symbols: ["SLOW", "FAST"])
    #expect(rows[4] == nil)
    #expect(rows[5] == [2, 1, 6, 1])
    #expect(rows[6] == [2, 1, 7, 1])
    #expect(rows[7] == [2, 1, 8, 1])
    #expect(rows[8] == [4, 2, 9, 1])
  }

  @Test func layoutsPlaceWhatIsOfOneAssetOnce() throws {
    let feed = try Observed.feed(
      try MarketBuilder.series([(1, 3, 1, 2)], symbol: "A"),
      try MarketBuilder.series([(5, 7, 5, 6)], symbol: "B"))
    var named = MarketFeature(.high)
    named.asset = "B"
    var definition = ObservationDefinition(
      shape: [8],
      features: [
        .market(MarketFeature(.open)), .market(MarketFeature(.close)), .state(StateFeature(.cash)),
        .market(MarketFeature(.low)), .market(named),
      ])
    var state = PolicyAccountState(assetCount: 2)
    state.cash = 99
    #expect(try Observed.rows(definition, feed) { _ in state } == [[1, 2, 5, 6, 99, 1, 5, 7]])
    definition.layout = .featureMajor
    #expect(try Observed.rows(definition, feed) { _ in state } == [[1, 5, 2, 6, 99, 1, 5, 7]])
    // The policy's order, not that of the universe.
    #expect(
      try Observed.rows(definition, feed, symbols: ["B", "A"]) { _ in state }
        == [[5, 1, 6, 2, 99, 5, 1, 7]])
  }

  @Test func theAccountIsToldAsItIs() throws {
    let kinds: [(StateFeature.Kind, Double)] = [
      (.positionWeight, Double(Float(0.3))), (.assetWeight, Double(Float(0.3))),
      (.realPosition, 0.31), (.cash, 1_000), (.shares, -4), (.unrealizedReturn, -0.25),
      (.positionCode, 0), (.tradeDuration, 6), (.lastAction, 2), (.cooldown, 3),
    ]
    #expect(kinds.count == StateFeature.Kind.allCases.count)
    var state = Observed.stated(0.3)
    state.assets[0].realWeight = 0.31
    state.cash = 1_000
    state.assets[0].shares = -4
    state.assets[0].averageCost = 8
    state.assets[0].lastClose = 10
    state.assets[0].entryAge = 6
    state.assets[0].barsSinceTrade = 2
    state.assets[0].lastAction = 2
    state.cooldown = 5
    for (kind, expected) in kinds {
      #expect(kind.value(state, asset: 0) == expected)
    }
    let flat = PolicyAccountState(assetCount: 1)
    let atRest: [StateFeature.Kind: Double] = [.positionCode: 0.5]
    for kind in StateFeature.Kind.allCases {
      #expect(kind.value(flat, asset: 0) == atRest[kind] ?? 0)
    }
  }

  @Test func aMissingNumberIsNamedOrZero() throws {
    let feed = try Observed.feed(
      try MarketBuilder.series([(1, 2, 1, 1), (3, 3, 3, 3), (3, 4, 2, 3)]))
    var definition = ObservationDefinition(
      shape: [2],
      features: [.market(MarketFeature(.close)), .market(MarketFeature(.closeLocation))])
    var builder = try ObservationBuilder(definition, instruments: [InstrumentID(0)], symbols: ["A"])
    let state = PolicyAccountState(assetCount: 1)
    var numbers = [0.0, 0.0]
    let statuses = (0..<3).map { instant in
      builder.update(BarSlice(feed: feed, instant: instant), state: state)
      return numbers.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
    }
    #expect(statuses == [.ready, .missing(column: 1), .ready])
    definition.missing = .zero
    #expect(try Observed.rows(definition, feed) == [[1, 0], [3, 0], [3, 0.5]])
  }

  @Test func manyBarsAskForNoMoreMemory() throws {
    func allocations(_ bars: Int) throws -> Int {
      let feed = try market(bars, seed: 9)
      let definition = mixed
      var builder = try ObservationBuilder(
        definition, instruments: [InstrumentID(0)], symbols: ["A"])
      let state = Observed.stated(0.5)
      var numbers = [Double](repeating: 0, count: builder.count)
      let before = allocation_count()
      numbers.withUnsafeMutableBufferPointer { numbers in
        for instant in 0..<bars {
          builder.update(BarSlice(feed: feed, instant: instant), state: state)
          _ = builder.fill(numbers, state: state)
        }
      }
      return allocation_count() - before
    }
    #if DEBUG
      // Without optimisation accesses to arrays ask for frames.
      let perBar = 200
    #else
      let perBar = 0
    #endif
    let few = try allocations(100)
    let many = try allocations(2_100)
    #expect(many <= few + perBar * 2_000, "\(few) for 100 bars, \(many) for 2,100")
  }
}

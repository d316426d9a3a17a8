import BacktestCore
import Testing

/// Indicators against the output of TA-Lib: the same values, and undefined on the same bars.
struct IndicatorReferenceTests {
  /// Columns of the two market files.
  static let market: [IndicatorColumns] = [
    .closes("SMA", SimpleMovingAverage(30)),
    .closes("EMA", ExponentialMovingAverage(30)),
    .closes("WMA", WeightedMovingAverage(30)),
    .closes("KAMA", KaufmanAdaptiveMovingAverage(30)),
    .closes("RSI", RelativeStrengthIndex(14)),
    .closes(["MACD", "MACD_SIGNAL", "MACD_HIST"], MovingAverageConvergenceDivergence()) {
      [$0.line, $0.signal, $0.histogram]
    },
    .closes(["BB_UPPER", "BB_MIDDLE", "BB_LOWER"], BollingerBands(5, deviations: 2)) {
      [$0.upper, $0.middle, $0.lower]
    },
    .bars("ATR", AverageTrueRange(14)),
    .bars("NATR", NormalizedAverageTrueRange(14)),
    .bars("TRANGE", TrueRange()),
    .bars(["ADX"], AverageDirectionalIndex(14)) { [$0.average] },
    .bars(["PLUS_DI", "MINUS_DI", "DX"], DirectionalMovementIndex(14)) {
      [$0.plus, $0.minus, $0.index]
    },
    .bars(["STOCH_K", "STOCH_D"], StochasticOscillator(5, slowing: 3, signal: 3)) {
      [$0.k, $0.d]
    },
    .bars(["STOCHF_K", "STOCHF_D"], StochasticOscillator(5, slowing: 1, signal: 3)) {
      [$0.k, $0.d]
    },
    .bars("CCI", CommodityChannelIndex(14)),
    .bars("MFI", MoneyFlowIndex(14)),
    .bars("OBV", OnBalanceVolume()),
    .closes("ROC", RateOfChange(10)),
    .closes("MOM", Momentum(10)),
    .bars("WILLR", WilliamsPercentRange(14)),
    .bars(["AROON_DOWN", "AROON_UP", "AROONOSC"], Aroon(14)) { [$0.down, $0.up, $0.oscillator] },
    .closes("TRIX", TripleExponentialRateOfChange(30)),
    .bars("SAR", ParabolicSAR(acceleration: 0.02, maximum: 0.2)),
    .closes("STDDEV", RollingDeviation(5)),
    .closes("MIN", RollingMinimum(30)),
    .closes("MAX", RollingMaximum(30)),
  ]

  /// Columns of the file of bars with flat stretches, ties and gaps.
  static let edges: [IndicatorColumns] = [
    .closes("SMA_1", SimpleMovingAverage(1)),
    .closes("SMA_2", SimpleMovingAverage(2)),
    .closes("SMA_7", SimpleMovingAverage(7)),
    .closes("EMA_1", ExponentialMovingAverage(1)),
    .closes("EMA_2", ExponentialMovingAverage(2)),
    .closes("EMA_7", ExponentialMovingAverage(7)),
    .closes("WMA_1", WeightedMovingAverage(1)),
    .closes("WMA_2", WeightedMovingAverage(2)),
    .closes("WMA_7", WeightedMovingAverage(7)),
    .closes("KAMA_2", KaufmanAdaptiveMovingAverage(2)),
    .closes("KAMA_10", KaufmanAdaptiveMovingAverage(10)),
    .closes("RSI_2", RelativeStrengthIndex(2)),
    .closes("RSI_5", RelativeStrengthIndex(5)),
    .closes(
      ["MACD_3_6_4", "SIGNAL_3_6_4"],
      MovingAverageConvergenceDivergence(fast: 3, slow: 6, signal: 4)
    ) { [$0.line, $0.signal] },
    .closes(["BBU_4", "BBL_4"], BollingerBands(4, deviations: 1.5)) { [$0.upper, $0.lower] },
    .bars("ATR_1", AverageTrueRange(1)),
    .bars("ATR_3", AverageTrueRange(3)),
    .bars("NATR_3", NormalizedAverageTrueRange(3)),
    .bars(["ADX_3"], AverageDirectionalIndex(3)) { [$0.average] },
    .bars(["DX_3", "PDI_3", "MDI_3"], DirectionalMovementIndex(3)) {
      [$0.index, $0.plus, $0.minus]
    },
    .bars(["STOCHK_5_1_1", "STOCHD_5_1_1"], StochasticOscillator(5, slowing: 1, signal: 1)) {
      [$0.k, $0.d]
    },
    .bars(["STOCHK_6_2_4", "STOCHD_6_2_4"], StochasticOscillator(6, slowing: 2, signal: 4)) {
      [$0.k, $0.d]
    },
    .bars("CCI_4", CommodityChannelIndex(4)),
    .bars("MFI_4", MoneyFlowIndex(4)),
    .bars("OBV", OnBalanceVolume()),
    .closes("ROC_1", RateOfChange(1)),
    .closes("MOM_3", Momentum(3)),
    .bars("WILLR_4", WilliamsPercentRange(4)),
    .bars(["AROOND_4", "AROONU_4"], Aroon(4)) { [$0.down, $0.up] },
    .closes("TRIX_2", TripleExponentialRateOfChange(2)),
    .bars("SAR_05_1", ParabolicSAR(acceleration: 0.05, maximum: 0.1)),
    .bars("SAR_5_2", ParabolicSAR(acceleration: 0.5, maximum: 0.2)),
    .closes("STDDEV_3", RollingDeviation(3)),
    IndicatorColumns(["MIN_5"], RollingMinimum(5), input: \.low, parts: { [$0] }),
    IndicatorColumns(["MAX_5"], RollingMaximum(5), input: \.high, parts: { [$0] }),
  ]

  static let index = Result { try IndicatorReference("sp500.csv", "18_talib_sp500.csv") }
  static let share = Result {
    try IndicatorReference("AAPL.csv", "18_talib_aapl_rawclose_2005_2006.csv")
  }
  static let edge = Result { try IndicatorReference(ownBarsIn: "18c_talib_edge.csv") }

  @Test(arguments: market)
  func equalsTheReferenceOnTheIndex(columns: IndicatorColumns) throws {
    let compared = try Self.index.get().compare(columns) { 1e-9 * abs($0) }
    #expect(compared >= 1_000 * columns.names.count)
  }

  @Test(arguments: market)
  func equalsTheReferenceAcrossASplit(columns: IndicatorColumns) throws {
    let compared = try Self.share.get().compare(columns) { 1e-9 * abs($0) }
    #expect(compared == 503 * columns.names.count)
  }

  /// The reference itself carries rounding noise around 0 here, hence the absolute part.
  @Test(arguments: edges)
  func equalsTheReferenceWhereWindowsDegenerate(columns: IndicatorColumns) throws {
    let compared = try Self.edge.get().compare(columns) { 1e-9 * max(1, abs($0)) }
    #expect(compared >= 380 * columns.names.count)
  }

  /// Where one side does not vary the reference says 0 and we say that there is no correlation.
  @Test func correlationEqualsTheReferenceWhereThereIsOne() throws {
    let reference = try Self.edge.get()
    let expected = try #require(reference.columns["CORREL_6"])
    let pairs = reference.bars.map { ($0.high, $0.low) }
    var compared = 0
    for (row, actual) in RollingCorrelation(6).values(over: pairs).enumerated() {
      guard let actual else {
        #expect(row < 5 || expected[row] == 0)
        continue
      }
      compared += 1
      #expect(abs(actual - (expected[row] ?? .nan)) < 1e-9, "bar \(row)")
    }
    #expect(compared > 300)
  }
}

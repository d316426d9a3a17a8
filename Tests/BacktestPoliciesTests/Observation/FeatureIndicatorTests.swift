@testable import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// Indicators as features, against TA-Lib.
@Suite struct FeatureIndicatorTests {
  /// Columns of the TA-Lib fixture, with the feature that must equal them.
  private static let columns: [(column: String, name: String, output: String?, period: Int)] = [
    ("SMA", "sma", nil, 30), ("EMA", "ema", nil, 30), ("WMA", "wma", nil, 30),
    ("KAMA", "kama", nil, 30), ("RSI", "rsi", nil, 14), ("MACD", "macd", nil, 1),
    ("MACD_SIGNAL", "macd", "signal", 1), ("MACD_HIST", "macd", "hist", 1),
    ("BB_UPPER", "bollinger", nil, 5), ("BB_MIDDLE", "bollinger", "middle", 5),
    ("BB_LOWER", "bollinger", "lower", 5), ("ATR", "atr", nil, 14), ("NATR", "natr", nil, 14),
    ("TRANGE", "true_range", nil, 1), ("ADX", "adx", nil, 14), ("PLUS_DI", "dx", "plus", 14),
    ("MINUS_DI", "dx", "minus", 14), ("DX", "dx", nil, 14), ("STOCH_K", "stochastic", "k", 5),
    ("STOCH_D", "stochastic", "d", 5), ("CCI", "cci", nil, 14), ("MFI", "mfi", nil, 14),
    ("OBV", "obv", nil, 1), ("ROC", "roc", nil, 10), ("MOM", "momentum", nil, 10),
    ("WILLR", "williams_r", nil, 14), ("AROON_DOWN", "aroon", "down", 14),
    ("AROON_UP", "aroon", "up", 14), ("AROONOSC", "aroon", nil, 14), ("TRIX", "trix", nil, 30),
    ("SAR", "psar", nil, 1), ("MIN", "minimum", nil, 30), ("MAX", "maximum", nil, 30),
  ]

  @Test func everyIndicatorEqualsItsReference() throws {
    let table = try Fixture.table("oracles/18_talib_sp500.csv")
    let series = try MarketBuilder.standardAndPoors500()
    let dates = try Fixture.table("prices/sp500.csv").dropFirst().map { $0[0] }
    let rowOfDate = Dictionary(uniqueKeysWithValues: zip(dates, series.close.indices))
    var named: Set<String> = []
    for (column, name, output, period) in Self.columns {
      named.insert(name)
      var feature = MarketFeature(.indicator, period: period)
      feature.indicator = MarketFeature.IndicatorChoice(name, output: output)
      let definition = ObservationDefinition(shape: [1], features: [.market(feature)])
      let rows = try Observed.rows(definition, try Observed.feed(series))
      let position = try #require(table[0].firstIndex { $0 == column })
      var compared = 0
      for line in table.dropFirst() {
        let value = rows[try #require(rowOfDate[line[0]])]
        guard let reference = Double(line[position]) else {
          #expect(value == nil, "\(column) \(line[0])")
          continue
        }
        compared += 1
        let found = value?[0] ?? .nan
        #expect(
          abs(found - reference) <= 1e-8 * max(1, abs(reference)), "\(column) \(line[0]) \(found)")
      }
      #expect(compared > 1_000)
    }
    #expect(named == Set(FeatureIndicatorTable.entries.map(\.name)))
  }
}

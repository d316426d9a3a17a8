import TestSupport
import BacktestCore
import Testing

/// Values that no type keeps from being nonsense are refused with a reason.
struct ConfigurationTests {
  private func message(
    _ adjust: (inout BacktestConfiguration) -> Void, closes: [Double] = [100, 101]
  ) throws -> String? {
    let prices = closes.map { ($0, $0, $0, $0) }
    let universe = try Universe([
      try MarketBuilder.series(prices, assetClass: .future, allowsNonPositivePrices: true)
    ])
    var configuration = BacktestConfiguration()
    adjust(&configuration)
    do throws(ConfigurationError) {
      try configuration.validate(for: universe)
      return nil
    } catch {
      return error.description
    }
  }

  private static let wrong: [(String, @Sendable (inout BacktestConfiguration) -> Void)] = [
    ("the initial cash must", { $0.account.initialCash = .nan }),
    ("the initial cash must", { $0.account.initialCash = 0 }),
    ("a leverage must", { $0.account.funding = .margin(leverage: .infinity) }),
    ("the participation must", { $0.execution.participation = -0.1 }),
    ("the participation must", { $0.execution.participation = .nan }),
    ("the latency must", { $0.execution.latency = TimeSpan(nanoseconds: -1) }),
    ("the latency must", { $0.execution.latency = TimeSpan(nanoseconds: .max) }),
    (
      "a limit is traded through by 0 ticks or more",
      { $0.execution.limitFill = .through(ticks: -1) }
    ),
    ("the risk-free rate must", { $0.riskFreeRate = .nan }),
    ("the warm-up must", { $0.warmup = -1 }),
    ("accounting: a fee", { $0.accounting = .weights(fee: -0.1) }),
    ("accounting: 1 instruments", { $0.accounting = .weights(fee: 0, initialWeights: [1, 2]) }),
    ("accounting: initial", { $0.accounting = .weights(fee: 0, initialWeights: [.nan]) }),
  ]

  @Test(arguments: wrong.indices) func nonsenseIsRefused(index: Int) throws {
    let (start, adjust) = Self.wrong[index]
    #expect(try #require(try message(adjust)).hasPrefix(start))
  }

  @Test func sensibleValuesPass() throws {
    #expect(try message { _ in } == nil)
    #expect(try message { $0.accounting = .weights(fee: 0, initialWeights: .equal) } == nil)
  }

  @Test func weightsNeedClosesAboveZero() throws {
    let found = try message({ $0.accounting = .weights(fee: 0) }, closes: [3, -1])
    #expect(found?.contains("A closes at -1.0 on 2024-01-0") == true)
    #expect(try message({ _ in }, closes: [3, -1]) == nil)
  }
}

@testable import BacktestEvidence
import Glibc
import Testing

/// The fast ways against the slowest obvious ones, on made-up returns. A failure names its seed.
struct MetricPropertyTests {
  /// A few hundred returns between -3 % and 3 %, some of them zero.
  private func returns(seed: UInt64) -> [Double] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) * 0x1p-53
    }
    let count = 2 + Int(next() * 300)
    return (0..<count).map { _ in
      let value = (next() - 0.49) * 0.06
      return next() < 0.1 ? 0 : value
    }
  }

  private func deviation(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  @Test(arguments: 0..<64 as Range<UInt64>)
  func coreRatiosAreThoseOfThePlainLoops(seed: UInt64) throws {
    let returns = returns(seed: seed)
    let n = Double(returns.count)
    let mean = returns.reduce(0, +) / n
    var wealth = [1.0]
    for one in returns { wealth.append(wealth[wealth.count - 1] * (1 + one)) }
    var deepest = 0.0
    for (row, value) in wealth.enumerated() {
      for earlier in wealth[...row] { deepest = min(deepest, value / earlier - 1) }
    }
    let below = (returns.reduce(0) { $0 + ($1 < 0 ? $1 * $1 : 0) } / n).squareRoot()
    let core = CoreRatios(returns: returns, barsPerYear: 252)
    #expect(agrees(core.maxDrawdown, deepest, relative: 1e-12))
    #expect(agrees(core.totalReturn, wealth[returns.count] - 1, relative: 1e-12))
    let sharpe = mean / deviation(returns) * 252.0.squareRoot()
    #expect(agrees(core.sharpe, sharpe, relative: 1e-9))
    if below > 0 {
      #expect(agrees(core.sortino, mean / below * 252.0.squareRoot(), relative: 1e-9))
    }
    let episodes = Drawdown.episodes(of: wealth)
    #expect(agrees(episodes.map(\.depth).min() ?? 0, deepest, relative: 1e-12))
    for episode in episodes {
      #expect(wealth[...episode.peak].max() == wealth[episode.peak])
      #expect(wealth[episode.firstBelow] < wealth[episode.peak])
      #expect(wealth[episode.peak...episode.end].min() == wealth[episode.valley])
      #expect(episode.recovery.map { wealth[$0] >= wealth[episode.peak] } ?? true)
    }
  }

  @Test(arguments: 0..<16 as Range<UInt64>)
  func rollingWindowsAreThoseComputedAfresh(seed: UInt64) throws {
    let returns = returns(seed: seed)
    let sample = try ReturnsSample(returns: returns, barsPerYear: 252, riskFree: .annual(0.03))
    let free = pow(1.03, 1 / 252.0) - 1
    for window in [2, 5, 21, 100] {
      let sharpe = RollingMetrics(window: window).sharpe(sample)
      let volatility = RollingMetrics(window: window).volatility(sample)
      for row in returns.indices {
        guard row + 1 >= window else {
          #expect(sharpe[row] == nil && volatility[row] == nil)
          continue
        }
        let last = Array(returns[(row - window + 1)...row])
        let isFlat = last.allSatisfy { $0 == last[0] }
        let spread = isFlat ? 0 : deviation(last)
        #expect(abs((volatility[row] ?? -1) - spread * 252.0.squareRoot()) <= 1e-12)
        guard !isFlat else {
          #expect(sharpe[row] == nil, "window \(window), row \(row)")
          continue
        }
        let mean = last.reduce(0, +) / Double(window)
        let value = (mean - free) / spread * 252.0.squareRoot()
        let found = try #require(sharpe[row], "window \(window), row \(row)")
        #expect(abs(found - value) <= 1e-9 * max(1, abs(value)))
      }
    }
  }

  @Test(arguments: 0..<16 as Range<UInt64>)
  func rollingBetasAreThoseComputedAfresh(seed: UInt64) throws {
    let benchmark = returns(seed: seed)
    let noise = returns(seed: seed + 100)
    let count = min(benchmark.count, noise.count)
    let own = (0..<count).map { 0.7 * benchmark[$0] + noise[$0] }
    let aligned = try AlignedReturns(returns: own, benchmark: Array(benchmark[..<count]))
    for window in [2, 5, 21, 100] {
      let beta = RollingMetrics(window: window).beta(aligned)
      #expect(beta.count == count)
      for row in 0..<count {
        let rows = (row - window + 1)...row
        let isFlat = rows.lowerBound < 0 || rows.allSatisfy { benchmark[$0] == benchmark[row] }
        guard !isFlat else {
          #expect(beta[row] == nil, "window \(window), row \(row)")
          continue
        }
        let meanX = rows.reduce(0) { $0 + benchmark[$1] } / Double(window)
        let meanY = rows.reduce(0) { $0 + own[$1] } / Double(window)
        let products = rows.reduce(0) { $0 + (benchmark[$1] - meanX) * (own[$1] - meanY) }
        let squares = rows.reduce(0) { $0 + (benchmark[$1] - meanX) * (benchmark[$1] - meanX) }
        let found = try #require(beta[row], "window \(window), row \(row)")
        let expected = products / squares
        #expect(abs(found - expected) <= 1e-9 * max(1, abs(expected)))
      }
    }
  }
}

import BacktestCore
internal import Glibc

/// Sums over the returns before each row, so that a block costs two looks whatever its length.
///
/// Deviations are taken from the mean of all returns, which keeps the digits of their squares.
struct ReturnSums: Sendable {
  /// The metrics that follow from sums.
  enum Figure: String {
    case totalReturn = "total-return"
    case cagr
    case meanReturn = "mean-return"
    case expectancy
    case geometricMeanReturn = "geometric-mean-return"
    case annualMeanReturn = "annual-mean-return"
    case volatility
    case standardDeviation = "standard-deviation"
    case sharpe
    case sortino
    case downsideDeviation = "downside-deviation"
  }

  /// log(1 + r), r - mean, its square, and the square of min(r - MAR, 0), each summed.
  private let before: [SIMD4<Double>]
  private let returns: [Double]
  let mean: Double
  let target: Double

  /// The sums of a sample; `nil` of one that is ruined, or whose risk-free rates change.
  init?(_ sample: ReturnsSample) {
    if case .series = sample.riskFree { return nil }
    guard sample.ruinedAt == nil, let target = sample.minimumPerBar else { return nil }
    returns = sample.returns
    mean = Dispersion(returns).mean
    self.target = target
    var sums = [SIMD4<Double>.zero]
    sums.reserveCapacity(returns.count + 1)
    var total = SIMD4<Double>.zero
    for value in returns {
      let distance = value - mean
      let shortfall = min(value - target, 0)
      total += SIMD4(log1p(value), distance, distance * distance, shortfall * shortfall)
      sums.append(total)
    }
    before = sums
  }

  /// Whether blocks, which together have as many rows as the sample, are one row each.
  func isSingleRows(_ blocks: [Range<Int>]) -> Bool { blocks.count == returns.count }

  /// What follows from the sums of a resample.
  struct Totals {
    let count: Int
    let logGrowth: Double
    let dispersion: Dispersion
    let downsideDeviation: Double
  }

  /// The totals of some blocks.
  ///
  /// - Parameter walk: the walk through the same rows, from which the sums are taken where every
  ///   block is a single row: with many rows a look at the table then costs more than the row.
  func totals(of blocks: [Range<Int>], along walk: ResampledWalk?) -> Totals {
    var sums = SIMD4<Double>.zero
    var count = 0
    if let walk, isSingleRows(blocks), let ofWalk = walk.totals {
      (sums, count) = (ofWalk, blocks.count)
    } else {
      before.withUnsafeBufferPointer { before in
        for block in blocks {
          sums += before[block.upperBound] - before[block.lowerBound]
          count += block.count
        }
      }
    }
    let whole = before[before.count - 1]
    let n = Double(count)
    var dispersion = Dispersion(
      count: count, mean: mean + sums[1] / n, squares: max(0, sums[2] - sums[1] * sums[1] / n))
    // Where almost nothing is left of the sums, what is left is rounding.
    let least = 1e-5 * whole[2]
    if dispersion.squares <= least { dispersion = Dispersion(returns.rows(blocks)) }
    var downside = (max(0, sums[3]) / n).squareRoot().withoutRounding()
    if sums[3] <= 1e-5 * whole[3] {
      downside = returns.rows(blocks).withUnsafeBufferPointer {
        RatioFormulas.downsideDeviation($0, below: target)
      }
    }
    return Totals(
      count: count, logGrowth: sums[0], dispersion: dispersion, downsideDeviation: downside)
  }
}

extension ReturnSums.Totals {
  /// A metric of the resample, as the catalogue defines it.
  subscript(figure: ReturnSums.Figure, sample: ReturnsSample) -> Double? {
    let barsPerYear = sample.barsPerYear ?? .nan
    let value: Double? =
      switch figure {
      case .totalReturn: expm1(logGrowth)
      case .cagr: expm1(logGrowth * barsPerYear / Double(count))
      case .meanReturn, .expectancy: dispersion.mean
      case .geometricMeanReturn: expm1(logGrowth / Double(count))
      case .annualMeanReturn: dispersion.mean * barsPerYear
      case .volatility: dispersion.deviation().map { $0 * barsPerYear.squareRoot() }
      case .standardDeviation: dispersion.deviation()
      case .sharpe:
        sample.riskFree.meanPerBar(barsPerYear: barsPerYear).flatMap {
          RatioFormulas.annualizedRatio(
            dispersion.mean - $0, dispersion.deviation(), barsPerYear: barsPerYear)
        }
      case .sortino:
        sample.minimumPerBar.flatMap {
          RatioFormulas.annualizedRatio(
            dispersion.mean - $0, downsideDeviation, barsPerYear: barsPerYear)
        }
      case .downsideDeviation: downsideDeviation * barsPerYear.squareRoot()
      }
    return value.flatMap { $0.isFinite ? $0 : nil }
  }
}

/// The path of an account through resampled returns, in one pass over the rows.
struct ResampledWalk {
  /// The metrics that follow from the path.
  enum Figure: String {
    case maxDrawdown = "max-drawdown"
    case calmar
    case recoveryFactor = "recovery-factor"
    case maxDrawdownBars = "max-drawdown-bars"
    case maxDrawdownDays = "max-drawdown-days"
  }

  private let growth: Double
  private let count: Int
  private let deepest: Double
  private let longestBars: Int
  private let longestDays: Int
  /// All but the logarithms.
  private let sums: SIMD4<Double>

  /// The walk through some blocks.
  ///
  /// - Parameters:
  ///   - days: the day of each point of the sample, by which the days of the longest drawdown are
  ///     counted.
  ///   - mean: what distances are taken from.
  ///   - target: what shortfalls are taken from.
  init(
    _ blocks: [Range<Int>], of returns: [Double], days: [Int]?, mean: Double, target: Double
  ) {
    var (growth, count, sums) = (1.0, 0, SIMD4<Double>.zero)
    var (peak, peakPoint, lowestShare) = (1.0, 0, 1.0)
    var (longestBars, longestDays) = (0, 0)
    func close(_ point: Int) {
      longestBars = max(longestBars, point - peakPoint)
      if let days { longestDays = max(longestDays, days[point] - days[peakPoint]) }
    }
    @inline(__always)
    func walk(_ values: UnsafeBufferPointer<Double>) {
      for value in values {
        let distance = value - mean
        let shortfall = min(value - target, 0)
        sums += SIMD4(0, distance, distance * distance, shortfall * shortfall)
        growth *= 1 + value
        count += 1
        if growth >= peak {
          if count - peakPoint > 1 { close(count) }
          peak = growth
          peakPoint = count
        } else if growth < lowestShare * peak {
          lowestShare = growth / peak
        }
      }
    }
    returns.withUnsafeBufferPointer { returns in
      if blocks.count == returns.count, returns.count > Self.largestNearby {
        Self.forEachGathered(blocks, of: returns, walk)
      } else {
        for block in blocks { walk(UnsafeBufferPointer(rebasing: returns[block])) }
      }
    }
    if count > peakPoint { close(count) }
    deepest = lowestShare - 1
    (self.growth, self.count, self.sums) = (growth, count, sums)
    (self.longestBars, self.longestDays) = (longestBars, longestDays)
  }

  /// So many returns are near the processor whatever their order is.
  private static let largestNearby = 1 << 14

  /// Collects single rows in runs. Far memory answers many reads at once while they are collected,
  /// but one by one along a walk whose branches depend on what was read.
  private static func forEachGathered(
    _ blocks: [Range<Int>], of returns: UnsafeBufferPointer<Double>,
    _ body: (UnsafeBufferPointer<Double>) -> Void
  ) {
    let capacity = 2_048
    withUnsafeTemporaryAllocation(of: Double.self, capacity: capacity) { values in
      for start in stride(from: 0, to: blocks.count, by: capacity) {
        let end = min(start + capacity, blocks.count)
        for place in start..<end { values[place - start] = returns[blocks[place].lowerBound] }
        body(UnsafeBufferPointer(rebasing: values[..<(end - start)]))
      }
    }
  }

  /// The sums over its rows as `ReturnSums` keeps them; `nil` where the growth is beyond a Double.
  var totals: SIMD4<Double>? {
    growth.isNormal && growth > 0 ? SIMD4(log(growth), sums[1], sums[2], sums[3]) : nil
  }

  /// A metric of the path, as the catalogue defines it.
  subscript(figure: Figure, sample: ReturnsSample) -> Double? {
    switch figure {
    case .maxDrawdown: return deepest
    case .calmar:
      let cagr = sample.barsPerYear.flatMap {
        RatioFormulas.annualized(growth: growth, count: count, barsPerYear: $0)
      }
      return RatioFormulas.calmar(cagr: cagr, maxDrawdown: deepest)
    case .recoveryFactor:
      return RatioFormulas.quotient(growth - 1, abs(deepest.withoutRounding()))
    case .maxDrawdownBars: return Double(longestBars)
    case .maxDrawdownDays: return Double(longestDays)
    }
  }
}

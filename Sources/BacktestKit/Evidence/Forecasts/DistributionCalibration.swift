import BacktestCore
internal import Glibc

/// Whether returns fall into predicted normal distributions as they should: intervals as full as
/// they say, quantiles evenly used.
///
///     if let calibration = DistributionCalibration(means: m, deviations: s, outcomes: r) {
///       for interval in calibration.coverage { print(interval.level, interval.share) }
///     }
///
/// With z = (outcome - mean) / deviation, the probability integral transform of an outcome is
/// Phi(z), which is evenly spread over 0...1 where the distributions are right.
/// > F. X. Diebold, T. A. Gunther, A. S. Tay, "Evaluating Density Forecasts with Applications to
/// > Financial Risk Management", International Economic Review 39(4), 1998.
public struct DistributionCalibration: Hashable, Sendable {
  /// How full the central interval of a level was.
  public struct Interval: Hashable, Sendable {
    /// The share of outcomes that it should hold.
    public var level: Double
    /// The share that it held.
    public var share: Double
  }

  /// The loss of a predicted quantile.
  public struct QuantileLoss: Hashable, Sendable {
    /// The quantile, such as 0.05.
    public var quantile: Double
    /// The mean of (quantile - [outcome below it]) x (outcome - predicted), in the unit of returns.
    ///
    /// > R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46(1), 1978.
    public var loss: Double
  }

  /// An interval whose width was learnt on the first half of the forecasts and tried on the second.
  ///
  /// > J. Lei and others, "Distribution-Free Predictive Inference for Regression", Journal of the
  /// > American Statistical Association 113(523), 2018.
  public struct ConformalInterval: Hashable, Sendable {
    /// How many forecasts the width was learnt on: the first half, rounded down.
    public var calibrationCount: Int
    /// Which of their sizes of z, ascending from 1, is the width: (count + 1) x 0.9 rounded up.
    public var quantileIndex: Int
    /// The width: mean +- width x deviation.
    public var width: Double
    /// The share of the other half that fell inside; 0.9 where nothing has changed.
    public var testShare: Double
  }

  /// How many outcomes were judged.
  public let count: Int
  /// The central intervals of 50, 80, 90, 95 and 99 %.
  public let coverage: [Interval]
  /// The mean of the probability integral transform; 1/2 where the means are right.
  public let transformMean: Double
  /// Its variance with divisor n; 1/12 where the deviations are right, less where they are too
  /// wide.
  public let transformVariance: Double
  /// How many of its values lie in each tenth of 0...1.
  public let transformHistogram: [Int]
  /// The test whether it is evenly spread, by Kolmogorov and Smirnov.
  public let uniformity: HypothesisTest
  /// The mean continuous ranked probability score, in the unit of returns; less is better.
  ///
  /// deviation x (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)).
  /// > T. Gneiting, A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation",
  /// > Journal of the American Statistical Association 102(477), 2007.
  public let meanRankedScore: Double
  /// The mean logarithm of the predicted density at the outcome; more is better.
  public let meanLogScore: Double
  /// The losses of the quantiles 1, 5, 50, 95 and 99 %.
  public let quantileLosses: [QuantileLoss]
  /// The mean width of the central 90 % interval, with 20 times the distance of outcomes outside
  /// added; less is better.
  ///
  /// > R. L. Winkler, "A Decision-Theoretic Approach to Interval Estimation", Journal of the
  /// > American Statistical Association 67(337), 1972.
  public let intervalScore90: Double
  /// The 90 % interval that the first half teaches; `nil` with fewer than 18 outcomes.
  public let conformal90: ConformalInterval?

  /// The judgement of normal distributions.
  ///
  /// - Parameters:
  ///   - means: of the predicted distributions, in order of time.
  ///   - deviations: their standard deviations in the same unit, above zero.
  ///   - outcomes: what came, one for each.
  /// - Returns: `nil` without outcomes.
  /// - Precondition: the columns have one length, and deviations are above zero.
  public init?(means: [Double], deviations: [Double], outcomes: [Double]) {
    precondition(
      means.count == outcomes.count && deviations.count == outcomes.count, "columns of one length")
    precondition(deviations.allSatisfy { $0 > 0 }, "a deviation is above zero")
    guard !outcomes.isEmpty else { return nil }
    let n = Double(outcomes.count)
    let distances = outcomes.indices.map { (outcomes[$0] - means[$0]) / deviations[$0] }
    let transforms = distances.map { NormalDistribution.cumulative($0) }
    count = outcomes.count
    coverage = [0.5, 0.8, 0.9, 0.95, 0.99].map { level in
      let edge = NormalDistribution.quantile(0.5 + level / 2)
      return Interval(level: level, share: Double(distances.count { abs($0) <= edge }) / n)
    }
    let dispersion = Dispersion(transforms)
    transformMean = dispersion.mean
    transformVariance = dispersion.squares / n
    var histogram = [Int](repeating: 0, count: 10)
    for value in transforms { histogram[min(Int(value * 10), 9)] += 1 }
    transformHistogram = histogram
    uniformity = KolmogorovSmirnov.uniformTest(sorted: transforms.sorted())
    let pairs = zip(distances, deviations)
    meanRankedScore =
      pairs.compensatedSum { z, deviation in
        let spread = z * (2 * NormalDistribution.cumulative(z) - 1)
        return deviation
          * (spread + 2 * NormalDistribution.density(z) - 1 / Double.pi.squareRoot())
      } / n
    meanLogScore =
      pairs.compensatedSum { z, deviation in
        -z * z / 2 - log(deviation) - log(2 * Double.pi) / 2
      } / n
    quantileLosses = [0.01, 0.05, 0.5, 0.95, 0.99].map { quantile in
      let edge = NormalDistribution.quantile(quantile)
      let sum = pairs.compensatedSum { z, deviation in
        (quantile - (z < edge ? 1 : 0)) * (z - edge) * deviation
      }
      return QuantileLoss(quantile: quantile, loss: sum / n)
    }
    let edge = NormalDistribution.quantile(0.95)
    intervalScore90 =
      pairs.compensatedSum { z, deviation in
        deviation * (2 * edge + 20 * max(abs(z) - edge, 0))
      } / n
    conformal90 = Self.conformal90(distances.map { abs($0) })
  }

  private static func conformal90(_ sizes: [Double]) -> ConformalInterval? {
    let half = sizes.count / 2
    // In whole numbers, because 0.9 is none of the numbers that a double has.
    let index = ((half + 1) * 9 + 9) / 10
    guard half > 0, index <= half else { return nil }
    let width = sizes[..<half].sorted()[index - 1]
    let rest = sizes[half...]
    return ConformalInterval(
      calibrationCount: half, quantileIndex: index, width: width,
      testShare: Double(rest.count { $0 <= width }) / Double(rest.count))
  }
}

/// Whether values from 0 to 1 are spread evenly.
enum KolmogorovSmirnov {
  /// The largest distance of the values' distribution from the even one, and its p-value.
  ///
  /// > A. N. Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione", Giornale
  /// > dell'Istituto Italiano degli Attuari 4, 1933.
  ///
  /// - Precondition: `sorted` is ascending and holds at least one value.
  static func uniformTest(sorted: [Double]) -> HypothesisTest {
    let n = Double(sorted.count)
    var distance = 0.0
    for (row, value) in sorted.enumerated() {
      distance = max(distance, Double(row + 1) / n - value, value - Double(row) / n)
    }
    return HypothesisTest(statistic: distance, pValue: upperTail(distance, count: sorted.count))
  }

  /// The probability of a distance above `distance` in `count` independent values.
  ///
  /// In the tail it is twice the exact probability on one side, since both sides at once are rarer
  /// than rounding there; below a p-value of about 0.025 of that kind it is Kolmogorov's limit with
  /// the correction for small counts by Stephens, good to a few thousandths.
  /// > M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-Von Mises and Related Statistics
  /// > Without Extensive Tables", Journal of the Royal Statistical Society B 32(1), 1970.
  static func upperTail(_ distance: Double, count: Int) -> Double {
    guard distance > 0 else { return 1 }
    guard distance < 1 else { return 0 }
    let n = Double(count)
    if n * distance * distance >= 2.2 {
      return min(1, 2 * oneSidedTail(distance, count: count))
    }
    let root = n.squareRoot()
    let scaled = (root + 0.12 + 0.11 / root) * distance
    // So near to zero the series converges slowly, and the probability is 1 to ten digits.
    guard scaled > 0.2 else { return 1 }
    var (sum, sign) = (0.0, 1.0)
    for k in 1...100 {
      let term = exp(-2 * Double(k * k) * scaled * scaled)
      sum += sign * term
      sign = -sign
      if term < 1e-17 { break }
    }
    return min(1, max(0, 2 * sum))
  }

  /// The exact probability that the values' distribution exceeds the even one by `distance`
  /// somewhere.
  ///
  /// > Z. W. Birnbaum, F. H. Tingey, "One-sided confidence contours for probability distribution
  /// > functions", Annals of Mathematical Statistics 22(4), 1951.
  private static func oneSidedTail(_ distance: Double, count: Int) -> Double {
    let n = Double(count)
    let whole = lgamma(n + 1).0
    var sum = CompensatedSum()
    for j in 0...Int(n * (1 - distance)) {
      let k = Double(j)
      let (below, above) = (distance + k / n, 1 - distance - k / n)
      guard above > 0 else { continue }
      let choose = whole - lgamma(k + 1).0 - lgamma(n - k + 1).0
      sum.add(exp(choose + (k - 1) * log(below) + (n - k) * log(above)))
    }
    return distance * sum.value
  }
}

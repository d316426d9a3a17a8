internal import Glibc

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

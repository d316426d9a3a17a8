internal import Glibc

/// The line through the logarithm of wealth over the bars 1 to n, by least squares.
struct LogWealthTrend {
  /// The rise of a bar.
  let slope: Double
  /// The standard error of the slope; `nil` with fewer than three bars.
  let slopeError: Double?
  /// The share of the variance that the line explains; `nil` for a flat path.
  let rSquared: Double?

  /// The trend of a path that never loses everything, of two bars or more.
  init?(_ wealth: [Double]) {
    let count = wealth.count - 1
    guard count > 1, let base = wealth.first, wealth.allSatisfy({ $0 > 0 }) else { return nil }
    let logs = wealth.dropFirst().map { log($0 / base) }
    let n = Double(count)
    let levels = Dispersion(logs)
    let middle = (n - 1) / 2
    let spread = n * (n * n - 1) / 12
    let comoment = logs.enumerated().compensatedSum {
      (Double($0.offset) - middle) * ($0.element - levels.mean)
    }
    slope = comoment / spread
    let slope = slope
    let residuals = logs.enumerated().compensatedSum {
      let error = $0.element - levels.mean - slope * (Double($0.offset) - middle)
      return error * error
    }
    let deviation = (residuals / n).squareRoot().withoutRounding(scale: abs(slope) * n)
    slopeError = count > 2 && deviation != 0 ? (residuals / (n - 2) / spread).squareRoot() : nil
    rSquared =
      levels.deviation() == 0
      ? nil : RatioFormulas.quotient(comoment * comoment, spread * levels.squares)
  }
}

public import BacktestCore

/// Rising and falling markets by the moving average of closes.
///
/// The market is `up` from the first close above (1 + band) times the mean of the last `window`
/// closes, its own included, and `down` from the first below (1 - band) times it. In between the
/// last label stays, so that a wider band changes it less often. Before the first such close, and
/// on the first `window` - 1 bars, there is no label.
///
/// A label depends on its bar and earlier ones only, so hindsight knows no more than the time did:
/// both lists of labels are the same. In hindsight the return of a bar still counts under that
/// bar's own label, which its close has helped to decide.
///
///     let trend = try PriceTrend(window: 200, band: 0.02).labels(closes: closes)
///
/// > W. Brock, J. Lakonishok, B. LeBaron, "Simple Technical Trading Rules and the Stochastic
/// > Properties of Stock Returns", Journal of Finance 47(5), 1992, for the average with a band.
public struct PriceTrend: RegimeClassifier {
  /// How many closes the average is taken from; at least 2.
  public let window: Int
  /// How far beyond the average a close has to lie, as a fraction of it, from 0 to below 1.
  public let band: Double

  /// A trend by an average and a band about it.
  public init(window: Int = 200, band: Double = 0) {
    precondition(window >= 2 && band >= 0 && band < 1, "an average of 2 closes or more, and a band")
    self.window = window
    self.band = band
  }

  /// `trend 200`, or `trend 200, band 2 %`.
  public var name: String {
    guard band > 0 else { return "trend \(window)" }
    return "trend \(window), band \(NumberText.plain((band * 1e6).rounded() / 1e4)) %"
  }

  /// `down`, `up`.
  public var labelNames: [String] { ["down", "up"] }

  /// Labels each bar; times are not needed and may be empty.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func labels(
    closes: [Double], times: [Timestamp] = []
  ) throws(EvidenceError) -> RegimeLabels {
    try EvidenceError.check(closes: closes)
    var labels = [Int?](repeating: nil, count: closes.count)
    var label: Int?
    for row in closes.indices.dropFirst(window - 1) {
      // Each window is summed afresh, so that a label does not depend on where the series begins.
      var sum = 0.0
      for other in (row - window + 1)...row { sum += closes[other] }
      let average = sum / Double(window)
      if closes[row] > average * (1 + band) { label = 1 }
      if closes[row] < average * (1 - band) { label = 0 }
      labels[row] = label
    }
    return RegimeLabels(names: labelNames, descriptive: labels, causal: labels)
  }
}

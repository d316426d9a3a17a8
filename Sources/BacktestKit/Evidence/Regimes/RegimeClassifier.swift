public import BacktestCore

/// Something that tells from a price series in which weather each bar lay.
///
/// Every conformer keeps one promise: the causal label of a bar depends on that bar and earlier
/// ones only, so that labels of a series cut short equal those of the whole series, bit for bit.
///
///     let labels = try BullBear().labels(for: bars)
///     let split = RegimeSplit(
///       returns: result.returns, firstRow: 1, labels: labels, knowledge: .causal)
///     for part in split.parts { print(part.name, part.share, part.mean ?? .nan) }
public protocol RegimeClassifier: Sendable {
  /// What the classifier is called in tables: `bull/bear 20 %`.
  var name: String { get }
  /// The names of the labels, which are positions in this list.
  var labelNames: [String] { get }
  /// Labels each bar.
  ///
  /// - Parameters:
  ///   - closes: closing prices, finite and above zero.
  ///   - times: when each bar closed, ascending, as many as there are closes.
  /// - Throws: `RegimeError` when the prices cannot be used.
  func labels(closes: [Double], times: [Timestamp]) throws(RegimeError) -> RegimeLabels
}

extension RegimeClassifier {
  /// Labels each bar of a series by its closes.
  ///
  /// - Throws: `RegimeError` when the prices cannot be used.
  public func labels(for bars: BarSeries) throws(RegimeError) -> RegimeLabels {
    try labels(closes: Array(bars.close), times: Array(bars.closeTimes))
  }
}

/// Prices from which no regime can be told.
public enum RegimeError: Error, Equatable, CustomStringConvertible {
  /// Closes and times are not equally many.
  case unequalLengths(closes: Int, times: Int)
  /// A close that is not finite or not above zero, at a bar counted from 0.
  case unusableClose(row: Int, value: Double)

  /// One line that says what is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .unequalLengths(let closes, let times):
      "regimes: \(closes) closes but \(times) times; give one time for each close"
    case .unusableClose(let row, let value):
      "regimes: close \(value) of bar \(row) is not a positive number; "
        + "label by another series or repair this one"
    }
  }

  /// Throws unless every close is finite and above zero.
  static func check(closes: [Double]) throws(RegimeError) {
    if let row = closes.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .unusableClose(row: row, value: closes[row])
    }
  }
}

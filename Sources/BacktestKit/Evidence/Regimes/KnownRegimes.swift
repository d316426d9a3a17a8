public import BacktestCore

/// The regime that was known at any time: the only form in which a strategy or a feature takes
/// regimes.
///
/// It is made from causal labels alone, and asking it at a time gives the label of the last bar
/// that had closed by then. Labels of hindsight have no way into it: labels that were known only
/// afterwards are refused with an error.
///
///     let known = try KnownRegimes(BullBear(), of: RegimeSeries(spx))
///     if known.regime(at: trading.now) == "bear" { trading.target(.first, weight: 0) }
public struct KnownRegimes: Sendable {
  /// The names of the labels, which are positions in this list.
  public let names: [String]
  private let labels: [Int?]
  private let times: [Timestamp]

  /// The causal labels of a series.
  ///
  /// - Throws: `EvidenceError.labelsLookAhead` where the labels are known in hindsight only, and
  ///   what the classifier throws.
  public init(
    _ classifier: some RegimeClassifier, of series: RegimeSeries
  ) throws(EvidenceError) {
    let labels = try classifier.labels(closes: series.closes, times: series.times)
    guard labels.isKnownAtTheTime else { throw .labelsLookAhead(classifier.name) }
    names = labels.names
    self.labels = labels.causal
    times = series.times
  }

  /// The label that was known at a time, as a position in `names`; `nil` before one was known.
  ///
  /// - Complexity: O(log n).
  public func label(at time: Timestamp) -> Int? {
    var (low, high) = (0, times.count)
    while low < high {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? labels[low - 1] : nil
  }

  /// The name of the regime that was known at a time; `nil` before one was known.
  public func regime(at time: Timestamp) -> String? { label(at: time).map { names[$0] } }
}

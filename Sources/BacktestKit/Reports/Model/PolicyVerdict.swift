package import BacktestEvidence

/// Whether a policy showed an edge over holding its benchmark, in plain words.
///
/// An edge counts as shown when the Sharpe ratio is above the benchmark's, the mean difference of
/// returns lies above zero with 95 % confidence (`ReturnDifference`), and no part of the figures is
/// known or suspected to come from the data of its training.
package struct PolicyVerdict: Sendable {
  /// Whether an edge was shown.
  package let isEdgeShown: Bool
  /// The difference of returns, where there is a benchmark.
  package let difference: ReturnDifference?
  /// The verdict as one or two sentences.
  package let text: String

  /// A verdict on some figures.
  ///
  /// - Parameters:
  ///   - values: the account's metrics by name.
  ///   - benchmark: what it is held against.
  ///   - limits: what limits the result.
  init(values: [String: Double], benchmark: ReportBenchmark?, limits: [ResultLimit]) {
    guard let benchmark else {
      isEdgeShown = false
      difference = nil
      text = "No edge shown: there is nothing to hold it against."
      return
    }
    func figure(_ name: String, _ format: NumberFormat) -> String {
      "\(format.text(values[name])) against \(format.text(benchmark.own[name]))"
    }
    difference = benchmark.difference
    let gap = values["sharpe"].flatMap { own in benchmark.own["sharpe"].map { own - $0 } }
    let knowsFuture = limits.contains { [.inSample, .unknownTraining].contains($0.code) }
    let isAhead = (gap ?? 0) > 0 && difference?.isAboveZero == true
    isEdgeShown = isAhead && !knowsFuture
    var words =
      "return a year \(figure("cagr", .percent(decimals: 1))) for \(benchmark.nameInSentence), "
      + "Sharpe ratio \(figure("sharpe", .ratio))"
    if let difference {
      words += "; the mean difference of returns is "
      words += NumberFormat.number(decimals: 2).text(difference.mean * 1e4) + " basis points"
      words += difference.statistic.map { ", t \(NumberFormat.ratio.text($0))" } ?? ""
    }
    if isEdgeShown {
      text =
        "Ahead of \(benchmark.nameInSentence): \(words), above 1.96. One history and one policy "
        + "prove nothing more."
    } else if isAhead {
      text = "No edge shown, because the policy may know what it is tested on: \(words)."
    } else if (gap ?? 0) > 0 {
      text = "No edge shown: \(words), which chance alone gives often (1.96 would be rare)."
    } else {
      text = "No edge shown: \(words)."
    }
  }
}

package import BacktestCore

extension MetricInterval {
  /// The bounds as tables show them: `0.31 to 1.78`.
  package func text(_ format: NumberFormat) -> String {
    "\(format.text(lower)) to \(format.text(upper))"
  }

  /// The confidence: `95%`.
  package var levelText: String { NumberText.percent(level) }
}

extension MetricIntervals {
  /// How the intervals were found, in one sentence; why there is none where there is none.
  package var remark: String {
    guard let first = all.first(where: { $0.scheme != .independent }) ?? all.first else {
      guard let reason = absences["sharpe"] else { return "No intervals." }
      return "No intervals: \(reason)."
    }
    let rough = all.contains(where: \.isRough) ? "; those of drawdowns are rough" : ""
    return "\(first.levelText) intervals: \(first.scheme.text), "
      + "\(NumberText.count(first.draws, "draw")), seed \(first.seed)\(rough)."
  }
}

extension ResamplingScheme {
  /// The scheme in a few words: `stationary bootstrap, mean block 9.1 bars`.
  package var text: String {
    switch self {
    case .stationary(let mean):
      "stationary bootstrap, mean block "
        + NumberFormat.number(decimals: 1).text(max(mean, 1)) + " bars"
    case .circular(let block): "circular block bootstrap, block \(NumberText.count(block, "bar"))"
    case .independent: "bootstrap of single rows"
    }
  }
}

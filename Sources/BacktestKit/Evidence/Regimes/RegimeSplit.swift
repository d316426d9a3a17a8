/// Returns taken apart by regime.
///
/// Ratios of a regime are those of its returns put end to end; a drawdown never spans two runs of a
/// label, since other regimes moved the account between them.
///
///     let split = RegimeSplit(
///       returns: returns, firstRow: 1, labels: labels, knowledge: .descriptive)
///     let bear = split.parts[0]
///     print(bear.barCount, bear.runCount, bear.worstDrawdown ?? 0)
struct RegimeSplit: Sendable, Equatable {
  /// Whether labels are those of hindsight or those known at the time.
  let knowledge: RegimeKnowledge
  /// One part for each label, in the order of the names, empty ones included.
  let parts: [Part]
  /// The returns without a label.
  let unlabelled: Part

  /// The returns of one label.
  struct Part: Sendable, Equatable {
    /// The name of the label, or `unlabelled`.
    let name: String
    /// Its returns put end to end, in order of time.
    let returns: [Double]
    /// Its uninterrupted stretches, as ranges of positions in the returns that were split.
    let runs: [Range<Int>]
    /// Its part of all returns that were split, from 0 to 1; 0 when there were none.
    let share: Double
    /// Its mean return per bar; `nil` without returns.
    let mean: Double?
    /// The deepest fall from a high inside one run, as a fraction that is never positive; the
    /// account counts as 1 where a run begins. `nil` without returns.
    let worstDrawdown: Double?

    /// The number of returns.
    var barCount: Int { returns.count }
    /// The number of uninterrupted stretches.
    var runCount: Int { runs.count }
  }

  /// Splits the returns of neighbouring bars.
  ///
  /// - Parameters:
  ///   - returns: simple returns, one a bar, of the labelled bars `firstRow` and following.
  ///   - firstRow: the bar at whose close the first return ends, counted from 0; 1 when returns run
  ///     from the first labelled close.
  ///   - labels: the regime of each bar.
  ///   - knowledge: hindsight, or what was known at the close of the bar before.
  init(
    returns: [Double], firstRow: Int, labels: RegimeLabels, knowledge: RegimeKnowledge
  ) {
    precondition(firstRow >= 0 && firstRow + returns.count <= labels.count, "returns without bars")
    let rows = (firstRow..<(firstRow + returns.count)).map { Optional($0) }
    self.init(returns: returns, rows: rows, labels: labels, knowledge: knowledge)
  }

  /// Splits returns whose bars are given one by one.
  ///
  /// - Parameters:
  ///   - returns: simple returns in order of time.
  ///   - rows: for each return the labelled bar in which it ends, or `nil` where there is none; see
  ///     `RegimeLabels.rows(of:among:)`.
  ///   - labels: the regime of each bar.
  ///   - knowledge: hindsight, or what was known at the close of the bar before.
  init(
    returns: [Double], rows: [Int?], labels: RegimeLabels, knowledge: RegimeKnowledge
  ) {
    precondition(returns.count == rows.count, "each return has a bar")
    self.knowledge = knowledge
    // The last place holds the runs without a label.
    var runs = [[Range<Int>]](repeating: [], count: labels.names.count + 1)
    for (position, row) in rows.enumerated() {
      let label = row.flatMap { labels.label(ofReturnIn: $0, knowledge) } ?? labels.names.count
      if let last = runs[label].last, last.upperBound == position {
        runs[label][runs[label].count - 1] = last.lowerBound..<(position + 1)
      } else {
        runs[label].append(position..<(position + 1))
      }
    }
    parts = zip(labels.names, runs).map { Part(name: $0, runs: $1, of: returns) }
    unlabelled = Part(name: "unlabelled", runs: runs[labels.names.count], of: returns)
  }
}

extension RegimeSplit.Part {
  fileprivate init(name: String, runs: [Range<Int>], of all: [Double]) {
    let returns = runs.flatMap { all[$0] }
    self.name = name
    self.runs = runs
    self.returns = returns
    share = all.isEmpty ? 0 : Double(returns.count) / Double(all.count)
    mean = returns.isEmpty ? nil : returns.reduce(0, +) / Double(returns.count)
    worstDrawdown = runs.map { RegimeSplit.Part.drawdown(of: all[$0]) }.min()
  }

  /// The deepest fall of an account that begins at 1.
  private static func drawdown(of returns: ArraySlice<Double>) -> Double {
    var equity = 1.0
    var drawdown = RunningDrawdown(peak: equity)
    for value in returns {
      equity *= 1 + value
      drawdown.update(equity)
    }
    return drawdown.deepest
  }
}

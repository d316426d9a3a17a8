/// How often one regime followed another from one return to the next.
///
///     let transitions = analysis.transitions(.descriptive)
///     transitions.share(from: 0, to: 1)     // how often a bear market ended with the next bar
///
/// Steps to and from returns without a label are not counted.
package struct RegimeTransitions: Sendable, Equatable {
  /// The regimes, in the order of the labels.
  package let names: [String]
  /// The number of steps from each regime (rows) to each (columns).
  package let counts: [[Int]]

  /// The steps between neighbouring returns, from the uninterrupted stretches of each regime.
  init(names: [String], runs: [[Range<Int>]]) {
    self.names = names
    let end = runs.lazy.compactMap(\.last?.upperBound).max() ?? 0
    var regimeAtStart = [Int32?](repeating: nil, count: end + 1)
    for (regime, own) in runs.enumerated() {
      for run in own { regimeAtStart[run.lowerBound] = Int32(regime) }
    }
    var counts = runs.map { _ in [Int](repeating: 0, count: runs.count) }
    for (regime, own) in runs.enumerated() {
      for run in own {
        counts[regime][regime] += run.count - 1
        if let next = regimeAtStart[run.upperBound] { counts[regime][Int(next)] += 1 }
      }
    }
    self.counts = counts
  }

  /// The share of steps from a regime that led to another; `nil` where none began there.
  package func share(from: Int, to: Int) -> Double? {
    let all = counts[from].reduce(0, +)
    return all > 0 ? Double(counts[from][to]) / Double(all) : nil
  }
}

extension RegimeAnalysis {
  /// How regimes followed one another, by one kind of knowledge.
  package func transitions(_ knowledge: RegimeKnowledge) -> RegimeTransitions {
    let parts = parts(knowledge).prefix(labels.names.count)
    return RegimeTransitions(names: parts.map(\.name), runs: parts.map(\.runs))
  }
}

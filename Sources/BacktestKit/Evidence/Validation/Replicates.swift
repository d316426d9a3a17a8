/// Runs of one study with several checkpoints of an algorithm, which differ by chance alone: the
/// spread of the figures, and the median run, which represents all.
///
///     let replicates = Replicates(members, objective: "sharpe")
///     print(replicates.distribution(of: "sharpe")?.median ?? .nan)
///     print(members[replicates.shown].name)
///
/// The best of several is a choice made after the fact, so the run that is shown is the one in the
/// middle by the objective, of an even number the worse of the two; the spread says the rest.
package struct Replicates: Sendable, Equatable {
  /// One of the runs.
  package struct Member: Sendable, Equatable {
    /// Its name: a checkpoint, or a seed.
    package var name: String
    /// Its metrics by name; those without a value are left out.
    package var values: [String: Double]

    /// A run and its metrics.
    package init(name: String, values: [String: Double]) {
      self.name = name
      self.values = values
    }
  }

  /// The runs in the order of the study.
  package let members: [Member]
  /// The metric by which the middle is found.
  package let objective: String
  /// The position of the median run, which represents all.
  package let shown: Int

  /// Some runs, the middle of which is found by a metric.
  ///
  /// A run for which the metric does not exist counts as worse than all others; of equals the
  /// first comes first.
  ///
  /// - Precondition: there is at least one run.
  package init(_ members: [Member], objective: String) {
    precondition(!members.isEmpty, "a middle needs at least one run")
    self.members = members
    self.objective = objective
    let isBetterHigher = Metrics.find(objective)?.higherIsBetter ?? true
    func rank(_ index: Int) -> Double {
      let value = members[index].values[objective] ?? .nan
      return value.isNaN ? -.infinity : isBetterHigher ? value : -value
    }
    let worstFirst = members.indices.sorted { (rank($0), $0) < (rank($1), $1) }
    shown = worstFirst[(members.count - 1) / 2]
  }

  /// How a metric is spread over the runs; `nil` where it exists in none.
  package func distribution(of metric: String) -> Distribution? {
    Distribution(members.compactMap { $0.values[metric] })
  }

  /// Where the values of a metric lie.
  package typealias Distribution = ValueDistribution
}

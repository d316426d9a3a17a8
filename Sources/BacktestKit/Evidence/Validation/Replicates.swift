/// Runs of one study with several checkpoints of an algorithm, which differ by chance alone: the
/// spread of the figures, and the median run, which represents all.
///
///     let replicates = Replicates(members, objective: "sharpe")
///     print(replicates.distribution(of: "sharpe")?.median ?? .nan)
///     print(members[replicates.shown].name)
///
/// The best of several is a choice made after the fact, so the run that is shown is the one in the
/// middle by the objective, of an even number the worse of the two; the spread says the rest.
public struct Replicates: Sendable, Equatable {
  /// One of the runs.
  public struct Member: Sendable, Equatable {
    /// Its name: a checkpoint, or a seed.
    public var name: String
    /// Its metrics by name; those without a value are left out.
    public var values: [String: Double]

    /// A run and its metrics.
    public init(name: String, values: [String: Double]) {
      self.name = name
      self.values = values
    }
  }

  /// The runs in the order of the study.
  public let members: [Member]
  /// The metric by which the middle is found.
  public let objective: String
  /// The position of the median run, which represents all.
  public let shown: Int

  /// Some runs, the middle of which is found by a metric.
  ///
  /// A run for which the metric does not exist counts as worse than all others; of equals the
  /// first comes first.
  ///
  /// - Precondition: there is at least one run.
  public init(_ members: [Member], objective: String) {
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
  public func distribution(of metric: String) -> Distribution? {
    Distribution(members.compactMap { $0.values[metric] })
  }

  /// Where the values of a metric lie.
  public struct Distribution: Sendable, Equatable {
    /// The number of runs in which the metric exists.
    public var count: Int
    /// The smallest value.
    public var minimum: Double
    /// The value below which a quarter lies.
    public var lowerQuartile: Double
    /// The value below which half lies.
    public var median: Double
    /// The value below which three quarters lie.
    public var upperQuartile: Double
    /// The greatest value.
    public var maximum: Double

    /// The distance between the quartiles.
    public var interquartileRange: Double { upperQuartile - lowerQuartile }

    /// The quartiles of values, linear between neighbours (type 7 of R. J. Hyndman and Y. Fan,
    /// 1996); `nil` of none. Values that are not finite do not count.
    public init?(_ values: [Double]) {
      let sorted = values.filter(\.isFinite).sorted()
      guard let first = sorted.first, let last = sorted.last else { return nil }
      count = sorted.count
      minimum = first
      lowerQuartile = sorted.sortedQuantile(0.25)
      median = sorted.sortedQuantile(0.5)
      upperQuartile = sorted.sortedQuantile(0.75)
      maximum = last
    }
  }
}

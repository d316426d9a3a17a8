import BacktestCore

/// Figures that can be computed of any choice of the rows of a sample.
protocol ResampledFigures: Sendable {
  /// The number of rows of the sample.
  var rowCount: Int { get }
  /// The number of figures.
  var figureCount: Int { get }

  /// Adds the figures of the rows in some blocks; not a number where one does not exist.
  func append(of blocks: [Range<Int>], to values: inout [Double])
}

/// Metrics of resampled returns.
///
/// What follows from sums costs two looks at a table for each block, what follows from the path one
/// pass; everything else is measured as any sample is.
struct ReturnFigures: ResampledFigures {
  let sample: ReturnsSample
  private let sources: [Source]
  private let sums: ReturnSums?
  private let days: [Int]?
  private let needsWalk: Bool
  private let ranks: ReturnRanks?

  /// How a metric is computed.
  private enum Source {
    case sums(ReturnSums.Figure)
    case walk(ResampledWalk.Figure)
    case whole(MetricDefinition)
  }

  init(_ metrics: [MetricDefinition], _ sample: ReturnsSample) {
    self.sample = sample
    let sums = ReturnSums(sample)
    sources = metrics.map { metric in
      if sums != nil, let figure = ReturnSums.Figure(rawValue: metric.name) { return .sums(figure) }
      if let figure = ResampledWalk.Figure(rawValue: metric.name) { return .walk(figure) }
      return .whole(metric)
    }
    self.sums = sources.contains { if case .sums = $0 { true } else { false } } ? sums : nil
    needsWalk = sources.contains { if case .walk = $0 { true } else { false } }
    let needsDays = metrics.contains { $0.name == ResampledWalk.Figure.maxDrawdownDays.rawValue }
    days = needsDays ? sample.pointDates?.map(\.daysSinceEpoch) : nil
    let needsRanks = sources.contains { if case .whole = $0 { true } else { false } }
    ranks = needsRanks ? ReturnRanks(sample.returns) : nil
  }

  var rowCount: Int { sample.count }
  var figureCount: Int { sources.count }

  func append(of blocks: [Range<Int>], to values: inout [Double]) {
    var totals: ReturnSums.Totals?
    var walk: ResampledWalk?
    if needsWalk || sums?.isSingleRows(blocks) ?? false {
      walk = ResampledWalk(
        blocks, of: sample.returns, days: days, mean: sums?.mean ?? 0, target: sums?.target ?? 0)
    }
    var workspace: MetricWorkspace?
    for source in sources {
      switch source {
      case .sums(let figure):
        if totals == nil { totals = sums?.totals(of: blocks, along: walk) }
        values.append(totals?[figure, sample] ?? .nan)
      case .walk(let figure):
        values.append(walk?[figure, sample] ?? .nan)
      case .whole(let metric):
        if workspace == nil { workspace = self.workspace(of: blocks) }
        values.append(workspace.flatMap { metric.value(in: $0) } ?? .nan)
      }
    }
  }

  private func workspace(of blocks: [Range<Int>]) -> MetricWorkspace? {
    let returns = sample.returns.rows(blocks)
    var riskFree = sample.riskFree
    if case .series(let rates) = riskFree { riskFree = .series(rates.rows(blocks)) }
    let dates = sample.pointDates.map { Array($0.prefix(returns.count + 1)) }
    let resample = try? ReturnsSample(
      returns: returns, pointDates: dates, barsPerYear: sample.barsPerYear, riskFree: riskFree,
      minimumAcceptableReturn: sample.minimumAcceptableReturn)
    return resample.map { MetricWorkspace(MetricInputs(sample: $0)) { ranks?.sorted(blocks) } }
  }
}

/// Metrics of an account and its benchmark on resampled common days.
struct CommonDayFigures: ResampledFigures {
  private let metrics: [MetricDefinition]
  private let inputs: MetricInputs
  private let aligned: AlignedReturns

  init(_ metrics: [MetricDefinition], _ inputs: MetricInputs) {
    guard let aligned = inputs.benchmark else {
      preconditionFailure("Invariant: a comparison without a benchmark has no value")
    }
    self.metrics = metrics
    self.inputs = inputs
    self.aligned = aligned
  }

  var rowCount: Int { aligned.count }
  var figureCount: Int { metrics.count }

  func append(of blocks: [Range<Int>], to values: inout [Double]) {
    var resampled = inputs
    resampled.benchmark = aligned.resampled(blocks)
    let workspace = MetricWorkspace(resampled)
    for metric in metrics { values.append(metric.value(in: workspace) ?? .nan) }
  }
}

/// Returns by rank, so that a resample is sorted by counting.
struct ReturnRanks: Sendable {
  private let ascending: [Double]
  private let rankOfRow: [Int32]

  init(_ returns: [Double]) {
    let order = returns.indices.sorted { returns[$0] < returns[$1] }
    ascending = order.map { returns[$0] }
    var ranks = [Int32](repeating: 0, count: returns.count)
    for (rank, row) in order.enumerated() { ranks[row] = Int32(rank) }
    rankOfRow = ranks
  }

  /// The returns of some blocks in ascending order.
  func sorted(_ blocks: [Range<Int>]) -> [Double] {
    var counts = [Int32](repeating: 0, count: ascending.count)
    var total = 0
    for block in blocks {
      total += block.count
      for row in block { counts[Int(rankOfRow[row])] += 1 }
    }
    return Array(unsafeUninitializedCapacity: total) { values, filled in
      var place = 0
      for rank in ascending.indices {
        for _ in 0..<counts[rank] {
          values[place] = ascending[rank]
          place += 1
        }
      }
      filled = place
    }
  }
}

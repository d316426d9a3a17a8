import BacktestCore

/// Intervals of metrics by resampling: how far each figure would move if the same market dealt its
/// returns again in another order.
///
///     let bootstrap = Bootstrap(seed: 7)
///     let sharpe = try bootstrap.interval(of: "sharpe", in: sample)
///     print(sharpe?.lower ?? .nan, sharpe?.upper ?? .nan)
///
/// Figures of returns come from resamples of the returns in blocks, those of a comparison from the
/// same rows of account and benchmark, those of trades from closed trades drawn one by one. The
/// same seed gives the same bounds whatever the number of threads is and whichever other metrics
/// are asked for.
public struct Bootstrap: Hashable, Sendable {
  /// How returns are drawn; `nil` takes the stationary bootstrap with the optimal block length of
  /// the returns (`OptimalBlockLength`).
  public var scheme: ResamplingScheme?
  /// The number of resamples.
  public var draws: Int
  /// The confidence, 0.95 for 95 %.
  public var level: Double
  /// How bounds follow from the resamples.
  public var method: IntervalMethod
  /// The seed of the resamples.
  public var seed: UInt64

  /// The least number of returns, or of closed trades, from which there are intervals.
  public static let leastCount = 30

  /// A bootstrap from its rules.
  public init(
    scheme: ResamplingScheme? = nil, draws: Int = 2_000, level: Double = 0.95,
    method: IntervalMethod = .percentile, seed: UInt64 = 0
  ) {
    self.scheme = scheme
    self.draws = draws
    self.level = level
    self.method = method
    self.seed = seed
  }

  /// The interval of a metric of some returns, or `nil` where it has none.
  ///
  /// - Throws: `EvidenceError` for an unknown metric or invalid rules.
  public func interval(
    of metric: String, in sample: ReturnsSample, threads: Int? = nil
  ) throws(EvidenceError) -> MetricInterval? {
    try intervals(of: [metric], in: PerformanceMetrics(sample), threads: threads)[metric]
  }

  /// The intervals of several metrics, all from the same resamples.
  ///
  /// - Throws: `EvidenceError` for an unknown metric or invalid rules.
  /// - Complexity: O(blocks) a draw for the mean, the deviation and what follows from them, O(n)
  ///   for most others.
  public func intervals(
    of metrics: [String], in performance: PerformanceMetrics, threads: Int? = nil
  ) throws(EvidenceError) -> MetricIntervals {
    try check()
    var definitions: [MetricDefinition] = []
    for name in metrics { definitions.append(try Metrics.named(name)) }
    let inputs = performance.inputs
    let workspace = MetricWorkspace(inputs)
    var absences: [String: IntervalAbsence] = [:]
    var values: [String: Double] = [:]
    for metric in definitions {
      if let value = metric.value(in: workspace) {
        values[metric.name] = value
        absences[metric.name] = metric.absenceOfInterval(inputs, trades: workspace.trades)
      } else {
        let reason = (try? performance.absence(of: metric.name)) ?? nil
        absences[metric.name] = .noValue(reason ?? .undefined)
      }
    }
    var intervals: [String: MetricInterval] = [:]
    let varied = definitions.filter { absences[$0.name] == nil }
    func take(_ metrics: [MetricDefinition], _ scheme: ResamplingScheme, _ columns: Columns) {
      for (column, metric) in metrics.enumerated() {
        let values = BootstrapDistribution(columns.draws[column], around: values[metric.name] ?? 0)
        switch interval(of: metric.name, values, scheme, columns.jackknife[column]) {
        case .success(let interval): intervals[metric.name] = interval
        case .failure(let absence): absences[metric.name] = absence
        }
      }
    }
    let scheme = scheme ?? .automatic(for: inputs.sample.returns)
    for (kind, metrics) in Dictionary(grouping: varied, by: \.resampledRows) {
      switch kind {
      case .returns:
        take(metrics, scheme, columns(ReturnFigures(metrics, inputs.sample), scheme, threads))
      case .common:
        take(metrics, scheme, columns(CommonDayFigures(metrics, inputs), scheme, threads))
      case .trades:
        take(
          metrics, .independent,
          columns(TradeFigures(metrics, inputs), .independent, threads, stream: "trades"))
      }
    }
    return MetricIntervals(
      all: definitions.compactMap { intervals[$0.name] }, absences: absences)
  }

  private func interval(
    of name: String, _ found: BootstrapDistribution, _ scheme: ResamplingScheme,
    _ jackknife: [Double]
  ) -> Result<MetricInterval, IntervalAbsence> {
    let missing = 1 - Double(found.sorted.count) / Double(draws)
    guard missing <= 0.05 else { return .failure(.oftenUndefined(missing)) }
    guard let bounds = found.bounds(method, level: level, jackknife: jackknife) else {
      return .failure(.oneSided)
    }
    return .success(
      MetricInterval(
        metric: name, value: found.value, lower: bounds.lower, upper: bounds.upper,
        standardError: found.standardError, level: level, method: method, scheme: scheme,
        draws: found.sorted.count, seed: seed))
  }

  private func check() throws(EvidenceError) {
    guard draws >= 2 else { throw .tooFewDraws(draws) }
    guard level > 0, level < 1 else { throw .invalidLevel(level) }
    try scheme?.check()
  }
}

extension IntervalAbsence: Error {}

extension ResamplingScheme {
  /// The stationary bootstrap with the optimal block length of a series; single rows where there is
  /// none.
  package static func automatic(for values: [Double]) -> ResamplingScheme {
    OptimalBlockLength(values).map { .stationary(meanBlock: $0.stationary) } ?? .independent
  }

  /// Refuses blocks that are none.
  package func check() throws(EvidenceError) {
    switch self {
    case .stationary(let mean):
      guard mean >= 1, mean.isFinite else { throw .invalidBlock(mean) }
    case .circular(let block):
      guard block >= 1 else { throw .invalidBlock(Double(block)) }
    case .independent: break
    }
  }
}

// Drawing
extension Bootstrap {
  /// The values of metrics, one column for each.
  struct Columns {
    /// In the resamples.
    var draws: [[Double]]
    /// Without one row each; empty unless the method needs it.
    var jackknife: [[Double]]
  }

  /// So many resamples make a piece of parallel work and have one stream of random numbers.
  private static let drawsPerPiece = 50

  private func columns(
    _ figures: some ResampledFigures, _ scheme: ResamplingScheme, _ threads: Int?,
    stream: String = "returns"
  ) -> Columns {
    let pieces = (draws + Self.drawsPerPiece - 1) / Self.drawsPerPiece
    let (draws, seed, count) = (draws, seed, figures.rowCount)
    let sampler = BlockSampler(scheme, rows: count)
    let rows = parallelMap(count: pieces, threads: threads) { piece in
      var random = Randomness(seed: seed, stream: "bootstrap/\(stream)/\(piece)")
      var values: [Double] = []
      var blocks: [Range<Int>] = []
      for _ in 0..<min(Self.drawsPerPiece, draws - piece * Self.drawsPerPiece) {
        blocks.removeAll(keepingCapacity: true)
        sampler.draw(using: &random) { blocks.append($0) }
        figures.append(of: blocks, to: &values)
      }
      return values
    }
    let jackknife = method == .bca ? jackknife(figures, threads) : []
    return Columns(
      draws: Self.transposed(rows, figures.figureCount),
      jackknife: Self.transposed(jackknife, figures.figureCount))
  }

  private func jackknife(_ figures: some ResampledFigures, _ threads: Int?) -> [[Double]] {
    let count = figures.rowCount
    return parallelMap(count: (count + 99) / 100, threads: threads) { piece in
      var values: [Double] = []
      for row in (piece * 100)..<min(piece * 100 + 100, count) {
        figures.append(of: [0..<row, row + 1..<count], to: &values)
      }
      return values
    }
  }

  /// Columns from pieces of rows.
  private static func transposed(_ pieces: [[Double]], _ width: Int) -> [[Double]] {
    var columns = [[Double]](repeating: [], count: width)
    for piece in pieces {
      for start in stride(from: 0, to: piece.count, by: width) {
        for column in 0..<width { columns[column].append(piece[start + column]) }
      }
    }
    return columns
  }
}

/// Which rows a metric is resampled by.
enum ResampledRows: Hashable {
  /// Returns.
  case returns
  /// The days that the account and its benchmark have in common.
  case common
  /// Closed trades.
  case trades
}

extension MetricDefinition {
  var resampledRows: ResampledRows {
    if needs.contains(.benchmark) { return .common }
    return needs.contains(.roundTrips) ? .trades : .returns
  }

  /// Why it has no interval whatever the resamples are.
  fileprivate func absenceOfInterval(
    _ inputs: MetricInputs, trades: TradeMetrics?
  ) -> IntervalAbsence? {
    let isCount = ["return-count", "trade-count", "trade-open-count"].contains(name)
    if isCount || needs.contains(.account) { return .notResampled }
    switch resampledRows {
    case .trades:
      let count = trades?.count ?? 0
      return count < Bootstrap.leastCount ? .tooFewTrades(count) : nil
    case .common:
      let count = inputs.benchmark?.count ?? 0
      if let point = inputs.sample.ruinedAt { return .noValue(.ruined(point: point)) }
      return count < Bootstrap.leastCount ? .tooFewReturns(count) : nil
    case .returns:
      if let point = inputs.sample.ruinedAt { return .noValue(.ruined(point: point)) }
      let count = inputs.sample.count
      return count < Bootstrap.leastCount ? .tooFewReturns(count) : nil
    }
  }
}

import BacktestCore

/// A cross-validation that was checked: everything that its runs need is known.
struct PreparedCrossValidation: Sendable {
  let request: CrossValidation
  let candidates: [StrategyParameters]
  let infeasibleCount: Int
  /// The markets: one, or one for each asset or timeframe.
  let axes: [ValidationAxis]
  /// How each candidate runs on each market.
  let splits: ValidationSplits

  var plan: CrossValidationPlan { request.plan }
  var metric: MetricDefinition { axes[0].evaluator.metric }

  init(_ request: CrossValidation) throws(EvidenceError) {
    self.request = request
    let plan = request.plan
    let metric = try Metrics.named(plan.objective)
    guard !metric.needs.contains(.roundTrips) else {
      throw .crossValidation(.objectiveOfTrades(metric.name))
    }
    let found = try request.grid.candidates(of: request.definition)
    candidates = found.accepted
    infeasibleCount = found.infeasibleCount
    var axes: [ValidationAxis] = []
    for (name, feed) in try request.markets() {
      axes.append(try request.axis(name, feed, candidates: found.accepted))
    }
    self.axes = axes
    splits = try ValidationSplits(request, axes)
    try checkTrain(metric)
  }

  /// Refuses splits that leave nothing, or too little, to choose by.
  private func checkTrain(_ metric: MetricDefinition) throws(EvidenceError) {
    for index in 0..<splits.count {
      guard let split = splits.rows(at: index) else { continue }
      let count = split.trainCount
      guard count > 0 else {
        throw .crossValidation(
          .emptyTrain(
            split: splitName(split), purge: plan.purging.purge, embargo: plan.purging.embargo))
      }
      guard candidates.count == 1 || count >= metric.minimumCount else {
        throw .crossValidation(
          .shortTrain(
            split: splitName(split), bars: count, objective: metric.name,
            needed: metric.minimumCount))
      }
    }
  }

  private func splitName(_ split: CrossValidationSplit) -> String {
    "the split that tests \(splits.testName(split.index))"
  }
}

extension CrossValidation {
  /// The markets by name.
  fileprivate func markets() throws(EvidenceError) -> [(name: String, feed: Feed)] {
    let universe = feed.universe
    switch plan.method {
    case .purgedKFold, .combinatorial, .byRegime, .byYear: return [("", feed)]
    case .byAsset:
      guard universe.count > 1 else {
        throw .crossValidation(.oneGroup(kind: "asset", name: universe.series[0].instrument.symbol))
      }
      var markets: [(String, Feed)] = []
      for series in universe.series {
        markets.append((series.instrument.symbol, try made(series, universe)))
      }
      return markets
    case .byTimeframe:
      guard Set(plan.timeframes).count > 1 else {
        throw .crossValidation(
          .missing(
            "'by-timeframe' leaves one of several timeframes out; give at least two different ones "
              + "by 'timeframes', such as [1d, 1w]"))
      }
      var markets: [(String, Feed)] = []
      for timeframe in plan.timeframes where !markets.contains(where: { $0.0 == "\(timeframe)" }) {
        do throws(MarketError) {
          let series = try universe.series.map { (series) throws(MarketError) in
            try series.resampled(to: timeframe)
          }
          let market = try Universe(series).carrying(universe)
          markets.append(("\(timeframe)", Feed(market)))
        } catch {
          throw .crossValidation(.market("\(timeframe)", reason: "\(error)"))
        }
      }
      return markets
    }
  }

  private func made(
    _ series: BarSeries, _ universe: Universe
  ) throws(EvidenceError) -> Feed {
    do throws(MarketError) {
      return Feed(try Universe([series]).carrying(universe))
    } catch {
      throw .crossValidation(.market(series.instrument.symbol, reason: "\(error)"))
    }
  }

  /// The bars of a market after the warm-up.
  fileprivate func axis(
    _ name: String, _ feed: Feed, candidates: [StrategyParameters]
  ) throws(EvidenceError) -> ValidationAxis {
    let warmup: Int
    do throws(EvidenceError) {
      warmup = try PreparedWalkForward.longestWarmup(
        of: candidates, definition, on: feed.universe)
    } catch {
      throw name.isEmpty ? error : .crossValidation(.market(name, reason: "\(error)"))
    }
    let skip = plan.skip ?? warmup + 1
    guard skip >= 1 else { throw .invalidSkip(skip) }
    let bars = feed.instants.count
    guard skip + 1 < bars else {
      throw .crossValidation(
        .shortMarket(name.isEmpty ? "the data" : name, bars: bars, needed: skip + 2))
    }
    return try ValidationAxis(
      name: name, feed: feed, skip: skip, warmup: warmup, objective: plan.objective,
      riskFree: configuration.riskFreeRate)
  }
}

/// The splits of a cross-validation, whatever its method.
enum ValidationSplits: Sendable {
  /// Folds of one market.
  case folds(CombinatorialSplits)
  /// Groups of bars of one market.
  case groups(GroupSplits)
  /// Markets by name.
  case markets([String])

  init(_ request: CrossValidation, _ axes: [ValidationAxis]) throws(EvidenceError) {
    let (plan, axis) = (request.plan, axes[0])
    switch plan.method {
    case .purgedKFold, .combinatorial:
      self = .folds(
        try CombinatorialSplits(
          barCount: axis.count, foldCount: plan.foldCount,
          testFoldCount: plan.method == .combinatorial ? plan.testFoldCount : 1,
          sizes: plan.foldSizes, purging: plan.purging))
    case .byYear:
      let years = axis.dates.map { Int($0.year) }
      let first = years.first ?? 0
      self = .groups(
        try GroupSplits(
          labels: years.map { $0 - first }, names: (first...(years.last ?? first)).map { "\($0)" },
          kind: plan.method.unit, purging: plan.purging))
    case .byRegime:
      guard let regimes = request.regimes else {
        throw .crossValidation(.missing("'by-regime' needs labels of regimes"))
      }
      let times = axis.points.dropFirst().map { axis.feed.instants[$0] }
      let rows = RegimeLabels.rows(of: times, among: regimes.closeTimes)
      self = .groups(
        try GroupSplits(
          labels: rows.map { row in row.flatMap { regimes.labels.descriptive[$0] } },
          names: regimes.labels.names, kind: plan.method.unit, purging: plan.purging))
    case .byAsset, .byTimeframe: self = .markets(axes.map(\.name))
    }
  }

  /// The number of splits.
  var count: Int {
    switch self {
    case .folds(let splits): splits.count
    case .groups(let splits): splits.count
    case .markets(let names): names.count
    }
  }

  /// The bars of a split; `nil` where whole markets are left out.
  func rows(at index: Int) -> CrossValidationSplit? {
    switch self {
    case .folds(let splits): splits[index]
    case .groups(let splits): splits[index]
    case .markets: nil
    }
  }

  /// What a split tests, in words: `folds 1 and 3`, `bear`.
  func testName(_ index: Int) -> String {
    switch self {
    case .folds(let splits):
      let numbers = splits.testFolds(at: index).map { "\($0 + 1)" }
      return "fold\(numbers.count == 1 ? "" : "s") \(numbers.joined(separator: ", "))"
    case .groups(let splits): return splits.names[splits.groups[index]]
    case .markets(let names): return names[index]
    }
  }
}

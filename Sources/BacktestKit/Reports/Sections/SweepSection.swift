import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// The sets of a sweep: how many were tried, how the best compares with them, and the surface
  /// around it. Empty without a sweep.
  func sweepSections(_ sweep: ParameterSweepResult?, reducing reduction: ParameterHeatMap.Reduction)
    -> [ReportSection]
  {
    guard let sweep else { return [] }
    var blocks: [any ReportBlock] = [
      ReportTiles(sweepTiles(sweep)), sweepChoiceTable(sweep), evidenceTable(sweep),
    ]
    if let found = try? sweep.evidence?.overfitting.get() {
      blocks += OverfittingBlocks.charts(
        found, barsPerYear: run.sessionSample(of: sample).barsPerYear)
    }
    blocks += sweep.heatMaps(reducing: reduction).map { heatMapChart($0, sweep) }
    let varying = sweep.grid.dimensions.filter { $0.values.count > 1 }
    blocks.append(ReportColumns(varying.compactMap { profileChart($0.name, sweep) }))
    blocks.append(rankingTable(sweep))
    return [
      ReportSection(
        id: "sweep", title: "Sweep",
        summary:
          "Every set of parameters on the same bars. The best of many is a choice made after "
          + "the fact: read its number of trials, its deflated Sharpe ratio and its neighbours "
          + "before its figures.",
        blocks: blocks)
    ]
  }

  private func sweepTiles(_ sweep: ParameterSweepResult) -> [ReportTiles.Tile] {
    let evidence = sweep.evidence
    let effective = (try? evidence?.effectiveTrials.get()).map { "about " + number($0.value) }
    let around = sweep.best.flatMap { sweep.neighbourhood(of: $0) }
    let format = sweep.objective.unit.format(currency: currency)
    return [
      ReportTiles.Tile(
        "Sets tried", value: NumberText.grouped(sweep.sets.count),
        detail: effective.map { "\($0) independent" } ?? "independent: unknown"),
      ReportTiles.Tile(
        "Deflated Sharpe ratio",
        value: NumberFormat.probability.text(
          (try? evidence?.deflatedSharpe.get())?.probability),
        detail: "of the best set",
        definition:
          "probability that the best set's true Sharpe ratio is above what the best of so "
          + "many worthless sets is expected to show (Bailey, López de Prado, 2014)"),
      ReportTiles.Tile(
        "Probability of overfitting",
        value: NumberFormat.ratio.text((try? evidence?.overfitting.get())?.probability),
        detail: (try? evidence?.overfitting.get()).map { "\($0.blocks) blocks" },
        definition: "share of splits in which the best set in sample is no better than the median "
          + "out of sample (Bailey, Borwein, López de Prado, Zhu, 2017)"),
      ReportTiles.Tile(
        "Neighbours' median", value: format.text(around?.median),
        detail: around.map { "best set \(format.text($0.value))" } ?? "no neighbours",
        definition: "median \(sweep.objective.title) of the sets one step of one parameter away"),
    ]
  }

  private func number(_ value: Double) -> String { NumberFormat.number(decimals: 1).text(value) }

  /// The best set and the plateau beside each other.
  private func sweepChoiceTable(_ sweep: ParameterSweepResult) -> ReportTable {
    let format = sweep.objective.unit.format(currency: currency)
    let percent = NumberFormat.percent(decimals: 0)
    let reason = "no set has neighbours"
    func row(_ name: String, _ set: Int?) -> [ReportCell] {
      guard let set else {
        return [.text(name)] + Array(repeating: .missing(reason), count: 7)
      }
      let around = sweep.neighbourhood(of: set)
      return [
        .text(name), .text(parameters(set, sweep)),
        .number(sweep.objectiveValue(of: set), else: "undefined"),
        .number(around?.mean, else: reason), .number(around?.median, else: reason),
        .number(around?.worst, else: reason), .number(around?.nearShare, else: reason),
        around.map { .text($0.isAtEdge ? "yes" : "no") } ?? .missing(reason),
      ]
    }
    return ReportTable(
      caption: "The best set and its neighbours, by \(sweep.objective.title)",
      columns: [
        .text("Choice"), .text("Parameters"), .number("Own", as: format),
        .number("Mean", as: format, definition: "mean of the neighbours"),
        .number("Median", as: format, definition: "median of the neighbours"),
        .number("Worst", as: format, definition: "worst neighbour"),
        .number(
          "Near", as: percent,
          definition: "share of neighbours worse than the set by no more than "
            + percent.text(sweep.plan.tolerance)),
        .text("At an edge", definition: "a parameter has its least or greatest value"),
      ],
      rows: [
        row("Best", sweep.best), row("Plateau: best median with its neighbours", sweep.plateau),
      ])
  }

  private func evidenceTable(_ sweep: ParameterSweepResult) -> ReportTable {
    func row<Value>(
      _ name: String, _ result: Result<Value, StatisticAbsence>?, _ text: String,
      _ value: (Value) -> Double
    ) -> [ReportCell] {
      switch result {
      case .success(let found)?: return [.text(name), .number(value(found)), .text(text)]
      case .failure(let reason)?: return [.text(name), .missing("\(reason)"), .text(text)]
      case nil: return [.text(name), .missing("no set has an objective"), .text(text)]
      }
    }
    let evidence = sweep.evidence
    return ReportTable(
      caption: "How much of it is luck",
      columns: [.text("Figure"), .number("Value", as: .number(decimals: 4)), .prose("Meaning")],
      rows: [
        [
          .text("Sets tried"), .text(NumberText.grouped(sweep.sets.count)),
          .text(
            "of \(NumberText.grouped(sweep.combinationCount)) combinations, of which the strategy "
              + "does not accept \(NumberText.grouped(sweep.infeasibleCount))"),
        ],
        row(
          "Independent sets", evidence?.effectiveTrials,
          "r + (1 - r) N, r the mean correlation between the sets' session returns", \.value),
        row(
          "Sharpe ratio of luck", evidence?.deflatedSharpe,
          "per session, expected of the best of so many worthless sets", \.threshold),
        row(
          "Deflated Sharpe ratio", evidence?.deflatedSharpe,
          "probability that the best set is better than that", \.probability),
        row(
          "Probability of overfitting", evidence?.overfitting,
          "share of splits of the blocks in which the best in sample is in the lower half out of "
            + "sample", \.probability),
        row(
          "Probability of loss", evidence?.overfitting,
          "share of these splits in which it loses out of sample", \.lossProbability),
      ])
  }

  private func heatMapChart(
    _ map: ParameterHeatMap, _ sweep: ParameterSweepResult
  ) -> HeatMapChart {
    let others =
      map.largestCellCount > 1
      ? "the \(map.reduction.rawValue) over the other parameters" : "one set in each cell"
    var chart = HeatMapChart(
      title: "\(sweep.objective.title) by \(map.across) and \(map.down)",
      subtitle: "\(NumberText.capitalized(others)); the best set is framed",
      columns: map.columns.map(\.description), rows: map.rows.map(\.description),
      values: map.values, xTitle: map.across, yTitle: map.down,
      format: sweep.objective.unit.format(currency: currency))
    if let best = sweep.best, let x = sweep.sets[best][map.across],
      let y = sweep.sets[best][map.down],
      let column = map.columns.firstIndex(where: { $0.means(x) }),
      let row = map.rows.firstIndex(where: { $0.means(y) })
    {
      chart.marked = (column, row)
    }
    return chart
  }

  private func profileChart(_ name: String, _ sweep: ParameterSweepResult) -> LineChart? {
    let profile = sweep.profile(of: name)
    guard profile.count > 1 else { return nil }
    let x = profile.indices.map(Double.init)
    var chart = LineChart(
      title: "\(sweep.objective.title) by \(name)",
      subtitle: "Over all values of the other parameters",
      series: [
        ChartSeries("Best", x: x, y: profile.map { $0.best ?? .nan }),
        ChartSeries("Median", x: x, y: profile.map { $0.median ?? .nan }),
      ], unit: sweep.objective.unit == .fraction ? .percent : .plain, height: .short)
    chart.xAxis = .places(profile.map(\.value.description))
    chart.xTitle = name
    return chart
  }

  private func rankingTable(_ sweep: ParameterSweepResult) -> ReportTable {
    let names = ["total-return", "sharpe", "max-drawdown", "trade-count"]
    let shown = names.filter { $0 != sweep.objective.name }.compactMap { Metrics.find($0) }
    let undefined = "undefined for this set"
    let format = sweep.objective.unit.format(currency: currency)
    let ranking = sweep.ranking.prefix(100)
    var table = ReportTable(
      caption: "Sets by \(sweep.objective.title)",
      columns: [
        .number("Rank", as: .integer), .text("Parameters"),
        .number(sweep.objective.title, as: format).at("objective"),
      ]
        + shown.map {
          .number($0.title, as: $0.unit.format(currency: currency)).at("metrics.\($0.name)")
        } + [.number("Neighbours' median", as: format).at("neighbours.median")],
      rows: ranking.enumerated().map { place, set in
        [
          .number(Double(place + 1)), .text(parameters(set, sweep)),
          .number(sweep.objectiveValue(of: set), else: undefined),
        ]
          + shown.map { metric in
            .number((try? sweep.value(of: metric.name, set: set)) ?? nil, else: undefined)
          } + [.number(sweep.neighbourhood(of: set)?.median, else: "no neighbours")]
      }, limit: ReportTable.Limit(rowCount: 20, file: "sweep.csv"), isFolded: false)
    table.rowKeys = ranking.indices.map { "sweep.ranking.\($0)" }
    return table
  }

  /// The parameters that vary.
  private func parameters(_ set: Int, _ sweep: ParameterSweepResult) -> String {
    let names = sweep.grid.dimensions.map(\.name)
    let pairs = names.compactMap { name in sweep.sets[set][name].map { "\(name)=\($0)" } }
    return pairs.isEmpty ? "as given" : pairs.joined(separator: " ")
  }
}

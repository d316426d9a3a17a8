public import BacktestCore
public import BacktestEvidence

/// The page on which a cross-validation is judged: how its figures are spread over paths, each
/// split, and what was chosen.
///
///     try CrossValidationReport(result, universe: feed.universe).write(to: "crossval.html")
///
/// No path and no split is shown as the result. The same report always gives the same bytes.
public struct CrossValidationReport: ReportPage {
  /// The heading.
  public var title: String
  /// The caveats, shown first; by default those of the cross-validation.
  public var caveats: [ResultCaveat]
  /// Where the result comes from, such as the study.
  package var provenance: [ProvenanceItem] = []
  /// The SHA-256 of data files by path, where they are known.
  package var fileDigests: [String: String] = [:]

  /// What the histories are compared with; by default equal parts of the universe, bought at the
  /// session before the first bar and held. `nil` leaves the comparison out.
  public var benchmark: BenchmarkCurve?

  /// Whether the page holds the one small script of `Report.isInteractive`.
  public var isInteractive = true

  let result: CrossValidationResult
  private let universe: Universe

  /// A report on a cross-validation.
  public init(_ result: CrossValidationResult, universe: Universe) {
    self.result = result
    self.universe = universe
    title = "Cross-validation of \(result.strategy)"
    caveats = result.caveats
    if let growth = result.growth, let first = growth.dates.first, let last = growth.dates.last {
      benchmark = BenchmarkCurve.held(universe, from: first, through: last)
    }
  }

  /// The file, as UTF-8.
  public func bytes() -> [UInt8] { document.bytes() }

  /// The page as Markdown.
  public func markdown() -> [UInt8] { document.markdown() }

  private var document: ReportDocument {
    var document = ReportDocument(
      title: title, subtitle: subtitle, verdict: verdict, summary: summary,
      sections: [spreadSection, splitSection] + choiceSections + overfittingSections + [
        assumptionsSection, provenanceSection,
      ],
      footer: "BacktestKit \(BacktestKitVersion.current) · fingerprint \(result.fingerprint)")
    document.isInteractive = isInteractive
    return document
  }

  /// Every chart as a separate SVG file, with the name of its file.
  public func charts() -> [(name: String, svg: [UInt8])] { document.charts }

  private var subtitle: String {
    let symbols = NumberText.list(universe.series.map(\.instrument.symbol), limit: 6)
    let first = result.markets.map(\.dates.lowerBound).min()
    let last = result.markets.map(\.dates.upperBound).max()
    var parts = [symbols, result.plan.method.title]
    if let first, let last { parts.append("\(first) to \(last)") }
    parts.append(NumberText.count(result.splits.count, "split"))
    if result.paths.count > 1 { parts.append(NumberText.count(result.paths.count, "path")) }
    return parts.joined(separator: " · ")
  }
}

// The summary
extension CrossValidationReport {
  /// How numbers of the objective are written.
  var format: NumberFormat { result.objective.unit.format(currency: currency) }

  private var currency: String { result.configuration.account.currency }

  private var objectiveSpread: ValueDistribution? {
    result.distribution(of: result.objective.name)
  }

  private var units: String { NumberText.count(result.figures.count, result.unit) }

  private var summary: [any ReportBlock] {
    var blocks: [any ReportBlock] = []
    let remark =
      "This is a single history: the number of \(result.unit)s does not make it longer, and the "
      + "figures say nothing about markets unlike it."
    blocks.append(
      ReportNotice(
        .warning, title: "Caveats: read these first",
        items: caveats.map(\.message) + result.remarks + [remark]))
    blocks.append(ReportTiles(tiles + benchmarkTiles))
    return blocks
  }

  private var verdict: String {
    let title = result.objective.title
    guard let spread = objectiveSpread else {
      return "\(title) out of sample: not defined on any \(result.unit)."
    }
    return "\(title) out of sample, over \(units): median \(format.text(spread.median)), quartiles "
      + "\(format.text(spread.lowerQuartile)) to \(format.text(spread.upperQuartile)), range "
      + "\(format.text(spread.minimum)) to \(format.text(spread.maximum))."
  }

  private var tiles: [ReportTiles.Tile] {
    let title = result.objective.title
    let spread = objectiveSpread
    let percent = NumberFormat.percent(decimals: 0)
    let returns = result.distribution(of: "cagr")
    let depth = result.distribution(of: "max-drawdown")
    func range(_ spread: ValueDistribution?, _ format: NumberFormat) -> String {
      spread.map {
        "quartiles \(format.text($0.lowerQuartile)) to \(format.text($0.upperQuartile))"
      }
        ?? "undefined"
    }
    let fine = NumberFormat.percent(decimals: 1)
    var tiles = [
      ReportTiles.Tile(
        "Median \(title)", value: format.text(spread?.median), detail: range(spread, format),
        definition: "\(result.objective.definition), out of sample"),
      ReportTiles.Tile(
        "Losing \(result.unit)s", value: percent.text(result.losingShare), detail: "of \(units)",
        definition: "the share with a total return below zero"),
      ReportTiles.Tile(
        "Median CAGR", value: fine.text(returns?.median), detail: range(returns, fine)),
      ReportTiles.Tile(
        "Median max drawdown", value: fine.text(depth?.median), detail: range(depth, fine)),
    ]
    if !result.choosesNothing {
      tiles.append(
        ReportTiles.Tile(
          "In sample", value: format.text(result.meanInSample),
          detail: "mean \(title) of the choices",
          definition: "the mean over splits of the chosen parameters' objective on train bars"))
    }
    return tiles
  }
}

// The distribution
extension CrossValidationReport {
  private var spreadSection: ReportSection {
    let title = result.objective.title
    var marks: [HistogramChart.Mark] = []
    if let spread = objectiveSpread {
      marks = [
        .init("Lower quartile", at: spread.lowerQuartile), .init("Median", at: spread.median),
        .init("Upper quartile", at: spread.upperQuartile),
      ]
    }
    var chart = HistogramChart(
      title: "\(title) out of sample", subtitle: "One value for each \(result.unit)",
      values: result.values(of: result.objective.name), showsNormalCurve: false, marks: marks,
      unit: result.objective.unit == .fraction ? .percent : .plain, xTitle: title)
    chart.height = .medium
    var blocks: [any ReportBlock] = []
    if let growthChart { blocks.append(growthChart) }
    blocks += [chart, spreadTable]
    if result.paths.count > 1 { blocks.append(pathTable) }
    return ReportSection(
      id: "distribution", title: "Out of sample",
      summary:
        "How the figures are spread over \(units). The result is the whole spread, not one value "
        + "in it.",
      blocks: blocks)
  }

  private var spreadTable: ReportTable {
    let found = result.figureNames.compactMap { name in
      Metrics.find(name).flatMap { metric in result.distribution(of: name).map { (metric, $0) } }
    }
    var table = ReportTable(
      caption: "Distribution over \(units)",
      columns: [
        .text("Metric"),
        .number("Count", as: .integer, definition: "how many have a value").at("n"),
        .number("Lowest", as: .ratio).at("minimum"),
        .number("Lower quartile", as: .ratio).at("lower-quartile"),
        .number("Median", as: .ratio).at("median"),
        .number("Upper quartile", as: .ratio).at("upper-quartile"),
        .number("Highest", as: .ratio).at("maximum"),
      ],
      rows: found.map { metric, spread in
        let format = metric.unit.format(currency: currency)
        return [.text(metric.title), .number(Double(spread.count))]
          + [
            spread.minimum, spread.lowerQuartile, spread.median, spread.upperQuartile,
            spread.maximum,
          ].map { .text(format.text($0)) }
      })
    table.rowKeys = found.map { "distribution.\($0.0.name)" }
    return table
  }

  private var pathTable: ReportTable {
    var table = ReportTable(
      caption: "Paths, in order of their number",
      columns: [.number("Path", as: .integer), .text("Splits")] + figureColumns,
      rows: result.paths.map { path in
        [
          .number(Double(path.index + 1)),
          .text(path.splits.map { "\($0 + 1)" }.joined(separator: " ")),
        ] + figureCells(path.test)
      }, limit: .init(rowCount: 60, file: "paths.csv"), isFolded: true)
    table.rowKeys = result.paths.indices.map { "paths.\($0)" }
    return table
  }

  private var figureColumns: [ReportTable.Column] {
    [
      .number(result.objective.title, as: format, isSigned: true).at("out-of-sample"),
      .number("Return", as: .signedPercent(decimals: 1), isSigned: true)
        .at("figures.total-return"),
      .number("Max drawdown", as: .percent(decimals: 1)).at("figures.max-drawdown"),
    ]
  }

  private func figureCells(_ figures: CrossValidationFigures) -> [ReportCell] {
    [
      .number(figures.objective, else: "undefined on these bars"),
      .number(figures.ratios.totalReturn, else: "no returns"),
      .number(figures.ratios.maxDrawdown, else: "no returns"),
    ]
  }
}

// Splits and choices
extension CrossValidationReport {
  private var splitSection: ReportSection {
    ReportSection(
      id: "splits", title: "Splits",
      summary: result.choosesNothing
        ? "Nothing is chosen: the same parameters run on all bars."
        : "Parameters are chosen by \(result.objective.title) on the train bars of each split and "
          + "tried on its test bars.",
      blocks: splitCharts + [splitTable])
  }

  private var splitTable: ReportTable {
    var columns: [ReportTable.Column] = [
      .number("Split", as: .integer), .text("Tests"), .prose("Test dates"),
      .number("Test bars", as: .integer), .prose("Train dates"),
      .number("Train bars", as: .integer),
    ]
    if !result.choosesNothing {
      columns += [
        .text("Chosen"), .number("In sample", as: format, isSigned: true).at("in-sample"),
      ]
    }
    var table = ReportTable(
      caption: "Splits", columns: columns + figureColumns,
      rows: result.splits.map { split in
        var cells: [ReportCell] = [
          .number(Double(split.index + 1)), .text(split.name),
          .text(testSpans(split)), .number(Double(split.testCount)),
          .text(trainSpans(split)), .number(Double(split.trainCount)),
        ]
        if !result.choosesNothing {
          cells += [
            .text(result.chosenText(split.choice)),
            .number(split.inSample, else: "no candidate has an objective here"),
          ]
        }
        return cells + figureCells(split.test)
      }, limit: .init(rowCount: 60, file: "splits.csv"))
    table.rowKeys = result.splits.indices.map { "splits.\($0)" }
    return table
  }

  /// How often each set of parameters was chosen; empty where nothing was.
  private var choiceSections: [ReportSection] {
    guard !result.choosesNothing else { return [] }
    var counts = Array(repeating: 0, count: result.candidates.count)
    for split in result.splits { counts[split.choice] += 1 }
    let chosen = counts.indices.filter { counts[$0] > 0 }
      .sorted { (counts[$1], $0) < (counts[$0], $1) }
    let tried = NumberText.count(result.candidates.count, "parameter set")
    let refused =
      result.infeasibleCount > 0
      ? " (the strategy does not accept "
        + "\(NumberText.count(result.infeasibleCount, "combination")))" : ""
    return [
      ReportSection(
        id: "parameters", title: "Chosen parameters",
        summary: "\(tried) tried\(refused), \(chosen.count) of them chosen. Choices that change "
          + "from split to split suggest that noise was fitted.",
        blocks: [
          ReportTable(
            caption: "Choices",
            columns: [
              .text("Parameters"), .number("Splits", as: .integer),
              .number("Share", as: .percent(decimals: 0)),
            ],
            rows: chosen.map { candidate in
              [
                .text(result.chosenText(candidate)), .number(Double(counts[candidate])),
                .number(Double(counts[candidate]) / Double(result.splits.count)),
              ]
            }, limit: .init(rowCount: 30, file: "splits.csv"))
        ] + parameterCharts)
    ]
  }

  private var assumptionsSection: ReportSection {
    var items = (result.plan.assumptions + result.configuration.assumptions).map {
      ReportDefinitions.Item($0.label, $0.text)
    }
    if let regimes = result.regimes {
      items.insert(ReportDefinitions.Item("Regimes", "\(NumberText.capitalized(regimes))."), at: 1)
    }
    return ReportSection(
      id: "assumptions", title: "Assumptions",
      summary: "The rules of the splits, the market and the account.",
      blocks: [ReportDefinitions(items)])
  }

  private var provenanceSection: ReportSection {
    let searched = result.grid.dimensions.map { dimension in
      "\(dimension.name): \(dimension.values.map(\.description).joined(separator: ", "))"
    }
    let items =
      provenance.map { ReportDefinitions.Item($0.term, $0.value) } + [
        ReportDefinitions.Item(
          "Searched", searched.isEmpty ? "nothing" : searched.joined(separator: "; "))
      ]
    return ReportSection(
      id: "provenance", title: "Provenance",
      summary: "The same files and configuration give the same figures.",
      blocks: [
        ReportDefinitions(items),
        ReportTable(
          caption: "Data files",
          columns: [
            .text("Series"), .text("File"), .number("Bars", as: .integer), .prose("SHA-256"),
          ],
          rows: universe.series.map { series in
            [
              .text(series.instrument.symbol), .text(series.source?.path ?? "made in memory"),
              .number(Double(series.count)),
              .text(series.source.flatMap { fileDigests[$0.path] } ?? ""),
            ]
          }, limit: .init(rowCount: 60, file: "result.json")),
      ])
  }
}

extension CrossValidationResult {
  /// The searched parameters of a candidate; the others are the same in all.
  fileprivate func chosenText(_ candidate: Int) -> String {
    let pairs = grid.dimensions.compactMap { dimension in
      candidates[candidate][dimension.name].map { "\(dimension.name)=\($0)" }
    }
    return pairs.isEmpty ? candidates[candidate].description : pairs.joined(separator: " ")
  }
}

extension CrossValidationPlan.Method {
  /// The method in a heading.
  fileprivate var title: String {
    switch self {
    case .purgedKFold: "purged k-fold"
    case .combinatorial: "combinatorial purged cross-validation"
    case .byRegime: "leave one regime out"
    case .byAsset: "leave one asset out"
    case .byTimeframe: "leave one timeframe out"
    case .byYear: "leave one year out"
    }
  }
}

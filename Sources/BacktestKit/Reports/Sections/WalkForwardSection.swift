import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// The folds, and how in-sample results held up out of sample; empty for a plain run.
  var walkForwardSections: [ReportSection] {
    guard let walkForward else { return [] }
    let isSearched = !walkForward.grid.dimensions.isEmpty
    return [foldSection(walkForward)] + (isSearched ? [parameterSection(walkForward)] : [])
  }

  private func foldSection(_ walkForward: WalkForwardResult) -> ReportSection {
    var blocks: [any ReportBlock] = []
    if let chart = timeline(walkForward) { blocks.append(chart) }
    if !walkForward.choosesNothing {
      blocks += [scatter(walkForward), summaryTable(walkForward)]
      if let map = candidateMap(walkForward) { blocks.append(map) }
    }
    blocks.append(foldTable(walkForward))
    return ReportSection(
      id: "folds", title: "Folds", summary: foldSummary(walkForward), blocks: blocks)
  }

  private func timeline(_ walkForward: WalkForwardResult) -> LineChart? {
    ValidationCharts.timeline(
      "Windows of the folds",
      walkForward.folds.map {
        .init(name: "\($0.index + 1)", train: [$0.trainDates], test: [$0.testDates])
      }, yTitle: "Fold")
  }

  private func foldSummary(_ walkForward: WalkForwardResult) -> String {
    if !walkForward.grid.dimensions.isEmpty {
      return
        "On each train window, parameters are chosen by \(walkForward.objective.title); the test "
        + "window after it shows how they do on new data."
    }
    return walkForward.folds.contains { $0.source != nil }
      ? "Each fold has its own checkpoint, tested on the window after its train window."
      : "Nothing is chosen: every fold runs the same strategy, and the windows only divide the "
        + "run."
  }

  private func scatter(_ walkForward: WalkForwardResult) -> ScatterChart {
    ValidationCharts.scatter(
      walkForward.folds.map { ($0.inSample, $0.outOfSample) }, unit: "fold",
      objective: walkForward.objective, format: objectiveFormat(walkForward),
      line: walkForward.degradation)
  }

  private func candidateMap(_ walkForward: WalkForwardResult) -> HeatMapChart? {
    ValidationCharts.candidateMap(
      walkForward.candidateScores, candidates: walkForward.candidates, grid: walkForward.grid,
      unit: "fold", objective: walkForward.objective, format: objectiveFormat(walkForward))
  }

  private func objectiveFormat(_ walkForward: WalkForwardResult) -> NumberFormat {
    walkForward.objective.unit.format(currency: currency)
  }

  private func summaryTable(_ walkForward: WalkForwardResult) -> ReportTable {
    let format = walkForward.objective.unit.format(currency: currency)
    let title = walkForward.objective.title
    func row(
      _ name: String, _ value: Double?, _ format: NumberFormat, _ text: String,
      absence: String? = nil
    ) -> [ReportCell] {
      let cell: ReportCell =
        value.map { .text(format.text($0)) }
        ?? .missing(absence ?? "undefined, or no fold has a value")
      return [.text(name), cell, .text(text)]
    }
    let flat = "a flat fold (all returns equal) counts as 0"
    return ReportTable(
      caption: "In-sample and out-of-sample \(title)",
      columns: [.text("Measure"), .number("Value", as: .ratio), .prose("Definition")],
      rows: [
        row(
          "\(title), in sample", walkForward.meanInSample, format,
          "mean over folds, with the chosen parameters; \(flat)"),
        row(
          "\(title), out of sample", walkForward.meanOutOfSample, format,
          "mean over folds; \(flat)"),
        row(
          "\(title), stitched", walkForward.stitchedObjective, format,
          "all test windows as one run, \(annualization)"),
        row(
          "Efficiency", walkForward.efficiency, .ratio, WalkForwardResult.efficiencyDefinition,
          absence: walkForward.efficiencyAbsence),
      ])
  }

  private func foldTable(_ walkForward: WalkForwardResult) -> ReportTable {
    let title = walkForward.objective.title
    let isAnnual = walkForward.objective.needs.contains(.calendar)
    let places = walkForward.choosesNothing ? "out of sample" : "in and out of sample"
    let columns = foldColumns(walkForward).filter { $0.isShown }
    return ReportTable(
      caption: "Folds; \(places): \(title)\(isAnnual ? ", \(annualization)" : "")",
      columns: columns.map(\.column),
      rows: walkForward.folds.map { fold in columns.map { $0.cell(fold) } })
  }

  private struct FoldColumn {
    var column: ReportTable.Column
    var isShown = true
    var cell: (WalkForwardFold) -> ReportCell
  }

  private func foldColumns(_ walkForward: WalkForwardResult) -> [FoldColumn] {
    let format = walkForward.objective.unit.format(currency: currency)
    let lost = "an earlier fold lost all money"
    func column(
      _ column: ReportTable.Column, if isShown: Bool = true,
      _ cell: @escaping (WalkForwardFold) -> ReportCell
    ) -> FoldColumn { FoldColumn(column: column, isShown: isShown, cell: cell) }
    return [
      column(.number("Fold", as: .integer)) { .number(Double($0.index + 1)) },
      column(.text("Train from")) { .date($0.trainDates.lowerBound) },
      // Without a gap it is the session before the test window.
      column(.text("to"), if: walkForward.plan.windows.gap > 0) {
        .date($0.trainDates.upperBound)
      },
      column(.text("Test from")) { .date($0.testDates.lowerBound) },
      column(.text("to")) { .date($0.testDates.upperBound) },
      column(.text("Chosen"), if: !walkForward.grid.dimensions.isEmpty) {
        .text(chosen($0, walkForward))
      },
      column(.prose("Checkpoint"), if: walkForward.folds.contains { $0.source != nil }) {
        .text($0.source.map { "\(shortened($0.path)), \($0.digest.prefix(16))" } ?? "")
      },
      column(
        .number("In sample", as: format, isSigned: true), if: !walkForward.choosesNothing
      ) {
        objective($0.inSample, isFlat: $0.isFlatInSample)
      },
      column(.number("Out of sample", as: format, isSigned: true)) {
        objective($0.outOfSample, isFlat: $0.isFlatOutOfSample)
      },
      column(.number("Return", as: .signedPercent(decimals: 1), isSigned: true)) {
        .number($0.metrics?.totalReturn, else: lost)
      },
      column(.number("Max drawdown", as: .percent(decimals: 1))) {
        .number($0.metrics?.maxDrawdown, else: lost)
      },
      column(
        .number(
          "Trades", as: .integer, definition: "trades closed in the test window, or by its end")
      ) {
        .number(Double($0.tradeCount))
      },
      column(
        .number(
          "No value", as: .integer,
          definition: "candidates whose objective is undefined on the train window"),
        if: walkForward.folds.contains { $0.nullCount > 0 }
      ) { .number(Double($0.nullCount)) },
    ]
  }

  /// A path in which the 64 digits of a key in the cache are cut to the first 12.
  private func shortened(_ path: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false).map { part in
      part.utf8.count == 64 && part.allSatisfy(\.isHexDigit) ? "\(part.prefix(12))…" : "\(part)"
    }.joined(separator: "/")
  }

  private func objective(_ value: Double?, isFlat: Bool) -> ReportCell {
    if let value { return .number(value) }
    return isFlat ? .text("flat, 0") : .missing("the objective is undefined here")
  }

  /// The searched parameters alone; the others are the same in every fold.
  private func chosen(_ fold: WalkForwardFold, _ walkForward: WalkForwardResult) -> String {
    let names = walkForward.grid.dimensions.map(\.name)
    let pairs = names.compactMap { name in
      fold.parameters[name].map { "\(name)=\($0)" }
    }
    let text =
      pairs.isEmpty
      ? fold.parameters.description : pairs.joined(separator: pairs.count > 3 ? " " : "\u{A0}")
    return fold.isArbitraryChoice ? text + " (no objective: first candidate)" : text
  }

  private func parameterSection(_ walkForward: WalkForwardResult) -> ReportSection {
    var blocks: [any ReportBlock] = [stabilityTable(walkForward)]
    let charts = walkForward.grid.dimensions.compactMap { dimension in
      parameterChart(dimension.name, walkForward)
    }
    if !charts.isEmpty { blocks.append(ReportColumns(charts)) }
    let surfaces = walkForward.trainSurfaces.map { map in
      ValidationCharts.surface(
        map, unit: "fold", objective: walkForward.objective, format: objectiveFormat(walkForward))
    }
    blocks += Array(surfaces.prefix(6))
    let tried = NumberText.count(walkForward.candidates.count, "parameter set")
    let count = walkForward.infeasibleCount
    let refused =
      count > 0 ? " (the strategy does not accept \(NumberText.count(count, "combination")))" : ""
    return ReportSection(
      id: "parameters", title: "Chosen parameters",
      summary:
        "\(tried) tried\(refused), \(walkForward.distinctChoices) of them chosen. A parameter "
        + "that jumps from fold to fold suggests that noise was fitted.",
      blocks: blocks)
  }

  private func stabilityTable(_ walkForward: WalkForwardResult) -> ReportTable {
    ReportTable(
      caption: "Stability of the chosen parameters",
      columns: [
        .text("Parameter"), .prose("Values tried"), .number("Distinct choices", as: .integer),
        .text("Most frequent"), .number("Share of folds", as: .percent(decimals: 0)),
        .number(
          "Mean step", as: .percent(decimals: 0),
          definition: "mean absolute change from fold to fold / range of the values tried"),
      ],
      rows: walkForward.stability.map { one in
        let dimension = walkForward.grid.dimensions.first { $0.name == one.name }
        let values = dimension?.values.map(\.description) ?? []
        return [
          .text(one.name), .text(NumberText.list(values, limit: 12)),
          .number(Double(one.distinctCount)), .text(one.mostFrequent.description),
          .number(one.mostFrequentShare),
          .number(one.meanRelativeStep, else: "only one fold, or the values are not numbers"),
        ]
      })
  }

  /// The values that were tried, each at its own place, so that none lies between two others.
  private func parameterChart(_ name: String, _ walkForward: WalkForwardResult) -> LineChart? {
    let tried = walkForward.grid.dimensions.first { $0.name == name }?.values ?? []
    let places = walkForward.folds.map { fold in
      fold.parameters[name].flatMap { value in tried.firstIndex { $0.means(value) } }
    }
    let known = places.compactMap { $0.map(Double.init) }
    guard known.count == places.count, known.count > 1, tried.count > 1 else { return nil }
    var chart = LineChart(
      title: "\(name) by fold",
      // Two points a fold, since nothing lies between one choice and the next.
      series: [
        ChartSeries(
          name,
          x: walkForward.folds.flatMap { [Double($0.index) + 0.5, Double($0.index) + 1.5] },
          y: known.flatMap { [$0, $0] })
      ], height: .short)
    chart.xAxis = .number(.plain)
    chart.xTitle = "Fold"
    chart.yPlaces = tried.map(\.description)
    return chart
  }
}

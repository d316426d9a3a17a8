import BacktestCore
import BacktestEvidence

// What differs between the studies
extension ComparisonModel {
  /// The most runs that get their own column.
  private static let columnLimit = 4

  /// The rules in which the runs differ; `nil` where there are none.
  var settingsTable: ReportTable? {
    guard !differences.isEmpty else { return nil }
    let isWide = runs.count <= Self.columnLimit
    return ReportTable(
      caption: "Rules that are not the same in all runs",
      columns: [.text("Rule")]
        + (isWide
          ? runs.map { .text($0.name) }
          : [.number("Values", as: .integer), .prose("Runs by value")]),
      rows: differences.map { key, values in
        if isWide {
          return [.text(key)] + values.map { $0.map { .text($0) } ?? .missing("not set") }
        }
        let counts = Dictionary(grouping: values) { $0 ?? "not set" }.mapValues(\.count)
          .sorted { Self.isBefore($0.key, $1.key) }
        let words = counts.prefix(8).map { "\($0.key) (\($0.value))" }
        let rest = counts.count - words.count
        return [
          .text(key), .number(Double(counts.count)),
          .text(words.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")),
        ]
      }, isFolded: differences.count > 40)
  }

  /// Numbers by their size, before words by their letters.
  private static func isBefore(_ a: String, _ b: String) -> Bool {
    switch (Double(a), Double(b)) {
    case (let x?, let y?): x < y
    case (_?, nil): true
    case (nil, _?): false
    case (nil, nil): a < b
    }
  }

  var settingsSections: [ReportSection] {
    [
      ReportSection(
        id: "rules", title: "What differs",
        summary: settingsTable == nil
          ? "The rules in effect are the same in all runs." : nil,
        blocks: settingsTable.map { [$0] } ?? [])
    ]
  }

  /// The metric over each parameter that takes several numbers.
  var parameterSections: [ReportSection] {
    guard runs.count >= 8 else { return [] }
    let charts = parameters.compactMap { parameter -> ScatterChart? in
      let points = runs.indices.compactMap { i -> (Int, Double, Double)? in
        guard let x = parameter.values[i].flatMap(Double.init),
          let y = runs[i].metrics[metric.name]
        else { return nil }
        return (i, x, y)
      }
      guard points.count >= 8, Set(points.map(\.1)).count > 1 else { return nil }
      var cloud = ScatterChart.Cloud("Run", x: points.map(\.1), y: points.map(\.2))
      let format = metric.unit.format()
      cloud.titles = points.map { "\(runs[$0.0].name): \(format.text($0.2))" }
      var chart = ScatterChart(
        title: "\(metric.title) by \(parameter.name)", clouds: [cloud], xTitle: parameter.name,
        yTitle: metric.title, height: .medium)
      chart.hasEqualAxes = false
      // The values that were tried, where they are few.
      let tried = Set(points.map(\.1)).sorted()
      if tried.count <= 20 { chart.xPlaces = tried }
      return chart
    }
    guard !charts.isEmpty else { return [] }
    return [
      ReportSection(
        id: "parameters", title: "Parameters",
        summary: "A parameter that matters moves all dots, not only the best one.",
        blocks: [ReportColumns(Array(charts.prefix(6)))])
    ]
  }
}

// How alike they are
extension ComparisonModel {
  /// The most runs in the map of correlations.
  private static let mapLimit = 60

  var correlationSections: [ReportSection] {
    guard charted.count > 2 else { return [] }
    let shown = Array(charted.indices.prefix(Self.mapLimit))
    // Long names would leave no room for the map.
    let isNumbered = charted.count > 16 || runs.contains { $0.name.count > 16 }
    let names = shown.map { isNumbered ? "\(charted[$0] + 1)" : runs[charted[$0]].name }
    var map = HeatMapChart(
      title: "Correlation of daily returns",
      subtitle: charted.count > Self.mapLimit
        ? "The best \(Self.mapLimit) of \(NumberText.count(charted.count, "run")), by their rank"
        : isNumbered ? "By rank" : nil,
      columns: names, rows: names.reversed(),
      values: shown.reversed().map { row in shown.map { correlations[row][$0] } },
      xTitle: isNumbered ? "Rank" : "Run", yTitle: isNumbered ? "Rank" : "Run")
    map.bounds = [0.5, 0.8, 0.95]
    var blocks: [any ReportBlock] = [map]
    if charted.count <= 12 { blocks.append(correlationTable) }
    let effective = best.map {
      " They are worth about \(NumberFormat.number(decimals: 1).text($0.effective)) independent "
        + "runs."
    }
    return [
      ReportSection(
        id: "correlation", title: "Correlation",
        summary: "Runs that move together are one bet in several versions.\(effective ?? "")",
        blocks: blocks)
    ]
  }

  private var correlationTable: ReportTable {
    ReportTable(
      caption: "Correlations",
      columns: [.text("Run")] + charted.map { .number(runs[$0].name, as: .ratio) },
      rows: charted.indices.map { row in
        [.text(runs[charted[row]].name)]
          + charted.indices.map {
            .number(correlations[row][$0], else: "fewer than twenty common days")
          }
      }, isFolded: true)
  }
}

// Where they come from
extension ComparisonModel {
  var limitsSection: ReportSection {
    let limits = runs.flatMap { run in run.limits.map { ($0.code, $0.message, run.name) } }
    let codes = Dictionary(grouping: limits, by: \.0).sorted {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }
    return ReportSection(
      id: "limits", title: "Caveats of the runs",
      summary: codes.isEmpty ? "No run has a caveat." : nil,
      blocks: codes.isEmpty
        ? []
        : [
          ReportTable(
            caption: "Caveats, the most frequent first",
            columns: [
              .number("Runs", as: .integer), .prose("Caveat, as one of them has it"),
              .text("That run"),
            ],
            rows: codes.map { _, all in
              [.number(Double(all.count)), .text(all[0].1), .text(all[0].2)]
            })
        ])
  }

  var originSection: ReportSection {
    ReportSection(
      id: "provenance", title: "Provenance",
      blocks: [
        ReportTable(
          caption: "Where the runs come from",
          columns: [
            .text("Run"), .text("Study"), .text("Done"), .text("From"), .text("To"),
            .text("Origin"), .text("Fingerprint"), .text("Version"),
          ],
          rows: runs.map { run in
            [
              .text(run.name), .text(run.title), .text(run.kind), .date(run.dates.lowerBound),
              .date(run.dates.upperBound), .text(run.origin), .text(run.fingerprint),
              .text(run.version),
            ]
          }, isFolded: runs.count > 8)
      ])
  }
}

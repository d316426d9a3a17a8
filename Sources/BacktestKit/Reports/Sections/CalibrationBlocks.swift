import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Whether probabilities of up were right; empty where there are none.
  func calibrationBlocks(_ part: ForecastEvaluation.Part) -> [any ReportBlock] {
    guard let found = part.probabilities else { return [] }
    return [
      ReportSubheading("Probabilities"),
      ReportColumns([reliabilityDiagram(found), probabilityTable(found)]), binTable(found),
    ]
  }

  /// Whether predicted distributions were right; empty where there are none.
  func distributionBlocks(_ part: ForecastEvaluation.Part) -> [any ReportBlock] {
    guard let found = part.distribution else { return [] }
    return [
      ReportSubheading("Predicted distributions"),
      ReportColumns([transformChart(found), coverageTable(found)]), distributionTable(found),
    ]
  }

  /// How often returns fell into the stated intervals; empty where there are none.
  func intervalBlocks(_ part: ForecastEvaluation.Part) -> [any ReportBlock] {
    guard !part.intervals.isEmpty else { return [] }
    let share = NumberFormat.percent(decimals: 1)
    let year = IntervalCoverage.windowCount
    return [
      ReportTable(
        caption: "Coverage of the stated intervals",
        columns: [
          .text("Level"), .number("Bars", as: .integer), .number("Expected", as: share),
          .number("Observed", as: share),
          .number("Difference", as: .signedPercent(decimals: 1)),
          .number(
            "p", as: .probability,
            definition: "Kupiec's test that misses are as frequent as stated"),
          .number("Lowest", as: share, definition: "smallest share in \(year) bars in a row"),
          .number(
            "Mean width", as: .percent(decimals: 2),
            definition: "of intervals with both edges; in units of return"),
          .number("Without edge", as: .integer, definition: "intervals that hold any return"),
        ],
        rows: part.intervals.map { found in
          [
            .text(NumberFormat.percent(decimals: 0).text(found.level)),
            .number(Double(found.count)), .number(found.level), .number(found.share),
            .number(found.share - found.level), .number(found.test.pValue),
            .number(found.lowestShare, else: "fewer than \(year) bars"),
            .number(found.meanWidth, else: "no interval has an edge"),
            .number(Double(found.unboundedCount)),
          ]
        })
    ]
  }

  /// Whether the probabilities beat the base rate.
  func sentence(on found: ProbabilityCalibration) -> String {
    let figure = NumberFormat.number(decimals: 4)
    let start =
      "Probabilities: Brier score \(figure.text(found.brier)) against "
      + "\(figure.text(found.uncertainty)) for always forecasting the base rate"
    guard let skill = found.brierSkill else { return start + "; the outcome never changed." }
    return start
      + (skill > 0 ? ": \(NumberFormat.percent(decimals: 2).text(skill)) lower." : ": no skill.")
  }

  /// Whether the intervals contained as many returns as they should.
  func sentence(on found: DistributionCalibration) -> String {
    let share = NumberFormat.percent(decimals: 1)
    let parts = found.coverage.filter { $0.level == 0.9 || $0.level == 0.99 }.map {
      "the central \(NumberFormat.percent(decimals: 0).text($0.level)) interval contained "
        + "\(share.text($0.share)) of returns"
    }
    let isUneven = found.uniformity.pValue < BinaryClassification.skillLevel
    return "Predicted distributions: \(parts.joined(separator: ", ")); overall they "
      + "\(isUneven ? "do not fit" : "are not rejected") (Kolmogorov-Smirnov test, p "
      + "\(NumberText.probability(found.uniformity.pValue)))."
  }

  private func reliabilityDiagram(_ found: ProbabilityCalibration) -> ScatterChart {
    // A few bars say nothing about a share, and would stretch the axes.
    let full = found.bins.filter { $0.count >= BacktestResult.enoughTrades }
    let bins = full.isEmpty ? found.bins : full
    let left = found.bins.count - bins.count
    return ScatterChart(
      title: "Reliability of probabilities",
      subtitle:
        "One dot per tenth of probability; on the dashed line, ups were as frequent as forecast"
        + (left > 0
          ? ". Tenths with fewer than \(BacktestResult.enoughTrades) bars are left out" : ""),
      clouds: [
        .init("Bins", x: bins.map(\.meanProbability), y: bins.map(\.frequency))
      ],
      xTitle: "Mean forecast probability of up", yTitle: "Observed share of ups", unit: .percent,
      diagonalName: "As frequent as forecast", height: .medium)
  }

  private func probabilityTable(_ found: ProbabilityCalibration) -> ReportTable {
    let figure = NumberFormat.number(decimals: 5)
    func row(_ name: String, _ value: Double?, _ text: String) -> [ReportCell] {
      [.text(name), .number(value, else: "the outcome never changed"), .text(text)]
    }
    return ReportTable(
      caption: "Scores of the probabilities (\(NumberText.count(found.count, "forecast")))",
      columns: [.text("Score"), .number("Value", as: figure), .prose("Definition")],
      rows: [
        row(
          "Brier score", found.brier,
          "mean squared error; reliability − resolution + uncertainty"),
        row(
          "Reliability", found.reliability, "error that calibration would remove; less is better"),
        row(
          "Resolution", found.resolution,
          "how well forecasts separate ups from downs; more is better"),
        row("Uncertainty", found.uncertainty, "Brier score of the base rate"),
        row("Brier skill", found.brierSkill, "1 − Brier score / uncertainty"),
        row("Log loss", found.logLoss, "0.69315 for always forecasting 50%"),
        row("Expected error", found.expectedError, "mean gap between forecast and observed share"),
        row(
          "Largest error", found.maximumError, "largest gap of any tenth, however few bars it has"),
      ])
  }

  private func binTable(_ found: ProbabilityCalibration) -> ReportTable {
    let share = NumberFormat.percent(decimals: 1)
    return ReportTable(
      caption: "Probabilities by tenth; a value on an edge counts in the upper tenth",
      columns: [
        .text("Forecast"), .number("Bars", as: .integer), .number("Mean forecast", as: share),
        .number("Observed", as: share),
        .number("Difference", as: .signedPercent(decimals: 1)),
      ],
      rows: found.bins.map { bin in
        let edge = NumberFormat.percent(decimals: 0)
        return [
          .text("\(edge.text(bin.lowerEdge)) to \(edge.text(bin.upperEdge))"),
          .number(Double(bin.count)), .number(bin.meanProbability), .number(bin.frequency),
          .number(bin.frequency - bin.meanProbability),
        ]
      })
  }

  private func transformChart(_ found: DistributionCalibration) -> BarChart {
    BarChart(
      title: "Returns by tenth of the predicted distribution",
      subtitle:
        "Lowest tenth first; each would contain 10% of returns if the distribution were right",
      categories: (1...10).map { "\($0 * 10)%" },
      groups: [
        .init(
          "Share", values: found.transformHistogram.map { Double($0) / Double(found.count) })
      ], unit: .percent, yTitle: "Share of returns")
  }

  private func coverageTable(_ found: DistributionCalibration) -> ReportTable {
    let share = NumberFormat.percent(decimals: 1)
    var rows: [[ReportCell]] = found.coverage.map { interval in
      [
        .text("Central \(NumberFormat.percent(decimals: 0).text(interval.level))"),
        .number(interval.level), .number(interval.share),
        .number(interval.share - interval.level),
      ]
    }
    if let conformal = found.conformal90 {
      rows.append([
        .text("Conformal 90%, second half"), .number(0.9), .number(conformal.testShare),
        .number(conformal.testShare - 0.9),
      ])
    }
    return ReportTable(
      caption: "Coverage of predicted intervals",
      columns: [
        .text("Interval"), .number("Expected", as: share), .number("Observed", as: share),
        .number("Difference", as: .signedPercent(decimals: 1)),
      ], rows: rows)
  }

  private func distributionTable(_ found: DistributionCalibration) -> ReportTable {
    let figure = NumberFormat.number(decimals: 5)
    func row(_ name: String, _ value: Double, _ text: String) -> [ReportCell] {
      [.text(name), .number(value), .text(text)]
    }
    var rows = [
      row("Transform, mean", found.transformMean, "0.5 if the means are right"),
      row("Transform, variance", found.transformVariance, "0.08333 if the deviations are right"),
      row(
        "Kolmogorov–Smirnov", found.uniformity.statistic,
        "largest distance from a uniform distribution; p "
          + NumberText.probability(found.uniformity.pValue)
      ),
      row(
        "Ranked score", found.meanRankedScore,
        "mean continuous ranked probability score, in units of return; less is better"),
      row("Log score", found.meanLogScore, "mean log of the predicted density; more is better"),
      row(
        "Winkler 90%", found.intervalScore90,
        "mean width plus penalties for returns outside, in units of return; less is better"),
    ]
    for loss in found.quantileLosses {
      let name = NumberFormat.percent(decimals: 0).text(loss.quantile)
      rows.append(
        row("Quantile loss \(name)", loss.loss, "pinball loss, in units of return; less is better"))
    }
    return ReportTable(
      caption: "Scores of \(NumberText.count(found.count, "predicted distribution"))",
      columns: [.text("Score"), .number("Value", as: figure), .prose("Definition")], rows: rows,
      isFolded: true)
  }
}

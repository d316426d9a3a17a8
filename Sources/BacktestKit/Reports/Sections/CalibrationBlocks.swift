import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// Whether probabilities of up came true; nothing where there are none.
  func calibrationBlocks(_ part: ForecastEvaluation.Part) -> [any ReportBlock] {
    guard let found = part.probabilities else { return [] }
    return [
      ReportSubheading("Probabilities"),
      ReportColumns([reliabilityDiagram(found), probabilityTable(found)]), binTable(found),
    ]
  }

  /// Whether returns fell into predicted distributions; nothing where there are none.
  func distributionBlocks(_ part: ForecastEvaluation.Part) -> [any ReportBlock] {
    guard let found = part.distribution else { return [] }
    return [
      ReportSubheading("Predicted distributions"),
      ReportColumns([transformChart(found), coverageTable(found)]), distributionTable(found),
    ]
  }

  /// Whether the probabilities beat the base rate.
  func sentence(on found: ProbabilityCalibration) -> String {
    let figure = NumberFormat.number(decimals: 4)
    let start =
      "Probabilities: Brier score \(figure.text(found.brier)) against "
      + "\(figure.text(found.uncertainty)) of always saying the base rate"
    guard let skill = found.brierSkill else { return start + ", which never changed." }
    return start
      + (skill > 0 ? ": \(NumberFormat.percent(decimals: 2).text(skill)) less." : ": no skill.")
  }

  /// Whether the intervals were as full as they should be.
  func sentence(on found: DistributionCalibration) -> String {
    let share = NumberFormat.percent(decimals: 1)
    let parts = found.coverage.filter { $0.level == 0.9 || $0.level == 0.99 }.map {
      "the central \(NumberFormat.percent(decimals: 0).text($0.level)) held \(share.text($0.share))"
    }
    let isUneven = found.uniformity.pValue < BinaryClassification.skillLevel
    return "Predicted distributions: \(parts.joined(separator: ", ")); as a whole they "
      + "\(isUneven ? "do not fit" : "are not refuted") (Kolmogorov and Smirnov, p "
      + "\(FigureText.probability(found.uniformity.pValue)))."
  }

  private func reliabilityDiagram(_ found: ProbabilityCalibration) -> ScatterChart {
    // A few bars say nothing about a share, and would stretch the axes.
    let full = found.bins.filter { $0.count >= BacktestResult.enoughTrades }
    let bins = full.isEmpty ? found.bins : full
    let left = found.bins.count - bins.count
    return ScatterChart(
      title: "Said and come",
      subtitle: "A dot for each tenth of probability; on the line up came as often as said"
        + (left > 0
          ? ". Tenths of fewer than \(BacktestResult.enoughTrades) bars are left out" : ""),
      clouds: [
        .init("Bins", x: bins.map(\.meanProbability), y: bins.map(\.frequency))
      ],
      xTitle: "Mean probability of up", yTitle: "Share of ups", unit: .percent,
      diagonalName: "As often as said", height: .medium)
  }

  private func probabilityTable(_ found: ProbabilityCalibration) -> ReportTable {
    let figure = NumberFormat.number(decimals: 5)
    func row(_ name: String, _ value: Double?, _ text: String) -> [ReportCell] {
      [.text(name), .number(value, else: "the outcome never changed"), .text(text)]
    }
    return ReportTable(
      caption: "Judgement of the probabilities (\(ReportText.count(found.count, "forecast")))",
      columns: [.text("Figure"), .number("Value", as: figure), .prose("Definition")],
      rows: [
        row(
          "Brier score", found.brier, "squared error: reliability − resolution + uncertainty"),
        row("Reliability", found.reliability, "what calibration would save"),
        row("Resolution", found.resolution, "how well cases are told apart; more is better"),
        row("Uncertainty", found.uncertainty, "the Brier score of the base rate"),
        row("Brier skill", found.brierSkill, "1 − Brier score over uncertainty"),
        row("Log loss", found.logLoss, "0.69315 for always saying one half"),
        row("Expected error", found.expectedError, "mean distance of said and come"),
        row("Largest error", found.maximumError, "of one tenth, however few bars it has"),
      ])
  }

  private func binTable(_ found: ProbabilityCalibration) -> ReportTable {
    let share = NumberFormat.percent(decimals: 1)
    return ReportTable(
      caption: "Probabilities by tenth; a probability on an edge belongs to the upper one",
      columns: [
        .text("Said"), .number("Bars", as: .integer), .number("Mean said", as: share),
        .number("Came", as: share),
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
      title: "Where returns fell in their predicted distribution",
      subtitle: "By tenths of the distribution, lowest first; each would hold 10% were it right",
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
      caption: "How full predicted intervals were",
      columns: [
        .text("Interval"), .number("Should hold", as: share), .number("Held", as: share),
        .number("Difference", as: .signedPercent(decimals: 1)),
      ], rows: rows)
  }

  private func distributionTable(_ found: DistributionCalibration) -> ReportTable {
    let figure = NumberFormat.number(decimals: 5)
    func row(_ name: String, _ value: Double, _ text: String) -> [ReportCell] {
      [.text(name), .number(value), .text(text)]
    }
    var rows = [
      row("Transform, mean", found.transformMean, "0.5 where the means are right"),
      row("Transform, variance", found.transformVariance, "0.08333 where the deviations are right"),
      row(
        "Kolmogorov–Smirnov", found.uniformity.statistic,
        "largest distance from even; p \(FigureText.probability(found.uniformity.pValue))"),
      row("Ranked score", found.meanRankedScore, "continuous ranked probability score, in returns"),
      row("Log score", found.meanLogScore, "mean logarithm of the density; more is better"),
      row("Winkler 90%", found.intervalScore90, "width with penalties outside, in returns"),
    ]
    for loss in found.quantileLosses {
      let name = NumberFormat.percent(decimals: 0).text(loss.quantile)
      rows.append(row("Quantile loss \(name)", loss.loss, "pinball loss, in returns"))
    }
    return ReportTable(
      caption: "Scores of \(ReportText.count(found.count, "predicted distribution"))",
      columns: [.text("Figure"), .number("Value", as: figure), .prose("Definition")], rows: rows,
      isFolded: true)
  }
}

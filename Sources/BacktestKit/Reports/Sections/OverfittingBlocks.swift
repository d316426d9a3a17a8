import BacktestCore
import BacktestEvidence

/// The probability of backtest overfitting with what it is made of: the rank of each choice and
/// what became of its ratio.
enum OverfittingBlocks {
  /// The most choices that are drawn as dots.
  private static let dotLimit = 2_000

  /// The section that explains the method and shows these blocks.
  static func section(_ blocks: [any ReportBlock]) -> ReportSection {
    ReportSection(
      id: "overfitting", title: "Probability of overfitting",
      summary: "All bars are cut into blocks. For every choice of half of them, the candidate "
        + "with the best Sharpe ratio on that half is ranked among all on the other half "
        + "(Bailey, Borwein, López de Prado and Zhu, 2017).", blocks: blocks)
  }

  /// Charts of all choices, and a table of the figures.
  static func blocks(_ found: OverfittingProbability, barsPerYear: Double?) -> [any ReportBlock] {
    charts(found, barsPerYear: barsPerYear) + [figures(found)]
  }

  /// Charts of all choices.
  static func charts(_ found: OverfittingProbability, barsPerYear: Double?) -> [any ReportBlock] {
    [ReportColumns([logits(found), degradation(found, barsPerYear)])]
  }

  private static func logits(_ found: OverfittingProbability) -> HistogramChart {
    let share = NumberFormat.percent(decimals: 1).text(found.probability)
    var chart = HistogramChart(
      title: "Rank of the best set out of sample",
      subtitle: "\(share) of \(NumberText.grouped(found.outcomes.count)) choices at or below 0, "
        + "where the best in sample is no better than the median out of sample",
      values: found.outcomes.map(\.logit), showsNormalCurve: false, unit: .plain,
      xTitle: "Logit of the relative rank")
    chart.lossLimit = 0
    return chart
  }

  private static func degradation(
    _ found: OverfittingProbability, _ barsPerYear: Double?
  ) -> ScatterChart {
    let factor = (barsPerYear ?? 1).squareRoot()
    let count = found.outcomes.count
    let drawn = min(count, dotLimit)
    let outcomes = (0..<drawn).map { found.outcomes[$0 * count / drawn] }
    let cloud = ScatterChart.Cloud(
      "Choices", x: outcomes.map { $0.inSample * factor },
      y: outcomes.map { $0.outOfSample * factor })
    var chart = ScatterChart(
      title: "Performance degradation",
      subtitle: drawn < count
        ? "\(NumberText.grouped(drawn)) of \(NumberText.grouped(count)) choices, evenly taken"
        : "One dot per choice of half of the blocks",
      clouds: [cloud], xTitle: "Sharpe ratio of the best set, in sample",
      yTitle: "Sharpe ratio of that set, out of sample", height: .medium)
    chart.trend = found.degradation.map {
      ScatterChart.Trend(slope: $0.slope, intercept: $0.intercept * factor)
    }
    return chart
  }

  private static func figures(_ found: OverfittingProbability) -> ReportTable {
    let (share, ratio) = (NumberFormat.percent(decimals: 1), NumberFormat.number(decimals: 3))
    func row(_ name: String, _ value: String?, _ meaning: String) -> [ReportCell] {
      [.text(name), value.map { .text($0) } ?? .missing("all ratios are equal"), .text(meaning)]
    }
    let line = found.degradation
    return ReportTable(
      caption: "How much of the choice is luck",
      columns: [.text("Figure"), .number("Value", as: ratio), .prose("Meaning")],
      rows: [
        row(
          "Probability of overfitting", share.text(found.probability),
          "share of choices whose logit is not above 0, of \(found.trials) candidates and "
            + "\(found.blocks) blocks of bars"),
        row(
          "Probability of loss", share.text(found.lossProbability),
          "share of choices that lost out of sample"),
        row(
          "Slope", line.map { ratio.text($0.slope) },
          "change out of sample for each 1 more in sample; the halves make up one whole, so it "
            + "is below zero even where nothing is chosen"),
        row(
          "R²", (line?.determination ?? nil).map(ratio.text),
          "share of the variance out of sample that the line explains"),
        row(
          "Dominance, first order", found.dominance.isFirstOrder ? "yes" : "no",
          "the chosen sets exceed every threshold at least as often as the mean of all"),
        row(
          "Dominance, second order", found.dominance.isSecondOrder ? "yes" : "no",
          "a risk-averse investor would prefer the chosen sets to the mean of all"),
      ])
  }
}

import BacktestCore
import BacktestEvidence

extension ComparisonModel {
  /// What the runs have in common.
  var subtitle: String {
    let symbols = Set(runs.map(\.symbols))
    let strategies = Set(runs.map(\.strategy)).sorted()
    var parts = [NumberText.list(strategies, limit: 3)]
    if symbols.count == 1, let own = symbols.first, !own.isEmpty {
      parts.append(NumberText.list(own, limit: 6))
    }
    if let first = runs.map(\.dates.lowerBound).min(), let last = runs.map(\.dates.upperBound).max()
    {
      parts.append("\(first) to \(last)")
    }
    parts.append(NumberText.count(runs.count, "run"))
    return parts.joined(separator: " · ")
  }

  /// The result in words: which run is the best, and how little that may mean.
  var verdict: String { runs.count == 2 ? verdictOfTwo : verdictOfMany }

  private var verdictOfTwo: String {
    let figures = "\(figure(0)); \(figure(1))"
    let own = runs[0].dates == runs[1].dates ? "" : ", each over its own dates"
    let text = "\(metric.title) of \(figures)\(own)."
    if runs[0].fingerprint == runs[1].fingerprint {
      return "Both are the same run: they made the same fills and the same equity. \(text)"
    }
    if let days = commonDays(of: 1 - reference), days < ComparisonModel.fewDays {
      return days == 0
        ? "\(text) They have no day in common, so nothing shows which of them earned more."
        : "\(text) They have only \(NumberText.count(days, "day")) in common, too few to show "
          + "which of them earned more."
    }
    guard let difference = difference(of: 1 - reference) else { return text }
    let year = NumberFormat.percent(decimals: 1).text(
      abs(difference.mean) * daysPerYear(1 - reference))
    let other = runs[1 - reference].name
    let statistic =
      difference.statistic.map { " (t\u{A0}=\u{A0}\(NumberFormat.ratio.text(abs($0))))" } ?? ""
    let isMore = difference.mean >= 0
    let earned = "\(other) earned \(year) a year \(isMore ? "more" : "less") on common days"
    return difference.isAboveZero || difference.isBelowZero
      ? "\(text) \(earned), more than chance often gives\(statistic)."
      : "\(text) \(earned), no more than chance often gives\(statistic)."
  }

  private var verdictOfMany: String {
    let text =
      "The best of \(NumberText.count(runs.count, "run")) by \(metric.title) is \(figure(0))."
    guard metric.name == "sharpe", let best else {
      return text + " It was chosen after the fact, so its figures are too good."
    }
    return text + " It was chosen after the fact: without any edge, the best of so many would be "
      + "expected to have \(NumberFormat.ratio.text(best.threshold)), and its deflated Sharpe "
      + "ratio is \(NumberFormat.probability.text(best.deflatedSharpe))."
  }

  /// A run and its figure, with its standard error where there is one.
  private func figure(_ i: Int) -> String {
    let format = metric.unit.format()
    let error =
      metric.name == "sharpe"
      ? runs[i].metrics["sharpe-standard-error"].map { " ± \(NumberFormat.ratio.text($0))" } : nil
    return "\(runs[i].label): \(format.text(runs[i].metrics[metric.name]))\(error ?? "")"
  }

  /// Caveats first, then the figures of the choice.
  var summary: [any ReportBlock] {
    var blocks: [any ReportBlock] = []
    let caveats = caveats
    if !caveats.isEmpty {
      blocks.append(ReportNotice(.warning, title: "Caveats: read these first", items: caveats))
    }
    if runs.count > 2 { blocks.append(ReportTiles(tiles)) }
    let remarks = remarks
    if !remarks.isEmpty {
      blocks.append(ReportNotice(.note, title: "Comparing runs is choosing", items: remarks))
    }
    return blocks
  }

  private var tiles: [ReportTiles.Tile] {
    let format = metric.unit.format()
    let values = runs.compactMap { $0.metrics[metric.name] }
    let spread = ValueDistribution(values)
    var tiles = [
      ReportTiles.Tile(
        "Best \(metric.title)", value: format.text(runs[0].metrics[metric.name]),
        detail: runs[0].label, definition: metric.definition),
      ReportTiles.Tile(
        "Median", value: format.text(spread?.median),
        detail: spread.map {
          "quartiles \(format.text($0.lowerQuartile)) to \(format.text($0.upperQuartile))"
        }),
    ]
    guard let best else { return tiles }
    let correlation = NumberFormat.ratio.text(best.meanCorrelation)
    tiles.append(
      ReportTiles.Tile(
        "Independent runs", value: NumberFormat.number(decimals: 1).text(best.effective),
        detail: "of \(NumberText.grouped(best.count)), mean correlation \(correlation)",
        definition: "r + (1 - r) N, r the mean correlation of daily returns of N runs; pairs "
          + "without common days count as 0"))
    guard metric.name == "sharpe" else { return tiles }
    tiles.append(
      ReportTiles.Tile(
        "Deflated Sharpe ratio", value: NumberFormat.probability.text(best.deflatedSharpe),
        detail: "luck alone would reach \(NumberFormat.ratio.text(best.threshold))",
        definition: "the probability that the true ratio is above what the best of so many "
          + "worthless runs would be expected to show (Bailey, López de Prado, 2014)"))
    return tiles
  }

  private var remarks: [String] {
    var remarks: [String] = []
    if runs.count > 2 {
      remarks.append(
        "The best of \(NumberText.count(runs.count, "run")) looks better than it is, "
          + "even where none has an edge. "
          + "Hold it to data that none of them has seen.")
    }
    if let most = runs.compactMap(\.countedTrials).max(), most > runs.count {
      remarks.append(
        "The store counts \(NumberText.count(most, "trial")) in this family, more than the "
          + "\(NumberText.count(runs.count, "run")) here; "
          + "the deflated Sharpe ratio of a run's own report counts all."
      )
    }
    return remarks
  }
}

import BacktestCore
package import BacktestPolicies

extension ReportModel {
  /// How the features that the policy saw differ from those of its training.
  func driftBlocks(_ policy: ReportPolicy) -> [any ReportBlock] {
    switch policy.drift {
    case .unknown(let reason):
      [ReportParagraph("Drift of features from training to this backtest is not known: \(reason).")]
    case .measured(let drift): blocks(drift)
    }
  }

  private func blocks(_ drift: FeatureDrift) -> [any ReportBlock] {
    let ranked = drift.byDistance
    let shown = ranked.prefix(20)
    let part = shown.count < ranked.count ? ", the \(shown.count) largest" : ""
    let far = drift.items.count(where: \.isFar)
    let verdict =
      far == 0 ? "None is far off." : "\(far) of \(drift.items.count) \(far == 1 ? "is" : "are")."
    var shifts = RankedBars(
      caption: "Shift of the mean in training standard deviations\(part)",
      items: shown.map {
        RankedBars.Item($0.isFar ? "\($0.name), far off" : $0.name, $0.shift)
      }, format: .ratio)
    // No direction is better.
    shifts.isSigned = false
    return [
      ReportParagraph(
        "Features in \(NumberText.count(drift.observationCount, "observation")) of this backtest, "
          + "against the mean and the standard deviation of the training, as the normaliser "
          + "stores them. \(FeatureDrift.ruleText) \(verdict) "
          + "Numbers about the account are left out.\(refusals(drift))"),
      shifts, table(ranked),
    ]
  }

  private func refusals(_ drift: FeatureDrift) -> String {
    guard drift.refusedCount > 0 else { return "" }
    return " \(NumberText.count(drift.refusedCount, "further observation")) "
      + "\(drift.refusedCount == 1 ? "was" : "were") refused because a feature had no value, and "
      + "\(drift.refusedCount == 1 ? "is" : "are") not in these figures."
  }

  private func table(_ items: [FeatureDrift.Item]) -> ReportTable {
    var table = ReportTable(
      caption: "Features in training and in this backtest",
      columns: [
        .text("Feature"),
        .number("Position", as: .integer, definition: "place in the observation, from 0"),
        .text("Mean in training"), .text("Mean here"),
        .number(
          "Shift", as: .ratio,
          definition: "difference of the means in training standard deviations"),
        .text("Deviation in training"), .text("Deviation here"),
        .number("Ratio", as: .ratio, definition: "deviation here over that in training"),
        .number(
          "Cut off", as: .percent(decimals: 1),
          definition: "share of values beyond the normaliser's limit"),
        .text(""),
      ],
      rows: items.map { item in
        [
          .text(item.name), .number(Double(item.position)), figure(item.trainingMean),
          figure(item.mean), .number(item.shift), figure(item.trainingDeviation),
          figure(item.deviation), .number(item.ratio),
          .number(item.clippedShare, else: "the normaliser cuts nothing off"),
          .text(item.isFar ? "far off" : ""),
        ]
      }, limit: .init(rowCount: 60, file: "result.json"), isFolded: true)
    for index in [2, 3, 5, 6] { table.columns[index].isNumeric = true }
    return table
  }

  /// Features have any size, so figures have significant digits instead of decimals.
  private func figure(_ value: Double) -> ReportCell {
    .text((value < 0 ? "−" : "") + NumberText.price(value.magnitude))
  }
}

extension FeatureDrift {
  /// The features by how far their means are from those of the training, the farthest first.
  package var byDistance: [Item] {
    items.sorted { a, b in
      let (first, second) = (abs(a.shift), abs(b.shift))
      if a.isFar != b.isFar { return a.isFar }
      return first == second ? a.position < b.position : first > second
    }
  }

  /// When a feature counts as far off.
  package static var ruleText: String {
    "A feature is far off when its mean moved by more than \(NumberText.number(farShift)) standard "
      + "deviation of the training, its standard deviation is more than "
      + "\(NumberText.number(farRatio)) times as large, or more than "
      + "\(NumberText.percent(farShare)) of its values are cut off."
  }
}

extension FeatureDrift.Item {
  /// How it differs from training, in words.
  package var difference: String {
    var parts = [
      "its mean moved by \(NumberFormat.ratio.text(shift)) standard deviations of the training",
      "its standard deviation is \(NumberFormat.ratio.text(ratio)) times as large",
    ]
    if let clippedShare, clippedShare > 0 {
      parts.append(
        "\(NumberFormat.percent(decimals: 1).text(clippedShare)) of its values are cut off")
    }
    return parts.joined(separator: ", ")
  }
}

import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Forecasts compared with what happened; empty without forecasts.
  var forecastSections: [ReportSection] {
    guard let forecasts else { return [] }
    var blocks: [any ReportBlock] = [forecastNotice(forecasts)]
    if let direction = forecasts.whole.direction {
      blocks += [confusionTable(direction.matrix), skillTable(direction)]
      if direction.noSignalCount > 0 { blocks.append(classTable(direction.classes)) }
    }
    if forecasts.instruments.count > 1 { blocks.append(instrumentTable(forecasts)) }
    blocks += calibrationBlocks(forecasts.whole) + distributionBlocks(forecasts.whole)
    blocks += intervalBlocks(forecasts.whole)
    return [
      ReportSection(
        id: "forecasts", title: "Forecasts", summary: forecastSummary(forecasts), blocks: blocks)
    ]
  }

  private func forecastSummary(_ forecasts: ForecastEvaluation) -> String {
    var text =
      "Each forecast made at a close is compared with the return to the next close, regardless of "
      + "trades. \(NumberText.count(forecasts.whole.count, "forecast")) with an outcome"
    let left = forecasts.forecastCount - forecasts.whole.count
    if left > 0 {
      let number = NumberFormat.integer.text(Double(left))
      text +=
        "; \(number) left out: no next close, replaced at the same close, or made between closes"
    }
    return text + "."
  }

  /// The conclusion, before any figure.
  private func forecastNotice(_ forecasts: ForecastEvaluation) -> ReportNotice {
    let whole = forecasts.whole
    let matrix = whole.direction?.matrix ?? BinaryClassification()
    var items: [String] = []
    if matrix.count > 0 { items.append(matrix.skillSentence) }
    if let probabilities = whole.probabilities { items.append(sentence(on: probabilities)) }
    if let distribution = whole.distribution { items.append(sentence(on: distribution)) }
    if forecasts.instruments.count > 1 {
      items.append(
        "The instruments move together, so their bars are not independent and the combined "
          + "p-values are too small.")
    }
    let beatsBaseRate = whole.probabilities?.brierSkill.map { $0 > 0 } ?? false
    if matrix.count > 0, !matrix.showsSkill {
      let scope = matrix.beatsChance ? " beyond a constant forecast" : ""
      return ReportNotice(
        .failed, title: "The forecasts show no skill in direction\(scope)", items: items)
    }
    let title =
      matrix.count > 0
      ? "The direction forecasts beat chance in this one history"
      : beatsBaseRate
        ? "The probabilities beat the base rate in this one history"
        : "There are no direction forecasts to judge"
    return ReportNotice(.note, title: title, items: items)
  }

  private func confusionTable(_ matrix: BinaryClassification) -> ReportTable {
    let share = NumberFormat.percent(decimals: 1)
    let isUp = matrix.positives >= matrix.negatives
    func row(_ name: String, _ up: Int, _ down: Int, _ right: Double?) -> [ReportCell] {
      [
        .text(name), .number(Double(up)), .number(Double(down)), .number(Double(up + down)),
        .number(right, else: "never forecast"),
      ]
    }
    return ReportTable(
      caption: "Direction: forecast and outcome",
      columns: [
        .text("Forecast"), .number("Went up", as: .integer), .number("Went down", as: .integer),
        .number("Bars", as: .integer), .number("Right", as: share),
      ],
      rows: [
        row("Up", matrix.truePositives, matrix.falsePositives, matrix.precision),
        row("Down", matrix.falseNegatives, matrix.trueNegatives, matrix.inverted.precision),
        row("Both", matrix.positives, matrix.negatives, matrix.accuracy),
        row(
          "Always \(isUp ? "up" : "down")", matrix.positives, matrix.negatives,
          matrix.majorityAccuracy),
      ])
  }

  private func skillTable(_ direction: DirectionSkill) -> ReportTable {
    let matrix = direction.matrix
    let (figure, share) = (NumberFormat.number(decimals: 3), NumberFormat.percent(decimals: 1))
    let (test, bet) = (matrix.pesaranTimmermann, matrix.againstMajority)
    func row(
      _ name: String, _ value: Double?, _ none: Double?, _ format: NumberFormat, _ text: String
    ) -> [ReportCell] {
      func cell(_ value: Double?, _ reason: String) -> ReportCell {
        value.map { .text(format.text($0)) } ?? .missing(reason)
      }
      return [
        .text(name), cell(value, "undefined: 0/0"),
        cell(none, "depends on how often up is forecast"),
        .text(text),
      ]
    }
    return ReportTable(
      caption: "Skill of the direction forecasts (up is the positive class)",
      columns: [
        .text("Measure"), .number("Value", as: figure), .number("Without skill", as: figure),
        .prose("Definition"),
      ],
      rows: [
        row(
          "Precision", matrix.precision, matrix.baseRate, share,
          "share of up forecasts that were right"),
        row("Recall", matrix.recall, nil, share, "share of ups that were forecast"),
        row("F1", matrix.f1, nil, figure, "harmonic mean of precision and recall"),
        row(
          "Balanced accuracy", matrix.balancedAccuracy, 0.5, share,
          "mean of the recall of up and of down"),
        row(
          "Matthews correlation", matrix.matthewsCorrelation, 0, figure,
          "correlation of forecast and observed signs"),
        row("Kappa", matrix.kappa, 0, figure, "accuracy beyond chance with the same margins"),
        row(
          "Area under ROC", direction.areaUnderROC, 0.5, figure,
          "probability that an up has a higher score than a down"),
        row(
          "Average precision", direction.averagePrecision, matrix.baseRate, figure,
          "mean precision over all thresholds of the score"),
        row(
          "Information coefficient", direction.informationCoefficient, 0, figure,
          "Spearman rank correlation of score and return"),
        row(
          "Pesaran–Timmermann", test?.statistic, 0, figure,
          "test against chance;" + chance(test)),
        row(
          "McNemar", bet?.statistic, 0, figure,
          "test against the constant forecast above;" + chance(bet)),
      ])
  }

  private func chance(_ test: HypothesisTest?) -> String {
    test.map { " p \(NumberText.probability($0.pValue))" } ?? ""
  }

  private func classTable(_ classes: ConfusionMatrix) -> ReportTable {
    ReportTable(
      caption: "Three classes, including bars without a signal or without a move",
      columns: [.text("Forecast")]
        + classes.classes.map { .number("Went \($0)", as: .integer) }
        + [
          .number("Right", as: .percent(decimals: 1)), .number("F1", as: .number(decimals: 3)),
        ],
      rows: classes.classes.indices.map { said in
        [.text(NumberText.capitalized(classes.classes[said]))]
          + classes.classes.indices.map {
            .number(Double(classes[actual: $0, predicted: said]))
          }
          + [
            .number(classes.precision(of: said), else: "never forecast"),
            .number(classes.f1(of: said), else: "neither forecast nor observed"),
          ]
      })
  }

  private func instrumentTable(_ forecasts: ForecastEvaluation) -> ReportTable {
    let (figure, share) = (NumberFormat.number(decimals: 3), NumberFormat.percent(decimals: 1))
    let none = "undefined: 0/0"
    return ReportTable(
      caption: "Direction by instrument",
      columns: [
        .text("Instrument"), .number("Signals", as: .integer), .number("Went up", as: share),
        .number("Right", as: share),
        .number(
          "Constant", as: share, definition: "always forecasting the more frequent direction"),
        .number("Matthews", as: figure, isSigned: true), .number("ROC area", as: figure),
        .number("Rank corr.", as: figure, isSigned: true),
        .number("p, chance", as: .probability, definition: "Pesaran-Timmermann test, one-sided"),
        .number("p, constant", as: .probability, definition: "McNemar test, exact and one-sided"),
      ],
      rows: forecasts.parts.compactMap { part in
        guard let direction = part.direction else { return nil }
        let matrix = direction.matrix
        return [
          .text(part.instrument.map(symbol) ?? "All instruments"), .number(Double(matrix.count)),
          .number(matrix.baseRate, else: none), .number(matrix.accuracy, else: none),
          .number(matrix.majorityAccuracy, else: none),
          .number(matrix.matthewsCorrelation, else: none),
          .number(direction.areaUnderROC, else: none),
          .number(direction.informationCoefficient, else: none),
          .number(matrix.pesaranTimmermann?.pValue, else: "the direction never changed"),
          .number(matrix.againstMajority?.pValue, else: "identical to the constant forecast"),
        ]
      }, limit: .init(rowCount: 25, file: "result.json"))
  }
}

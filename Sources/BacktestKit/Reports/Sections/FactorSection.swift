import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// What factors explain of the returns.
  func factorSections(_ regression: FactorRegression?) -> [ReportSection] {
    guard let regression else { return [] }
    let share = NumberText.percent(regression.rSquared)
    let rows = ([regression.alpha] + regression.factors).map { coefficient -> [ReportCell] in
      [
        .text(coefficient.name), .number(coefficient.value), .number(coefficient.standardError),
        .number(coefficient.statistic), .number(coefficient.pValue),
        .number(coefficient.contribution * 100),
      ]
    }
    return [
      ReportSection(
        id: "factors", title: "Factors",
        summary: "The factors explain \(share) of the variance of "
          + "\(NumberText.count(regression.count, "return")).",
        blocks: [
          ReportTable(
            caption: "Regression of excess returns on the factors; errors by Newey and West, "
              + NumberText.count(regression.lags, "lag"),
            columns: [
              .text("Factor"), .number("Coefficient", as: .ratio, isSigned: true),
              .number("Standard error", as: .ratio),
              .number("t", as: .ratio, isSigned: true, definition: "coefficient over its error"),
              .number(
                "p", as: .probability,
                definition: "how likely so large a coefficient is where there is none"),
              .number(
                "Contribution, % a bar", as: .ratio, isSigned: true,
                definition: "what the factor added to the mean return"),
            ], rows: rows)
        ])
    ]
  }
}

import BacktestCore

extension BacktestResult {
  /// That the directions that were forecast show no skill.
  var forecastLimits: [ResultLimit] {
    let matrix = ForecastEvaluation.direction(of: self)
    guard matrix.count > 0, !matrix.showsSkill else { return [] }
    return [ResultLimit(.noForecastSkill, matrix.skillSentence)]
  }
}

extension BinaryClassification {
  /// Whether the directions foretold anything, in one sentence with the figures.
  package var skillSentence: String {
    guard let accuracy, let majorityAccuracy else { return "No direction was forecast." }
    let constant = positives >= negatives ? "up" : "down"
    let figures =
      "Forecasts of direction were right on \(FigureText.percent(accuracy)) of "
      + "\(FigureText.count(count, "bar")); always betting on \(constant) would have been right on "
      + "\(FigureText.percent(majorityAccuracy))"
    guard let test = pesaranTimmermann else {
      return "\(figures): no skill shown, because either the forecasts or the market never turned."
    }
    let chance = "Pesaran and Timmermann, p \(FigureText.probability(test.pValue))"
    let bet = "p \(FigureText.probability(againstMajority?.pValue ?? 1))"
    if showsSkill {
      return "\(figures): more than chance (\(chance)) and than that one bet (\(bet))."
    }
    if beatsChance {
      return "\(figures): more than chance for as many calls of up and down (\(chance)), but no "
        + "skill shown beyond that one bet (\(bet))."
    }
    return "\(figures): no skill shown (\(chance))."
  }
}

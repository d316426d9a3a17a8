import BacktestCore

extension ParameterSweepResult {
  /// What to know before trusting the figures of the best set: how many were tried, and what that
  /// leaves of them.
  package var caveats: [ResultCaveat] {
    guard let best else {
      return [
        ResultCaveat(
          .chosenFromSweep,
          "No set of parameters has a value of \(objective.name), so the first of "
            + "\(NumberText.grouped(sets.count)) is shown.")
      ]
    }
    guard sets.count > 1 else { return [] }
    return [
      ResultCaveat(
        .chosenFromSweep,
        "These parameters are the best of \(NumberText.count(sets.count, "set")) by "
          + "\(objective.title), chosen on the bars by which they are judged. "
          + "\(evidenceSentence) \(neighbourhoodSentence(of: best))")
    ]
  }

  /// The deflated Sharpe ratio with its number of trials, and the probability of overfitting.
  package var evidenceSentence: String {
    guard let evidence else { return "How much of it is luck is not known." }
    var parts: [String] = []
    switch evidence.deflatedSharpe {
    case .success(let deflated):
      parts.append(
        "Deflated Sharpe ratio \(NumberFormat.probability.text(deflated.probability)), the "
          + "probability that it is more than the luck of about "
          + "\(NumberFormat.number(decimals: 1).text(deflated.trials.value)) independent trials")
    case .failure(let reason): parts.append("No deflated Sharpe ratio: \(reason)")
    }
    switch evidence.overfitting {
    case .success(let found):
      parts.append(
        "probability of overfitting \(NumberFormat.ratio.text(found.probability)) "
          + "(\(found.blocks) blocks)")
    case .failure(let reason): parts.append("no probability of overfitting: \(reason)")
    }
    return parts.joined(separator: "; ") + "."
  }

  /// How the sets around a set did.
  package func neighbourhoodSentence(of set: Int) -> String {
    guard let around = neighbourhood(of: set) else {
      return "It has no neighbours in the grid to compare with."
    }
    let format = objective.unit.format()
    return "Its \(NumberText.count(around.count, "neighbour")) in the grid "
      + "\(around.count == 1 ? "has" : "have") a median of \(format.text(around.median)) and a "
      + "worst of \(format.text(around.worst)), compared with \(format.text(around.value)); "
      + "\(NumberFormat.percent(decimals: 0).text(around.nearShare)) are within "
      + "\(NumberFormat.percent(decimals: 0).text(plan.tolerance)) of it"
      + (around.isAtEdge ? ", and it lies at the edge of the grid." : ".")
  }
}

import BacktestCore

extension CrossValidationResult {
  /// What to know before trusting the figures, the most serious first.
  public var caveats: [ResultCaveat] {
    ResultCaveat.mostSeriousFirst(
      choiceCaveats + figureCaveats + shortCaveats + costCaveats + warmupCaveats)
  }

  private var choiceCaveats: [ResultCaveat] {
    var found: [ResultCaveat] = []
    let blind = splits.count { $0.nullCount == candidates.count && candidates.count > 1 }
    if blind > 0 {
      found.append(
        ResultCaveat(
          .arbitraryChoice,
          "In \(NumberText.grouped(blind)) of \(NumberText.count(splits.count, "split")) no "
            + "candidate had a value of \(objective.name) on the train bars, so the first "
            + "candidate was used."
        ))
    }
    if choosesNothing {
      found.append(
        ResultCaveat(
          .singleCandidate,
          "There is one candidate, so nothing was chosen, and nothing shows how well a choice "
            + "carries over. "
            + (paths.count > 1
              ? "All \(NumberText.count(paths.count, "path")) are the same, because each tests "
                + "every period once; the splits show how periods differ."
              : "The spread over the \(unit)s shows how they differ.")))
    }
    if objective.higherIsBetter == nil {
      found.append(
        ResultCaveat(
          .objectiveWithoutDirection,
          "\(objective.title) has no better direction; larger values were taken as better."))
    }
    return found
  }

  private var figureCaveats: [ResultCaveat] {
    let missing = figures.count { $0.objective == nil }
    guard missing > 0 else { return [] }
    return [
      ResultCaveat(
        .missingObjectives,
        "\(NumberText.grouped(missing)) of \(NumberText.count(figures.count, unit)) "
          + "\(missing == 1 ? "has" : "have") no \(objective.name) out of sample and "
          + "\(missing == 1 ? "is" : "are") left out of its distribution.")
    ]
  }

  /// Fewer returns than these say little of a ratio.
  private static let fewReturns = 20

  private var shortCaveats: [ResultCaveat] {
    let short = splits.filter { $0.testCount < Self.fewReturns }
    guard !short.isEmpty else { return [] }
    let names = short.map { "\($0.name) (\(NumberText.count($0.testCount, "bar")))" }
    return [
      ResultCaveat(
        .shortSample,
        "Test bars are too few for ratios to mean anything: \(NumberText.list(names, limit: 4)).")
    ]
  }

  private var costCaveats: [ResultCaveat] {
    let isFree =
      switch configuration.accounting {
      case .weights(let fee, _): fee == 0
      default: configuration.execution.isFree
      }
    return isFree ? [ResultCaveat(.noCosts, "Trading was free: no costs were charged.")] : []
  }

  private var warmupCaveats: [ResultCaveat] {
    markets.filter { $0.skip <= $0.warmup }.prefix(1).map { market in
      ResultCaveat(
        .unfinishedWarmup,
        "The evaluation\(market.name.isEmpty ? "" : " of \(market.name)") begins at bar "
          + "\(NumberText.grouped(market.skip)), before the end of the longest warm-up "
          + "(\(NumberText.count(market.warmup, "bar"))).")
    }
  }

  /// What the method cannot tell, in sentences.
  package var remarks: [String] {
    var found: [String] = []
    switch plan.method {
    case .combinatorial:
      found.append(
        "Paths share test folds, so they are not independent: their spread is narrower than that "
          + "of as many separate histories.")
    case .byRegime:
      found.append(
        "Regimes are those seen in hindsight: the split describes the past, and nobody could have "
          + "traded by it.")
    case .byAsset, .byTimeframe:
      found.append(
        "Train and test cover the same days, so what all \(plan.method.unit)s went through "
          + "together is known to the choice.")
    case .purgedKFold, .byYear: break
    }
    if plan.method != .byAsset, plan.method != .byTimeframe, splits.count > 1 {
      found.append(
        "Some train bars come after the test bars, so nobody could have traded this record.")
    }
    return found
  }
}

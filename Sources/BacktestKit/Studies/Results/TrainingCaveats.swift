import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestPolicies
import BacktestReports

extension StudyOutcome {
  /// What to know of the policies' training before trusting the figures, the most serious first;
  /// empty for a strategy of the catalogue.
  var trainingCaveats: [ResultCaveat] {
    guard !study.strategy.policies.isEmpty else { return [] }
    var found: [ResultCaveat] = []
    if let training = study.walkForward?.training, let walkForward {
      found += foldCaveats(walkForward, training)
    } else {
      let dates = metrics.sample.pointDates ?? result.sessionDates
      found += study.fixedCaveats(over: dates.dropFirst())
      if let walkForward, walkForward.folds.count > 1 {
        found.append(
          ResultCaveat(
            .notRetrained,
            "The same trained policy decided in all \(NumberText.grouped(walkForward.folds.count)) "
              + "folds. Nothing was trained on the train windows, which only position "
              + "the test windows."
          ))
      }
    }
    found += study.priceCaveats(in: market) + driftCaveats + study.maskCaveats
    found += study.executionCaveats
    return ResultCaveat.mostSeriousFirst(found)
  }

  /// Caveats of the checkpoints of folds.
  private func foldCaveats(
    _ walk: WalkForwardResult, _ training: StudyTraining
  ) -> [ResultCaveat] {
    var found: [ResultCaveat] = []
    let folds = NumberText.count(walk.folds.count, "fold")
    let early = walk.folds.filter { fold in
      fold.source?.trainedUntil.map { $0 >= fold.testDates.lowerBound } ?? false
    }
    if let fold = early.first, let end = fold.source?.trainedUntil {
      found.append(
        ResultCaveat(
          .inSample,
          "In-sample: the checkpoints of \(NumberText.grouped(early.count)) of \(folds) were "
            + "trained on data from their test windows. The checkpoint of fold "
            + "\(fold.index) was trained until \(end) and tested from \(fold.testDates.lowerBound)."
        ))
    }
    let silent = walk.folds.count { $0.source?.trainedUntil == nil }
    if silent > 0 {
      let reason =
        training.namesTrainEnd
        ? training.isCommand
          ? "the training command received the end of the train window, but whether it stopped "
            + "there cannot be verified"
          : "their names contain the end of the train window, but whether they know later data "
            + "cannot be verified"
        : "nothing ties them to the end of the train window: "
          + (training.isCommand
            ? "the command does not use {train_end}" : "{train_end} is not in their template")
      found.append(
        ResultCaveat(
          .unknownTraining,
          "The checkpoints of \(NumberText.grouped(silent)) of \(folds) do not state the last "
            + "day of their training data; \(reason)."))
    }
    if silent > 0, let policy = study.strategy.policies.first, policy.normaliserIsTrained {
      found.append(
        ResultCaveat(
          .sharedNormaliser,
          "Checkpoints without their own manifest get observations normalised with the statistics "
            + "of \(policy.manifest.name), from its training and not from theirs."))
    }
    return found
  }

  /// Policies that saw features unlike those of their training.
  private var driftCaveats: [ResultCaveat] {
    zip(study.strategy.policies, drifts).compactMap { policy, drift in
      guard let drift, let worst = drift.byDistance.first, worst.isFar else { return nil }
      let far = drift.items.count(where: \.isFar)
      let (name, count) = (policy.manifest.name, drift.items.count)
      return ResultCaveat(
        .driftedFeatures,
        "\(far) of \(NumberText.count(count, "feature")) of \(name) \(far == 1 ? "was" : "were") "
          + "unlike in training. Of those \(worst.name) moved farthest: \(worst.difference). "
          + FeatureDrift.ruleText)
    }
  }

  /// Differences between training and this run, in sentences.
  var trainingRemarks: [String] {
    var remarks = study.strategy.policies.map { policy in
      let (name, trained) = (policy.manifest.name, policy.manifest.execution)
      // Weights are held from the close at which they are stated.
      let own = study.execution ?? .sameClose
      let acts = study.execution == nil ? "holds weights from" : "fills at"
      guard let trained else {
        return "The manifest of \(name) does not state in 'execution' at which price its training "
          + "acted; this run \(acts) \(own.place)."
      }
      return trained == own
        ? "\(name) was trained to act at \(trained.place), as it does in this run."
        : "\(name) was trained to act at \(trained.place); this run \(acts) \(own.place)."
    }
    if let trainers = trainersAccounting {
      let difference = trainers.finalEquity - (result.curve.equity.last ?? 0)
      remarks.append(
        "Under the accounting of its training (weights, fee \(trainers.fee)), the same policy ends "
          + "at "
          + "\(NumberFormat.money.text(trainers.finalEquity)) "
          + "\(study.configuration.account.currency), a difference of "
          + "\(NumberFormat.money.text(difference)).")
    }
    return remarks
  }
}

extension CrossValidationOutcome {
  /// What to know of the policies' training before trusting the figures; empty for a strategy of
  /// the catalogue.
  var trainingCaveats: [ResultCaveat] {
    guard !study.strategy.policies.isEmpty else { return [] }
    let dates = result.markets.flatMap { $0.barDates.dropFirst($0.skip) }.sorted()
    return study.fixedCaveats(over: dates[...]) + study.priceCaveats(in: market)
      + study.maskCaveats + study.executionCaveats
  }
}

extension Study {
  /// Caveats of policies that decided in all folds.
  ///
  /// - Parameter dates: the session of each return, in ascending order.
  fileprivate func fixedCaveats(over dates: ArraySlice<CivilDate>) -> [ResultCaveat] {
    guard let first = dates.first else { return [] }
    let policies = strategy.policies
    var found: [ResultCaveat] = []
    let trained = policies.compactMap { policy -> String? in
      guard let end = policy.manifest.trainedUntil, end >= first else { return nil }
      return "\(policy.manifest.name) was trained on data until \(end), and "
        + "\(NumberText.grouped(dates.count { $0 <= end })) of "
        + "\(NumberText.count(dates.count, "return")), from \(first) "
        + "on, are in that period"
    }
    if !trained.isEmpty {
      found.append(ResultCaveat(.inSample, "In-sample: \(trained.joined(separator: "; "))."))
    }
    let silent = policies.filter { $0.manifest.trainedUntil == nil }.map(\.manifest.name)
    if !silent.isEmpty {
      let whose =
        silent.count == 1
        ? "manifest of \(silent[0]) does not state the last day of its"
        : "manifests of \(listed(silent, "and")) do not state the last day of their"
      found.append(
        ResultCaveat(
          .unknownTraining,
          "The \(whose) training data ('trained: data_end'), so some or all of the figures may be "
            + "in-sample."))
    }
    return found
  }

  /// Policies whose trainer masked actions by a rule that their manifests do not have.
  fileprivate var maskCaveats: [ResultCaveat] {
    let names = strategy.policies.filter { $0.manifest.action?.ignoresMasks == true }
      .map(\.manifest.name)
    guard !names.isEmpty else { return [] }
    return [
      ResultCaveat(
        .ignoredMasks,
        "\(listed(names, "and")) \(names.count == 1 ? "was" : "were") trained with masked actions "
          + "and \(names.count == 1 ? "decides" : "decide") without masks here, so actions occur "
          + "that the trainer's environment did not allow.")
    ]
  }

  /// Policies that were trained to act at a different price than this run, by that price.
  fileprivate var executionCaveats: [ResultCaveat] {
    guard let own = execution else { return [] }
    return PolicyManifest.Execution.allCases.compactMap { trained in
      let names = strategy.policies.filter { $0.manifest.execution == trained }
        .map(\.manifest.name)
      guard trained != own, !names.isEmpty else { return nil }
      return ResultCaveat(
        .otherExecution,
        "\(listed(names, "and")) \(names.count == 1 ? "was" : "were") trained to act at "
          + "\(trained.place); this run fills at \(own.place).")
    }
  }

  /// Policies trained on adjusted closes, run on prices that may or may not be adjusted.
  fileprivate func priceCaveats(in market: StudyMarket) -> [ResultCaveat] {
    let names = strategy.policies.filter(\.observesAdjustedCloses).map(\.manifest.name)
    guard !market.unknownPrices.isEmpty, !names.isEmpty else { return [] }
    return [
      ResultCaveat(
        .unknownPrices,
        "\(listed(names, "and")) \(names.count == 1 ? "was" : "were") trained on adjusted closes; "
          + "whether the closes of \(NumberText.list(market.unknownPrices)) are adjusted is "
          + "unknown, because the data has no column of adjusted closes.")
    ]
  }
}

extension Study {
  /// When decisions are carried out, in the words of a manifest; `nil` under weights accounting,
  /// which is the trainers' own.
  fileprivate var execution: PolicyManifest.Execution? {
    guard configuration.accounting.placesOrders else { return nil }
    return switch configuration.execution.marketFill {
    case .nextOpen: .nextOpen
    case .nextClose: .nextClose
    case .sameClose: .sameClose
    }
  }
}

extension PolicyManifest.Execution {
  fileprivate var place: String {
    switch self {
    case .sameClose: "the close that it observes"
    case .nextOpen: "the next open"
    case .nextClose: "the next close"
    }
  }
}

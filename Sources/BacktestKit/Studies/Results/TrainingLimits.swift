import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestPolicies
import BacktestReports

extension StudyOutcome {
  /// What a reader must know of the policies' training before believing the figures, the gravest
  /// first; nothing for a strategy of the catalogue.
  var trainingLimits: [ResultLimit] {
    guard !study.strategy.policies.isEmpty else { return [] }
    var found: [ResultLimit] = []
    if let training = study.walkForward?.training, let walkForward {
      found += foldLimits(walkForward, training)
    } else {
      found += fixedLimits(study.strategy.policies)
      if let walkForward, walkForward.folds.count > 1 {
        found.append(
          ResultLimit(
            .notRetrained,
            "The same trained policy decided in all \(walkForward.folds.count) folds: nothing was "
              + "trained on the train windows, which only move the test windows."))
      }
    }
    found += priceLimits + executionLimits
    return ResultLimit.gravestFirst(found)
  }

  /// The session of the first return and that of the last.
  private var measured: ClosedRange<CivilDate>? {
    let dates = metrics.sample.pointDates ?? result.sessionDates
    guard dates.count > 1, let last = dates.last, dates[1] <= last else { return nil }
    return dates[1]...last
  }

  /// What is known of policies that decided all the time.
  private func fixedLimits(_ policies: [StudyPolicy]) -> [ResultLimit] {
    guard let measured else { return [] }
    var found: [ResultLimit] = []
    let dates = (metrics.sample.pointDates ?? result.sessionDates).dropFirst()
    let trained = policies.compactMap { policy -> String? in
      guard let end = policy.manifest.trainedUntil, end >= measured.lowerBound else { return nil }
      return "\(policy.manifest.name) was trained on data until \(end), and "
        + "\(dates.count { $0 <= end }) of \(dates.count) returns, from \(measured.lowerBound) "
        + "on, lie in that time"
    }
    if !trained.isEmpty {
      found.append(ResultLimit(.inSample, "In-sample: \(trained.joined(separator: "; "))."))
    }
    let silent = policies.filter { $0.manifest.trainedUntil == nil }.map(\.manifest.name)
    if !silent.isEmpty {
      let whose =
        silent.count == 1
        ? "manifest of \(silent[0]) does not say until which day its"
        : "manifests of \(listed(silent, "and")) do not say until which day their"
      found.append(
        ResultLimit(
          .unknownTraining,
          "The \(whose) training data went ('trained: data_end'), so some or all of the figures "
            + "may be in-sample."))
    }
    return found
  }

  /// What is known of the checkpoints of folds.
  private func foldLimits(
    _ walk: WalkForwardResult, _ training: StudyTraining
  ) -> [ResultLimit] {
    var found: [ResultLimit] = []
    let early = walk.folds.filter { fold in
      fold.source?.trainedUntil.map { $0 >= fold.testDates.lowerBound } ?? false
    }
    if let fold = early.first, let end = fold.source?.trainedUntil {
      found.append(
        ResultLimit(
          .inSample,
          "In-sample: the checkpoints of \(early.count) of \(walk.folds.count) folds were trained "
            + "on data of their test windows; that of fold \(fold.index) until \(end), tested "
            + "from \(fold.testDates.lowerBound)."))
    }
    let silent = walk.folds.count { $0.source?.trainedUntil == nil }
    if silent > 0 {
      let told =
        training.namesTrainEnd
        ? training.isCommand
          ? "their training was told where the train window ends, but that it kept to it cannot be "
            + "seen here"
          : "they are named by the end of the train window, but that they know nothing after it "
            + "cannot be seen here"
        : "nothing ties them to the end of the train window: "
          + (training.isCommand
            ? "the command does not use {train_end}" : "{train_end} is not in their template")
      found.append(
        ResultLimit(
          .unknownTraining,
          "The checkpoints of \(silent) of \(walk.folds.count) folds do not say until which day "
            + "their training data went; \(told)."))
    }
    if silent > 0, let policy = study.strategy.policies.first, policy.normaliserIsTrained {
      found.append(
        ResultLimit(
          .sharedNormaliser,
          "Checkpoints without a manifest of their own see observations normalised with the "
            + "numbers of \(policy.manifest.name), from its training and not from theirs."))
    }
    return found
  }

  /// Policies that were trained to act at another price than this run's, by that price.
  private var executionLimits: [ResultLimit] {
    guard let own = study.execution else { return [] }
    return PolicyManifest.Execution.allCases.compactMap { trained in
      let names = study.strategy.policies.filter { $0.manifest.execution == trained }
        .map(\.manifest.name)
      guard trained != own, !names.isEmpty else { return nil }
      return ResultLimit(
        .otherExecution,
        "\(listed(names, "and")) \(names.count == 1 ? "was" : "were") trained to act at "
          + "\(trained.place); this run fills at \(own.place).")
    }
  }

  /// Policies of adjusted closes on prices of which nobody says whether they are.
  private var priceLimits: [ResultLimit] {
    let names = study.strategy.policies.filter(\.observesAdjustedCloses).map(\.manifest.name)
    guard !market.untoldPrices.isEmpty, !names.isEmpty else { return [] }
    return [
      ResultLimit(
        .unknownPrices,
        "\(listed(names, "and")) \(names.count == 1 ? "was" : "were") trained on adjusted closes; "
          + "whether the closes of \(FigureText.list(market.untoldPrices)) are adjusted cannot be "
          + "told, because the data has no column of adjusted closes.")
    ]
  }

  /// What training assumed and this run does, in sentences.
  var trainingRemarks: [String] {
    var remarks = study.strategy.policies.map { policy in
      let own = study.execution?.place ?? "the close that it observes (weights accounting)"
      return policy.manifest.execution.map {
        "\(policy.manifest.name) was trained to act at \($0.place); this run fills at \(own)."
      } ?? "The manifest of \(policy.manifest.name) does not say in 'execution' when its trainer "
        + "acted; this run fills at \(own)."
    }
    if let trainers = trainersAccounting {
      let difference = trainers.finalEquity - (result.curve.equity.last ?? 0)
      remarks.append(
        "Under the trainers' accounting (weights, fee \(trainers.fee)) the same policy ends at "
          + "\(NumberFormat.money.text(trainers.finalEquity)) "
          + "\(study.configuration.account.currency), a difference of "
          + "\(NumberFormat.money.text(difference)).")
    }
    return remarks
  }
}

extension Study {
  /// When decisions are carried out, in the words of a manifest; `nil` under weights accounting,
  /// which is the trainers' own.
  fileprivate var execution: PolicyManifest.Execution? {
    guard !configuration.accounting.holdsWeights else { return nil }
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

package import BacktestCore
import BacktestEvidence
package import BacktestFiles
package import BacktestPolicies

/// The market of a study, ready for a policy that is trained on it.
package struct TrainingMarket: Sendable {
  /// The study, with the policy in place of its strategy.
  package let study: Study
  /// What all episodes share.
  package let plan: EpisodePlan
  private let market: StudyMarket

  init(study: Study, plan: EpisodePlan, market: StudyMarket) {
    self.study = study
    self.plan = plan
    self.market = market
  }

  /// The label of each instant by one of the study's classifiers, in hindsight.
  ///
  /// - Throws: `StudyError` where prices or labels cannot be used.
  package func regimes(
    _ choice: Study.RegimeChoice
  ) throws(StudyError) -> (names: [String], labels: [Int?]) {
    let series = try market.regimeSeries(study.regimeSettings)
    let classifier = try study.classifier(of: choice)
    let labels = try StudyError.wrapping(.regimes) {
      try classifier.labels(closes: series.closes, times: series.times)
    }
    let rows = RegimeLabels.rows(of: Array(plan.feed.instants), among: series.times)
    return (labels.names, rows.map { $0.flatMap { labels.descriptive[$0] } })
  }
}

extension Study {
  /// Reads a study for training: the manifest of a policy, whose network need not be there, takes
  /// the place of its strategy, and whatever follows a run is left out.
  ///
  /// - Parameters:
  ///   - path: the study.
  ///   - manifest: a manifest or its folder, from where the process runs; `nil` takes the policy of
  ///     the study.
  ///   - overrides: replacements such as `data.to=2015-12-31`.
  ///   - catalogue: the strategies that it may name.
  /// - Throws: everything that is wrong with it.
  package static func training(
    path: String, manifest: String?, overrides: [String], catalogue: StrategyCatalogue
  ) throws(DocumentError) -> Study {
    var document = try DocumentReader.read(path: path)
    let folder = folderPath(of: path)
    for override in overrides {
      document = try DocumentOverride(parsing: override).applied(to: document)
    }
    if case .table(var entries) = document.content {
      entries.removeAll { keysAfterRuns.contains($0.key) }
      if manifest != nil {
        for index in entries.indices where entries[index].key == "strategy" {
          entries[index].value = entries[index].value.withPolicyOptionsOnly
        }
      }
      document.content = .table(entries)
    }
    if let manifest {
      let place = manifest.hasPrefix("/") ? manifest : relativePath(from: folder, to: manifest)
      let quoted = place.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "''")
      // A program that is never started: it says that there is no network to read.
      for replacement in ["strategy.command=['-']", "strategy.manifest='\(quoted)'"] {
        document = try DocumentOverride(parsing: replacement).applied(to: document)
      }
    }
    return try Study(document: document, folder: folder, catalogue: catalogue)
  }

  /// What a study says of many runs, or of a run's result.
  private static let keysAfterRuns = [
    "walk-forward", "cross-validation", "sweep", "sensitivity", "replicates", "gate", "output",
  ]
}

extension DocumentNode {
  /// The keys of a strategy that say how decisions become positions, without what decides.
  fileprivate var withPolicyOptionsOnly: DocumentNode {
    guard case .table(let entries) = content else { return self }
    let options = PolicyOptions.table.keys.map(\.row.name)
    var node = self
    node.content = .table(entries.filter { options.contains($0.key) })
    return node
  }
}

extension StudyRunner {
  /// Reads the study's market, and prepares the episodes of its policy.
  ///
  /// - Throws: `StudyError` where the study names no single policy, the data cannot be used, or the
  ///   policy does not fit the market.
  package func trainingMarket() throws(StudyError) -> TrainingMarket {
    guard study.strategy.policies.count == 1 else {
      throw StudyError(
        .policy,
        "the study names no single policy, so what is observed and what actions mean is not known; "
          + "give the manifest of a policy")
    }
    let policy = study.strategy.policies[0]
    let market = try readMarket()
    let plan = try StudyError.wrapping(.policy) {
      try market.checkPrices(of: [policy])
      return try EpisodePlan(
        policy.manifest, options: policy.options, on: market.feed, study.configuration,
        loadPredictor: policy.loadPredictor)
    }
    return TrainingMarket(study: study, plan: plan, market: market)
  }
}

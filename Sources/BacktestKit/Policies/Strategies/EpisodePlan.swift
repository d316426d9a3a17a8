package import BacktestCore

/// What all episodes of one policy on one market share: what it observes, what its actions mean,
/// and its observations at every close.
///
///     let plan = try EpisodePlan(manifest, options: PolicyOptions(), on: feed, configuration)
///     var episode = plan.episode()
///     while episode.isWaiting { try episode.step(action) }
package final class EpisodePlan: Sendable {
  /// What is observed and done.
  package let manifest: PolicyManifest
  /// The actions.
  package let action: ActionDefinition
  /// The market.
  package let feed: Feed
  /// The rules of an episode over the whole market.
  package let configuration: BacktestConfiguration
  /// The symbols that are traded, in the policy's order of assets.
  package let symbols: [String]
  let runner: PolicyRunner
  let table: ObservationTable
  let cells: AccountCells
  /// What steps share that do nothing but state weights; `nil` where actions do more.
  nonisolated(unsafe) let stated: UnsafePointer<StatedRules>?
  /// Bars before the first decision.
  package let warmup: Int

  /// Prepares episodes.
  ///
  /// - Parameters:
  ///   - manifest: what is observed, and what actions mean; its network is not needed.
  ///   - options: how actions become positions.
  ///   - feed: the market.
  ///   - configuration: the rules of the run.
  ///   - loadPredictor: loads the policies whose predictions are observed; `nil` where none are.
  /// - Throws: `PolicyError` where the manifest does not fit the market, or only predicts.
  package init(
    _ manifest: PolicyManifest, options: PolicyOptions, on feed: Feed,
    _ configuration: BacktestConfiguration, loadPredictor: PolicyMember.PredictorLoader? = nil
  ) throws(PolicyError) {
    guard let action = manifest.action else {
      throw PolicyError(
        source: manifest.path,
        "this manifest describes a predictor, which takes no actions; give it an 'action'")
    }
    self.manifest = manifest
    self.action = action
    self.feed = feed
    self.configuration = configuration
    let stand = ActionsFromOutside(manifest)
    let member = PolicyMember(
      stand, manifest: manifest, options: options, loadPredictor: loadPredictor)
    let runners = try member.runners(in: feed.universe)
    guard runners.count == 1 else {
      throw PolicyError(
        source: manifest.path,
        "an episode is of one account, but the manifest names no assets and would trade each of "
          + "\(runners.count) instruments apart; name them in 'action.assets'")
    }
    runner = runners[0]
    if !configuration.accounting.placesOrders, !runner.setsTargetWeights {
      throw PolicyError(
        source: manifest.path,
        "the actions trade units, which an account of weights cannot carry out; take "
          + "'accounting: orders' in the study, or actions that set weights")
    }
    symbols = runner.symbols
    warmup = configuration.warmup ?? runner.warmup
    cells = AccountCells(runner.builder, manifest.observation)
    table = try PolicyError.located(at: manifest.path) { [runner] () throws(PolicyError) in
      try ObservationTable(
        runner, on: feed, configuration: configuration,
        normaliser: manifest.observation.normaliser)
    }
    stated = StatedRules(runner, cells, table, manifest, on: feed).map { rules in
      let place = UnsafeMutablePointer<StatedRules>.allocate(capacity: 1)
      place.initialize(to: rules)
      return UnsafePointer(place)
    }
    guard firstObservation != nil else {
      throw PolicyError(
        source: manifest.path,
        "\(feed.instants.count) bars are too few: no observation is complete before they end")
    }
  }

  /// Memory for the steps of one episode that state weights; `nil` where actions do more.
  var statedRoom: StatedRoom? {
    guard let stated else { return nil }
    return StatedRoom(
      assetCount: stated.pointee.assets.count, instrumentCount: feed.universe.series.count,
      numberCount: stated.pointee.cells.count)
  }

  deinit {
    guard let stated else { return }
    UnsafeMutablePointer(mutating: stated).deinitialize(count: 1)
    stated.deallocate()
  }

  /// The first instant at which there is a complete observation; `nil` where there is none.
  package var firstObservation: Int? {
    table.entries.firstIndex { if case .ready = $0 { true } else { false } }
  }

  /// An episode at its first decision.
  ///
  /// - Parameters:
  ///   - configuration: the rules, where they are not the usual ones.
  ///   - keepsHistory: whether the episode has a result in the end.
  ///   - measuresAgreement: whether each step finds out which positions were on the right side.
  package func episode(
    _ configuration: BacktestConfiguration? = nil, keepsHistory: Bool = true,
    measuresAgreement: Bool = false
  ) -> TradingEpisode {
    TradingEpisode(
      self, configuration ?? self.configuration, keepsHistory: keepsHistory,
      measuresAgreement: measuresAgreement)
  }
}

/// Replaces a policy whose actions come from outside.
private struct ActionsFromOutside: Policy {
  let observationCount: Int
  let actionCount: Int

  init(_ manifest: PolicyManifest) {
    observationCount = manifest.observation.count
    actionCount = manifest.action?.componentCount ?? 0
  }

  func makeDecision() -> PolicyDecision { PolicyDecision(actionCount: actionCount, outputCount: 0) }

  mutating func reset() {}

  mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    throw PolicyRefusal("the actions come from outside", isFinal: true)
  }
}

@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestPolicies
@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// Policies in study files: what is accepted, and what is refused with which words.
struct StudyPolicyTests {
  private static func study(_ strategy: String, _ more: String = "") throws -> Study {
    let text = """
      data:
        calendar: XNYS
        from: 2012-01-01
        files: [{path: prices/sp500.csv, symbol: SPX, asset-class: index}]
      account: {leverage: 2}
      strategy: {\(strategy)}
      \(more)

      """
    let document = try DocumentReader.read(Array(text.utf8), name: "study.yaml", format: .yaml)
    return try Study(document: document, folder: Fixture.path(""), catalogue: .standard)
  }

  private static func problems(_ strategy: String, _ more: String = "") throws -> [String] {
    do {
      _ = try study(strategy, more)
      return []
    } catch let error as DocumentError {
      return error.problems.map(\.description)
    }
  }

  @Test func aPolicyIsReadWithItsOptions() throws {
    let study = try Self.study(
      "policy: policies/ppo_discrete, rebalance-threshold: 0.05, on-refusal: hold, "
        + "maximum-weight: 0.5, long-only: true, drift: rebalance, decide: any-closed, "
        + "episode-length: 9")
    let policy = try #require(study.strategy.policies.first)
    #expect(study.strategy.definition.name == "ppo_discrete")
    #expect(policy.path == "policies/ppo_discrete")
    #expect(policy.weightsPath?.hasPrefix("policies/ppo_discrete/model.") == true)
    let options = policy.options
    #expect(options.weights.rebalanceThreshold == 0.05 && options.onRefusal == .hold)
    #expect(options.weights.maximumWeight == 0.5 && options.weights.isLongOnly)
    #expect(options.weights.drift == .rebalance)
    #expect(options.decide == .anyClosed && options.episodeLength == 9)
    let manifest = try Self.study("policy: policies/ppo_discrete/manifest.json").strategy.policies
    #expect(manifest[0].manifestDigest == policy.manifestDigest)
    #expect(manifest[0].weightsPath == policy.weightsPath)
  }

  @Test func anEnsembleHasItsRule() throws {
    let study = try Self.study(
      "ensemble: {members: [policies/ppo_discrete, policies/dqn_d3], combine: best-recent, "
        + "window: 21, member-state: shared, fee: 0.001}, rebalance-threshold: 0.1")
    #expect(study.strategy.ensemble?.rule == .bestRecent(bars: 21))
    #expect(study.strategy.ensemble?.options.memberState == .shared)
    #expect(study.strategy.ensemble?.options.weights.rebalanceThreshold == 0.1)
    #expect(study.strategy.policies.map(\.options.weights.rebalanceThreshold) == [0, 0])
    #expect(study.strategy.definition.name == "best-recent of ppo_discrete and dqn_d3")
  }

  @Test func aStrategyIsOneThing() throws {
    func one(_ text: String, _ words: String) throws {
      let found = try Self.problems(text)
      #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }
    try one("name: sma-crossover, policy: policies/ppo_discrete", "a strategy is one thing")
    try one("name: sma-crossover, on-refusal: hold", "'on-refusal' goes with a 'policy'")
    try one("manifest: policies/ppo_discrete", "a 'manifest' goes with the 'command'")
    try one("command: [decide]", "a 'command' needs a 'manifest'")
    try one("ensemble: {members: [policies/ppo_discrete]}", "two members or more")
    try one(
      "ensemble: {members: [policies/ppo_discrete, policies/dqn_d3], window: 3}",
      "'window' goes with 'combine: best-recent'")
    try one(
      "policy: policies/ppo_discrete, sizing: {by: sign}", "sizing by sign is for predictions")
  }

  @Test func whatIsNoPolicyIsRefusedWithAdvice() throws {
    let archive = try Self.problems("policy: policies/ppo_discrete/model.zip")
    #expect(
      archive.count == 1
        && archive[0].hasPrefix("study.yaml:6:")
        && archive[0].contains(
          "`policy import policies/ppo_discrete/model.zip --out DIR`")
    )
    let missing = try Self.problems("policy: policies/nowhere")
    #expect(missing.count == 1 && missing[0].contains("policies/nowhere: there is no such folder"))
  }

  @Test func templatesAndReplicatesAreChecked() throws {
    let policy = "policy: policies/ppo_discrete"
    func one(_ more: String, _ words: String, _ strategy: String = policy) throws {
      let found = try Self.problems(strategy, more)
      #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }
    let windows = "train: 252, test: 126"
    try one(
      "walk-forward: {\(windows), checkpoints: '{train_ende}.zip'}", "did you mean '{train_end}'?")
    try one("walk-forward: {\(windows), retrain: train.sh}", "by {checkpoint} where")
    try one("walk-forward: {\(windows), training: {file: a.zip}}", "'training' goes with 'retrain'")
    try one(
      "walk-forward: {\(windows), retrain: 't {checkpoint}', checkpoints: a.zip}", "one of the two")
    try one(
      "walk-forward: {\(windows), checkpoints: a.zip}", "one trained 'policy'",
      "name: sma-crossover")
    try one("replicates: {checkpoints: [a.zip]}", "give two replicates or more")
    try one("replicates: {seeds: [1, 2]}", "'seeds' need a {seed}")
    try one("replicates: {}", "give one list of them")
    try one(
      """
      replicates: {checkpoints: [a.zip, b.zip]}
      walk-forward: {\(windows), checkpoints: 'c/{train_end}.zip'}
      """, "replicate it by 'seeds'")
    try one("replicates: {checkpoints: [a, b]}", "one trained 'policy'", "name: sma-crossover")
    let good = try Self.study(
      policy, "walk-forward: {\(windows), retrain: 'python3 t.py {seed} {train_end} {checkpoint}'}")
    let training = try #require(good.walkForward?.training)
    #expect(training.isCommand && training.namesTrainEnd)
    #expect(training.cache == ".checkpoints" && training.fileName == "model.zip")
    #expect(good.walkForward?.grid.dimensions.isEmpty == true)
  }
}

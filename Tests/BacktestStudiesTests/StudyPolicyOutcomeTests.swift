@testable import BacktestCommands
@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestPolicies
@testable import BacktestReports
@testable import BacktestStudies
import TestSupport
import Testing

/// What a study with a trained policy says about it.
struct StudyPolicyOutcomeTests {
  private static func text(_ outcome: StudyOutcome) -> String {
    String(decoding: outcome.report().bytes(), as: UTF8.self)
  }

  @Test func aRunSaysThatThereIsNoEdge() throws {
    let outcome = try StudyRunner.quick(PolicyScratch.study(PolicyScratch.fixture)).run()
    #expect(outcome.result.strategy == "ppo_discrete" && !outcome.result.fills.isEmpty)
    #expect(outcome.caveats.first?.code == .unknownTraining)
    #expect(outcome.trainersAccounting == nil)
    let page = Self.text(outcome)
    #expect(page.contains("No edge shown: annual return"))
    #expect(page.contains("for buy and hold, Sharpe ratio"))
    #expect(page.contains("17 -&gt; 64 tanh -&gt; 64 tanh -&gt; 3"))
    #expect(page.contains("One of 3 actions (argmax): the share of equity to hold: 0, 1, "))
    #expect(page.contains("log_return (10), log_close_over_sma (2)"))
    #expect(
      page.contains("does not state in &#39;execution&#39;"))
  }

  /// The trainers' account is the one of the weights branch, run on the same policy.
  @Test func theTrainersAccountingIsToldBesideIt() throws {
    let folder = try PolicyScratch.folder(execution: "close_t")
    let study = try PolicyScratch.study(folder.path)
    let outcome = try StudyRunner.quick(study).run()
    let told = try #require(outcome.trainersAccounting)
    #expect(agrees(told.fee, 0.0005, within: 1e-15))
    var other = study
    other.configuration.accounting = .weights(fee: 0.0005)
    let weights = try StudyRunner.quick(other).run()
    #expect(agrees(told.finalEquity, weights.result.equity.last ?? 0, within: 1e-12))
    #expect(told.finalEquity != outcome.result.equity.last)
    #expect(outcome.caveats.contains { $0.code == .otherExecution })
    let page = Self.text(outcome)
    #expect(
      page.contains("was trained to act at the close that it observes; this run fills at the"))
    #expect(weights.trainersAccounting == nil)
    #expect(!weights.caveats.contains { $0.code == .otherExecution })
  }

  /// Features against those that numpy computes from the same file, by the formulas of the
  /// manifest.
  @Test func featuresAreComparedWithTheTraining() throws {
    let outcome = try StudyRunner(PolicyScratch.study(PolicyScratch.fixture)).run()
    let drift = try #require(outcome.drifts.first ?? nil)
    #expect(drift.observationCount == outcome.result.decisions.count)
    #expect(drift.items.map(\.position) == Array(0..<16))
    for (place, name, mean, deviation, shift) in [
      (
        9, "log_return", 0.0003421694167338564, 0.008163560367170421,
        0.018161618453447742
      ),
      (
        12, "log_return_std (20)", 0.0072319692002852645,
        0.0031971438080871236, -0.6146870410818946
      ),
      (
        15, "log_volume_over_sma (20)", -0.01084380666744249,
        0.16667390047500583, 0.009149865588421274
      ),
    ] as [(Int, String, Double, Double, Double)] {
      let item = drift.items[place]
      #expect(item.name == name && item.clippedCount == 0 && !item.isFar)
      #expect(agrees(item.mean, mean, within: 1e-10))
      #expect(agrees(item.deviation, deviation, within: 1e-10))
      #expect(agrees(item.shift, shift, within: 1e-9))
    }
    #expect(!outcome.caveats.contains { $0.code == .driftedFeatures })
    let page = Self.text(outcome)
    #expect(page.contains("Shift of the mean in training standard deviations"))
    #expect(page.contains("None is far off."))
  }

  /// On a bar without volume the logarithm of volume over its mean has no value.
  @Test func refusedObservationsAreCounted() throws {
    let outcome = try StudyRunner.quick(PolicyScratch.study(PolicyScratch.fixture)).run()
    let whole = try #require(outcome.drifts.first ?? nil)
    #expect(whole.refusedCount == 0)
    let bars = outcome.market.universe.series[0]
    var volume = Array(bars.volume)
    volume[bars.count - 50] = 0
    let quiet = try BarSeries(
      instrument: bars.instrument, timeframe: bars.timeframe, calendar: bars.calendar,
      openTimes: bars.openTimes, closeTimes: bars.closeTimes, open: bars.open, high: bars.high,
      low: bars.low, close: bars.close, volume: Column(volume))
    let feed = try Feed(Universe([quiet]))
    let days = Set(outcome.metrics.sample.pointDates ?? [])
    let drift = try #require(
      try outcome.study.strategy.policies[0].featureDrift(in: feed, on: days, before: nil))
    #expect(drift.refusedCount >= 1)
    #expect(drift.observationCount + drift.refusedCount == whole.observationCount)
  }

  /// As many observations as decisions: at the end of the last fold there is none.
  @Test(arguments: ["liquidate", "carry"])
  func observationsOfAWalkForwardAreThoseOfItsDecisions(boundary: String) throws {
    let study = try PolicyScratch.study(
      PolicyScratch.fixture, "walk-forward: {train: 252, test: 252, boundary: \(boundary)}")
    let outcome = try StudyRunner.quick(study).walkForward()
    let drift = try #require(outcome.drifts.first ?? nil)
    #expect(drift.observationCount == outcome.result.decisions.count)
  }

  /// A normaliser of other markets is noticed; one that knows no training gives nothing to compare.
  @Test func featuresFarFromTheTrainingAreACaveat() throws {
    let folder = try PolicyScratch.folder()
    let own = try Fixture.text("\(PolicyScratch.fixture)/norm.json")
    let calm = own.replacing("\"clip\": 10.0", with: "\"clip\": 0.5")
    #expect(calm != own)
    try PlainFile.write(Array(calm.utf8), to: "\(folder.path)/norm.json")
    let outcome = try StudyRunner(PolicyScratch.study(folder.path)).run()
    let item = try #require((outcome.drifts.first ?? nil)?.items[9])
    // Returns of the file more than half a standard deviation of the training from its mean.
    #expect(item.clippedCount == 528 && item.isFar)
    let caveat = try #require(outcome.caveats.first { $0.code == .driftedFeatures })
    #expect(caveat.message.contains("of 16 features of ppo_discrete were unlike in training"))
    #expect(Self.text(outcome).contains("far off"))
  }

  @Test func figuresFromTheTrainingAreCalledInSample() throws {
    let late = try PolicyScratch.folder(dataEnd: "2014-06-30")
    let inside = try StudyRunner.quick(PolicyScratch.study(late.path)).run()
    #expect(inside.caveats.first?.code == .inSample)
    #expect(inside.caveats[0].message.contains("until 2014-06-30"))
    let folds = "cross-validation: {method: purged-k-fold, folds: 3}"
    let validated = try StudyRunner.quick(PolicyScratch.study(late.path, folds))
      .crossValidate(keepingUnitsBeside: nil)
    let caveat = try #require(validated.caveats.first)
    #expect(caveat.code == .inSample && caveat.message.contains("until 2014-06-30"))
    let early = try PolicyScratch.folder(dataEnd: "2011-12-31")
    let outside = try StudyRunner.quick(PolicyScratch.study(early.path)).run()
    #expect(!outside.caveats.contains { [.inSample, .unknownTraining].contains($0.code) })
  }

  /// A policy of adjusted closes sees no raw ones where the data has both.
  @Test func adjustedClosesAreDemanded() throws {
    let folder = try PolicyScratch.folder(price: "adjusted_close")
    var study = try PolicyScratch.study(folder.path, file: "prices/AAPL.csv")
    do {
      _ = try StudyRunner.quick(study).run()
      Issue.record("raw closes were taken")
    } catch {
      #expect("\(error)".contains("ppo_discrete was trained on adjusted closes"))
      #expect("\(error)".contains("those of SPX are raw; give 'data: {price: adjusted}'"))
    }
    study.data.priceBasis = .adjusted
    let adjusted = try StudyRunner.quick(study).run()
    #expect(!adjusted.caveats.contains { $0.code == .unknownPrices })
    // Where both are the same there is nothing to refuse.
    let index = try StudyRunner.quick(PolicyScratch.study(folder.path)).run()
    #expect(!index.caveats.contains { $0.code == .unknownPrices })
    let lines = try Fixture.text("prices/AAPL.csv").split(separator: "\n").map { line in
      line.split(separator: ",").enumerated().filter { $0.offset != 5 }.map(\.element)
        .joined(separator: ",")
    }
    let plain = "\(folder.path)/plain.csv"
    try PlainFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: plain)
    let untold = try StudyRunner.quick(PolicyScratch.study(folder.path, file: plain)).run()
    let limit = try #require(untold.caveats.first { $0.code == .unknownPrices })
    #expect(limit.message.contains("whether the closes of SPX are adjusted is unknown"))
  }

  /// What holds of several members is said once.
  @Test func membersOfAnEnsembleShareALimit() throws {
    let document = try DocumentReader.read(
      Array(
        """
        data:
          calendar: XNYS
          from: 2012-01-01
          files: [{path: prices/sp500.csv, symbol: SPX, asset-class: index}]
        account: {leverage: 2}
        strategy: {ensemble: {members: [policies/ppo_discrete, policies/dqn_d3]}}

        """.utf8), name: "study.yaml", format: .yaml)
    let study = try Study(
      document: document, folder: Fixture.path(""), catalogue: StrategyCatalogue([]))
    let caveats = try StudyRunner.quick(study).run().caveats.filter { $0.code == .unknownTraining }
    #expect(caveats.count == 1)
    #expect(
      caveats[0].message.hasPrefix(
        "The manifests of ppo_discrete and dqn_d3 do not state the last day"))
  }

  @Test func replicatesShowTheMiddleAndTheSpread() throws {
    let folder = try ScratchFolder()
    for (action, name) in ["cash", "long", "short"].enumerated() {
      try PlainFile.write(
        try PolicyScratch.weights(favouring: action, by: 1),
        to: "\(folder.path)/\(name).safetensors")
    }
    let paths = ["cash", "long", "short"].map { "\(folder.path)/\($0).safetensors" }
    let study = try PolicyScratch.study(
      PolicyScratch.fixture, "replicates: {checkpoints: [\(paths.joined(separator: ", "))]}")
    let outcome = try StudyRunner.quick(study).run()
    let all = try #require(outcome.replicates)
    #expect(all.members.map(\.name) == paths)
    let sharpes = try all.members.map { try #require($0.values["sharpe"]) }
    #expect(Set(sharpes).count == 3)
    #expect(outcome.metrics.sharpe == sharpes.sorted()[1])
    let spread = try #require(all.distribution(of: "sharpe"))
    #expect(spread.median == sharpes.sorted()[1] && spread.count == 3)
    #expect(spread.minimum == sharpes.min() && spread.maximum == sharpes.max())
    let page = Self.text(outcome)
    #expect(page.contains("Spread over replicates") && page.contains("not the best"))
    #expect(throws: StudyError.self) { _ = try StudyRunner.quick(study).walkForward() }
  }

  /// A checkpoint for each fold by the end of its train window; the report names its digest.
  @Test func foldsHaveTheirCheckpoints() throws {
    let folder = try ScratchFolder()
    let windows =
      "walk-forward: {train: 252, test: 252, checkpoints: '\(folder.path)/{fold}.safetensors'}"
    let study = try PolicyScratch.study(PolicyScratch.fixture, windows)
    do {
      _ = try StudyRunner.quick(study).walkForward()
      Issue.record("a missing checkpoint was not missed")
    } catch {
      #expect("\(error)".contains("fold 0, tested from "))
      #expect("\(error)".contains("the checkpoint \(folder.path)/0.safetensors is not there"))
    }
    for fold in 0..<8 {
      try PlainFile.write(
        try PolicyScratch.weights(favouring: fold % 3, by: Float(fold) / 8),
        to: "\(folder.path)/\(fold).safetensors")
    }
    let outcome = try StudyRunner.quick(study).walkForward()
    let walk = try #require(outcome.walkForward)
    let digests = walk.folds.compactMap(\.source?.digest)
    #expect(digests.count == walk.folds.count && Set(digests).count == digests.count)
    #expect(outcome.caveats.first?.code == .unknownTraining)
    #expect(outcome.caveats[0].message.contains("{train_end} is not in their template"))
    #expect(outcome.caveats.contains { $0.code == .sharedNormaliser })
    #expect(Self.text(outcome).contains(digests[0].prefix(16)))
    let page = Self.text(outcome)
    #expect(page.contains("Out-of-sample Sharpe ratio") && page.contains("Efficiency"))
    // The study's own weights decided nothing.
    #expect(page.contains("Each fold has its own"))
    let own = try #require(study.strategy.policies[0].trained?.weightsDigest)
    #expect(!page.contains(own.prefix(16)))
    #expect(!outcome.policyParts[0].1.text.contains("weights"))
    let alone = try StudyRunner.quick(study, threads: 1).walkForward()
    #expect(alone.result.fingerprint == outcome.result.fingerprint)
  }

  @Test func aFixedPolicyIsSaidNotToBeRetrained() throws {
    let study = try PolicyScratch.study(
      PolicyScratch.fixture, "walk-forward: {train: 252, test: 252}")
    let outcome = try StudyRunner.quick(study).walkForward()
    #expect(outcome.caveats.map(\.code).contains(.notRetrained))
    #expect(outcome.walkForward?.candidates.count == 1)
    let page = Self.text(outcome)
    #expect(page.contains("Nothing is chosen") && !page.contains("Efficiency"))
    #expect(outcome.policyParts[0].1.text.contains("weights-sha256"))
    let summary = ResultSummary(outcome).text
    #expect(summary.contains("nothing was chosen on the train windows"))
    #expect(!summary.contains("in sample") && !summary.contains("efficiency"))
  }
}

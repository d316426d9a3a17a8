@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestStudies
import TestSupport
import Testing

/// What a store keeps, and how it counts.
struct RunStoreTests {
  private typealias Shop = StoreWorkshop

  @Test func theSameTrialIsCountedOnce() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path)
    for _ in 0..<3 { try Shop.append([Shop.trial(fast: 5), Shop.trial(fast: 8)], to: store) }
    var count = try store.count(Shop.scope(), shownAs: "s")
    #expect(count.counted == 2 && count.configurations == 2 && count.forgotten == 0)
    #expect(count.family == "sma-crossover on AAA, BBB, 1d" && count.store == "s")
    // Other days are another trial of the same configuration; other rules are another
    // configuration; other data is another trial; another strategy is another family.
    try Shop.append([Shop.trial(fast: 5, from: 7)], to: store)
    try Shop.append([Shop.trial(fast: 5)], Shop.scope(rules: 2), to: store)
    try Shop.append([Shop.trial(fast: 5)], Shop.scope(data: "two"), to: store)
    try Shop.append([Shop.trial(fast: 5)], Shop.scope("donchian"), to: store)
    var own = Shop.trial(fast: 5)
    own.sourceDigest = "checkpoint"
    try Shop.append([own], to: store)
    count = try store.count(Shop.scope(), shownAs: "s")
    #expect(count.counted == 6 && count.configurations == 4)
    #expect(try store.count(Shop.scope("donchian"), shownAs: "s").counted == 1)
    #expect(try store.count(Shop.scope("none"), shownAs: "s").counted == 0)
    let families = try store.families()
    #expect(families.map(\.trialCount) == [6, 1] && families.map(\.number) == [1, 2])
    #expect(families.map(\.configurationCount) == [4, 1])
    #expect(try store.families("DONCH").map(\.number) == [2])
    #expect(try store.families("1").map(\.number) == [1])
    try store.checkIntegrity()
    try store.checkValues()
  }

  /// The figures are those of the same returns in memory, and do not depend on the order.
  /// What was tried on a part of the market says nothing of how trials on all of it are spread.
  @Test func partsOfTheMarketHaveTheirOwnFamilies() throws {
    let shop = try StoreWorkshop()
    let store = try RunStore(path: shop.path)
    var trials = [StoreWorkshop.trial(fast: 3), StoreWorkshop.trial(fast: 3)]
    trials.append(StoreWorkshop.trial(fast: 3))
    trials[1].market = "BBB"
    trials[2].market = "1w"
    try StoreWorkshop.append(trials, to: store)
    let families = try store.families()
    #expect(families.map(\.trialCount) == [1, 1, 1])
    #expect(families.map(\.family.symbols) == [["AAA", "BBB"], ["BBB"], ["AAA", "BBB"]])
    #expect(families.map(\.family.timeframe) == ["1d", "1d", "1w"])
  }

  @Test func countsDoNotDependOnTheOrder() throws {
    let trials = (0..<30).flatMap { fast in
      (0..<3).map { Shop.trial(fast: fast, from: 11 * $0, count: 25) }
    }
    var counts: [CountedTrials] = []
    for order in [Array(trials.indices), trials.indices.reversed()] {
      let shop = try Shop()
      let store = try RunStore(path: shop.path)
      for batch in stride(from: 0, to: order.count, by: 7) {
        let some = order[batch..<min(batch + 7, order.count)].map { trials[$0] }
        try Shop.append(some, to: store)
      }
      counts.append(try store.count(Shop.scope(), shownAs: "s"))
    }
    #expect(counts[0] == counts[1] && counts[0].counted == 90 && counts[0].configurations == 30)

    var tally = CorrelationTally(dayCount: 47)
    var ratios: [Double] = []
    for fast in 0..<30 {
      let own = trials[3 * fast..<3 * fast + 3]
      for (part, trial) in own.enumerated() {
        tally.lay(trial.returns, on: Array(11 * part..<11 * part + 25))
      }
      tally.finishSeries()
      var joined = TrialMoments()
      for trial in own { joined.add(trial.moments) }
      ratios.append(try #require(joined.sharpe))
    }
    let (mean, found) = (try #require(tally.mean), try #require(counts[0].meanCorrelation))
    #expect(abs(mean - found) < 1e-12)
    let variance = try #require(counts[0].sharpeVariance)
    #expect(abs(variance - TrialMoments(ratios).variance!) < 1e-15)
  }

  @Test func runsAreListedAndFound() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path, now: { Timestamp(seconds: 1_700_000_000) })
    let scope = Shop.scope()
    #expect(try store.record(Shop.run("first", sharpe: 0.5), of: scope) == 1)
    #expect(try store.record(Shop.run("second", sharpe: 1.5), of: scope) == 2)
    #expect(try store.record(Shop.run("first", sharpe: 0.5), of: scope) == 1)
    let other = Shop.scope("donchian")
    var third = Shop.run("third", sharpe: 1, other)
    third.metrics["sharpe"] = nil
    #expect(try store.record(third, of: other) == 3)
    #expect(try store.runs().map(\.name) == ["third", "second", "first"])
    #expect(try store.runs(limit: 1).map(\.name) == ["third"])
    #expect(try store.runs(by: "sharpe").map(\.name) == ["second", "first", "third"])
    #expect(
      try store.runs(by: "sharpe", ascending: true).map(\.name) == ["first", "second", "third"])
    #expect(try store.runs(by: "no\"such").count == 3)
    #expect(try store.runs(RunFilter(family: "donch")).map(\.name) == ["third"])
    #expect(try store.runs(RunFilter(family: "aaa", name: "IR")).map(\.name) == ["third", "first"])
    let first = try store.run("#1")
    #expect(first.timesSeen == 2 && first.metrics == ["sharpe": 0.5, "max-drawdown": -0.05])
    #expect(first.settings["execution.fill"] == "next-open" && first.folder == nil)
    #expect(first.recordedAt == Timestamp(seconds: 1_700_000_000))
    #expect(try store.run(String(first.fingerprint.prefix(8)).uppercased()).number == 1)
    for name in ["4", "-1", "", "abc", "zzzzzzzz", "000000"] {
      #expect(throws: RunStoreError.self, "\(name)") { try store.run(name) }
    }
    try store.setFolder("../out", ofRun: 1)
    #expect(try store.run("1").folder == "../out")
  }

  @Test func tagsAndNotes() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path)
    try store.record(Shop.run("first", sharpe: 0.5), of: Shop.scope())
    try store.tag(run: 1, adding: ["keep", "a b", "keep"])
    try store.tag(run: 1, adding: ["x"], removing: ["a b", "none"])
    try store.note("Costs were too low.\nTry again | with 5 bp", run: 1)
    try store.note("No more crossovers", family: 1)
    let run = try store.run("1")
    #expect(run.tags == ["keep", "x"] && run.notes.map(\.text).first?.hasPrefix("Costs") == true)
    #expect(try store.families()[0].notes.map(\.text) == ["No more crossovers"])
    #expect(try store.runs(RunFilter(tag: "keep")).count == 1)
    #expect(try store.runs(RunFilter(tag: "a b")).isEmpty)
    #expect(throws: RunStoreError.self) { try store.note("x", run: 2) }
    #expect(throws: RunStoreError.self) { try store.note("x", family: 2) }
    #expect(throws: RunStoreError.self) { try store.tag(run: 2, adding: ["x"]) }
    let text = try RunMarkdown.text(of: store, RunFilter())
    for part in ["# Runs\n", "No more crossovers", "Tags: keep, x.", "Run 1: first", "Costs were"] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test func pruningKeepsTheCount() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path)
    let (scope, other) = (Shop.scope(), Shop.scope("donchian"))
    try Shop.append((0..<10).map { Shop.trial(fast: $0) }, scope, to: store)
    try Shop.append((0..<4).map { Shop.trial(fast: $0) }, other, to: store)
    for name in ["a", "b"] { try store.record(Shop.run(name, sharpe: 1), of: scope) }
    try store.note("kept", run: 2)
    #expect(throws: RunStoreError.self) { try store.prune(RunFilter()) }
    let dry = try store.prune(RunFilter(family: "sma"), isDry: true)
    #expect(dry.runs == 2 && dry.returns == 10 && dry.forgotten == 0)
    #expect(try store.runs().count == 2)
    let byName = try store.prune(RunFilter(name: "a"))
    #expect(byName.runs == 1 && byName.returns == 0)
    let before = try store.count(scope, shownAs: "s")
    #expect(try store.prune(RunFilter(family: "sma")).returns == 10)
    let after = try store.count(scope, shownAs: "s")
    #expect(after.counted == 10 && after.configurations == 10)
    // What is left of each trial still gives the variance.
    #expect(after.sharpeVariance == before.sharpeVariance && after.meanCorrelation == nil)
    #expect(try store.runs().isEmpty)
    try Shop.append([Shop.trial(fast: 0), Shop.trial(fast: 1)], scope, to: store)
    #expect(try store.count(scope, shownAs: "s").meanCorrelation != nil)
    #expect(try store.prune(RunFilter(family: "sma"), forgetsTrials: true).forgotten == 10)
    let gone = try store.count(scope, shownAs: "s")
    #expect(gone.counted == 0 && gone.forgotten == 10 && gone.configurations == 0)
    #expect(try store.count(other, shownAs: "s").counted == 4)
    try store.checkValues()
  }

  @Test func anotherStoreIsAddedOnce() throws {
    let (shop, second) = (try Shop(), try Shop())
    let store = try RunStore(path: shop.path)
    let other = try RunStore(path: second.path)
    try Shop.append((0..<6).map { Shop.trial(fast: $0) }, to: store)
    try Shop.append((4..<9).map { Shop.trial(fast: $0) }, to: other)
    try Shop.append([Shop.trial(fast: 1)], Shop.scope("donchian"), to: other)
    try store.record(Shop.run("a", sharpe: 1), of: Shop.scope())
    try other.record(Shop.run("a", sharpe: 1), of: Shop.scope())
    try other.record(Shop.run("b", sharpe: 1), of: Shop.scope())
    try other.tag(run: 2, adding: ["t"])
    try other.note("from there", run: 2)
    try other.note("about the family", family: 1)
    for round in 0..<2 {
      let added = try store.add(try RunStore(reading: second.path))
      #expect(added.trials == (round == 0 ? 4 : 0) && added.runs == (round == 0 ? 1 : 0))
      #expect(try store.count(Shop.scope(), shownAs: "s").counted == 9)
      #expect(try store.run("2").notes.map(\.text) == ["from there"])
      #expect(try store.run("2").tags == ["t"] && store.families()[0].notes.count == 1)
    }
    let copy = second.folder.path + "/copy.sqlite"
    try store.copy(to: copy)
    #expect(throws: RunStoreError.self) { try store.copy(to: copy) }
    #expect(throws: RunStoreError.self) { try store.add(store) }
    let read = try RunStore(reading: copy)
    #expect(try read.count(Shop.scope(), shownAs: "s") == store.count(Shop.scope(), shownAs: "s"))
    #expect(throws: RunStoreError.self) { try read.note("x", run: 1) }
  }

  /// A recorder takes trials from many threads, and all are there at its end.
  @Test func manyThreadsRecord() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path)
    let recorder = TrialRecorder(store)
    let observer = recorder.observer(Shop.scope())
    _ = parallelMap(count: 3_000, threads: 4) { observer(Shop.trial(fast: $0 % 1_000)) }
    try recorder.finish()
    #expect(try store.count(Shop.scope(), shownAs: "s").counted == 1_000)
    let query = try store.read { (connection) throws(RunStoreError) in
      let query = try connection.prepare("SELECT sum(seen), min(seen), max(seen) FROM trial")
      defer { query.end() }
      return try query.step()
        ? [try query.integer(0), try query.integer(1), try query.integer(2)] : []
    }
    #expect(query == [3_000, 3, 3])
  }
}

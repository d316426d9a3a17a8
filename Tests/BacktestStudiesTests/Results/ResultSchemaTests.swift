@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// `result.json` holds what its document says, and reads back to the last bit.
struct ResultSchemaTests {
  private static func study(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"),
      overrides: [
        "data.from=2009-01-01", "walk-forward.train=1y", "walk-forward.grid={fast: [5, 10]}",
        "data.files=[{path: ../prices/IBM.csv, symbol: IBM}]",
      ] + overrides, catalogue: .standard.adding([ForecastTeller.definition]))
  }

  private static func outcome(walksForward: Bool, _ overrides: [String] = []) throws -> StudyOutcome
  {
    let study = try study(overrides)
    return walksForward
      ? try StudyRunner.quick(study).walkForward() : try StudyRunner.quick(study).run()
  }

  /// A strategy that forecasts.
  private static let teller = [
    "strategy.name=teller", "strategy.parameters={}", "walk-forward.grid={window: [20, 40]}",
  ]

  /// Every limit, of which some are met.
  private static let limits =
    "risk={restricted: [IBM], long-only: true, order-quantity: 100000, order-notional: 1000000, "
    + "orders-per-session: 90, position: 0.3, gross-exposure: 1000000, net-exposure: 1000000, "
    + "leverage: 2, net-leverage: 2, turnover-per-session: 5, kill-switch: 0.9, "
    + "value-at-risk: {limit: 0.2}, circuit-breaker: {move: 0.5}, "
    + "drawdown: {reduce: 0.3, halt: 0.6}}"

  private static let exits =
    "exits={stop-loss: 5%, take-profit: 20%, trailing-stop: 3 atr, break-even: 4%, "
    + "time-exit: 90 bars, scale-out: [{at: 10%, share: 0.5}]}"

  /// The keys of each table of the document in the file, with `[0]` for the items of a list.
  private static func keys(
    of value: JSONValue, at path: String, into keys: inout [String: Set<String>]
  ) {
    switch value {
    case .table(let members):
      for member in members {
        keys[path, default: []].insert(member.key)
        Self.keys(
          of: member.value, at: path.isEmpty ? member.key : "\(path).\(member.key)", into: &keys)
      }
    case .list(let items):
      for item in items { Self.keys(of: item, at: path + "[0]", into: &keys) }
    default: break
    }
  }

  @Test func everyKeyIsDocumentedAndNoOther() throws {
    var keys: [String: Set<String>] = [:]
    let rules = [
      "account.leverage=2", "account.fx=convert", "account.fx-cost=2",
      "execution.participation=0.5", "execution.limit-fill=through",
    ]
    let weights = ["execution={}", "account={accounting: {rule: weights, fee: 0.001}}"]
    let factors = try ScratchFolder()
    try FileBytes.write(
      "Date,MKT\n" + (2...28).map { "2010-01-\($0 < 10 ? "0" : "")\($0),0.00\($0)\n" }.joined(),
      to: factors.path + "/factors.csv")
    let costs = [
      "factors={path: \(factors.path)/factors.csv}",
      "execution={taxes: {stamp-duty: 1}, latency-jitter: 1s, stale-after: 5d}",
      "costs=[{symbols: [IBM], fee-schedule: ibkr-us-fixed}]", "stress=[{shock: -0.1}]",
    ]
    // A cash account refuses, and so does one of margin where there are no shares to borrow.
    let sellsShort = ["strategy.parameters={fast: 5, slow: 20, short: true}"]
    let margin = [
      "account.margin={preset: reg-t, exceptions: [{symbol: IBM, initial: 1, maintenance: 0.5}]}",
      "account.financing={interest: 0.05, borrow-rates: [{symbol: IBM, rate: none}]}",
      "execution={fee-schedule: binance-spot}",
    ]
    for outcome in [
      try Self.outcome(walksForward: true, rules),
      try Self.outcome(walksForward: false, ["warmup=60"] + sellsShort),
      try Self.outcome(walksForward: false, weights),
      try Self.outcome(walksForward: false, margin + sellsShort),
      try Self.outcome(walksForward: false, [Self.limits, Self.exits]),
      try Self.outcome(walksForward: false, costs),
      try Self.outcome(walksForward: false, Self.teller),
      try Self.outcome(walksForward: false, ["attribution={segments: {IBM: technology}}"]),
    ] {
      let record = try ResultRecord(outcome, folder: ".")
      Self.keys(of: record.json(outcome), at: "", into: &keys)
    }
    let small = "data.from=2010-01-04"
    let short = "data.to=2011-01-01"
    let folder = try ScratchFolder()
    var runner = StudyRunner.quick(
      try Self.study([small, short, "walk-forward.grid={fast: [5, 10, 20], slow: [40, 60]}"]))
    runner.store = try RunStore(path: folder.path + "/runs.sqlite")
    for outcome in [try runner.sweep(), try runner.sensitivity(), try Self.monteCarlo()] {
      let record = try ResultRecord(outcome, folder: ".")
      Self.keys(of: record.json(outcome), at: "", into: &keys)
    }
    for outcome in try Self.policyOutcomes() {
      let record = try ResultRecord(outcome, folder: ".")
      Self.keys(of: record.json(outcome), at: "", into: &keys)
    }
    for section in try SchemaDocument.sections("ResultSchema.md") {
      #expect(keys[section.path] == Set(section.rows.map(\.key)), "\(section.path)")
    }
    #expect(keys["regimes[0].descriptive[0]"] == keys["regimes[0].causal[0]"])
  }

  /// A study in three synthetic markets.
  private static func monteCarlo() throws -> StudyOutcome {
    let study = try Study(
      path: Fixture.path("studies/demo.yaml"), overrides: ["data.from=2011-01-01"],
      catalogue: .standard)
    return try StudyRunner.quick(study).monteCarlo(markets: 3)
  }

  /// Replicates of a policy, and folds with checkpoints that lie there or are trained.
  private static func policyOutcomes() throws -> [StudyOutcome] {
    let folder = try PolicyScratch.folder(execution: "close_t")
    let weights = "\(folder.path)/model.safetensors"
    let again = "\(Fixture.path(PolicyScratch.fixture))/model.safetensors"
    let windows = "train: 504, test: 504"
    let replicated = try PolicyScratch.study(
      folder.path, "replicates: {checkpoints: [\(weights), \(again)]}")
    let checkpoints = try PolicyScratch.study(
      folder.path, "walk-forward: {\(windows), checkpoints: \(weights)}")
    let trained = try PolicyScratch.study(
      folder.path,
      "walk-forward: {\(windows), retrain: 'cp \(weights) {checkpoint}', "
        + "training: {cache: \(folder.path)/cache}}")
    defer { try? FolderTree.remove("\(folder.path)/cache") }
    return [
      try StudyRunner.quick(replicated).run(), try StudyRunner.quick(checkpoints).walkForward(),
      try StudyRunner.quick(trained).walkForward(),
    ]
  }

  /// A record with all that policies add reads back.
  @Test func aPolicysRecordReadsBack() throws {
    for outcome in try Self.policyOutcomes() {
      let scratch = try ScratchFolder()
      let written = try outcome.write(to: scratch.path)
      #expect(try ResultRecord(path: scratch.path + "/result.json") == written)
      #expect(written.strategy == "ppo_discrete")
      #expect(written.setting("policy.on-refusal") == .choice("flat"))
      let bytes = try FileBytes.read(scratch.path + "/decisions.csv")
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      #expect(lines[0] == "time,symbol,action,target_weight,quantity,weight")
      #expect(lines.count == outcome.result.decisions.count + 1 && lines.count > 500)
      if outcome.walkForward != nil {
        // One for each return of the joined test windows.
        let curve = outcome.result.curve
        let times = (0..<(curve.equity.count - 1)).map { curve.times[$0] }
        #expect(outcome.result.decisions.map(\.time) == times)
      }
      for (line, decision) in zip(lines.dropFirst(), outcome.result.decisions) {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        #expect(fields[0] == decision.time.description && fields[1] == "SPX" && fields[4] == "")
        #expect(
          [2, 3, 5].map { Double(fields[$0]) }
            == [decision.action, decision.targetWeight, decision.weight])
      }
    }
  }

  @Test(arguments: [false, true]) func theRecordReadsBackToTheLastBit(_ walksForward: Bool) throws {
    let outcome = try Self.outcome(walksForward: walksForward)
    let scratch = try ScratchFolder()
    let written = try outcome.write(to: scratch.path)
    let read = try ResultRecord(path: scratch.path + "/result.json")
    #expect(read == written)
    #expect(
      zip(read.metrics, written.metrics).allSatisfy {
        $0.value.bitPattern == $1.value.bitPattern
      })
    #expect(read.finalEquity.bitPattern == outcome.result.curve.equity.last?.bitPattern)
    #expect(
      read.metrics.map(\.name) == outcome.metrics.all.filter { $0.value != nil }.map(\.0.name))
    #expect(read.counts.fills == outcome.result.fills.count && read.counts.fills > 0)
  }

  /// The limit is on top, the rule is among the settings, and the tables are whole.
  @Test(arguments: [false, true]) func weightsAccountingIsRecorded(_ walksForward: Bool) throws {
    let outcome = try Self.outcome(
      walksForward: walksForward,
      ["execution={}", "account={accounting: {rule: weights, fee: 0.001}}"])
    let scratch = try ScratchFolder()
    let written = try outcome.write(to: scratch.path)
    let read = try ResultRecord(path: scratch.path + "/result.json")
    #expect(read == written && read.caveats.first?.code == "weights-accounting")
    #expect(read.setting("account.accounting.rule") == .choice("weights"))
    #expect(read.setting("account.accounting.fee") == .number(0.001))
    #expect(read.setting("execution.fill") == nil && read.setting("account.funding") == nil)
    #expect(read.counts.fills == 0 && read.counts.trades == 0 && read.counts.orders == 0)
    #expect(read.finalEquity != read.initialEquity)
    let ledger = try #require(scratch.text("ledger.csv"))
    #expect(ledger.contains(",price profit,") && ledger.contains(",commission,"))
  }

  @Test func forecastsReadBackToTheLastBitAndGoWithTheRunThatHadThem() throws {
    let scratch = try ScratchFolder()
    let outcome = try Self.outcome(
      walksForward: true,
      Self.teller + [
        "data.files=[{path: ../prices/IBM.csv, symbol: IBM}, "
          + "{path: ../prices/MSFT.csv, symbol: MSFT}]"
      ])
    let written = try outcome.write(to: scratch.path)
    let read = try ResultRecord(path: scratch.path + "/result.json")
    #expect(read == written)
    let evaluation = try #require(outcome.forecasts)
    let share = try #require(evaluation.whole.direction?.matrix.accuracy)
    #expect(read.forecast("parts[0].direction.accuracy") == .number(share))
    #expect(read.forecast("parts[1].symbol") == .choice("IBM"))
    #expect(read.forecast("count") == .integer(outcome.result.forecasts.count))
    #expect(read.caveats.contains { $0.code == "no-forecast-skill" })

    let bytes = try FileBytes.read(scratch.path + "/forecasts.csv")
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(
      lines[0] == "time,symbol,score,probability_up,expected_return,deviation,lower,upper,outcome")
    #expect(lines.count == outcome.result.forecasts.count + 1)
    let outcomes = PairedForecasts(outcome.result).outcomes
    for (index, forecast) in outcome.result.forecasts.enumerated() {
      let fields = lines[index + 1].split(separator: ",", omittingEmptySubsequences: false)
      let symbol = forecast.instrument == .first ? "IBM" : "MSFT"
      #expect(fields[0] == forecast.time.description && fields[1] == symbol)
      let numbers = [
        forecast.score, forecast.probabilityUp, forecast.expectedReturn, forecast.deviation,
        forecast.interval?.lower, forecast.interval?.upper, outcomes[index],
      ]
      #expect(fields[2...].map { Double($0) } == numbers)
    }

    try PlainFile.write([], to: scratch.path + "/decisions.csv")
    try Self.outcome(walksForward: false).write(to: scratch.path)
    #expect(!scratch.names.contains("forecasts.csv"))
    #expect(!scratch.names.contains("decisions.csv"))
    #expect(try ResultRecord(path: scratch.path + "/result.json").forecasts.isEmpty)
  }

  @Test func anotherSchemaIsRefused() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/result.json"
    try PlainFile.write(Array("{\"schema\": \"backtestkit.result/2\", \"more\": 1}".utf8), to: path)
    do {
      _ = try ResultRecord(path: path)
      Issue.record("a record of another schema was read")
    } catch {
      #expect(
        error.description == "\(path):1:12: the schema is 'backtestkit.result/2', but this version "
          + "reads 'backtestkit.result/1'; run its study again")
    }
  }

  @Test func waysBetweenFolders() {
    #expect(relativePath(from: "a/b", to: "a/c") == "../c")
    #expect(relativePath(from: "a", to: "a") == ".")
    #expect(relativePath(from: "a", to: ".") == "..")
    #expect(relativePath(from: ".", to: "a/./b/../c") == "a/c")
    #expect(relativePath(from: "/nowhere/x", to: "/nowhere/y/z") == "../y/z")
    #expect(relativePath(from: "/", to: "/nowhere") == "nowhere")
  }
}

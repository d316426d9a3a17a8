@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestIngest
@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// The document of the study schema and what the decoder asks for are the same.
struct StudySchemaTests {
  /// A study to which each key can be added.
  private static let base = """
    data:
      calendar: weekdays
      files: [{path: a.csv, symbol: AAA}]
    account: {cash: 1000}
    execution:
      limit-fill: through
    strategy: {name: sma-crossover}
    walk-forward: {train: 3y, test: 6mo, grid: {fast: [2, 3]}}
    benchmark: {symbol: AAA}
    output: {}

    """

  static func study(_ overrides: [String]) throws -> Study {
    let document = try DocumentReader.read(Array(base.utf8), name: "study.yaml", format: .yaml)
    // The policies of examples lie in the fixtures.
    return try Study(
      document: document, folder: Fixture.path(""), overrides: overrides, catalogue: .standard)
  }

  /// Some keys that a table knows and the number of all, by the message about an unknown one.
  private static func knownKeys(_ path: String) throws -> (some: [String], count: Int) {
    let key = (path.isEmpty ? "" : path + ".") + "qqqqqqqqqqqqqqqqqqqqqqqqqq"
    do {
      _ = try study(company(of: "", in: path) + ["\(key)=1"])
      return ([], 0)
    } catch let error as DocumentError {
      let message = try #require(error.problems.first { $0.message.hasPrefix("unknown key") })
      let list = try #require(message.message.components("known are ").last)
      var keys = list.components(" and ").flatMap { $0.components(", ") }
      var more = 0
      if let last = keys.last, last.hasSuffix(" more") {
        more = try #require(Int(last.dropLast(5)))
        keys.removeLast()
      }
      return (keys, keys.count + more)
    }
  }

  /// What a key needs beside it.
  private static func company(of key: String, in path: String) -> [String] {
    if (path, key) == ("benchmark", "hold") { return ["benchmark={}"] }
    if path == "gate.rules[0]" {
      return ["gate.rules=[{what: sharpe\(key == "worse-by" ? "" : ", max: 9")}]"]
    }
    if path == "data.rates[0]" { return ["data.rates=[{path: eurusd.csv}]"] }
    if path == "data.files[0].funding" {
      return key == "path" || key == "column" ? ["\(path).path=f.csv"] : ["\(path).rate=0.0001"]
    }
    if path == "data.references[0]" { return ["data.references=[{path: vix.csv}]"] }
    if (path, key) == ("cross-validation", "regimes") {
      return ["cross-validation.method=by-regime", "regimes={file: {path: labels.csv}}"]
    }
    if path == "account.margin" { return ["\(path).preset=reg-t"] }
    if path == "account.margin.exceptions[0]" {
      let name = key == "asset-class" ? "" : "symbol: AAA, "
      return [
        "account.margin={preset: reg-t, exceptions: [{\(name)initial: 0.5, maintenance: 0.05}]}"
      ]
    }
    if path == "account.financing.borrow-rates[0]" {
      return ["account.financing.borrow-rates=[{symbol: AAA, rate: 0}]"]
    }
    if let needed = costCompany(of: key, in: path) { return needed }
    if path == "exits.scale-out[0]" { return ["exits.scale-out=[{at: 5%, share: 0.5}]"] }
    if path == "account.accounting" { return ["execution={}", "\(path).rule=weights"] }
    switch path {
    case "risk.value-at-risk": return ["\(path).limit=0.02"]
    case "risk.circuit-breaker": return ["\(path).move=0.1"]
    case "factors": return ["\(path).path=factors.csv"]
    case "attribution": return ["\(path).segments={AAA: technology}"]
    case "risk.drawdown": return ["\(path).reduce=0.05", "\(path).halt=0.4"]
    default: return policyCompany(of: key, in: path)
    }
  }

  /// What the keys of costs need beside them; `nil` for other keys.
  private static func costCompany(of key: String, in path: String) -> [String]? {
    let tiers = "basis-point-tiers: [2, 1], tiers-from: [0, 5]"
    return switch (path, key) {
    case ("stress[0]", "gap-size"): ["stress=[{gaps: 2}]"]
    case ("stress[0]", "symbols"), ("stress[0]", "from"), ("stress[0]", "to"):
      ["stress=[{halt: true}]"]
    case ("stress[0]", ""): ["stress=[{halt: true}]"]
    case ("stress[0]", _): ["stress=[{}]"]
    case ("sensitivity.scenarios[0]", _):
      ["sensitivity.scenarios=[{name: Halt, stress: [{halt: true}]}]"]
    case ("costs[0]", "asset-class"): ["costs=[{slippage: {basis-points: 1}}]"]
    case ("costs[0]", _): ["costs=[{symbols: [AAA], slippage: {basis-points: 1}}]"]
    case (_, "almgren"): ["\(path).shares-outstanding=1"]
    case (_, "shares-outstanding"), (_, "permanent"), (_, "temporary"):
      ["\(path)={almgren: 1, shares-outstanding: 1}"]
    case (_, "minimum-per-order"), (_, "maximum-percent"): ["\(path).per-share=1"]
    case ("exits", "atr-bars"): ["exits.stop-loss=3 atr"]
    case ("exits", "re-entry"): ["exits.stop-loss=5%"]
    case (_, "exchange-fee"): ["\(path).per-contract=1"]
    case (_, "taker"): ["\(path).maker=1"]
    case (_, "maker"): ["\(path).taker=1"]
    case (_, "per-share-tiers"), (_, "basis-point-tiers"): ["\(path).tiers-from=[0, 5]"]
    case (_, "tiers-from"): ["\(path).per-share-tiers=[2, 1]"]
    case (_, "maker-tiers"): ["\(path)={\(tiers)}"]
    case (_, "sell-tax-maximum"): ["\(path).sell-tax-per-share=1"]
    default: nil
    }
  }

  /// What the keys of policies need beside them.
  private static func policyCompany(of key: String, in path: String) -> [String] {
    func strategy(_ text: String) -> [String] {
      ["walk-forward.grid={}", "strategy={\(text)}"]
    }
    let policy = strategy("policy: policies/ppo_discrete")
    let predictor = strategy("policy: policies/cnn_lstm_19843")
    let retrain = policy + ["walk-forward.retrain=train {seed} {checkpoint}"]
    let rules = ["threshold": "sign", "factor": "proportional", "scale": "confidence"]
    let combinations = ["window": "best-recent", "targets": "vote", "confidence": "confidence"]
    switch (path, key) {
    case ("strategy", "policy"), ("strategy", "ensemble"): return strategy("")
    case ("strategy", "command"): return strategy("manifest: policies/ppo_discrete")
    case ("strategy", "manifest"): return strategy("command: [decide]")
    case ("strategy", ""), ("strategy", "name"), ("strategy", "parameters"): return []
    case ("strategy", "minimum-probability"), ("strategy", "minimum-deviations"),
      ("strategy", "conformal"):
      return predictor
    case ("strategy", _): return policy
    case ("strategy.sizing", "by"): return predictor + ["strategy.conformal.method=split"]
    case ("strategy.sizing", _):
      return predictor + ["strategy.sizing.by=\(rules[key] ?? "sign")"]
    case ("strategy.conformal", "rate"): return predictor + ["\(path).method=adaptive"]
    case ("strategy.conformal", _): return predictor + ["\(path).method=split"]
    case ("strategy.ensemble", _):
      let members = "members: [policies/cnn_lstm_19843, policies/cnn_lstm_19843]"
      return strategy("ensemble: {combine: \(combinations[key] ?? "mean"), \(members)}")
    case ("walk-forward", "checkpoints"), ("walk-forward", "retrain"): return policy
    case ("walk-forward.training", _): return retrain
    case ("replicates", "seeds"): return retrain
    case ("replicates", "objective"): return retrain + ["replicates.seeds=[1, 2]"]
    case ("replicates", _): return policy
    case ("sensitivity.stress[0]", _):
      return ["sensitivity.stress=[{name: Fall, from: 2014-01-02, to: 2015-03-02}]"]
    case ("cross-validation", "method"): return []
    case ("cross-validation", "timeframes"): return ["cross-validation.method=by-timeframe"]
    case ("cross-validation", "regimes"): return ["\(path).method=by-regime"]
    case ("cross-validation", _): return ["\(path).method=combinatorial"]
    case ("regimes", "by"): return ["regimes.file.path=labels.csv"]
    case ("regimes.file", let key) where key != "path": return ["regimes.file.path=labels.csv"]
    default: return []
    }
  }

  /// Whether a key is not reported as unknown, whatever else is wrong with it.
  private static func isKnown(_ key: String, in path: String) throws -> Bool {
    do {
      _ = try study(company(of: key, in: path) + ["\(path.isEmpty ? "" : path + ".")\(key)={}"])
      return true
    } catch let error as DocumentError {
      return !error.problems.contains { $0.message.hasPrefix("unknown key '\(key)'") }
    }
  }

  @Test func everyKeyIsDocumentedAndNoOther() throws {
    let sections = try SchemaDocument.sections("StudySchema.md")
    #expect(sections.count == 48)
    for section in sections {
      let documented = section.rows.map(\.key)
      let known = try Self.knownKeys(section.path)
      #expect(Set(known.some).isSubset(of: documented), "\(section.path): \(known)")
      #expect(known.count == documented.count, "\(section.path): \(known)")
      for key in documented {
        #expect(try Self.isKnown(key, in: section.path), "\(section.path): \(key)")
      }
    }
  }

  @Test func everyExampleIsAccepted() throws {
    for section in try SchemaDocument.sections("StudySchema.md") {
      for row in section.rows where !row.example.isEmpty {
        var overrides = [
          "\(section.path.isEmpty ? "" : section.path + ".")\(row.key)=\(row.example)"
        ]
        overrides = Self.company(of: row.key, in: section.path) + overrides
        #expect(throws: Never.self, "\(overrides)") { _ = try Self.study(overrides) }
        let nonsense = overrides.dropLast() + ["\(section.path).\(row.key)=[[]]".trimmingDots]
        #expect(throws: DocumentError.self, "\(nonsense)") { _ = try Self.study(Array(nonsense)) }
      }
    }
  }

  /// Words listed as the values of a key are all that it accepts.
  @Test func everyListedWordIsAccepted() throws {
    for section in try SchemaDocument.sections("StudySchema.md") {
      for row in section.rows where row.values.allSatisfy({ $0.allSatisfy(\.isWordCharacter) }) {
        for value in row.values where !["true", "false"].contains(value) {
          let list = section.path == "regimes" && row.key == "by" ? "[\(value)]" : value
          let override = "\(section.path).\(row.key)=\(list)".trimmingDots
          let overrides = Self.company(of: row.key, in: section.path) + [override]
          #expect(throws: Never.self, "\(overrides)") { _ = try Self.study(overrides) }
        }
      }
    }
  }

  @Test func accountingArrivesAndRefusesWhatOrdersNeed() throws {
    let bare = ["execution={}"]
    func rule(_ text: String) throws -> AccountingRule {
      try Self.study(bare + ["account.accounting=\(text)"]).configuration.accounting
    }
    #expect(try Self.study(bare).configuration.accounting == .orders)
    #expect(try rule("{rule: orders}") == .orders)
    #expect(try rule("{rule: weights}") == .weights(fee: 0))
    #expect(
      try rule("{rule: weights, fee: 0.0005, initial-weights: equal}")
        == .weights(fee: 0.0005, initialWeights: .equal))
    func problems(_ overrides: [String]) throws -> [String] {
      do {
        _ = try Self.study(overrides)
        return []
      } catch let error as DocumentError {
        return error.problems.map(\.message)
      }
    }
    let fees = try problems(["account.accounting={rule: orders, fee: 1, initial-weights: zero}"])
    #expect(fees.count == 2 && fees[0].contains("orders pay 'execution.commission'"))
    let missing = try problems(["account.accounting={fee: 1}"])
    #expect(missing.count == 1 && missing[0].hasPrefix("key 'rule' is missing"))
    let leverage = try problems(bare + ["account={leverage: 2, accounting: {rule: weights}}"])
    #expect(leverage.count == 1 && leverage[0].hasPrefix("'leverage' limits orders"))
    let execution = try problems(["account.accounting={rule: weights}"])
    #expect(execution.count == 1 && execution[0].hasPrefix("'execution' says how orders fill"))
  }

  /// An empty table of costs is a slip, not a wish for free trading.
  @Test(arguments: ["slippage", "commission"])
  func costsWithoutAModelAreRefused(name: String) throws {
    let error = try #require(throws: DocumentError.self) {
      try Self.study(["execution.\(name)={}"])
    }
    #expect(error.problems.count == 1)
    #expect(error.problems[0].message.hasPrefix("'\(name)' names no model; give one, such as {"))
    // An unknown model is told once.
    let unknown = try #require(throws: DocumentError.self) {
      try Self.study(["execution.\(name)={nonsense: 1}"])
    }
    #expect(unknown.problems.count == 1)
  }

  /// What a study gives arrives where it belongs.
  @Test func valuesArrive() throws {
    let study = try Self.study([
      "name=Title", "data.timeframe=1h", "data.resample=1w", "data.price=adjusted",
      "data.quality=repair", "data.from=2011-02-01", "data.to=2012-12-31", "data.cache=store",
      "data.columns={time: T, separator: tab, time-format: epoch-ms, timestamps: close}",
      "data.files[0]={path: p.csv, symbol: S, asset-class: future, tick: 0.25, multiplier: 50}",
      "account={cash: 5000, leverage: 3}", "execution.through-ticks=2",
      "execution.gap-improvement=false", "execution.participation=0.5", "execution.latency=2m",
      "execution.size-at=fill", "execution.on-shortfall=reject", "execution.on-series-end=close",
      "execution.slippage.half-spread=0.5", "execution.commission.per-order=4", "warmup=9",
      "risk-free=0.03", "seed=11", "walk-forward.gap=3", "walk-forward.gap-from=test",
      "walk-forward.anchored=true", "walk-forward.search=1", "walk-forward.boundary=carry",
      "walk-forward.carry=returns", "walk-forward.tail=keep", "walk-forward.skip=8",
      "walk-forward.objective=calmar", "output.folder=out",
    ])
    #expect(study.name == "Title" && study.data.timeframe == .intraday(seconds: 3_600))
    #expect(study.data.resample == .week && study.data.priceBasis == .adjusted)
    #expect(study.data.quality == .repair && study.data.cache == "store")
    #expect(study.data.from == CivilDate("2011-02-01") && study.data.to == CivilDate("2012-12-31"))
    #expect(study.data.mapping.time == "T" && study.data.mapping.separator == "\t")
    #expect(study.data.mapping.timestamps == .close)
    let file = study.data.files[0]
    #expect(file.path == "p.csv" && file.symbol == "S" && file.assetClass == .future)
    #expect(file.tickSize == 0.25 && file.multiplier == 50)
    let configuration = study.configuration
    #expect(configuration.account.initialCash == 5_000)
    #expect(configuration.account.funding == .margin(leverage: 3))
    #expect(configuration.warmup == 9 && configuration.riskFreeRate == 0.03)
    #expect(configuration.onSeriesEnd == .close && study.seed == 11)
    let rules = configuration.execution
    #expect(rules.limitFill == .through(ticks: 2) && !rules.improvesOnGaps)
    #expect(rules.participation == 0.5 && rules.latency == .minutes(2))
    #expect(rules.sizing == .atFill && rules.shortfall == .reject)
    #expect((rules.slippage as? HalfSpreadSlippage)?.spread == 0.5)
    #expect((rules.commission as? PerOrderCommission)?.amount == 4)
    let plan = try #require(study.walkForward?.plan)
    #expect(plan.windows.train == .years(3) && plan.windows.test == .months(6))
    #expect(plan.windows.gap == 3 && plan.windows.gapFrom == .test && plan.windows.isAnchored)
    #expect(plan.windows.tail == .keep && plan.skip == 8 && plan.seed == 11)
    #expect(plan.search == .random(count: 1) && plan.boundary == .carry)
    #expect(plan.carry == .returns && plan.objective == "calmar")
    #expect(study.outputFolder == "out")
  }
}

extension String {
  /// The parts between a separator.
  fileprivate func components(_ separator: String) -> [String] {
    split(separator: separator).map(String.init)
  }

  /// A key of the root has no dot before it.
  fileprivate var trimmingDots: String { hasPrefix(".") ? String(dropFirst()) : self }
}

extension Character {
  fileprivate var isWordCharacter: Bool { isLetter && isLowercase || self == "-" || self == "_" }
}

import BacktestCore
import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestStudies
import Strategies
import TestSupport
import Testing

/// What a gate measures of a study.
@Suite struct GateRunTests {
  private static func study(_ catalogue: StrategyCatalogue, _ parts: String) throws -> Study {
    let text = """
      name: Judged
      data:
        calendar: XNYS
        from: 2015-01-01
        to: 2016-12-31
        files: [{path: prices/sp500.csv, symbol: SPX, asset-class: index, lot: fractional}]
      benchmark: {hold: equal-parts}
      \(parts)

      """
    let document = try DocumentReader.read(Array(text.utf8), name: "study.yaml", format: .yaml)
    return try Study(document: document, folder: Fixture.path(""), catalogue: catalogue)
  }

  private static func verdict(
    _ study: Study, _ rules: [GateRule], kind: ResultRecord.Kind = .run
  ) throws -> GateVerdict {
    let gate = try Gate(rules: rules)
    let run = GateRun(gate, runner: StudyRunner.quick(study, threads: 1), kind: kind)
    return gate.verdict(on: try run.measure().inputs)
  }

  /// A strategy that knows the close after next.
  @Test func aLeakFails() throws {
    let cheat = StrategyDefinition(name: "cheat", summary: "") { _, _ in
      ScriptedStrategy(
        always: { bars, trading in
          let closes = trading.universe.series[0].close
          let row = trading.lastRow(0)
          guard row + 2 < closes.count else { return }
          trading.target(.first, weight: closes[row + 2] > closes[row + 1] ? 1 : 0)
        })
    }
    let study = try Self.study(StrategyCatalogue([cheat]), "strategy: {name: cheat}")
    let verdict = try Self.verdict(study, [GateRule(.noLookAhead)])
    #expect(verdict.findings.map(\.state) == [.failed] && !verdict.isIrreproducible)
    #expect(verdict.findings[0].valueText == "no")
    #expect(!verdict.findings[0].change.isEmpty)
  }

  /// A strategy that looks ahead with one of two values only, which the folds choose and the study
  /// does not give.
  @Test func aLeakOfTheChosenParametersFails() throws {
    let cheat = StrategyDefinition(
      name: "cheat", summary: "", parameters: [.integer("days", default: 0, in: 0...5, "")]
    ) { parameters, _ in
      let days = parameters.integer("days")
      return ScriptedStrategy(
        always: { bars, trading in
          let closes = trading.universe.series[0].close
          let row = trading.lastRow(0)
          let from = row - (days == 0 ? 1 : 0)
          guard from >= 0, from + days + 1 < closes.count else { return }
          trading.target(.first, weight: closes[from + days] > closes[from] ? 1 : 0)
        })
    }
    let study = try Self.study(
      StrategyCatalogue([cheat]),
      """
      strategy: {name: cheat}
      walk-forward: {train: 120, test: 60, grid: {days: [0, 2]}}
      """)
    #expect(try Self.verdict(study, [GateRule(.noLookAhead)]).passes)
    let searched = try Self.verdict(study, [GateRule(.noLookAhead)], kind: .walkForward)
    #expect(searched.findings.map(\.state) == [.failed])
  }

  /// A strategy that draws from what no seed repeats: here, from the number of runs before it.
  @Test func aRunThatDoesNotReproduceIsFound() throws {
    let count = RunCount()
    let drifting = StrategyDefinition(name: "drifting", summary: "") { _, _ in
      let row = count.next()
      return ScriptedStrategy(
        always: { bars, trading in
          trading.target(.first, weight: trading.lastRow(0) > 10 + row ? 1 : 0)
        })
    }
    let study = try Self.study(StrategyCatalogue([drifting]), "strategy: {name: drifting}")
    let verdict = try Self.verdict(study, [GateRule(.reproducible), GateRule(.noLookAhead)])
    #expect(verdict.failures.count == 2 && verdict.isIrreproducible)
    #expect(verdict.findings[0].change.contains("when it ran again, not"))
  }

  @Test func anHonestWalkForwardIsMeasured() throws {
    let study = try Self.study(
      .standard,
      """
      strategy: {name: sma-crossover}
      walk-forward: {train: 120, test: 60, grid: {fast: [2, 5], slow: [10, 20, 40]}}
      """)
    let names = [
      "psr", "pbo", "spa-p", "break-even-basis-points", "worst-regime", "profitable-folds",
      "alpha", "beta", "trades", "drawdown",
    ]
    let rules = names.map { GateRule(.lenient($0)) }
    let intervals = ["sharpe", "drawdown", "alpha"].map { GateRule(.lenient($0, of: .lower95)) }
    let verdict = try Self.verdict(
      study, rules + intervals + [GateRule(.noLookAhead), GateRule(.reproducible)],
      kind: .walkForward)
    for finding in verdict.findings {
      // A p-value of 1 is outside of every bound, and a value nevertheless.
      #expect(
        finding.state == .passed || finding.rule.quantity == "spa-p" && finding.value == 1,
        "\(finding.rule.text): \(finding.change)")
    }
    func value(_ name: String) -> Double? {
      verdict.findings.first { $0.rule.quantity == name }?.value
    }
    for name in ["psr", "pbo", "spa-p", "profitable-folds"] {
      #expect(value(name).map((0...1).contains) == true, "\(name)")
    }
    let gate = try Gate(rules: [GateRule(.lenient("pbo"))])
    let run = GateRun(gate, runner: StudyRunner(study, threads: 1), kind: .walkForward)
    let inputs = try run.measure().inputs
    #expect(inputs.overfitting?.probability == value("pbo"))
    // Nothing stores trials here, so nobody has counted them.
    let deflated = try Self.verdict(study, [GateRule(.lenient("dsr"))])
    #expect(
      deflated.findings[0].change
        == "no value: the trials are not counted: \(TrialCounting.noStore)")
  }

  /// The page lists every figure with its definition.
  @Test func thePageKnowsEveryFigure() throws {
    let lines = try Fixture.text("../Documentation/Gate.md").split(separator: "\n")
    let rows = lines.filter { $0.hasPrefix("| `") }.map(String.init)
    let wanted = GateQuantity.evidence.map { quantity in
      let better = quantity.higherIsBetter.map { $0 ? "more" : "less" } ?? ""
      return "| `\(quantity.name)` | \(better) | "
        + NumberText.sentence(quantity.definition) + " |"
    }
    #expect(rows == wanted)
  }
}

/// Counts how often a strategy was made.
private final class RunCount: @unchecked Sendable {
  private var count = 0

  func next() -> Int {
    count += 1
    return count
  }
}

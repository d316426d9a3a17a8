@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestReports
import Testing

struct GatePageTests {
  private static func verdict(sharpe: Double) throws -> GateVerdict {
    let gate = try Gate(rules: [
      GateRule(.bound("sharpe", minimum: 0.5)), GateRule(.bound("drawdown", maximum: 0.2)),
      GateRule(.bound("pbo", maximum: 0.2), when: .searched),
    ])
    let inputs = GateInputs { name in
      GateFigure(name == "sharpe" ? sharpe : -0.15, absence: "")
    }
    return gate.verdict(on: inputs)
  }

  @Test func everyRuleIsThereWithItsMargin() throws {
    let verdict = try Self.verdict(sharpe: 0.42)
    let page = GatePage(
      name: "<A & B>", outcome: "failed: 1 of 3 rules", subject: "a run", verdict: verdict)
    let text = String(decoding: page.bytes(), as: UTF8.self)
    _ = try MarkupChecker(page.bytes())
    #expect(text.contains("Gate failed: 1 of 3 rules.") && text.contains("&lt;A &amp; B&gt;"))
    for finding in verdict.findings {
      #expect(text.contains(finding.rule.text), "\(finding.rule.text)")
      if !finding.marginText.isEmpty { #expect(text.contains(">\(finding.marginText)<")) }
    }
    // -0.08 of 0.5, and 0.05 of 0.2.
    #expect(text.contains(">−16.0%<") && text.contains(">+25.0%<"))
    for mark in ["✗\u{A0}failed", "✓\u{A0}passed", "– skipped"] {
      #expect(text.contains(mark))
    }
  }

  /// A margin is no share of a bound that is 0, which the page says; its window is named by study
  /// and verdict.
  @Test func boundsOfZeroAreLeftOutOfTheSmallestMargin() throws {
    let gate = try Gate(rules: [
      GateRule(.bound("sharpe", minimum: 0)), GateRule(.bound("drawdown", maximum: 0.2)),
    ])
    let verdict = gate.verdict(
      on: GateInputs { GateFigure($0 == "sharpe" ? 0.01 : -0.15, absence: "") })
    let page = GatePage(name: "A <b>", outcome: "passed", subject: "a run", verdict: verdict)
    let text = String(decoding: page.bytes(), as: UTF8.self)
    #expect(text.contains("<title>A &lt;b&gt;: gate passed</title>"))
    #expect(text.contains("<h1>Gate: A &lt;b&gt;</h1>"))
    let note = "without 1 rule whose bound is 0, of which no margin is a share"
    #expect(text.contains("drawdown at most 0.2; \(note)") || text.contains("; \(note)<"))
    #expect(text.contains("Margin as a share of the bound, \(note)"))
    let whole = GatePage(
      name: "A", outcome: "passed", subject: "a run", verdict: try Self.verdict(sharpe: 1))
    #expect(!String(decoding: whole.bytes(), as: UTF8.self).contains("whose bound is 0"))
  }

  /// A search has the charts of its probability of overfitting, and nothing else has them.
  @Test func aSearchShowsItsRanks() throws {
    var page = GatePage(
      name: "A", outcome: "passed", subject: "a run", verdict: try Self.verdict(sharpe: 1))
    let titles = ["Rank of the best set out of sample", "Performance degradation"]
    let bare = String(decoding: page.bytes(), as: UTF8.self)
    #expect(!titles.contains { bare.contains($0) })
    let trials = (0..<6).map { trial -> [Double] in
      let step = trial * 2 + 7
      return (0..<320).map { row -> Double in
        let place = (row * step) % 23
        return Double(place) / 1_000 - 0.0108
      }
    }
    let found = try OverfittingProbability.estimate(trials: trials).get()
    page.overfitting = found
    page.barsPerYear = 252
    _ = try MarkupChecker(page.bytes())
    let text = String(decoding: page.bytes(), as: UTF8.self)
    #expect(titles.allSatisfy { text.contains($0) })
    #expect(text.contains(NumberFormat.percent(decimals: 1).text(found.probability) + " of 12,870"))
  }

  @Test func aGateThatPassesSaysSo() throws {
    let page = GatePage(
      name: "A", outcome: "passed", subject: "a run", verdict: try Self.verdict(sharpe: 1))
    let text = String(decoding: page.bytes(), as: UTF8.self)
    #expect(text.contains("Every rule that applies holds") && !text.contains("✗"))
  }
}

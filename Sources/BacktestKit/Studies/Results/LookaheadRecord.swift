import BacktestCore
import BacktestEvidence
package import BacktestFiles

/// The contents of `lookahead.json`: every cut, what differed there, and what a look-ahead analysis
/// cannot see.
package struct LookaheadRecord: Sendable {
  /// The schema that this version writes.
  package static let schema = "backtestkit.lookahead/1"
  /// The file in a folder of results.
  package static let fileName = "lookahead.json"

  private let outcome: LookaheadOutcome

  /// The record of an analysis.
  package init(_ outcome: LookaheadOutcome) { self.outcome = outcome }

  /// The file's contents.
  package var json: JSONValue {
    let study = outcome.study
    return [
      "schema": .text(Self.schema), "version": .text(BacktestKitVersion.current),
      "name": .text(study.name), "strategy": .text(study.strategy.definition.name),
      "parameters": .table(
        study.strategy.parameters.values.map {
          JSONMember(key: $0.name, value: JSONValue($0.value))
        }),
      "lookahead": .bool(outcome.hasLookahead), "verdict": verdict(outcome.strategy),
      "regimes": .list(outcome.regimes.map(verdict)),
      "warmup": outcome.warmup.map(warmup) ?? .null, "delay": delay,
      "limits": .list(LookaheadVerdict.limits.map { .text($0) }),
    ]
  }

  private func verdict(_ verdict: LookaheadVerdict) -> JSONValue {
    [
      "subject": .text(verdict.subject), "lookahead": .bool(verdict.hasLookahead),
      "seed": .integer(Int(clamping: verdict.seed)), "ignores-bars": .bool(verdict.ignoresBars),
      "explanation": JSONValue(verdict.clearest?.explanation),
      "cuts": .list(
        verdict.cuts.map { cut in
          [
            "time": .text("\(cut.time)"), "moments": .integer(cut.momentCount),
            "violations": .list(cut.violations.map(violation)),
          ] as JSONValue
        }),
    ]
  }

  private func violation(_ violation: LookaheadViolation) -> JSONValue {
    [
      "change": .text(violation.change.rawValue),
      "time": JSONValue(violation.time.map { "\($0)" }), "reach": .integer(violation.reach),
      "kind": .text(violation.kind.rawValue), "symbol": JSONValue(violation.symbol),
      "with-all-bars": .text(violation.withAllBars),
      "with-changed-bars": .text(violation.withChangedBars),
    ]
  }

  private func warmup(_ sensitivity: WarmupSensitivity) -> JSONValue {
    [
      "warmup": .integer(sensitivity.warmup),
      "longest-history": .integer(sensitivity.longestHistory),
      "runs": .list(
        sensitivity.runs.map { run in
          [
            "history": .integer(run.historyBars), "decisions": .integer(run.decisionCount),
            "differing": .integer(run.differingCount),
            "largest-weight-difference": .number(run.largestWeightDifference),
            "last-difference": JSONValue(run.lastDifference.map { "\($0)" }),
            "total-return": JSONValue(run.totalReturn),
            "total-return-with-all-bars": JSONValue(run.totalReturnWithAllBars),
            "sharpe": JSONValue(run.sharpe),
            "sharpe-with-all-bars": JSONValue(run.sharpeWithAllBars),
          ] as JSONValue
        }),
    ]
  }

  private var delay: JSONValue {
    func figures(_ metrics: PerformanceMetrics) -> JSONValue {
      [
        "total-return": JSONValue(metrics.totalReturn), "sharpe": JSONValue(metrics.sharpe),
        "max-drawdown": JSONValue(metrics.maxDrawdown),
      ]
    }
    return [
      "as-is": figures(outcome.delay.asIs), "one-close-later": figures(outcome.delay.oneCloseLater),
    ]
  }
}

import BacktestCore
import BacktestEvidence
import BacktestStudies

extension Command {
  /// `run`: one run over all bars.
  static func run(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "run", summary: "Run the strategy of a study over all its bars.",
      discussion: """
        Writes report.html, result.json and the tables equity, orders, fills, trades and ledger \
        into a folder, all of them or none.

        A result.json runs its study again, and a run that is expected to have a fingerprint is \
        compared with it; both write nothing unless --out names a folder. A run with another \
        fingerprint ends with exit status 3.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let expected = expectedFingerprint(&parameters, options, of: "run")
      return { context in
        try StudyJob(options: options, catalogue: catalogue, expectedFingerprint: expected)
          .perform(in: context)
      }
    }
  }

  /// `walkforward`: parameters chosen on the past, tried on what follows.
  static func walkForward(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "walkforward", summary: "Choose parameters on each train window, judge them on the next.",
      discussion: """
        The study's walk-forward part gives the windows, the grid of parameters and the \
        objective. The report shows the stitched out-of-sample run, each fold, and how stable \
        the choices were. Results do not depend on the number of threads.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let expected = expectedFingerprint(&parameters, options, of: "stitched run")
      return { context in
        try StudyJob(
          options: options, catalogue: catalogue, kind: .walkForward,
          expectedFingerprint: expected
        ).perform(in: context)
      }
    }
  }

  /// `regimes`: a run split by the weather of the market.
  static func regimes(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "regimes", summary: "Split a run by market regimes, in hindsight and as known at the time.",
      discussion: """
        Regimes are those that the study names, else bull-bear and volatility, told by the \
        benchmark's prices or, without one, the first instrument's. Nothing is written unless \
        --out names a folder.
        """
    ) { parameters in
      var options = StudyJobOptions(&parameters)
      let names = Study.RegimeChoice.allCases.map(\.rawValue)
      let chosen = parameters.options(
        "by", .oneOf(names, name: "regimes"), help: "Regimes to split by, instead of the study's.")
      if !chosen.isEmpty {
        options.overrides.append("regimes=[\(chosen.joined(separator: ", "))]")
      }
      let job = StudyJob(
        options: options, catalogue: catalogue, kind: .run, writesByDefault: false,
        defaultRegimes: Study.RegimeChoice.allCases)
      return { context in
        try job.perform(in: context) { outcome, context in
          context.output.write(regimeTables(outcome.regimes))
        }
      }
    }
  }
}

/// The fingerprint that a run must have; one is that of one study.
private func expectedFingerprint(
  _ parameters: inout ParameterReader, _ options: StudyJobOptions, of run: String
) -> RunFingerprint? {
  let expected = parameters.optionalOption(
    "expect", .fingerprint, help: "The fingerprint that the \(run) must have.")
  parameters.require(
    expected == nil || options.paths.count == 1, "'--expect' goes with one study, not several")
  return expected
}

extension ArgumentRule where Value == RunFingerprint {
  fileprivate static var fingerprint: ArgumentRule {
    ArgumentRule(
      name: "hash", expected: "a fingerprint of 32 hexadecimal digits",
      placeholder: RunFingerprint(digest: ContentDigest.Value(high: 0, low: 0)),
      parse: { RunFingerprint($0) }, show: { "\($0)" })
  }
}

/// The regimes of a run as tables, one for each way of telling them.
private func regimeTables(_ regimes: [RegimeAnalysis]) -> String {
  regimes.map { analysis in
    var table = TextTable([
      .left("regime"), .left("known"), .right("bars"), .right("share"), .right("runs"),
      .right("total return"), .right("volatility"), .right("Sharpe"), .right("worst drawdown"),
    ])
    for knowledge in [RegimeKnowledge.descriptive, .causal] {
      for part in analysis.parts(knowledge) {
        table.add([
          part.name, knowledge == .descriptive ? "afterwards" : "at the time",
          "\(part.barCount)", Figure.text(part.share, .fraction), "\(part.runCount)",
          Figure.text(part.totalReturn, .fraction), Figure.text(part.volatility, .fraction),
          Figure.ratio(part.sharpe), Figure.text(part.worstDrawdown, .fraction),
        ])
      }
    }
    return "\n\(analysis.name), told by \(analysis.seriesName)\n\(table.text)"
  }.joined()
}

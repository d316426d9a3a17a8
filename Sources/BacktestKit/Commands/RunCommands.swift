extension Command {
  /// `run`: one run over all bars.
  static func run(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "run", summary: "Run a study's strategy over all its bars.",
      discussion: """
        Writes report.html, result.json and the tables equity, orders, fills, trades and ledger \
        into a folder, all of them or none; other files in the folder are kept.

        A result.json runs its study again. With --expect the run's fingerprint is compared, and \
        a different one ends with exit status 3. Neither writes anything unless --out names a \
        folder.
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
      "walkforward", summary: "Choose parameters on each train window and test them on the next.",
      discussion: """
        The study's walk-forward section sets the windows, the grid of parameters and the \
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

  /// `regimes`: a run split by the state of the market.
  static func regimes(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "regimes", summary: "Split a run by market regimes, in hindsight and as known at the time.",
      discussion: """
        The study names the regimes (default: bull-bear and volatility). They are found from the \
        benchmark's prices or, without a benchmark, from those of the first instrument. Nothing \
        is written unless --out names a folder.
        """
    ) { parameters in
      var options = StudyJobOptions(&parameters)
      let names = Study.RegimeChoice.allCases.map(\.rawValue)
      let chosen = parameters.options(
        "by", .oneOf(names, name: "regimes"), help: "Regimes to split by (default: the study's).")
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
    let value = DocumentRule.text(
      "a fingerprint of 32 hexadecimal digits",
      placeholder: RunFingerprint(digest: ContentDigest.Value(high: 0, low: 0))
    ) { RunFingerprint($0) }
    return ArgumentRule(name: "hash", value: value, show: { "\($0)" })
  }
}

/// The regimes of a run as tables, one for each classifier.
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
    return "\n\(analysis.name), from the prices of \(analysis.seriesName)\n\(table.text)"
  }.joined()
}

/// The few lines by which a run is summed up on a terminal.
struct ResultSummary {
  let outcome: StudyOutcome

  init(_ outcome: StudyOutcome) { self.outcome = outcome }

  var text: String {
    let result = outcome.result
    let sample = outcome.metrics.sample
    let dates = sample.pointDates ?? result.sessionDates
    var lines = ["\(outcome.study.name)"]
    let symbols = result.universe.series.map(\.instrument.symbol).joined(separator: ", ")
    lines.append("\(result.strategy) on \(symbols)")
    if let first = dates.first, let last = dates.last {
      let year = sample.barsPerYear.map { ", \(Figure.plain($0)) bars a year" } ?? ""
      lines.append("\(first) to \(last), \(sample.count) returns\(year)")
    }
    if let walk = outcome.walkForward { lines += walkForward(walk) }
    if let verdict = outcome.report().policyVerdict { lines.append(verdict.text) }
    if let replicates = outcome.replicates?.summary { lines.append(middle(replicates)) }
    lines.append("")
    return lines.joined(separator: "\n") + "\n" + table + limits
      + "\nFingerprint: \(result.fingerprint)\n"
  }

  private func walkForward(_ walk: WalkForwardResult) -> [String] {
    let name = walk.objective.name
    let outOfSample = "out of sample \(Figure.ratio(walk.stitchedObjective)) (stitched)"
    return [
      "\(walk.folds.count) folds, train \(walk.plan.windows.train), test \(walk.plan.windows.test)"
        + "\(walk.plan.windows.isAnchored ? ", anchored" : ""), "
        + "\(walk.candidates.count) candidate\(walk.candidates.count == 1 ? "" : "s")",
      walk.choosesNothing
        ? "\(name) \(outOfSample); nothing was chosen on the train windows"
        : "\(name) in sample \(Figure.ratio(walk.meanInSample)) (mean), \(outOfSample), "
          + "efficiency \(Figure.ratio(walk.efficiency))",
    ]
  }

  /// How the objective is spread over replicates, and which of them the table shows.
  private func middle(_ replicates: Replicates) -> String {
    let spread = replicates.distribution(of: replicates.objective).map { found in
      "\(replicates.objective) median \(Figure.ratio(found.median)), quartiles "
        + "\(Figure.ratio(found.lowerQuartile)) to \(Figure.ratio(found.upperQuartile)), range "
        + "\(Figure.ratio(found.minimum)) to \(Figure.ratio(found.maximum))"
    }
    return "\(replicates.members.count) replicates, \(spread ?? "no \(replicates.objective)"); "
      + "shown is the middle one, \(replicates.members[replicates.shown].name)"
  }

  private var table: String {
    let metrics = outcome.metrics
    let benchmark = outcome.benchmarkMetrics
    var columns = [TextTable.Column.left(""), .right("strategy")]
    if let benchmark = outcome.benchmark { columns.append(.right(benchmark.name)) }
    var table = TextTable(columns)
    for name in Metrics.headlineNames {
      guard let metric = Metrics.find(name) else { continue }
      let value = (try? metrics.value(of: name)) ?? nil
      var cells = [metric.title, Figure.text(value, metric.unit)]
      if outcome.benchmark != nil {
        let other = benchmark.flatMap { (try? $0.value(of: name)) ?? nil }
        cells.append(other.map { Figure.text($0, metric.unit) } ?? "")
      }
      table.add(cells)
    }
    return table.text
  }

  private var limits: String {
    let limits = outcome.limits
    guard !limits.isEmpty else { return "" }
    return "\nLimits:\n" + limits.map { "- \($0.message)\n" }.joined()
  }
}

/// Figures on a terminal.
enum Figure {
  /// A value in its unit; `–` where there is none.
  static func text(_ value: Double?, _ unit: MetricUnit) -> String {
    guard let value, value.isFinite else { return "–" }
    switch unit {
    case .fraction: return decimals(value * 100, 2) + " %"
    case .count, .bars, .days: return value == value.rounded() ? plain(value) : decimals(value, 1)
    case .money: return decimals(value, 2)
    default: return decimals(value, 2)
    }
  }

  /// A ratio with two decimals.
  static func ratio(_ value: Double?) -> String { value.map { decimals($0, 2) } ?? "–" }

  /// A whole number without decimals, another as it is.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  static func decimals(_ value: Double, _ count: Int) -> String {
    NumberFormat.number(decimals: count).text(value)
  }
}

import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestReports
import BacktestStudies

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
      let shard = parameters.shard(expecting: expected)
      return { context in
        if let shard {
          return try ShardJob(options: options, catalogue: catalogue, job: .run, shard: shard)
            .perform(in: context)
        }
        return try StudyJob(options: options, catalogue: catalogue, expectedFingerprint: expected)
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
      let shard = parameters.shard(expecting: expected)
      return { context in
        if let shard {
          return try ShardJob(
            options: options, catalogue: catalogue, job: .walkForward, shard: shard
          ).perform(in: context)
        }
        return try StudyJob(
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
        The study names the regimes (default: bull-bear and volatility) and may set them up. They \
        are defined by the prices of the instrument in regimes.of, else of the benchmark, else of \
        equal parts of all instruments. Only regimes known at the time could have been traded. \
        Nothing is written unless --out names a folder.
        """
    ) { parameters in
      var options = StudyJobOptions(&parameters, writesByDefault: false)
      let names = Study.RegimeChoice.allCases.map(\.rawValue)
      let chosen = parameters.options(
        "by", .oneOf(names, name: "regimes"), help: "Regimes to split by (default: the study's).")
      if !chosen.isEmpty {
        options.overrides.append("regimes.by=[\(chosen.joined(separator: ", "))]")
      }
      let job = StudyJob(
        options: options, catalogue: catalogue, kind: .run, writesByDefault: false,
        defaultRegimes: StudyRegimes.standard)
      return { context in
        try job.perform(in: context) { outcome, context in
          context.output.write(regimeTables(outcome.regimes, context.output.tableWidth))
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

/// The regimes of a run as tables, each in hindsight and as known at the time.
private func regimeTables(_ regimes: [RegimeAnalysis], _ width: Int?) -> String {
  regimes.map { analysis in
    var table = TextTable([
      .left("regime"), .left("seen"), .right("bars"), .right("share"), .right("runs"),
      .right("trades"), .right("total return"), .right("volatility"), .right("Sharpe"),
      .right("95%"), .right("worst drawdown"),
    ])
    let share = NumberFormat.percent(decimals: 2)
    for knowledge in [RegimeKnowledge.descriptive, .causal] {
      for part in analysis.parts(knowledge) {
        table.add([
          part.name, knowledge == .descriptive ? "in hindsight" : "at the time",
          NumberText.grouped(part.barCount), share.text(part.share),
          NumberText.grouped(part.runCount), NumberText.grouped(part.tradeCount),
          share.text(part.totalReturn), share.text(part.volatility),
          NumberFormat.ratio.text(part.sharpe), part.sharpeBounds ?? "–",
          share.text(part.worstDrawdown),
        ])
      }
    }
    return "\n\(analysis.name), from the prices of \(analysis.seriesName)\n"
      + table.text(in: width)
      + remarks(on: analysis)
  }.joined()
}

/// What else to know about a split: the regime that was worst, and what is known in hindsight only.
private func remarks(on analysis: RegimeAnalysis) -> String {
  var lines: [String] = []
  if let worst = (try? analysis.worst(by: "sharpe")) ?? nil {
    lines.append(
      "Worst Sharpe ratio: \(NumberFormat.ratio.text(worst.value)) in \(worst.label), "
        + "\(NumberText.count(worst.barCount, "bar")) in "
        + NumberText.count(worst.runCount, "run"))
  }
  if !analysis.labels.isKnownAtTheTime {
    lines.append("Known in hindsight only: nothing says from when these labels were known.")
  }
  return lines.map { $0 + "\n" }.joined()
}

/// The summary of a run on a terminal.
struct ResultSummary {
  let outcome: StudyOutcome
  /// The columns that lines of blocks may take; `nil` leaves them out.
  let drawingWidth: Int?

  /// The columns that a table may take; `nil` where lines may be long.
  let tableWidth: Int?

  /// The summary for an output; without one, plain text with lines of any length.
  init(_ outcome: StudyOutcome, on output: (any TextStream)? = nil) {
    self.outcome = outcome
    drawingWidth = output?.drawingWidth
    tableWidth = output?.tableWidth
  }

  var text: String {
    let result = outcome.result
    let sample = outcome.metrics.sample
    let dates = sample.pointDates ?? result.sessionDates
    var lines = ["\(outcome.study.name)"]
    let symbols = result.universe.series.map(\.instrument.symbol).joined(separator: ", ")
    lines.append("\(result.strategy) on \(symbols)")
    if let first = dates.first, let last = dates.last {
      let year = sample.barsPerYear.map { ", \(NumberText.perYear($0)) bars per year" } ?? ""
      lines.append("\(first) to \(last), \(NumberText.count(sample.count, "return"))\(year)")
    }
    if let walk = outcome.walkForward { lines += walkForward(walk) }
    if let idle = result.idleSentence {
      lines.append(idle)
    } else if let verdict = outcome.report().policyVerdict {
      lines.append(verdict.text)
    }
    if let replicates = outcome.replicates { lines.append(middle(replicates)) }
    return lines.map { paragraph($0, in: tableWidth) }.joined()
      + sparklines.map { "\($0)\n" }.joined() + "\n" + table + caveats
      + "\n\(paragraph(NumberText.capitalized(outcome.trials.text), in: tableWidth))"
      + "Fingerprint: \(result.fingerprint)\n"
  }

  /// Equity and drawdown, each as a line of blocks.
  private var sparklines: [String] {
    guard let drawingWidth else { return [] }
    let equity = Array(outcome.result.curve.equity)
    guard let first = equity.first, let last = equity.last else { return [] }
    let drawdown = Drawdown.underwater(equity)
    let money = NumberFormat.integer
    let notes = [
      "\(money.text(first)) to \(money.text(last))",
      "worst \(NumberFormat.percent(decimals: 1).text(drawdown.min()))",
    ]
    let taken = "drawdown  ".count + 2 + (notes.map(\.displayWidth).max() ?? 0)
    guard case let width = min(drawingWidth - taken - 1, 60), width >= 8 else { return [] }
    return zip(["equity    ", "drawdown  "], [equity, drawdown]).enumerated().compactMap {
      let blocks = Sparkline.text(of: $0.element.1, width: width)
      return blocks.isEmpty ? nil : "\($0.element.0)\(blocks)  \(notes[$0.offset])"
    }
  }

  private func walkForward(_ walk: WalkForwardResult) -> [String] {
    let name = walk.objective.name
    let format = walk.objective.unit.format()
    let outOfSample = "out of sample \(format.text(walk.stitchedObjective)) (stitched)"
    return [
      "\(walk.folds.count) folds, train \(walk.plan.windows.train), test \(walk.plan.windows.test)"
        + "\(walk.plan.windows.isAnchored ? ", anchored" : ""), "
        + NumberText.count(walk.candidates.count, "candidate"),
      walk.choosesNothing
        ? "\(name) \(outOfSample); nothing was chosen on the train windows"
        : "\(name) in sample \(format.text(walk.meanInSample)) (mean), \(outOfSample), "
          + (walk.efficiencyAbsence.map { "no efficiency: \($0)" }
            ?? "efficiency \(NumberFormat.ratio.text(walk.efficiency))"),
    ]
  }

  /// The spread of the objective over replicates, and which of them the table shows.
  private func middle(_ replicates: Replicates) -> String {
    let spread = replicates.distribution(of: replicates.objective).map { found in
      let text = NumberFormat.ratio.text
      return "\(replicates.objective) median \(text(found.median)), quartiles "
        + "\(text(found.lowerQuartile)) to \(text(found.upperQuartile)), range "
        + "\(text(found.minimum)) to \(text(found.maximum))"
    }
    return "\(replicates.members.count) replicates, \(spread ?? "no \(replicates.objective)"); "
      + "shown is the median run, \(replicates.members[replicates.shown].name)"
  }

  private var table: String {
    let metrics = outcome.metrics
    let benchmark = outcome.benchmarkMetrics
    let intervals = outcome.intervals.flatMap { $0.all.isEmpty ? nil : $0 }
    var columns = [TextTable.Column.left(""), .right("strategy")]
    if let level = intervals?.all.first?.levelText { columns.append(.right("\(level) interval")) }
    if let benchmark = outcome.benchmark {
      columns.append(.right(printable(benchmark.name, limit: 40)))
    }
    var table = TextTable(columns)
    for name in Metrics.headlineNames {
      guard let metric = Metrics.find(name) else { continue }
      let format = metric.unit.format(currency: outcome.study.configuration.account.currency)
      let value = (try? metrics.value(of: name)) ?? nil
      var cells = [metric.title, format.text(value)]
      if let intervals { cells.append(intervals[name]?.text(format) ?? "") }
      if outcome.benchmark != nil {
        let other = benchmark.flatMap { (try? $0.value(of: name)) ?? nil }
        cells.append(other.map { format.text($0) } ?? "")
      }
      table.add(cells)
    }
    return table.text(in: tableWidth)
      + (outcome.intervals.map { "\n\(paragraph($0.remark, in: tableWidth))" } ?? "")
  }

  private var caveats: String {
    let caveats = outcome.caveats
    guard !caveats.isEmpty else { return "" }
    return "\nCaveats:\n" + caveats.map { listItem($0.message, in: tableWidth) }.joined()
  }
}

import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension Command {
  /// `lookahead`: whether a strategy knows what it cannot know yet.
  static func lookahead(_ catalogue: StrategyCatalogue) -> Command {
    var command = Command(
      "lookahead", summary: "Search a study's strategy for look-ahead, and fail where it has some.",
      discussion: """
        The study runs again on bars up to a cut only, and on bars whose returns after the cut are \
        shuffled, at many cuts. Orders, targets, notes, timers, forecasts, a policy's observations \
        and decisions, and the regimes that are known up to the cut must be the same to the bit. \
        The strategy is made anew each time, with the study's own parameters.

        Beside the verdict are shown how results change with fewer bars before the first decision \
        (a strategy whose figures move has not forgotten where its data began), and with every \
        decision one close later (a strategy that then loses everything lived on one bar). \
        --out writes lookahead.json with every cut.
        """
    ) { parameters in
      let options = LookaheadOptions(&parameters)
      return { context in
        try LookaheadJob(options: options, catalogue: catalogue).perform(in: context)
      }
    }
    command.isGate = true
    return command
  }
}

/// The parameters of `lookahead`.
private struct LookaheadOptions: Sendable {
  var path: String
  var cuts: Int
  var seed: Int?
  var out: String?
  var overrides: [String]
  var threads: Int?
  var isQuiet: Bool
  var printsJSON: Bool

  init(_ parameters: inout ParameterReader) {
    path = parameters.argument(
      "study", .file(endings: ["yaml", "yml", "json"]),
      help: "A study file, or the result.json of an earlier run.")
    cuts = parameters.option(
      "cuts", .integer("n", .atLeast(1)), default: 50,
      help: "How many instants are cut at; all of them where there are not more.")
    seed = parameters.optionalOption(
      "seed", .integer("n", .notNegative),
      help: "Chooses the cuts, and the order of returns after them (default: the study's seed).")
    out = parameters.optionalOption(
      "out", short: "o", .folder(), help: "A folder for lookahead.json.")
    overrides = parameters.options(
      "set", .text("key=value"),
      help: "Override a key of the study, such as execution.fill=next-close.")
    threads = parameters.optionalOption(
      "threads", .integer("n", .atLeast(1)), help: "Parallel runs (default: all processors).")
    isQuiet = parameters.flag("quiet", short: "q", help: "Print only errors, and JSON with --json.")
    printsJSON = parameters.flag("json", help: "Print lookahead.json instead of tables.")
  }
}

/// One look-ahead analysis of one study.
private struct LookaheadJob: Sendable {
  var options: LookaheadOptions
  var catalogue: StrategyCatalogue

  func perform(in context: CommandContext) throws -> ExitCode {
    let (study, _) = try Study.read(
      options.path, overrides: options.overrides, catalogue: catalogue)
    if let out = options.out {
      try AtomicFolder.check(out)
      try FileIdentity.check(
        writing: [LookaheadRecord.fileName], in: out, reading: [options.path] + study.inputs)
    }
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    let outcome: LookaheadOutcome
    do {
      outcome = try StudyRunner(study, threads: options.threads, in: context, showing: bars)
        .lookahead(cuts: options.cuts, seed: options.seed.map(UInt64.init))
    } catch {
      try context.checkInterrupt()
      throw CommandError.input(error.message(of: options.path))
    }
    bars.finish()
    try context.checkInterrupt()
    let record = LookaheadRecord(outcome)
    try write(record, context)
    if options.printsJSON {
      context.output.write(record.json.text)
    } else if !options.isQuiet {
      context.output.write(LookaheadSummary(outcome, width: context.output.tableWidth).text)
    }
    return outcome.hasLookahead ? .gateFailed : .done
  }

  private func write(_ record: LookaheadRecord, _ context: CommandContext) throws {
    guard let out = options.out else { return }
    do {
      try context.interrupt.shield {
        var files = try AtomicFolder(path: out, interrupt: context.interrupt)
        try files.write(Array(record.json.text.utf8), to: LookaheadRecord.fileName)
        try files.commit()
      }
    } catch {
      try context.checkInterrupt()
      throw error
    }
  }
}

/// A look-ahead analysis on a terminal.
private struct LookaheadSummary {
  let outcome: LookaheadOutcome
  /// The columns that a table may take.
  let width: Int?

  init(_ outcome: LookaheadOutcome, width: Int?) {
    self.outcome = outcome
    self.width = width
  }

  var text: String {
    let study = outcome.study
    let parameters = "\(study.strategy.parameters)"
    let name = study.strategy.definition.name + (parameters.isEmpty ? "" : " \(parameters)")
    return "\(shown(study.name))\n\(shown(name))\n\n" + verdict(outcome.strategy)
      + outcome.regimes.map { "\n" + verdict($0) }.joined() + warmup + delay
      + "\nWhat this analysis cannot see:\n"
      + LookaheadVerdict.limits.map { "- \($0)\n" }.joined()
  }

  private func verdict(_ verdict: LookaheadVerdict) -> String {
    let moments = verdict.cuts.reduce(0) { $0 + $1.momentCount }
    let period = verdict.cuts.first.map { first in
      " from \(first.time.utcDate) to \(verdict.cuts[verdict.cuts.count - 1].time.utcDate)"
    }
    let cuts = "\(NumberText.count(verdict.cuts.count, "cut"))\(period ?? "")"
    guard let clearest = verdict.clearest else {
      return "\(shown(verdict.subject)): no look-ahead. \(cuts), "
        + "\(NumberText.count(moments, "decision")) compared.\n"
        + (verdict.ignoresBars
          ? NumberText.sentence("note: \(LookaheadVerdict.ignoredBars)") + "\n" : "")
    }
    let hit = verdict.cuts.count { !$0.violations.isEmpty }
    var table = TextTable([
      .left("cut"), .left("bars after it"), .left("difference at"), .left("in"),
      .left("with all bars"), .left("with changed bars"),
    ])
    for cut in verdict.cuts where !cut.violations.isEmpty {
      for violation in cut.violations { table.add(row(violation)) }
      if table.rowCount >= 10 { break }
    }
    return "\(shown(verdict.subject)): LOOK-AHEAD at \(NumberText.grouped(hit)) of \(cuts).\n"
      + "\(clearest.explanation)\n\n\(table.text(in: width))"
      + (hit * 2 > table.rowCount ? "lookahead.json lists all of them (--out, --json).\n" : "")
  }

  private func row(_ violation: LookaheadViolation) -> [String] {
    [
      "\(violation.cut)", violation.change.rawValue,
      violation.time.map { "\($0)" } ?? "the start",
      violation.kind.rawValue + (violation.symbol.map { " of \(shown($0))" } ?? ""),
      shown(violation.withAllBars), shown(violation.withChangedBars),
    ]
  }

  private var warmup: String {
    guard let sensitivity = outcome.warmup, !sensitivity.runs.isEmpty else { return "" }
    let share = NumberFormat.percent(decimals: 2)
    var table = TextTable([
      .right("bars before"), .right("decisions that differ"), .right("largest difference"),
      .left("last difference"), .right("total return"), .right("Sharpe"),
    ])
    for run in sensitivity.runs {
      table.add([
        NumberText.grouped(run.historyBars),
        NumberText.grouped(run.differingCount) + " of " + NumberText.grouped(run.decisionCount),
        share.text(run.largestWeightDifference),
        run.lastDifference.map { "\($0.utcDate)" } ?? "never", share.text(run.totalReturn),
        NumberFormat.ratio.text(run.sharpe),
      ])
    }
    if let last = sensitivity.runs.last {
      table.add([
        NumberText.grouped(sensitivity.longestHistory), "", "", "",
        share.text(last.totalReturnWithAllBars),
        NumberFormat.ratio.text(last.sharpeWithAllBars),
      ])
    }
    return "\nWarm-up: weights held, beside those with all bars before the first decision\n"
      + table.text(in: width)
  }

  private var delay: String {
    let share = NumberFormat.percent(decimals: 2)
    var table = TextTable([
      .left("decisions"), .right("total return"), .right("Sharpe"), .right("worst drawdown"),
    ])
    for (name, metrics) in [
      ("as they are", outcome.delay.asIs), ("one close later", outcome.delay.oneCloseLater),
    ] {
      table.add([
        name, share.text(metrics.totalReturn), NumberFormat.ratio.text(metrics.sharpe),
        share.text(metrics.maxDrawdown),
      ])
    }
    return "\nDelay: an edge that one close destroys depends on how orders fill\n"
      + table.text(in: width)
  }
}

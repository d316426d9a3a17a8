import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension Command {
  /// `gate`: whether a study passes its rules.
  static func gate(_ catalogue: StrategyCatalogue) -> Command {
    var command = Command(
      "gate", summary: "Hold a study or a result to rules, and fail where one does not hold.",
      discussion: """
        The rules are those of --rules, else those of the study's gate section, else the default \
        gate: not ruined, at least 30 closed trades, reproducible, no look-ahead, a deflated \
        Sharpe ratio of at least 0.95 and, where parameters were searched, a probability of \
        backtest overfitting of at most 0.20. A figure without a value fails its rule.

        A study runs, as a walk-forward where it has one, and runs again to see whether it \
        reproduces. The figures of a result.json are judged as they are stored, and its study runs \
        again for the rules that need it.

        --out writes the verdict in all formats, all files or none: gate.txt, gate.md, \
        gate.junit.xml, gate.github.txt, gate.html and gate.json. They replace those of an earlier \
        verdict.
        """
    ) { parameters in
      let options = GateOptions(&parameters)
      return { context in try GateJob(options: options, catalogue: catalogue).perform(in: context) }
    }
    command.isGate = true
    return command
  }
}

/// The parameters of `gate`.
private struct GateOptions: Sendable {
  enum Format: String, Sendable, CaseIterable { case text, json, junit, markdown, github, html }

  var path: String
  var rules: String?
  var baseline: String?
  var format: Format
  var out: String?
  var isRerun: Bool
  var overrides: [String]
  var threads: Int?
  var store: StorePlace
  var isQuiet: Bool

  init(_ parameters: inout ParameterReader) {
    path = parameters.argument(
      "study", .file(endings: ["yaml", "yml", "json"]),
      help: "A study file, or the result.json of an earlier run or its folder.")
    rules = parameters.optionalOption(
      "rules", .file(endings: ["yaml", "yml", "json"]),
      help: "The rules (default: the study's gate section, else the default gate).")
    baseline = parameters.optionalOption(
      "baseline", .file(endings: ["json"]),
      help: "The result.json, or its folder, that rules with worse-by compare with; without such "
        + "rules, the annual return, the Sharpe ratio and the deepest drawdown may be a tenth "
        + "worse.")
    format = parameters.option(
      "format", .choice("format", of: Format.self), default: .text, help: "What is printed.")
    out = parameters.optionalOption(
      "out", short: "o", .folder(), help: "A folder for the verdict in all formats.")
    isRerun = !parameters.flag(
      "no-rerun",
      help: "Do not run the study of a result again; rules that need it fail.")
    overrides = parameters.options(
      "set", .text("key=value"),
      help: "Override a key of the study, such as execution.fill=next-close.")
    threads = parameters.optionalOption(
      "threads", .integer("n", .atLeast(1)), help: "Parallel runs (default: all processors).")
    store = StorePlace(&parameters)
    isQuiet = parameters.flag("quiet", short: "q", help: "Print only errors.")
  }
}

/// One gate over one study or result.
private struct GateJob: Sendable {
  var options: GateOptions
  var catalogue: StrategyCatalogue

  func perform(in context: CommandContext) throws -> ExitCode {
    let path = Self.resultFile(options.path)
    let (study, record) = try Study.read(path, overrides: options.overrides, catalogue: catalogue)
    if record == nil, !options.isRerun {
      throw CommandError.usage("'--no-rerun' is for a result.json; a study has to run")
    }
    if record != nil, !options.overrides.isEmpty {
      throw CommandError.usage(
        "'--set' changes the study, so a stored result says nothing of it; name the study instead")
    }
    let (gate, baseline) = try rules(of: study)
    if let out = options.out { try check(out, study) }
    let kind = record?.kind ?? (study.walkForward == nil ? .run : .walkForward)
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    var runner = StudyRunner(study, threads: options.threads, in: context, showing: bars)
    options.store.open(for: study, &runner, context)
    let run = GateRun(gate, runner: runner, kind: kind)
    var measured: GateRun.Measured
    do {
      measured =
        try record.map { try run.measure(stored: $0, isRerun: options.isRerun) } ?? run.measure()
    } catch {
      try context.checkInterrupt()
      throw CommandError.input((error as? StudyError)?.message(of: path) ?? "\(error)")
    }
    bars.finish()
    try context.checkInterrupt()
    if let baseline {
      if let difference = measured.record.differenceAsBaseline(baseline.record) {
        throw CommandError.input(
          "\(baseline.path) cannot be the baseline of \(path): \(difference)")
      }
      measured.inputs.baseline = GateInputs.Baseline(baseline.record, name: baseline.path)
    }
    let verdict = gate.verdict(on: measured.inputs)
    var report = GateReport(verdict, on: measured.record, from: path, baseline: baseline)
    report.overfitting = measured.inputs.overfitting
    try write(report, context)
    if !options.isQuiet { context.output.write(text(report, in: context.output.tableWidth)) }
    if verdict.isIrreproducible { return .fault }
    return verdict.passes ? .done : .gateFailed
  }

  /// The result in a folder; anything else as it is.
  private static func resultFile(_ path: String) -> String {
    let file = "\(path)/result.json"
    return FolderTree.isFile(file) ? file : path
  }

  /// The rules that hold, and the baseline that they compare with.
  private func rules(
    of study: Study
  ) throws -> (gate: Gate, baseline: (record: ResultRecord, path: String)?) {
    let given = try options.rules.map { try StudyGate(path: $0) } ?? study.gate
    let folder = options.rules.map(folderPath(of:)) ?? study.folder
    var path = options.baseline
    if path == nil, let own = given?.baseline {
      path = own.hasPrefix("/") || folder == "." ? own : "\(folder)/\(own)"
    }
    // A baseline alone is held beside the default rules, not instead of them.
    var rules = given?.rules ?? []
    if rules.isEmpty { rules = Gate.standard.rules }
    let comparing = rules.first { if case .baseline = $0.check { true } else { false } }
    if let comparing, path == nil {
      let place = comparing.place.map { "\($0.file):\($0.line.map { "\($0):" } ?? "") " } ?? ""
      throw CommandError.input(
        "\(place)the rule '\(comparing.text)' needs a baseline; name a result.json with 'baseline' "
          + "beside the rules, or with '--baseline'")
    }
    if comparing == nil, path != nil { rules += Gate.standardBaselineRules }
    let baseline = try path.map(Self.resultFile).map {
      (record: try ResultRecord(path: $0), path: $0)
    }
    return (try Gate(rules: rules), baseline)
  }

  /// Finds out before the work that the files can be written, and that they replace nothing that is
  /// read.
  private func check(_ folder: String, _ study: Study) throws {
    try AtomicFolder.check(folder)
    let inputs = [options.path, options.rules, options.baseline].compactMap(\.self)
    try FileIdentity.check(
      writing: GateReport.names, in: folder, reading: inputs + study.inputs)
  }

  private func write(_ report: GateReport, _ context: CommandContext) throws {
    guard let out = options.out else { return }
    do {
      try context.interrupt.shield {
        var files = try AtomicFolder(path: out, interrupt: context.interrupt)
        for (name, format) in zip(GateReport.names, Self.formats) {
          try files.write(Array(text(report, as: format).utf8), to: name)
        }
        try files.commit()
      }
    } catch {
      try context.checkInterrupt()
      throw error
    }
  }

  /// The formats in the order of the files.
  private static let formats: [GateOptions.Format] = [
    .text, .markdown, .junit, .github, .html, .json,
  ]

  private func text(
    _ report: GateReport, as format: GateOptions.Format? = nil, in width: Int? = nil
  ) -> String {
    switch format ?? options.format {
    case .text: terminalText(report, width)
    case .json: report.json.text
    case .junit: report.junit
    case .markdown: report.markdown
    case .github: report.annotations
    case .html: String(decoding: report.page, as: UTF8.self)
    }
  }

  private func terminalText(_ report: GateReport, _ width: Int?) -> String {
    var table = TextTable([
      .left(""), .left("rule"), .right("value"), .right("bound"), .right("margin"),
      .left("what would change it"),
    ])
    for finding in report.verdict.findings {
      table.add([
        finding.state.rawValue, finding.rule.text, finding.valueText, finding.boundText,
        finding.marginText, shown(finding.change),
      ])
    }
    let lines = [shown(report.record.name), shown(report.subject), report.comparison.map(shown)]
    return lines.compactMap { $0.map { "\($0)\n" } }.joined()
      + "\n\(table.text(in: width))\nGate \(report.outcome).\n"
  }
}

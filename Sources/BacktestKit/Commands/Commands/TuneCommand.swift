import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension Command {
  /// `tune`: a search for parameters that learns from its trials.
  static func tune(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "tune", summary: "Search for a strategy's parameters, learning from each trial.",
      discussion: """
        The study's tune section sets the space of values, the sampler (grid, random, tpe, or a \
        program such as Optuna's), the objective, whether all bars or the test windows of its \
        walk-forward judge a trial, and what ends hopeless trials early. Writes what run writes \
        for the best trial, and tune.csv with a line for each trial.

        The best of many trials is a choice made after the fact. Every trial goes to the store, so \
        that the deflated Sharpe ratio of the best knows how many there were. Results do not \
        depend on the number of threads. A tuning that was killed goes on where it stopped.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let space = parameters.optionalOption(
        "space", .file(endings: ["yaml", "yml", "json"]),
        help: "A file with the values to try, instead of the study's tune.space.")
      let trials = parameters.optionalOption(
        "trials", .integer("n", .atLeast(1)),
        help: "The most trials (default: the study's, or 100).")
      return { context in
        try TuneJob(options: options, catalogue: catalogue, space: space, trials: trials)
          .perform(in: context)
      }
    }
  }
}

/// Tunes studies one after another.
private struct TuneJob: Sendable {
  var options: StudyJobOptions
  var catalogue: StrategyCatalogue
  var space: String?
  var trials: Int?

  func perform(in context: CommandContext) throws -> ExitCode {
    var overrides = options.overrides
    if let space {
      let document = try DocumentReader.read(path: space)
      overrides.append("tune.space=\(JSONValue(document).flow)")
    }
    if let trials { overrides.append("tune.trials=\(trials)") }
    let all = overrides
    var owners: [String: String] = [:]
    return try options.forEachStudy(in: context) { path in
      try perform(path, all, &owners, context)
    }
  }

  private func perform(
    _ path: String, _ overrides: [String], _ owners: inout [String: String],
    _ context: CommandContext
  ) throws {
    let (study, recorded) = try Study.read(path, overrides: overrides, catalogue: catalogue)
    let place = StudyJob(options: options, catalogue: catalogue)
    let folder = try place.folder(
      for: study, path, isRepeated: recorded != nil, command: "tune"
    ).map { try place.claim($0, for: study, path, &owners) }
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    var runner = StudyRunner(study, threads: options.threads, in: context, showing: bars)
    options.store.open(for: study, &runner, context)
    runner.resultFolder = folder?.path
    let outcome = try runner.tune()
    try context.checkInterrupt()
    bars.finish()
    options.store.warn(of: outcome.trials, context)
    if let folder {
      try outcome.write(to: folder, interrupt: context.interrupt)
      options.store.note(folder.path, of: outcome)
    }
    guard !options.isQuiet || options.printsJSON else { return }
    if options.printsJSON {
      let record = try ResultRecord(outcome, folder: folder?.path ?? ".")
      context.output.write(record.json(outcome).text)
    } else {
      context.output.write(ResultSummary(outcome, on: context.output).text)
      if let tuning = outcome.tuning {
        context.output.write(tuningText(tuning, context.output.tableWidth))
      }
      if let folder { context.output.write("\nReport: \(folder.path)/report.html\n") }
    }
  }
}

/// The best trials of a tuning.
private func tuningText(_ tuning: TuningResult, _ width: Int?) -> String {
  let format = tuning.objective.unit.format()
  func count(_ state: TuningTrial.State) -> Int { tuning.trials.count { $0.state == state } }
  var text = "\n\(NumberText.count(tuning.trials.count, "trial"))"
  let parts = [(count(.pruned), "ended early"), (count(.infeasible), "not accepted")]
    .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
  text += parts.isEmpty ? "\n" : ", \(parts.joined(separator: ", "))\n"
  var table = TextTable([
    .right("rank"), .right("trial"), .left("parameters"), .right(tuning.objective.name),
  ])
  for (place, index) in tuning.ranking.prefix(10).enumerated() {
    let trial = tuning.trials[index]
    let pairs = zip(tuning.space.dimensions, trial.values).map { "\($0.name)=\($1)" }
    table.add([
      "\(place + 1)", "\(trial.number)", pairs.joined(separator: " "), format.text(trial.value),
    ])
  }
  return text + table.text(in: width)
}

extension JSONValue {
  /// On one line, as an override takes it.
  fileprivate var flow: String {
    String(decoding: JSONWriter.line(of: self).dropLast(), as: UTF8.self)
  }
}

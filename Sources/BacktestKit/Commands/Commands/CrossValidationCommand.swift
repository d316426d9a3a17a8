import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension Command {
  /// `crossval`: parameters chosen on part of history, tried on the rest, for many ways of cutting.
  static func crossValidation(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "crossval", summary: "Cross-validate a study and report how its figures are spread.",
      discussion: """
        The study's cross-validation section sets the method (purged-k-fold, combinatorial, \
        by-regime, by-asset, by-timeframe or by-year), folds, purge and embargo, the grid of \
        parameters and the objective. The result is a distribution over paths, never one number.

        Writes report.html, result.json, splits.csv and, where test folds join to histories, \
        paths.csv. A job that was killed goes on where it stopped. Results do not depend on the \
        number of threads.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let shard = parameters.shard()
      return { context in
        if let shard {
          return try ShardJob(
            options: options, catalogue: catalogue, job: .crossValidation, shard: shard
          ).perform(in: context)
        }
        return try CrossValidationJob(options: options, catalogue: catalogue).perform(in: context)
      }
    }
  }
}

/// Cross-validates studies one after another, as `StudyJob` runs them.
struct CrossValidationJob: Sendable {
  var options: StudyJobOptions
  var catalogue: StrategyCatalogue

  func perform(in context: CommandContext) throws -> ExitCode {
    var owners: [String: String] = [:]
    return try options.forEachStudy(in: context) { path in try perform(path, &owners, context) }
  }

  private func perform(
    _ path: String, _ owners: inout [String: String], _ context: CommandContext
  ) throws {
    let (study, isRepeated, _) = try CrossValidationOutcome.study(
      path, overrides: options.overrides, catalogue: catalogue)
    let place = StudyJob(options: options, catalogue: catalogue)
    let folder = try place.folder(
      for: study, path, isRepeated: isRepeated, command: "crossval"
    ).map { try place.claim($0, for: study, path, &owners) }
    try perform(study, folder, context)
  }

  /// Does a study whose folder is claimed.
  ///
  /// - Parameter shards: what other processes have done of it.
  func perform(
    _ study: Study, _ folder: ResultFolder?, merging shards: MergedShards? = nil,
    _ context: CommandContext
  ) throws {
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    var runner = StudyRunner(study, threads: options.threads, in: context, showing: bars)
    options.store.open(for: study, &runner, context)
    if let shards { try options.store.merge(shards, into: &runner, context) }
    let outcome = try runner.crossValidate(keepingUnitsBeside: folder?.path)
    try context.checkInterrupt()
    bars.finish()
    options.store.warn(of: outcome.trials, context)
    if let folder {
      bars.show("\(study.name): writing", 0, of: 0)
      try outcome.write(to: folder, interrupt: context.interrupt)
    }
    bars.finish()
    try context.checkInterrupt()
    if options.printsJSON {
      context.output.write(try outcome.json(folder: folder?.path ?? ".").text)
    } else if !options.isQuiet {
      context.output.write(CrossValidationSummary(outcome, on: context.output).text)
      if let folder { context.output.write("\nReport: \(folder.path)/report.html\n") }
    }
  }
}

/// The summary of a cross-validation on a terminal.
struct CrossValidationSummary {
  let outcome: CrossValidationOutcome
  /// The columns that a table may take; `nil` where lines may be long.
  let tableWidth: Int?

  init(_ outcome: CrossValidationOutcome, on output: any TextStream) {
    self.outcome = outcome
    tableWidth = output.tableWidth
  }

  var text: String {
    let result = outcome.result
    let symbols = outcome.market.universe.series.map(\.instrument.symbol)
    var lines = [outcome.study.name, "\(result.strategy) on \(symbols.joined(separator: ", "))"]
    let first = result.markets.map(\.dates.lowerBound).min()
    let last = result.markets.map(\.dates.upperBound).max()
    if let first, let last { lines.append("\(first) to \(last), \(barText)") }
    lines += [method, spread]
    lines += groups
    let caveats = outcome.caveats.map { listItem($0.message, in: tableWidth) }.joined()
    return lines.map { paragraph($0, in: tableWidth) }.joined() + "\n" + table
      + (caveats.isEmpty ? "" : "\nCaveats:\n" + caveats)
      + "\n\(paragraph(NumberText.capitalized(outcome.trials.text), in: tableWidth))"
      + "Fingerprint: \(result.fingerprint)\n"
  }

  private var barText: String {
    let result = outcome.result
    guard result.markets.count > 1 else {
      return NumberText.count(result.markets[0].barCount, "bar")
    }
    return result.markets.map { "\(NumberText.count($0.barCount, "bar")) of \($0.name)" }
      .joined(separator: ", ")
  }

  private var method: String {
    let (result, plan) = (outcome.result, outcome.result.plan)
    var parts = [plan.method.rawValue]
    switch plan.method {
    case .purgedKFold: parts.append(NumberText.count(plan.foldCount, "fold"))
    case .combinatorial: parts.append("\(plan.testFoldCount) of \(plan.foldCount) folds tested")
    case .byRegime: parts.append(result.regimes ?? "")
    case .byAsset, .byTimeframe, .byYear: break
    }
    parts.append(NumberText.count(result.splits.count, "split"))
    if result.paths.count > 1 { parts.append(NumberText.count(result.paths.count, "path")) }
    parts.append(NumberText.count(result.candidates.count, "candidate"))
    return parts.joined(separator: ", ")
  }

  private var spread: String {
    let result = outcome.result
    let (name, unit) = (result.objective.name, result.unit)
    let format = result.objective.unit.format()
    guard let found = result.distribution(of: name) else {
      return "\(name) out of sample is not defined on any \(unit)"
    }
    let inSample =
      result.choosesNothing
      ? "nothing was chosen" : "in sample \(format.text(result.meanInSample)) (mean over splits)"
    let losing = NumberFormat.percent(decimals: 0).text(result.losingShare)
    return "\(name) out of sample: median \(format.text(found.median)) over "
      + "\(NumberText.count(result.figures.count, unit)), of which \(losing) lost money; "
      + inSample
  }

  /// The values behind the distribution, where they are few.
  private var groups: [String] {
    let result = outcome.result
    guard result.paths.count < 2, result.splits.count <= 8 else { return [] }
    let format = result.objective.unit.format()
    let values = result.splits.map { "\($0.name) \(format.text($0.test.objective))" }
    return [values.joined(separator: ", ")]
  }

  private var table: String {
    let result = outcome.result
    var table = TextTable([
      .left("over \(result.unit)s"), .right("lowest"), .right("lower quartile"), .right("median"),
      .right("upper quartile"), .right("highest"),
    ])
    for name in result.figureNames {
      guard let metric = Metrics.find(name), let spread = result.distribution(of: name) else {
        continue
      }
      let format = metric.unit.format(currency: outcome.study.configuration.account.currency)
      let values = [
        spread.minimum, spread.lowerQuartile, spread.median, spread.upperQuartile, spread.maximum,
      ]
      table.add([metric.title] + values.map { format.text($0) })
    }
    return table.text(in: tableWidth)
  }
}

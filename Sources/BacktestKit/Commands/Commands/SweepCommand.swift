import BacktestCore
import BacktestEvidence
import BacktestReports
import BacktestStudies

extension Command {
  /// `sweep`: every set of parameters on all bars.
  static func sweep(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "sweep", summary: "Run every set of parameters of a study's grid on all its bars.",
      discussion: """
        The study's sweep section sets the grid, the objective and the search; without one the \
        grid of its walk-forward is taken. Writes what run writes for the best set, with heat \
        maps in report.html, and sweep.csv with every metric of each set.

        The best of many sets is a choice made after the fact. Its number of trials, its deflated \
        Sharpe ratio and its neighbours in the grid come with it. Results do not depend on the \
        number of threads. A sweep that was killed goes on where it stopped.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let shard = parameters.shard()
      return { context in
        if let shard {
          return try ShardJob(options: options, catalogue: catalogue, job: .sweep, shard: shard)
            .perform(in: context)
        }
        return try StudyJob(options: options, catalogue: catalogue, kind: .sweep)
          .perform(in: context, show: showSweep)
      }
    }
  }

  /// `sensitivity`: one thing changed at a time.
  static func sensitivity(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "sensitivity", summary: "Run a study again with one thing changed at a time.",
      discussion: """
        Changes costs, the delay of decisions, each parameter, the first decision and the size of \
        the account, and measures times of stress. The study's sensitivity section says how far. \
        The break-even cost is what trading may cost, in basis points of what is traded, until \
        nothing is earned.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let names = SensitivityPlan.Part.allCases.map(\.rawValue)
      let chosen = parameters.options(
        "only", .oneOf(names, name: "part"), help: "What to change (default: everything).")
      let parts = chosen.compactMap { SensitivityPlan.Part(rawValue: $0) }
      return { context in
        var job = StudyJob(options: options, catalogue: catalogue, kind: .sensitivity)
        job.sensitivityParts = parts.isEmpty ? nil : Set(parts)
        return try job.perform(in: context) { outcome, context in
          if let result = outcome.sensitivity {
            context.output.write(sensitivityText(result, context.output.tableWidth))
          }
        }
      }
    }
  }
}

/// Shows the best sets of an outcome that is a sweep.
func showSweep(_ outcome: StudyOutcome, _ context: CommandContext) {
  if let sweep = outcome.sweep { context.output.write(sweepText(sweep, context.output)) }
}

/// The best sets of a sweep with what qualifies them.
private func sweepText(_ sweep: ParameterSweepResult, _ output: any TextStream) -> String {
  let format = sweep.objective.unit.format()
  var text = "\nSweep of \(NumberText.count(sweep.sets.count, "set"))"
  text +=
    sweep.infeasibleCount > 0
    ? " (the strategy does not accept \(NumberText.grouped(sweep.infeasibleCount)) more)" : ""
  text += ", \(sweep.dates.lowerBound) to \(sweep.dates.upperBound)\n"
  text += "\(sweep.evidenceSentence)\n"
  if let best = sweep.best {
    text += "Best: \(shown(best, sweep)). \(sweep.neighbourhoodSentence(of: best))\n"
  }
  if let plateau = sweep.plateau, plateau != sweep.best {
    text += "Plateau: \(shown(plateau, sweep)). \(sweep.neighbourhoodSentence(of: plateau))\n"
  }
  var table = TextTable([
    .right("rank"), .left("parameters"), .right(sweep.objective.name),
    .right("neighbours' median"), .right("worst"),
  ])
  for (place, set) in sweep.ranking.prefix(10).enumerated() {
    let around = sweep.neighbourhood(of: set)
    table.add([
      "\(place + 1)", shown(set, sweep), format.text(sweep.objectiveValue(of: set)),
      format.text(around?.median), format.text(around?.worst),
    ])
  }
  return text + table.text(in: output.tableWidth) + rankingLine(sweep, output.drawingWidth)
}

/// The objective of all sets as a line of blocks, which shows whether the best stand apart; empty
/// where no person looks.
private func rankingLine(_ sweep: ParameterSweepResult, _ width: Int?) -> String {
  let name = "best to worst  "
  guard let width, width > name.count + 8 else { return "" }
  let values = sweep.ranking.compactMap { sweep.objectiveValue(of: $0) }
  let blocks = Sparkline.text(of: values, width: min(width - name.count, 60))
  return blocks.isEmpty ? "" : "\(name)\(blocks)\n"
}

/// The parameters of a set that vary.
private func shown(_ set: Int, _ sweep: ParameterSweepResult) -> String {
  let pairs = sweep.grid.dimensions.compactMap { dimension in
    sweep.sets[set][dimension.name].map { "\(dimension.name)=\($0)" }
  }
  return pairs.isEmpty ? "as given" : pairs.joined(separator: " ")
}

/// The tables of a sensitivity analysis.
private func sensitivityText(_ result: SensitivityResult, _ width: Int?) -> String {
  let (ratio, percent) = (NumberFormat.ratio, NumberFormat.percent(decimals: 2))
  var text = ""
  if let breakEven = result.breakEven { text += "\n\(breakEven.sentence)\n" }
  for part in result.tables {
    if let absence = part.absence {
      text += "\n\(part.part.rawValue): not looked at: \(absence)\n"
      continue
    }
    var table = TextTable([
      .left(part.part.rawValue), .right("total return"), .right("Sharpe"),
      .right("max drawdown"), .right("trades"), .right("cost, bp"),
    ])
    for row in part.rows {
      table.add([
        row.isBase && part.part != .parameters ? "\(row.label) (as given)" : row.label,
        percent.text(row.figures.totalReturn), ratio.text(row.figures.sharpe),
        percent.text(row.figures.maxDrawdown), NumberText.grouped(row.figures.tradeCount),
        NumberFormat.number(decimals: 1).text(row.figures.costBasisPoints),
      ])
    }
    text += "\n\(table.text(in: width))"
  }
  if !result.stress.isEmpty {
    var table = TextTable([
      .left("stress"), .left("from"), .left("to"), .right("total return"),
      .right("max drawdown"),
    ])
    for outcome in result.stress {
      table.add([
        outcome.window.name, outcome.window.dates.lowerBound.description,
        outcome.window.dates.upperBound.description, percent.text(outcome.totalReturn),
        percent.text(outcome.maxDrawdown),
      ])
    }
    text += "\n\(table.text(in: width))"
  }
  return text
}

import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

extension Command {
  /// `runs`: what was tried before.
  static var runs: Command {
    Command(
      "runs", summary: "List, compare and annotate stored runs, and count their trials.",
      discussion: """
        Every run, sweep and validation stores its trials in .backtestkit/runs.sqlite beside its \
        study. These commands look for that file in the current folder unless --store names \
        another.
        """,
      subcommands: [
        runsList, runsShow, runsCompare, runsNote, runsTag, runsExport, runsImport, runsPrune,
      ])
  }

  private static var runsList: Command {
    Command(
      "list", summary: "List the stored runs, and count the trials of each family.",
      discussion: "The latest run comes first, or the best with --sort."
    ) { parameters in
      let place = StorePlace(&parameters)
      let filter = RunFilter(&parameters)
      let sort = parameters.optionalOption(
        "sort", .oneOf(Metrics.all.map(\.name), name: "metric"),
        help: "The metric that orders the runs, the best first.")
      let limit = parameters.option(
        "limit", .integer("n", .atLeast(1)), default: 20, help: "The most runs to list.")
      let printsJSON = parameters.flag("json", help: "Print JSON instead of tables.")
      return { context in
        let store = try place.store(writing: false, context)
        let metric = sort.flatMap { Metrics.find($0) }
        let runs = try store.runs(
          filter, by: sort, ascending: metric?.higherIsBetter == false, limit: limit)
        let families = try store.families(filter.family)
        if printsJSON {
          let json: JSONValue = [
            "families": .list(families.map(\.json)), "runs": .list(runs.map(\.json)),
          ]
          context.output.write(json.text)
        } else {
          let count = try store.runCount(filter)
          let width = context.output.tableWidth
          context.output.write(
            runTable(runs, sort: metric, width) + "\n" + familyTable(families, width)
              + (runs.count < count
                ? "\n\(NumberText.grouped(runs.count)) of \(NumberText.count(count, "run")) "
                  + "shown; see more with --limit.\n" : ""))
        }
        return .done
      }
    }
  }

  private static var runsShow: Command {
    Command("show", summary: "Show a stored run: its rules, metrics, tags and notes.") {
      parameters in
      let place = StorePlace(&parameters)
      let name = parameters.argument("run", .run, help: "The run's number or fingerprint.")
      let printsJSON = parameters.flag("json", help: "Print JSON instead of text.")
      return { context in
        let run = try place.store(writing: false, context).run(name)
        context.output.write(printsJSON ? run.json.text : RunMarkdown.run(run, level: 1))
        return .done
      }
    }
  }

  private static var runsCompare: Command {
    Command(
      "compare", summary: "Compare two stored runs: the rules that differ, and their metrics.",
      discussion: "With --all, also the rules that are the same and metrics that are equal."
    ) { parameters in
      let place = StorePlace(&parameters)
      let names = [
        parameters.argument("first", .run, help: "The number or fingerprint of a run."),
        parameters.argument("second", .run, help: "The number or fingerprint of another."),
      ]
      let showsAll = parameters.flag("all", help: "Show what is the same as well.")
      let printsJSON = parameters.flag("json", help: "Print JSON instead of tables.")
      return { context in
        let store = try place.store(writing: false, context)
        let comparison = RunComparison(
          first: try store.run(names[0]), second: try store.run(names[1]), showsAll: showsAll)
        let width = context.output.tableWidth
        context.output.write(printsJSON ? comparison.json.text : comparison.text(in: width))
        return .done
      }
    }
  }

  private static var runsNote: Command {
    Command(
      "note", summary: "Write something down about a run or a family.",
      discussion: "Decisions, doubts, what to try next: 'runs export' prints all notes."
    ) { parameters in
      let place = StorePlace(&parameters)
      let family = parameters.optionalOption(
        "family", .integer("number", .atLeast(1)),
        help: "The number of a family, as 'runs list' shows it, instead of a run.")
      let words = parameters.arguments(
        "words", .text("words"), isRequired: true,
        help: "The run's number or fingerprint, then the text; only the text with --family.")
      parameters.require(
        family != nil || words.count > 1, "a run and a text are needed: 'runs note 12 \"text\"'")
      return { context in
        let store = try place.store(writing: true, context)
        if let family {
          try store.note(words.joined(separator: " "), family: family)
        } else {
          let run = try store.run(words[0])
          try store.note(words.dropFirst().joined(separator: " "), run: run.number)
        }
        return .done
      }
    }
  }

  private static var runsTag: Command {
    Command("tag", summary: "Give tags to a run, or take them away.") { parameters in
      let place = StorePlace(&parameters)
      let removed = parameters.options(
        "remove", .text("tag"), help: "A tag to take away.")
      let name = parameters.argument("run", .run, help: "The run's number or fingerprint.")
      let added = parameters.arguments("tags", .text("tag"), help: "Tags to give.")
      parameters.require(
        !added.isEmpty || !removed.isEmpty, "no tag is given; write 'runs tag 12 keep'")
      return { context in
        let store = try place.store(writing: true, context)
        let run = try store.run(name)
        try store.tag(run: run.number, adding: added, removing: removed)
        let tags = try store.run("\(run.number)").tags
        context.output.write(
          "run \(run.number): \(tags.isEmpty ? "no tags" : tags.joined(separator: ", "))\n")
        return .done
      }
    }
  }
}

extension RunFilter {
  /// The options by which runs are chosen.
  init(_ parameters: inout ParameterReader) {
    self.init(
      family: parameters.optionalOption(
        "family", .text("text"),
        help: "Only families whose strategy or symbols have this text, or the family of a number."),
      tag: parameters.optionalOption("tag", .text("tag"), help: "Only runs with this tag."),
      name: parameters.optionalOption(
        "name", .text("text"), help: "Only runs whose name has this text."))
  }
}

extension ArgumentRule where Value == String {
  /// A run of the store.
  fileprivate static var run: ArgumentRule { .text("run") }
}

private func runTable(
  _ runs: [StoredRun], sort: MetricDefinition?, _ width: Int?
) -> String {
  guard !runs.isEmpty else { return "No runs.\n" }
  var names = ["sharpe", "cagr", "max-drawdown"]
  if let sort, !names.contains(sort.name) { names.insert(sort.name, at: 0) }
  let metrics = names.compactMap { Metrics.find($0) }
  var table = TextTable(
    [.right("run"), .left("name")] + metrics.map { .right($0.title) } + [
      .left("kind"), .left("stored"), .left("family"), .left("tags"), .right("notes"),
    ])
  for run in runs {
    table.add(
      ["\(run.number)", run.name.cut(to: 30)]
        + metrics.map { $0.unit.format().text(run.metrics[$0.name]) } + [
          run.kind, run.recordedAt.map { String($0.description.prefix(10)) } ?? "–",
          run.family.description.cut(to: 36), run.tags.joined(separator: " "),
          run.notes.isEmpty ? "" : "\(run.notes.count)",
        ])
  }
  return table.text(in: width)
}

private func familyTable(_ families: [StoredFamily], _ width: Int?) -> String {
  var table = TextTable([
    .right("family"), .left("strategy and market"), .right("trials"), .right("configurations"),
    .right("forgotten"), .right("runs"),
  ])
  for family in families {
    table.add([
      "\(family.number)", family.family.description.cut(to: 60),
      NumberText.grouped(family.trialCount), NumberText.grouped(family.configurationCount),
      NumberText.grouped(family.forgottenCount), NumberText.grouped(family.runCount),
    ])
  }
  return table.text(in: width)
}

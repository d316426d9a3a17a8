import BacktestCore
import BacktestFiles
import BacktestStudies

extension Command {
  static var runsExport: Command {
    Command(
      "export", summary: "Write all runs, counts and notes as Markdown, or copy the store.",
      discussion: """
        Without --out the Markdown goes to standard output. A file that ends in .sqlite gets a \
        copy of the whole store, which 'runs import' reads.
        """
    ) { parameters in
      let place = StorePlace(&parameters)
      let filter = RunFilter(&parameters)
      let out = parameters.optionalOption(
        "out", short: "o", .file(endings: ["md", "sqlite"]),
        help: "The file to write, .md or .sqlite.")
      parameters.require(
        out.map { $0.hasSuffix(".md") || $0.hasSuffix(".sqlite") } ?? true,
        "'--out' must end in .md or .sqlite")
      parameters.require(
        filter.isEmpty || !(out?.hasSuffix(".sqlite") ?? false),
        "a copy of the store has all its runs; leave out the filters")
      return { context in
        let store = try place.store(writing: false, context)
        guard let out else {
          context.output.write(try RunMarkdown.text(of: store, filter))
          return .done
        }
        if out.hasSuffix(".sqlite") {
          try store.copy(to: out)
        } else {
          try FileBytes.write(Array(try RunMarkdown.text(of: store, filter).utf8), to: out)
        }
        return .done
      }
    }
  }

  static var runsImport: Command {
    Command(
      "import", summary: "Add the runs and trials of another store to this one.",
      discussion: """
        The other store is checked completely first. Trials and runs that this one has already \
        are not counted again.
        """
    ) { parameters in
      let place = StorePlace(&parameters)
      let path = parameters.argument(
        "file", .file(endings: ["sqlite"]), help: "The other store.")
      return { context in
        let other = try RunStore(reading: path)
        let store = try place.storeToFill(context)
        let added = try store.add(other)
        context.output.write(
          "\(NumberText.count(added.trials, "trial")) and \(NumberText.count(added.runs, "run")) "
            + "added\n")
        return .done
      }
    }
  }

  static var runsPrune: Command {
    Command(
      "prune", summary: "Remove stored runs and the returns of trials, and keep the count.",
      discussion: """
        Runs that match are removed, and so are the returns of all trials of the family, or from \
        before the date. The trials themselves stay counted: a count without the losers would \
        make every winner look better than it is. --forget removes them from the count too; how \
        many were forgotten is shown with every later count.
        """
    ) { parameters in
      let place = StorePlace(&parameters)
      var filter = RunFilter(&parameters)
      let before = parameters.optionalOption(
        "before", .date(), help: "Only what was stored before this day.")
      filter.before = before.map { Timestamp(seconds: Int64($0.daysSinceEpoch) * 86_400) }
      let forgets = parameters.flag(
        "forget", help: "Remove trials from the count as well; needs --family or --before alone.")
      let isDry = parameters.flag("dry-run", help: "Only say what would be removed.")
      let wanted = filter
      parameters.require(
        !wanted.isEmpty, "say what to remove: --family, --before, --tag or --name")
      parameters.require(
        !forgets || (wanted.tag == nil && wanted.name == nil),
        "'--forget' is about trials, which have no tags and no names; use --family or --before")
      return { context in
        let store = try place.store(writing: true, context)
        let pruned = try store.prune(wanted, forgetsTrials: forgets, isDry: isDry)
        let verb = isDry ? "would be" : (pruned.runs == 1 ? "was" : "were")
        context.output.write(
          "\(NumberText.count(pruned.runs, "run")) \(verb) removed, with the returns of "
            + "\(NumberText.count(pruned.returns, "trial")); "
            + (forgets
              ? "\(NumberText.count(pruned.forgotten, "trial")) forgotten\n"
              : "all trials stay counted\n"))
        return .done
      }
    }
  }
}

extension StorePlace {
  /// The store of a command that adds to it, which is made where it is missing.
  func storeToFill(_ context: CommandContext) throws -> RunStore {
    guard let path = path(for: ".") else {
      throw CommandError.input("this command needs a store; name one with '--store'")
    }
    return try RunStore(path: path, now: context.wallClock)
  }
}

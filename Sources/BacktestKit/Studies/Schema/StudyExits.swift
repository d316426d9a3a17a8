import BacktestCore
import BacktestFiles

extension StudyTable<BacktestConfiguration> {
  /// The keys of `exits`.
  static var exits: StudyTable {
    StudyTable(
      initial: BacktestConfiguration(),
      keys: ExitKeys.all.map { StudyKey($0) } + [.scaleOut],
      before: { table, configuration in
        if !configuration.accounting.placesOrders, !table.keys.isEmpty {
          table.report(
            "'exits' are orders, but 'account.accounting' has the rule 'weights', under which "
              + "there are none; leave one of the two out")
        }
      },
      after: { table, configuration in
        let exits = configuration.exits
        if let problem = exits.problem { table.report(problem) }
        if !exits.isActive, !table.keys.isEmpty {
          table.report(
            "'exits' has no exit: give 'stop-loss', 'take-profit', 'trailing-stop', 'break-even', "
              + "'time-exit' or 'scale-out', or leave it out")
        } else if !exits.needsRange, table.node("atr-bars") != nil {
          table.report("'atr-bars' goes with a distance in 'atr', such as '3 atr'", at: "atr-bars")
        }
      })
  }
}

extension StudyTable<PartialExit> {
  /// The keys of a part of `exits.scale-out`.
  fileprivate static var partialExit: StudyTable {
    StudyTable(
      initial: PartialExit(at: .percent(1), share: 1),
      keys: [
        .required("at", \.distance, .distance, "How far ahead of the average entry price it lies.")
          .example("5%"),
        .required(
          "share", \.share, .number(.share), "The share of the position that it closes."
        ).example("0.5"),
      ])
  }
}

extension StudyKey<BacktestConfiguration> {
  fileprivate static var scaleOut: StudyKey {
    var row = StudyRow("scale-out", "Limits that close parts of a position.")
    row.values = "list of tables"
    row.absence = "none"
    row.example = "[{at: 5%, share: 0.5}]"
    row.table = StudyTable<PartialExit>.partialExit.rows
    row.isList = true
    return StudyKey(
      row,
      read: { table, root in
        if table.node("scale-out") == nil { return }
        root.exits.scaleOut = table.sections(
          "scale-out", StudyTable<PartialExit>.partialExit.value)
      },
      json: { root in
        guard !root.exits.scaleOut.isEmpty else { return nil }
        return .list(root.exits.scaleOut.map(StudyTable<PartialExit>.partialExit.json))
      })
  }
}

extension BacktestConfiguration {
  /// The exits as `result.json` and digests have them; `nil` in a run without exits.
  var exitsJSON: JSONValue? {
    guard exits.isActive else { return nil }
    return StudyTable.exits.json(self)
  }
}

import BacktestCore
package import BacktestEvidence
import BacktestFiles

/// What a study says of its sensitivity analysis.
package struct StudySensitivity: Sendable {
  /// What is changed, and how far.
  package var plan = SensitivityPlan()

  init() {}

  /// The keys of `sensitivity`.
  static var table: StudyTable<StudySensitivity> {
    let positive = DocumentRule<Double>.number(.positive)
    return StudyTable(
      initial: StudySensitivity(),
      keys: [
        .list(
          "costs", \.plan.costMultiples, of: .number(.notNegative),
          "Multiples of commission and slippage; basis points of slippage where trading is free. "
            + "An empty list, here and below, leaves the table out."
        ).example("[0, 1, 2, 4]"),
        .list(
          "delay", \.plan.delays, of: .integer(.notNegative),
          "How many closes late decisions are carried out."
        ).example("[0, 1, 5]"),
        .value(
          "steps", \.plan.steps, .integer(.atLeast(1)),
          "Steps up and down from each parameter: of the grid, or of a tenth."
        ).example("1"),
        .list(
          "start", \.plan.startShifts, of: .integer(.notNegative),
          "By how many bars the first decision is moved back."
        ).example("[0, 1, 5, 21]"),
        .list("cash", \.plan.cashMultiples, of: positive, "Multiples of the initial cash.")
          .example("[1, 10, 100]"),
        .value(
          "participation", \.plan.participation, .number(.share),
          "The share of a bar's volume that orders may take while cash is multiplied, where "
            + "`execution.participation` says nothing."
        ).example("0.05"),
        stress,
      ])
  }

  private static var stress: StudyKey<StudySensitivity> {
    var row = StudyRow("stress", "Times of stress, each measured from the last close before it.")
    row.values = "list of tables"
    row.absence = "falls of the American stock market that are known by name"
    row.table = StressKeys.table.rows
    row.isList = true
    return StudyKey(
      row,
      read: { table, sensitivity in
        guard table.node("stress") != nil else { return }
        sensitivity.plan.stressWindows = table.sections("stress", StressKeys.table.value)
          .compactMap(\.window)
      })
  }
}

/// A time of stress as a study gives it.
private struct StressKeys: Sendable {
  var name = ""
  var from = CivilDate(daysSinceEpoch: 0)
  var through = CivilDate(daysSinceEpoch: 0)

  var window: StressWindow? { from <= through ? StressWindow(name, from...through) : nil }

  static var table: StudyTable<StressKeys> {
    StudyTable(
      initial: StressKeys(),
      keys: [
        .required("name", \.name, .text, "What it is called.").example("Oil price 2014"),
        .required("from", \.from, .date, "The first day; the base is the last close before it.")
          .example("2014-06-20"),
        .required("to", \.through, .date, "The last day.").example("2015-01-29"),
      ],
      after: { table, keys in
        if keys.through < keys.from { table.report("'to' lies before 'from'", at: "to") }
      })
  }
}

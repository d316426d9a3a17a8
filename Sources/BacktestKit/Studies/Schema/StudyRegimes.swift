import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestIngest

extension Study {
  /// The regimes that a study can name.
  public enum RegimeChoice: String, Sendable, CaseIterable {
    /// Bull and bear by the 20 % rule.
    case bullBear = "bull-bear"
    /// Terciles of volatility.
    case volatility
    /// Up and down by a moving average.
    case trend
    /// The states of a hidden Markov model.
    case hiddenMarkov = "hmm"
    /// Labels that a file dates.
    case file
  }
}

/// What a study says of its regimes besides their names.
package struct StudyRegimes: Sendable {
  /// The regimes by name; `nil` leaves it to the sections that are given.
  var by: [Study.RegimeChoice]?
  /// The instrument whose prices tell the regimes, or `equal-parts`; `nil` takes the benchmark,
  /// else equal parts.
  package var of: String?
  /// The moving average.
  var trend: Trend?
  /// The hidden Markov model.
  var hiddenMarkov: HiddenMarkov?
  /// The labels of a file.
  package var file: LabelFile?

  /// What `of` says for equal parts of all instruments.
  package static let equalParts = "equal-parts"
  /// The regimes where nothing names any.
  package static let standard: [Study.RegimeChoice] = [.bullBear, .volatility]

  struct Trend: Sendable {
    var window = 200
    var band = 0.0
  }

  struct HiddenMarkov: Sendable {
    var states = 2
    var history = 504
    var refit: Int?
  }

  /// Labels by date in a CSV file, which may be a data file with a column of labels.
  package struct LabelFile: Sendable {
    /// The file; relative to the study's folder.
    package var path = ""
    var date: String?
    var label: String?
    var knownFrom: String?
    var lag: Int?
  }

  /// The regimes by which a run is split.
  fileprivate var choices: [Study.RegimeChoice] {
    if let by { return by }
    let given: [(Study.RegimeChoice, Bool)] = [
      (.trend, trend != nil), (.hiddenMarkov, hiddenMarkov != nil), (.file, file != nil),
    ]
    let named = given.filter(\.1).map(\.0)
    return named.isEmpty ? Self.standard : named
  }
}

// Keys
extension StudyRegimes {
  /// The key `regimes`: a list of names, or a table with settings.
  static var key: StudyKey<Study> {
    let names = DocumentRule<Study.RegimeChoice>.choice()
    var row = StudyRow(
      "regimes", "The regimes by which the run is split: their names, or a table with settings.")
    row.values = "list of names, or table"
    row.absence = "none"
    row.example = "[bull-bear, volatility]"
    row.table = table.rows
    return StudyKey(row) { document, study in
      if document.node("regimes")?.kind == .table {
        let regimes = document.section("regimes", table.value)
        study.regimeSettings = regimes
        study.regimes = regimes.choices
      } else if let found = document.optionalList("regimes", of: names, takesSingle: false) {
        study.regimes = found
      }
      if study.regimes.contains(.file), study.regimeSettings.file == nil {
        document.report(
          "the regimes 'file' need their labels: add 'regimes.file' with a 'path'", at: "regimes")
      }
      if Set(study.regimes).count != study.regimes.count {
        document.report("a kind of regimes is named twice; remove one", at: "regimes")
      }
    }
  }

  private static var table: StudyTable<StudyRegimes> {
    StudyTable(
      initial: StudyRegimes(),
      keys: [
        .optionalList("by", \.by, of: .choice(), "The regimes by name.")
          .absent("those with a section here, else `[bull-bear, volatility]`")
          .example("[bull-bear, hmm]"),
        .optional(
          "of", \.of, .text,
          "The instrument of the data whose prices tell the regimes, or `equal-parts` of all."
        ).absent("the benchmark, else `equal-parts`").example("AAA"),
        .optionalTable(
          "trend", \.trend, trendTable, "Settings of `trend`: closes against their average."),
        .optionalTable(
          "hmm", \.hiddenMarkov, hiddenMarkovTable,
          "Settings of `hmm`: states of a Gaussian hidden Markov model of returns."),
        .optionalTable("file", \.file, fileTable, "The labels of `file`."),
      ])
  }

  private static var trendTable: StudyTable<Trend> {
    StudyTable(
      initial: Trend(),
      keys: [
        .value("window", \.window, .integer(.atLeast(2)), "Closes in the moving average.")
          .example("100"),
        .value(
          "band", \.band, .number(.within(0...0.99)),
          "How far a close must lie beyond the average to change the label, as a fraction of it."
        ).example("0.02"),
      ])
  }

  private static var hiddenMarkovTable: StudyTable<HiddenMarkov> {
    StudyTable(
      initial: HiddenMarkov(),
      keys: [
        .value("states", \.states, .integer(.within(2...8)), "How many states.").example("3"),
        .value(
          "history", \.history, .integer(.atLeast(20)),
          "Returns before the first label known at the time."
        ).example("756"),
        .optional(
          "refit", \.refit, .integer(.atLeast(1)),
          "Returns after which the model for labels known at the time is fitted again."
        ).absent("252, or a tenth of the returns so far where that is more").example("63"),
      ],
      after: { table, found in
        let needed = 10 * found.states
        guard found.history < needed else { return }
        table.report(
          "\(found.states) states need a 'history' of \(needed) returns or more, not "
            + "\(found.history)", at: "history")
      })
  }

  private static var fileTable: StudyTable<LabelFile> {
    StudyTable(
      initial: LabelFile(),
      keys: [
        .required(
          "path", \.path, .text,
          "A CSV file of dates and labels, or a data file with a column of labels."
        ).values("file").example("recessions.csv"),
        .optional(
          "date", \.date, .text, "The column of dates from which labels hold, until the next one."
        ).values("column name").absent("found by name").example("Date"),
        .optional(
          "label", \.label, .text, "The column of labels; an empty one ends the label before it."
        ).values("column name").absent("found by name").example("phase"),
        .optional(
          "known-from", \.knownFrom, .text,
          "The column of dates at whose close labels were known."
        ).values("column name").absent("known in hindsight only, unless `lag` is given")
          .example("announced"),
        .optional(
          "lag", \.lag, .integer(.notNegative),
          "Calendar days after its date at whose close a label was known."
        ).absent("known in hindsight only, unless `known-from` is given").example("1"),
      ],
      after: { table, file in
        if file.knownFrom != nil, file.lag != nil {
          table.report("a label is known by 'known-from' or by a 'lag'; give one", at: "lag")
        }
      })
  }
}

extension Study {
  /// The classifier of a regime with the study's settings.
  ///
  /// - Throws: `StudyError` where a file of labels cannot be used.
  func classifier(of choice: RegimeChoice) throws(StudyError) -> any RegimeClassifier {
    switch choice {
    case .bullBear: return BullBear()
    case .volatility: return VolatilityTerciles()
    case .trend:
      let trend = regimeSettings.trend ?? StudyRegimes.Trend()
      return PriceTrend(window: trend.window, band: trend.band)
    case .hiddenMarkov:
      let model = regimeSettings.hiddenMarkov ?? StudyRegimes.HiddenMarkov()
      return HiddenMarkovRegimes(
        states: model.states, minimumHistory: model.history, refit: model.refit, seed: seed)
    case .file: return try datedRegimes(regimeSettings.file ?? StudyRegimes.LabelFile())
    }
  }

  private func datedRegimes(_ file: StudyRegimes.LabelFile) throws(StudyError) -> DatedRegimes {
    var columns = CSVLabels()
    columns.date = file.date
    columns.label = file.label
    columns.knownFrom = file.knownFrom
    columns.timeFormat = data.mapping.timeFormat
    let labels = columns
    return try StudyError.wrapping(.file) {
      let entries = try labels.load(resolved(file.path)).map { row in
        DatedRegimes.Entry(
          date: row.date, label: row.label.isEmpty ? nil : row.label,
          knownFrom: row.knownFrom ?? file.lag.map { row.date.adding(days: $0) })
      }
      let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
      return try DatedRegimes(
        name: "labels of \(name)", calendar: data.calendar, entries: entries)
    }
  }
}

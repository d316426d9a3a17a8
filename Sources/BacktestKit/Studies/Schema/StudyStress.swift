import BacktestCore
import BacktestFiles

/// A change of the market as a study gives it.
struct StudyStress: Sendable {
  var shock: Double?
  var volatility: Double?
  var gaps: Int?
  var gapSize = -0.1
  var missing: Double?
  var correlation: Double?
  var isHalted = false
  var symbols: [String]?
  var from: CivilDate?
  var through: CivilDate?

  /// The kinds of change that the entry names.
  private var changes: [MarketStress.Change] {
    [
      shock.map { .shock($0) }, volatility.map { .volatility($0) },
      gaps.map { .gaps(count: $0, size: gapSize) }, missing.map { .missingBars($0) },
      correlation.map { .correlation($0) }, isHalted ? .halt : nil,
    ].compactMap(\.self)
  }

  /// What may be given as a number, with the one that changes nothing.
  private var factors: [(key: String, number: Double?, neutral: Double)] {
    [
      ("shock", shock, 0), ("volatility", volatility, 1), ("missing", missing, 0),
      ("correlation", correlation, 0), ("gap-size", gaps == nil ? nil : gapSize, 0),
    ]
  }

  /// The change; `nil` where the entry names none or several, which is reported.
  private(set) var stress: MarketStress?

  /// The keys of an entry of `stress`.
  static var table: StudyTable<StudyStress> {
    StudyTable(
      initial: StudyStress(),
      keys: [
        .optional(
          "shock", \.shock, .number(.within(-0.999...100)),
          "Prices change by this fraction at the open of the first session."
        ).example("-0.2"),
        .optional(
          "volatility", \.volatility, .number(.within(0...100)),
          "Returns deviate from their mean by this multiple."
        ).example("2"),
        .optional(
          "gaps", \.gaps, .integer(.atLeast(1)),
          "So many opens of each instrument, chosen by the seed, gap by `gap-size`."
        ).example("5"),
        .value(
          "gap-size", \.gapSize, .number(.within(-0.99...0.99)),
          "The size of each gap; one above 0 goes either way."
        ).example("-0.05").beside("gaps"),
        .optional(
          "missing", \.missing, .number(.within(0...0.99)),
          "Each bar is left out with this probability."
        ).example("0.02"),
        .optional(
          "correlation", \.correlation, .number(.fraction),
          "Returns move this far toward what all instruments have in common: at 1 their "
            + "correlations are 1."
        ).example("1"),
        .value("halt", \.isHalted, .flag, "Nothing trades: there are no bars.").example("true"),
        .optionalList("symbols", \.symbols, of: .text, "The instruments that are changed.")
          .absent("all").example("[AAA]"),
        .optional("from", \.from, .date, "The first session that is changed.")
          .absent("the first").example("2012-03-01"),
        .optional("to", \.through, .date, "The last session that is changed.")
          .absent("the last").example("2012-03-07"),
      ],
      after: { table, entry in
        let changes = entry.changes
        if changes.count != 1 {
          table.report(
            "an entry of a stress names one of 'shock', 'volatility', 'gaps', 'missing', "
              + "'correlation' and 'halt: true', not \(changes.count)")
        }
        if entry.gaps == nil, table.node("gap-size") != nil {
          table.report("'gap-size' goes with 'gaps'", at: "gap-size")
        }
        if let from = entry.from, let through = entry.through, through < from {
          table.report("'to' lies before 'from'", at: "to")
        }
        for (key, number, neutral) in entry.factors where number == neutral {
          table.report(
            "a '\(key)' of \(NumberText.exact(neutral)) changes nothing; leave it out", at: key)
        }
        guard let change = changes.first else { return }
        let stress = MarketStress(
          change, of: entry.symbols, from: entry.from, through: entry.through)
        if changes.count == 1, case .gaps = change, let problem = stress.problem {
          table.report(problem, at: "gap-size")
        }
        entry.stress = stress
      })
  }

  private init() {}

  /// An entry as a result has it.
  init(_ stress: MarketStress) {
    self.stress = stress
    (symbols, from, through) = (stress.symbols, stress.from, stress.through)
    switch stress.change {
    case .shock(let size): shock = size
    case .volatility(let multiple): volatility = multiple
    case .gaps(let count, let size): (gaps, gapSize) = (count, size)
    case .missingBars(let share): missing = share
    case .correlation(let weight): correlation = weight
    case .halt: isHalted = true
    }
  }

  /// The entry as `result.json` has it, without what other changes ask for.
  var json: JSONValue {
    guard case .table(let members) = Self.table.json(self) else { return .null }
    return .table(
      members.filter { ($0.key != "gap-size" || gaps != nil) && ($0.key != "halt" || isHalted) })
  }
}

extension StudyKey {
  /// A key of a list of changes of the market.
  static func stress(
    _ name: String, _ property: WritableKeyPath<Root, [MarketStress]>, _ help: String
  ) -> StudyKey {
    var row = StudyRow(name, help)
    row.values = "list of tables"
    row.absence = "none"
    row.table = StudyStress.table.rows
    row.isList = true
    return StudyKey(
      row,
      read: { table, root in
        guard table.node(name) != nil else { return }
        root[keyPath: property] = table.sections(name, StudyStress.table.value)
          .compactMap(\.stress)
      },
      json: { root in
        let changes = root[keyPath: property]
        return changes.isEmpty ? nil : .list(changes.map { StudyStress($0).json })
      })
  }
}

/// A named market of a sensitivity analysis.
struct StudyScenario: Sendable {
  var name = ""
  var changes: [MarketStress] = []

  /// The keys of an entry of `sensitivity.scenarios`.
  static var table: StudyTable<StudyScenario> {
    StudyTable(
      initial: StudyScenario(),
      keys: [
        .required("name", \.name, .text, "What it is called.").example("Crash and halt"),
        .stress("stress", \.changes, "What is changed, one change after the other."),
      ],
      after: { table, scenario in
        if scenario.changes.isEmpty, table.node("stress")?.kind != .list {
          table.report("a scenario needs a list 'stress' of changes")
        }
      })
  }
}

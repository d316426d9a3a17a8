import BacktestCore
import BacktestFiles

/// Margin rates of one instrument or class, an item of `account.margin.exceptions`.
struct StudyMarginException {
  var symbol: String?
  var assetClass: AssetClass?
  var initial = 1.0
  var initialShort: Double?
  var maintenance = 0.0
  var maintenanceShort: Double?
  /// What the numbers are of; `nil` where they are fractions of the value.
  var basis: MarginRates.Basis?

  var rates: MarginRates {
    var rates = MarginRates(
      initialLong: initial, initialShort: initialShort ?? initial, maintenanceLong: maintenance,
      maintenanceShort: maintenanceShort ?? maintenance)
    rates.basis = basis ?? .value
    return rates
  }

  init() {}

  private init(_ rates: MarginRates) {
    (initial, initialShort) = (rates.initialLong, rates.initialShort)
    (maintenance, maintenanceShort) = (rates.maintenanceLong, rates.maintenanceShort)
    basis = rates.basis == .value ? nil : rates.basis
  }

  /// The exceptions of margin rules, classes first, in order of their names.
  static func all(_ margin: MarginRules?) -> [StudyMarginException] {
    guard let margin else { return [] }
    let classes = margin.byAssetClass.sorted { $0.key.rawValue < $1.key.rawValue }.map {
      var item = StudyMarginException($1)
      item.assetClass = $0
      return item
    }
    let symbols = margin.bySymbol.sorted { $0.key < $1.key }.map {
      var item = StudyMarginException($1)
      item.symbol = $0
      return item
    }
    return classes + symbols
  }

  /// The keys of an item.
  static var table: StudyTable<StudyMarginException> {
    StudyTable(
      initial: StudyMarginException(),
      keys: [
        .optional("symbol", \.symbol, .text, "The instrument.").absent("a class").example("AAPL"),
        .optional("asset-class", \.assetClass, .choice(), "A class of instruments.")
          .absent("one instrument").example("future"),
        .required("initial", \.initial, .number(.positive), "What opening a position asks for.")
          .example("0.1"),
        .optional("initial-short", \.initialShort, .number(.positive), "The same for shorts.")
          .absent("`initial`").example("0.1"),
        .required(
          "maintenance", \.maintenance, .number(.notNegative), "What holding a position asks for."
        ).example("0.08"),
        .optional(
          "maintenance-short", \.maintenanceShort, .number(.notNegative), "The same for shorts."
        ).absent("`maintenance`").example("0.08"),
        .optional(
          "per", \.basis, .choice(),
          "What the numbers are of: fractions of the `value`, or money per `contract` of a future "
            + "or a perpetual contract, in its currency."
        ).absent("`value`").example("contract"),
      ],
      after: { table, item in
        if (item.symbol == nil) == (item.assetClass == nil) {
          table.report("an exception names either a 'symbol' or an 'asset-class'")
        }
      })
  }
}

/// The rate of one instrument from a session on, an item of `account.financing.borrow-rates`.
struct StudyBorrowRate {
  var symbol = ""
  var from: CivilDate?
  var rate: Double? = 0

  /// The rates of all schedules, in order of symbols and dates.
  static func all(_ financing: FinancingRules?) -> [StudyBorrowRate] {
    let schedules = financing?.borrowing.bySymbol.sorted { $0.key < $1.key } ?? []
    return schedules.flatMap { symbol, schedule in
      schedule.steps.map { step in
        StudyBorrowRate(
          symbol: symbol, from: step.date == .distantPast ? nil : step.date, rate: step.rate)
      }
    }
  }

  /// The keys of an item.
  static var table: StudyTable<StudyBorrowRate> {
    StudyTable(
      initial: StudyBorrowRate(),
      keys: [
        .required("symbol", \.symbol, .text, "The instrument.").example("GME"),
        .optional("from", \.from, .date, "The first session of the rate.")
          .absent("the first of all").example("2021-01-04"),
        .required(
          "rate", \.rate, .borrowRate, "The annual rate, or `none` where there are no shares."
        )
        .values("number of at least 0, or `none`").example("0.3"),
      ])
  }

  /// The schedules of some rates; `nil` where two of one symbol have one date.
  static func schedules(_ rates: [StudyBorrowRate]) -> [String: BorrowSchedule]? {
    var steps: [String: [BorrowSchedule.Step]] = [:]
    for rate in rates {
      steps[rate.symbol, default: []].append(
        BorrowSchedule.Step(date: rate.from ?? .distantPast, rate: rate.rate))
    }
    var schedules: [String: BorrowSchedule] = [:]
    for (symbol, unsorted) in steps {
      let sorted = unsorted.sorted { $0.date < $1.date }
      guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0.date < $1.date }) else { return nil }
      schedules[symbol] = BorrowSchedule(sorted)
    }
    return schedules
  }
}

extension DocumentRule where Value == Double? {
  static var borrowRate: DocumentRule {
    DocumentRule(
      expected: "a number of at least 0, or none", placeholder: 0,
      convert: { node in
        switch node.content {
        case .integer(let rate) where rate >= 0: .some(Double(rate))
        case .number(let rate) where rate >= 0 && rate.isFinite: .some(rate)
        case .text("none"): .some(nil)
        default: nil
        }
      }, write: { $0.map { .number($0) } ?? .text("none") })
  }
}

extension StudyKey<BacktestConfiguration> {
  /// The key `exceptions` of `account.margin`.
  static var marginExceptions: StudyKey {
    accountList(
      "exceptions", StudyMarginException.table,
      "Rates of single instruments or classes.",
      items: { StudyMarginException.all($0.account.funding.margin) }
    ) { configuration, items in
      let names = items.compactMap { $0.symbol ?? $0.assetClass?.rawValue }
      if Set(names).count < names.count {
        return "two exceptions are about one instrument or class; keep one of them"
      }
      configuration.account.changeMargin { margin in
        for item in items {
          if let symbol = item.symbol { margin.bySymbol[symbol] = item.rates }
          if let assetClass = item.assetClass { margin.byAssetClass[assetClass] = item.rates }
        }
      }
      return nil
    }
  }

  /// The key `borrow-rates` of `account.financing`.
  static var borrowRates: StudyKey {
    accountList(
      "borrow-rates", StudyBorrowRate.table,
      "Fees of single instruments, from date to date; `none` where there are no shares to borrow.",
      items: { StudyBorrowRate.all($0.account.financing) }
    ) { configuration, items in
      guard let schedules = StudyBorrowRate.schedules(items) else {
        return "two rates of one symbol begin on one date; keep one of them"
      }
      configuration.account.changeFinancing { $0.borrowing.bySymbol = schedules }
      return nil
    }
  }

  /// A key of a list of tables that may be absent.
  private static func accountList<Item>(
    _ name: String, _ part: StudyTable<Item>, _ help: String,
    items: @escaping (BacktestConfiguration) -> [Item],
    take: @escaping (inout BacktestConfiguration, [Item]) -> String?
  ) -> StudyKey {
    var row = StudyRow(name, help)
    row.values = "list of tables"
    row.absence = "none"
    row.table = part.rows
    row.isList = true
    return StudyKey(
      row,
      read: { table, root in
        guard table.node(name) != nil else { return }
        if let problem = take(&root, table.sections(name, part.value)) {
          table.report(problem, at: name)
        }
      },
      json: { root in
        let found = items(root)
        return found.isEmpty ? nil : .list(found.map(part.json))
      })
  }
}

import BacktestCore
import BacktestFiles

/// What a study says of the costs of some instruments.
struct StudyCosts: Sendable {
  /// The instruments by their symbols; `nil` where a class is named.
  var symbols: [String]?
  /// The class of the instruments; `nil` where symbols are named.
  var assetClass: AssetClass?
  /// Their costs, of instruments that are known once all keys are read.
  var costs = InstrumentCosts(of: .symbols([]))

  /// The keys of an entry of `costs`.
  static var table: StudyTable<StudyCosts> {
    StudyTable(
      initial: StudyCosts(),
      keys: [
        .optionalList("symbols", \.symbols, of: .text, "The instruments, by their symbols.")
          .example("[AAA]"),
        .optional("asset-class", \.assetClass, .choice(), "All instruments of a class.")
          .example("crypto"),
        .slippage {
          $0.costs.slippage
        } set: {
          $0.costs.slippage = $1
        },
        .commission {
          $0.costs.commission
        } set: {
          $0.costs.commission = $1
        },
        .taxes {
          $0.costs.taxes ?? []
        } set: {
          $0.costs.taxes = $1
        },
        .feeSchedule {
          $0.costs.feeSchedule
        } set: {
          $0.costs.apply($1)
        },
      ],
      after: { table, entry in
        if (entry.symbols == nil) == (entry.assetClass == nil) {
          table.report("an entry of 'costs' names 'symbols' or an 'asset-class', one of the two")
        }
        if entry.symbols?.isEmpty == true {
          table.report("'symbols' names no instrument", at: "symbols")
        }
        let costs = entry.costs
        if costs.slippage == nil, costs.commission == nil, costs.taxes == nil {
          table.report(
            "an entry of 'costs' says what its instruments cost: give 'slippage', 'commission', "
              + "'taxes' or a 'fee-schedule'")
        }
        entry.costs.selection =
          entry.assetClass.map { .assetClass($0) } ?? .symbols(entry.symbols ?? [])
      })
  }

  /// An entry as the rules of a run have it.
  init(_ costs: InstrumentCosts) {
    self.costs = costs
    switch costs.selection {
    case .symbols(let names): symbols = names
    case .assetClass(let name): assetClass = name
    }
  }

  private init() {}
}

extension StudyKey<BacktestConfiguration> {
  /// The key of the list `costs`.
  static var instrumentCosts: StudyKey {
    var row = StudyRow(
      "costs", "What trading some of the instruments costs, each entry over those before it.")
    row.values = "list of tables"
    row.absence = "what `execution` says"
    row.table = StudyCosts.table.rows
    row.isList = true
    return StudyKey(
      row,
      read: { table, configuration in
        guard let node = table.node("costs") else { return }
        let entries = table.sections("costs", StudyCosts.table.value)
        configuration.execution.instrumentCosts = entries.map(\.costs)
        if !configuration.accounting.placesOrders {
          table.report(
            "'costs' are those of orders, but 'account.accounting' has the rule 'weights', under "
              + "which there are none", atPlace: node.place)
        }
      },
      json: { configuration in
        let entries = configuration.execution.instrumentCosts
        return entries.isEmpty
          ? nil : .list(entries.map { StudyCosts.table.json(StudyCosts($0)) })
      })
  }
}

// The keys of costs, which `execution` and the entries of `costs` have alike
extension StudyKey {
  static func slippage(
    get: @escaping (Root) -> (any SlippageModel)?,
    set: @escaping (inout Root, any SlippageModel) -> Void
  ) -> StudyKey {
    .cost(
      "slippage", CostModelDefinition.slippage, "How far a trade moves the price.",
      example: "{basis-points: 2}", get: { get($0)?.description(in: "") }, set: set)
  }

  static func commission(
    get: @escaping (Root) -> (any CommissionModel)?,
    set: @escaping (inout Root, any CommissionModel) -> Void
  ) -> StudyKey {
    .cost(
      "commission", CostModelDefinition.commission, "What the broker charges.",
      example: "{basis-points: 1}", get: { get($0)?.description(in: "") }, set: set)
  }

  static func taxes(
    get: @escaping (Root) -> [any TransactionTax],
    set: @escaping (inout Root, [any TransactionTax]) -> Void
  ) -> StudyKey {
    let name = "taxes"
    let definitions = CostModelDefinition.taxes
    var row = costRow(name, "What is taxed.", definitions, example: "{stamp-duty: 50}")
    row.values = "table"
    return StudyKey(
      row,
      read: { table, root in
        guard table.node(name) != nil else { return }
        set(&root, table.section(name) { CostModelDefinition.models(of: definitions, in: &$0) })
      },
      json: { root in
        let taxes = get(root)
        guard !taxes.isEmpty else { return nil }
        return .table(taxes.flatMap { $0.description(in: "").members })
      })
  }

  /// A key of a table that names one cost model by its key.
  private static func cost<Model>(
    _ name: String, _ definitions: [CostModelDefinition<Model>], _ help: String, example: String,
    get: @escaping (Root) -> CostDescription?, set: @escaping (inout Root, Model) -> Void
  ) -> StudyKey {
    StudyKey(
      costRow(name, help, definitions, example: example),
      read: { table, root in
        let models = table.section(name) {
          CostModelDefinition.models(of: definitions, in: &$0)
        }
        if case .table(let given) = table.node(name)?.content, given.isEmpty {
          table.report(
            "'\(name)' names no model; give one, such as \(example), or leave '\(name)' out, which "
              + "makes it free", at: name)
        }
        if models.count > 1 {
          table.report("name one \(name) model, not \(models.count)", at: name)
        }
        if let model = models.first { set(&root, model) }
      },
      json: { root in
        get(root).map {
          .table([JSONMember(key: "model", value: .text($0.model))] + $0.members)
        }
      })
  }

  private static func costRow<Model>(
    _ name: String, _ help: String, _ definitions: [CostModelDefinition<Model>], example: String
  ) -> StudyRow {
    var row = StudyRow(name, help)
    row.values = "table with one model"
    row.absence = "none"
    row.example = example
    var rows: [StudyRow] = []
    for definition in definitions {
      for (index, key) in definition.keys.enumerated() {
        // A key that goes with several models is one row.
        if let known = rows.firstIndex(where: { $0.name == key.name }) {
          rows[known].companion += "`, `\(definition.keys[0].name)"
          continue
        }
        var row = StudyRow(key.name, key.help, DocumentRule<Double>.number(key.bounds))
        if key.isList { row.values = "list of \(row.values)" }
        row.example = key.example
        row.fallback = key.fallback.flatMap { $0.isFinite ? NumberText.plain($0) : nil } ?? ""
        row.companion = index == 0 ? "" : definition.keys[0].name
        rows.append(row)
      }
    }
    row.table = rows
    return row
  }

  /// A key that names a fee schedule.
  static func feeSchedule(
    get: @escaping (Root) -> FeeSchedule?, set: @escaping (inout Root, FeeSchedule) -> Void
  ) -> StudyKey {
    let name = "fee-schedule"
    let rule = DocumentRule<String>.word(
      of: FeeSchedule.all.map(\.name), placeholder: FeeSchedule.all[0].name, parse: { $0 },
      write: { .text($0) })
    var row = StudyRow(
      name, "Commission and taxes of a broker, an exchange or a state, by name.", rule)
    row.absence = "none"
    row.example = "ibkr-us-fixed"
    return StudyKey(
      row,
      read: { table, root in
        guard let word = table.optional(name, rule), let schedule = FeeSchedule.named(word) else {
          return
        }
        if schedule.commission != nil, table.node("commission") != nil {
          table.report("'\(word)' says the commission already; leave one of the two out", at: name)
        }
        if !schedule.taxes.isEmpty, table.node("taxes") != nil {
          table.report("'\(word)' says the taxes already; leave one of the two out", at: name)
        }
        set(&root, schedule)
      }, json: { get($0).map { .text($0.name) } })
  }
}

extension CostDescription {
  /// The numbers as `result.json` has them.
  fileprivate var members: [JSONMember] {
    values.map { value in
      JSONMember(
        key: value.name,
        value: value.isList ? .list(value.numbers.map { .number($0) }) : .number(value.numbers[0]))
    }
  }
}

extension CostModelDefinition {
  /// The models whose keys a table has.
  fileprivate static func models(
    of definitions: [CostModelDefinition], in table: inout DocumentTable
  ) -> [Model] {
    let given = definitions.filter { table.node($0.keys[0].name) != nil }
    // What goes with a model that is not there.
    let known = Set(given.flatMap { $0.keys.map(\.name) })
    for key in Set(definitions.flatMap { $0.keys.map(\.name) }).sorted()
    where !known.contains(key) && table.node(key) != nil {
      let owners = definitions.filter { $0.keys.contains { $0.name == key } }
      let names = owners.map { "'\($0.keys[0].name)'" }.joined(separator: " or ")
      table.report("'\(key)' goes with \(names)", at: key)
    }
    return given.compactMap { $0.model(&table) }
  }

  /// The model of a table that has its key; `nil` where something is wrong, which is reported.
  private func model(_ table: inout DocumentTable) -> Model? {
    let name = keys[0].name
    var numbers: [[Double]] = []
    for key in keys {
      let rule = DocumentRule<Double>.number(key.bounds)
      let isGiven = table.node(key.name) != nil
      let value =
        key.isList
        ? table.optionalList(key.name, of: rule, takesSingle: false)
        : table.optional(key.name, rule).map { [$0] }
      if value == nil, !isGiven, key.fallback == nil, key.isRequired {
        table.report("'\(name)' needs '\(key.name)', such as \(key.example)", at: name)
      }
      if value == nil, isGiven || key.isRequired && key.fallback == nil { return nil }
      numbers.append(value ?? key.fallback.map { [$0] } ?? [])
    }
    let values = CostNumbers(numbers)
    if let problem = problem(values) {
      table.report(problem, at: name)
      return nil
    }
    return make(values)
  }
}

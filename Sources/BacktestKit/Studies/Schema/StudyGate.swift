import BacktestCore
package import BacktestEvidence
package import BacktestFiles

/// The rules of a gate as a study or a file of rules gives them.
package struct StudyGate: Sendable {
  /// The rules in the order in which they are reported.
  package var rules: [GateRule] = []
  /// The result to compare with, as it is given; relative to the folder of the file.
  package var baseline: String?
  /// What each of the other keys asks for, until they become rules.
  fileprivate var keys = Keys()

  fileprivate struct Keys: Sendable {
    var rules: [RuleKeys] = []
    var lookAhead: LookAhead?
    var isReproducible = false
    var limits: [ResultCaveat.Code] = []
  }

  /// What `lookahead` can say.
  fileprivate enum LookAhead: String, Sendable, CaseIterable { case none }

  fileprivate init() {}

  /// Reads a file of rules, YAML or, where its name ends in `.json`, JSON.
  ///
  /// - Throws: everything that is wrong with it, each with its line.
  package init(path: String) throws(DocumentError) {
    self = try DocumentReader.read(path: path).decode { StudyGate.table.value(&$0) }
  }

  /// The keys of `gate`, and of a file of rules.
  static var table: StudyTable<StudyGate> {
    var lookAhead: StudyKey<StudyGate> = .optional(
      "lookahead", \.keys.lookAhead, .choice(),
      "Fails unless the look-ahead proof shows that no decision depends on later data.")
    lookAhead.row.absence = "not asked for"
    return StudyTable(
      initial: StudyGate(),
      keys: [
        rulesKey, lookAhead,
        .value(
          "reproducible", \.keys.isReproducible, .flag,
          "Fails unless the study gives the same fingerprint when it runs again."
        ).example("true"),
        .list(
          "limits", \.keys.limits, of: .choice(),
          "Limits of a result, by their codes, any of which fails."
        ).values("list of limits").absent("none").example("[ruined, no-costs]"),
        .optional(
          "baseline", \.baseline, .text,
          "An earlier result of the same study, with which rules that have `worse-by` compare; "
            + "alone it is added to the default gate. `--baseline` overrides it."
        ).values("file").absent("none").example("baseline/result.json"),
      ],
      after: { table, gate in gate.assemble(&table) })
  }

  private static var rulesKey: StudyKey<StudyGate> {
    var key: StudyKey<StudyGate> = .tables(
      "rules", \.keys.rules, RuleKeys.table, "Bounds of metrics and of other figures.")
    key.row.isRequired = false
    key.row.absence = "none"
    return key.example("[{what: sharpe, min: 0.5}]")
  }

  private mutating func assemble(_ table: inout DocumentTable) {
    table.reportNulls(["rules", "lookahead", "reproducible", "limits", "baseline"])
    rules = keys.rules.compactMap(\.rule)
    if keys.lookAhead != nil {
      rules.append(GateRule(.noLookAhead, at: table.node("lookahead")?.place.gatePlace))
    }
    if keys.isReproducible {
      rules.append(GateRule(.reproducible, at: table.node("reproducible")?.place.gatePlace))
    }
    let limits = table.node("limits")?.place.gatePlace
    rules += keys.limits.map { GateRule(.noLimit($0), at: limits) }
    if Set(keys.limits).count != keys.limits.count {
      table.report("a limit is given twice", at: "limits")
    }
    if table.asksForNothing {
      table.report(
        "the gate has no rules; give 'rules', 'lookahead: none', 'reproducible: true', 'limits' or "
          + "'baseline'")
    }
    keys.reportRepeated(&table)
  }
}

extension StudyGate.Keys {
  /// Two rules that bound the same number from the same side.
  fileprivate func reportRepeated(_ table: inout DocumentTable) {
    var seen: Set<String> = []
    for rule in rules where !rule.what.isEmpty {
      for side in rule.sides {
        let key = "\(rule.what) \(rule.part.rawValue) \(side)"
        guard !seen.insert(key).inserted else { continue }
        let number = rule.part == .value ? rule.what : "\(rule.what) of \(rule.part.rawValue)"
        table.report(
          "a second '\(side)' of \(number); remove one of the two",
          atPlace: rule.place ?? table.place)
      }
    }
  }
}

/// A rule as it is written.
private struct RuleKeys: Sendable {
  var what = ""
  var minimum: Double?
  var maximum: Double?
  var worseBy: GateRule.Tolerance?
  var part = GateRule.Part.value
  var condition = GateRule.Condition.always
  var place: DocumentPlace?

  /// The rule; `nil` where it is not complete.
  var rule: GateRule? {
    guard !what.isEmpty else { return nil }
    let check: GateRule.Check =
      worseBy.map { .baseline(what, worseBy: $0) }
      ?? .bound(what, of: part, minimum: minimum, maximum: maximum)
    return GateRule(check, when: condition, at: place?.gatePlace)
  }

  /// The keys that bound something.
  var sides: [String] {
    [
      minimum.map { _ in "min" }, maximum.map { _ in "max" }, worseBy.map { _ in "worse-by" },
    ].compactMap(\.self)
  }

  /// The keys of a rule.
  static var table: StudyTable<RuleKeys> {
    StudyTable(
      initial: RuleKeys(),
      keys: [
        .required(
          "what", \.what, .gateQuantity, "The metric or other figure that is judged."
        ).values("the name of a metric, or of a figure of the gate").example("sharpe"),
        .optional("min", \.minimum, .number(), "The smallest value that passes.").example("0.5"),
        .optional("max", \.maximum, .number(), "The largest value that passes.").example("2"),
        .optional(
          "worse-by", \.worseBy, .tolerance,
          "Instead of `min` and `max`: by how much it may be worse than the baseline, in its own "
            + "unit or in percent of the baseline's value."
        ).values("number of at least 0, or percent").example("10%"),
        .value(
          "of", \.part, .choice(),
          "Whether the value is judged, or an end of its 95 % confidence interval."
        )
        .example("lower-95"),
        .value(
          "when", \.condition, .choice(),
          "Whether the rule always applies, or only where parameters were searched."
        )
        .example("searched"),
      ],
      after: { table, rule in
        rule.place = table.place
        table.reportNulls(["min", "max", "worse-by", "of", "when"])
        guard !rule.what.isEmpty else { return }
        if rule.worseBy != nil, rule.minimum != nil || rule.maximum != nil || rule.part != .value {
          table.report("'worse-by' cannot be combined with 'min', 'max' or 'of'", at: "worse-by")
        } else if rule.sides.isEmpty, table.hasNoBound {
          table.report("the rule about \(rule.what) has no bound; give 'min', 'max' or 'worse-by'")
        } else if let made = rule.rule, !rule.sides.isEmpty {
          do throws(GateError) { try made.validate() } catch { table.report("\(error)") }
        }
      })
  }
}

extension DocumentTable {
  /// Refuses keys without a value, which would drop what somebody meant to ask for.
  fileprivate mutating func reportNulls(_ names: [String]) {
    for key in names where keys.contains(key) && node(key) == nil {
      report("'\(key)' has no value; give one, or remove the key", at: key)
    }
  }

  /// Whether a rule gives no bound, rather than an invalid or misspelled one.
  fileprivate var hasNoBound: Bool {
    mutating get {
      keys.allSatisfy(["what", "of", "when"].contains)
    }
  }

  /// Whether no key of a gate makes a rule, rather than an invalid or misspelled one.
  fileprivate var asksForNothing: Bool {
    mutating get {
      keys.allSatisfy { key in
        guard ["rules", "limits", "reproducible"].contains(key) else { return false }
        // What has no value is reported by itself.
        switch node(key)?.content {
        case .bool(false): return true
        case .list(let items): return items.isEmpty
        default: return false
        }
      }
    }
  }
}

extension DocumentPlace {
  /// The place as rules have it.
  fileprivate var gatePlace: GateRule.Place { GateRule.Place(file: source, line: line) }
}

extension DocumentRule where Value == String {
  /// The name of something that a gate can judge.
  fileprivate static var gateQuantity: DocumentRule {
    DocumentRule(
      expected: "the name of a metric or of another figure that a gate can judge",
      placeholder: "",
      convert: { node in
        guard case .text(let name) = node.content, GateQuantity.find(name) != nil else {
          return nil
        }
        return name
      },
      advice: { node in
        guard case .text(let name) = node.content else { return nil }
        return NearestName.find(name, among: GateQuantity.names).map { "did you mean '\($0)'?" }
      }, write: { .text($0) })
  }
}

extension DocumentRule where Value == GateRule.Tolerance {
  /// A number in the unit of the quantity, or percent: `0.1`, `10%`.
  fileprivate static var tolerance: DocumentRule {
    DocumentRule(
      expected: "a number of at least 0, or percent such as 10%", placeholder: .absolute(0),
      convert: { node in
        let (number, isPercent): (Double?, Bool) =
          switch node.content {
          case .integer(let value): (Double(value), false)
          case .number(let value): (value, false)
          case .text(let text) where text.hasSuffix("%"): (Double(text.dropLast()), true)
          default: (nil, false)
          }
        guard let number, number.isFinite, number >= 0 else { return nil }
        return isPercent ? .relative(number / 100) : .absolute(number)
      },
      write: { tolerance in
        switch tolerance {
        case .absolute(let amount): .number(amount)
        case .relative(let share): .text(NumberText.percent(share))
        }
      })
  }
}

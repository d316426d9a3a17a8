package import BacktestCore
import BacktestFiles
import BacktestPolicies

/// Which strategy a study runs: one of the catalogue, or a policy.
package struct StudyStrategy: Sendable {
  /// What makes it: its definition in the catalogue, or the policies.
  package var definition: StrategyDefinition
  /// Its parameters, complete and checked; none of a policy.
  package var parameters: StrategyParameters
  /// The policies that decide, more than one for an ensemble; empty for the catalogue.
  package var policies: [StudyPolicy] = []
  /// How the policies of an ensemble are combined; `nil` of a single one.
  package var ensemble: StudyEnsemble?
  /// Whether the study names policies, also where none of them could be read.
  let isPolicy: Bool
  /// Whether something makes it and its parameters suit it, so that values can be searched.
  private(set) var isComplete = false
  /// The parameters that the study gives, without defaults.
  let given: [StrategyParameters.Named]

  /// The strategy of a study that names none yet.
  init() {
    definition = StrategyDefinition(name: "", summary: "") { (_, _) in
      throw StrategyError("the study names no strategy")
    }
    parameters = StrategyParameters(values: [])
    isPolicy = false
    given = []
  }

  /// Reports what the strategy has no parameters for, at the names' places.
  ///
  /// - Returns: Whether it has all of them, as far as it is known.
  func checkNames(in table: inout DocumentTable) -> Bool {
    // A policy that could not be read has been reported; whether it has parameters is unknown.
    guard !(isPolicy && policies.isEmpty) else { return true }
    return definition.name.isEmpty || definition.checkNames(in: &table)
  }

  /// Whether it is one trained policy, or would be had it been readable, which is a problem of its
  /// own.
  var takesCheckpoints: Bool {
    policies.isEmpty ? isPolicy : policies.count == 1 && policies[0].trained != nil
  }

  /// Whether policies decide.
  var decidesByPolicy: Bool { isPolicy || !policies.isEmpty }

  /// A strategy from its keys.
  init(_ table: inout DocumentTable, catalogue: StrategyCatalogue, folder: String) {
    let keys = StrategyKeys.table(catalogue).value(&table)
    isPolicy = keys.isPolicy
    guard isPolicy else {
      definition = keys.definition ?? StudyStrategy().definition
      given = keys.given
      parameters = StrategyParameters(values: [])
      guard keys.definition != nil, keys.hasKnownParameters else { return }
      do throws(ParameterError) {
        parameters = try definition.parameters(given)
        isComplete = true
      } catch {
        var name: String?
        if case .unsuitable(let parameter, _, _, _) = error { name = parameter }
        table.report("\(error)", within: "parameters", about: name)
      }
      return
    }
    given = []
    parameters = StrategyParameters(values: [])
    isComplete = true
    ensemble = keys.ensemble
    let (place, paths) = keys.policyPaths
    for path in paths {
      do throws(PolicyError) {
        var policy = try StudyPolicy(path: path, in: folder, command: keys.command)
        policy.options = ensemble.map { $0.memberOptions(keys.options) } ?? keys.options
        if let problem = policy.options.problem(for: policy.manifest) {
          table.report(problem, at: keys.options.sizing == nil ? place : "sizing")
        }
        policies.append(policy)
      } catch {
        for line in error.description.split(separator: "\n") { table.report("\(line)", at: place) }
      }
    }
    ensemble?.takeOptions(keys.options)
    let name = ensemble?.name(of: policies) ?? policies.first?.manifest.name ?? "policy"
    let all = policies
    definition = Self.definition(name: name, all, ensemble) { () throws(PolicyError) in
      try PolicyPrograms(all)
    }
  }

  /// What the keys of `strategy` are.
  static func rows(_ catalogue: StrategyCatalogue) -> [StudyRow] {
    StrategyKeys.table(catalogue).rows
  }
}

/// The keys of `strategy`.
private struct StrategyKeys {
  /// Whether one of the keys is there by which a policy is named.
  var isPolicy = false
  /// The definition in the catalogue; `nil` where the name is missing or unknown.
  var definition: StrategyDefinition?
  /// Whether the strategy has all parameters that are given.
  var hasKnownParameters = true
  var given: [StrategyParameters.Named] = []
  var policy: String?
  var command: [String] = []
  var manifest: String?
  var ensemble: StudyEnsemble?
  var options = PolicyOptions()

  /// The paths of the policies, and the key that gives them.
  var policyPaths: (key: String, paths: [String]) {
    if let ensemble { return ("ensemble", ensemble.members) }
    return (policy != nil ? "policy" : "manifest", [policy ?? manifest].compactMap(\.self))
  }

  static func table(_ catalogue: StrategyCatalogue) -> StudyTable<StrategyKeys> {
    let options = PolicyOptions.table.keys
    return StudyTable(
      initial: StrategyKeys(),
      keys: [name(catalogue), parameters] + policyKeys + options.map { $0.of(\.options) },
      before: { table, keys in
        keys.isPolicy = policyKeys.map(\.row.name).contains(where: table.keys.contains)
      },
      after: { table, keys in
        if keys.isPolicy {
          keys.check(&table)
        } else {
          for name in options.map(\.row.name) where table.node(name) != nil {
            table.report(
              "'\(name)' goes with a 'policy', a 'command' or an 'ensemble'", at: name)
          }
        }
      })
  }

  private static func name(_ catalogue: StrategyCatalogue) -> StudyKey<StrategyKeys> {
    let rule = DocumentRule.strategy(in: catalogue)
    var row = StudyRow("name", "The strategy; the command `strategies` lists them.", rule)
    row.values = "a name of the catalogue"
    row.example = "sma-crossover"
    return StudyKey(row) { table, keys in
      if keys.isPolicy {
        _ = table.node("name")
      } else {
        let definition = table.value("name", rule)
        keys.definition = definition.name.isEmpty ? nil : definition
      }
    }
  }

  private static var parameters: StudyKey<StrategyKeys> {
    var row = StudyRow("parameters", "Values by name; the command `strategies NAME` lists them.")
    row.values = "table"
    row.absence = "the strategy's defaults"
    row.example = "{fast: 10, slow: 50}"
    return StudyKey(row) { table, keys in
      if keys.isPolicy {
        _ = table.node("parameters")
      } else {
        keys.given = table.section("parameters") { table in
          keys.hasKnownParameters = keys.definition?.checkNames(in: &table) ?? true
          return table.keys.compactMap { key in
            table.optional(key, .parameter).map { StrategyParameters.Named(name: key, value: $0) }
          }
        }
      }
    }
  }

  /// The keys by which a policy is named.
  private static var policyKeys: [StudyKey<StrategyKeys>] {
    [
      .optional("policy", \.policy, .text, "A trained policy.")
        .values("folder or manifest").example("policies/ppo_discrete").beside("no name"),
      .list(
        "command", \.command, of: .text,
        "A program that decides, run without a shell in the study's folder."
      ).values("list of words").example("[python3, decide.py]").beside("manifest"),
      .optional(
        "manifest", \.manifest, .text,
        "What the program of `command` observes and what its actions mean."
      ).values("folder or manifest").example("policies/ppo_discrete").beside("command"),
      .optionalTable(
        "ensemble", \.ensemble, StudyEnsemble.table, "Several policies that decide together."
      ).absent("").beside("no name"),
    ]
  }

  private func check(_ table: inout DocumentTable) {
    if table.node("name") != nil || table.node("parameters") != nil {
      table.report(
        "a strategy is one thing: a 'name' of the catalogue with its 'parameters', a 'policy', a "
          + "'command' with its 'manifest', or an 'ensemble'", at: "name")
    }
    if ensemble != nil {
      if policy != nil || manifest != nil || !command.isEmpty {
        table.report(
          "an 'ensemble' names its policies as 'members' and takes no other key", at: "ensemble")
      }
    } else if policy != nil, manifest != nil {
      table.report("'policy' and 'manifest' name the same thing; give one", at: "manifest")
    } else if command.isEmpty, manifest != nil {
      table.report(
        "a 'manifest' goes with the 'command' that decides; a policy with weights is a 'policy'",
        at: "manifest")
    } else if !command.isEmpty, policy == nil, manifest == nil {
      table.report(
        "a 'command' needs a 'manifest' that says what it observes and what its actions mean",
        at: "command")
    }
  }
}

extension StrategyDefinition {
  /// Reports the keys of a table that are no parameters, each at its place.
  ///
  /// - Returns: Whether all of them are.
  fileprivate func checkNames(in table: inout DocumentTable) -> Bool {
    let known = parameters.map(\.name)
    let unknown = table.keys.filter { !known.contains($0) }
    for key in unknown {
      table.report("\(ParameterError.unknownParameter(key, strategy: name, known: known))", at: key)
    }
    return unknown.isEmpty
  }
}

extension DocumentNode {
  /// The text, or nothing where it is something else.
  fileprivate var shownText: String { if case .text(let text) = content { text } else { "" } }
}

extension DocumentRule where Value == StrategyDefinition {
  static func strategy(in catalogue: StrategyCatalogue) -> DocumentRule {
    let names = catalogue.definitions.map(\.name)
    return DocumentRule(
      expected: "a strategy of the catalogue", placeholder: StudyStrategy().definition,
      convert: { node in
        guard case .text(let name) = node.content else { return nil }
        return try? catalogue.definition(named: name)
      },
      advice: { node in
        guard case .text(let text) = node.content,
          let nearest = NearestName.find(text, among: names)
        else {
          return names.isEmpty
            ? "the catalogue has no strategies"
            : "known are \(NearestName.list(names, near: node.shownText))"
        }
        return "did you mean '\(nearest)'?"
      }, write: { .text($0.name) })
  }
}

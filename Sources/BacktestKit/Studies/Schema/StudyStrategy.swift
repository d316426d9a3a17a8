public import BacktestCore
import BacktestFiles
import BacktestNetworks
import BacktestPolicies

/// Which strategy a study runs: one of the catalogue, or a policy.
public struct StudyStrategy: Sendable {
  /// Its definition in the catalogue; of a policy its name alone, because a strategy is made from
  /// it when the market is known.
  public var definition: StrategyDefinition
  /// Its parameters, complete and checked; none of a policy.
  public var parameters: StrategyParameters
  /// The policies that decide, more than one for an ensemble; empty for the catalogue.
  public var policies: [StudyPolicy] = []
  /// How the policies of an ensemble are combined; `nil` of a single one.
  public var ensemble: StudyEnsemble?
  /// Whether the study names policies, also where none of them could be read.
  let isPolicy: Bool
  /// The parameters that the study gives, without defaults.
  let given: [StrategyParameters.Named]

  private static let policyKeys = ["policy", "command", "manifest", "ensemble"]

  init(_ table: inout DocumentTable, catalogue: StrategyCatalogue, folder: String) {
    isPolicy = Self.policyKeys.contains(where: table.keys.contains)
    guard isPolicy else {
      (definition, given, parameters) = Self.named(&table, in: catalogue)
      return
    }
    given = []
    parameters = StrategyParameters(values: [])
    if table.node("name") != nil || table.node("parameters") != nil {
      table.report(
        "a strategy is one thing: a 'name' of the catalogue with its 'parameters', a 'policy', a "
          + "'command' with its 'manifest', or an 'ensemble'", at: "name")
    }
    ensemble = table.optionalSection("ensemble") { StudyEnsemble(&$0) }
    let command = table.optionalList("command", of: .text) ?? []
    let named = table.optional("policy", .text)
    let manifest = table.optional("manifest", .text)
    let options = PolicyOptions(&table)
    if ensemble != nil, named != nil || manifest != nil || !command.isEmpty {
      table.report("an 'ensemble' names its policies as 'members' and stands alone", at: "ensemble")
    } else if ensemble == nil {
      Self.checkParts(&table, named: named, manifest: manifest, command: command)
    }
    let paths = ensemble?.members ?? [named ?? manifest].compactMap(\.self)
    let key = ensemble != nil ? "ensemble" : named != nil ? "policy" : "manifest"
    for path in paths {
      do throws(PolicyError) {
        var policy = try StudyPolicy(path: path, in: folder, command: command)
        policy.options = ensemble.map { $0.memberOptions(options) } ?? options
        if let problem = options.problem(for: policy.manifest) {
          table.report(problem, at: options.sizing == nil ? key : "sizing")
        }
        policies.append(policy)
      } catch {
        for line in error.description.split(separator: "\n") { table.report("\(line)", at: key) }
      }
    }
    ensemble?.takeOptions(options)
    let name = ensemble?.name(of: policies) ?? policies.first?.manifest.name ?? "policy"
    definition = StrategyDefinition(name: name, summary: "A policy.") { _ in NoDecisions() }
  }

  /// A strategy of the catalogue.
  private static func named(
    _ table: inout DocumentTable, in catalogue: StrategyCatalogue
  ) -> (StrategyDefinition, [StrategyParameters.Named], StrategyParameters) {
    let found = table.value("name", .strategy(in: catalogue))
    let given = table.section("parameters") { table in
      table.keys.compactMap { key in
        table.optional(key, .parameter).map { StrategyParameters.Named(name: key, value: $0) }
      }
    }
    var parameters = StrategyParameters(values: [])
    do throws(ParameterError) {
      parameters = try found.parameters(given)
    } catch {
      table.report("\(error)", at: "parameters")
    }
    for key in Self.policyKeys { _ = table.node(key) }
    for key in PolicyOptions.studyKeys where table.node(key) != nil {
      table.report("'\(key)' goes with a 'policy', a 'command' or an 'ensemble'", at: key)
    }
    return (found, given, parameters)
  }

  /// Whether it is one trained policy, or would be had it been readable, which is a problem of its
  /// own.
  var takesCheckpoints: Bool {
    policies.isEmpty ? isPolicy : policies.count == 1 && policies[0].trained != nil
  }

  private static func checkParts(
    _ table: inout DocumentTable, named: String?, manifest: String?, command: [String]
  ) {
    if named != nil, manifest != nil {
      table.report("'policy' and 'manifest' name the same thing; give one", at: "manifest")
    } else if command.isEmpty, manifest != nil {
      table.report(
        "a 'manifest' goes with the 'command' that decides; a policy with weights is a 'policy'",
        at: "manifest")
    } else if !command.isEmpty, named == nil, manifest == nil {
      table.report(
        "a 'command' needs a 'manifest' that says what it observes and what its actions mean",
        at: "command")
    }
  }
}

/// Stands where the strategy of a policy cannot be yet, because there is no market.
private struct NoDecisions: Strategy {
  mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {}
}

extension DocumentRule where Value == StrategyDefinition {
  static func strategy(in catalogue: StrategyCatalogue) -> DocumentRule {
    let names = catalogue.definitions.map(\.name)
    guard let first = catalogue.definitions.first else {
      preconditionFailure("a catalogue without strategies cannot be chosen from")
    }
    return DocumentRule(
      expected: "a strategy of the catalogue", placeholder: first,
      convert: { node in
        guard case .text(let name) = node.content else { return nil }
        return try? catalogue.definition(named: name)
      },
      advice: { node in
        guard case .text(let text) = node.content,
          let nearest = NearestName.find(text, among: names)
        else { return "known are \(listed(names, "and"))" }
        return "did you mean '\(nearest)'?"
      })
  }
}

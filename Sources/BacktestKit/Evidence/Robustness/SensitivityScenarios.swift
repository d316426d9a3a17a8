import BacktestCore

extension SensitivityAnalysis {
  /// The runs of a part.
  func scenarios(
    of part: SensitivityPlan.Part, warmup: Int
  ) throws(EvidenceError) -> ScenarioGroup {
    switch part {
    case .costs: costScenarios
    case .delay: delayScenarios
    case .parameters: try parameterScenarios()
    case .start: startScenarios(warmup: warmup)
    case .capacity: capacityScenarios
    case .scenarios: marketScenarios(warmup: warmup)
    case .stress: ScenarioGroup(part: .stress)
    }
  }

  private var costScenarios: ScenarioGroup {
    var group = ScenarioGroup(part: .costs)
    let isFree = configuration.isFree
    group.scenarios = plan.costMultiples.map { multiple in
      let label = isFree ? "\(number(multiple)) bp" : "\(number(multiple))x"
      return Scenario(
        label: label, configuration.multiplyingCosts(by: multiple), parameters, value: multiple,
        isBase: multiple == (isFree ? 0 : 1))
    }
    return group
  }

  private var delayScenarios: ScenarioGroup {
    var group = ScenarioGroup(part: .delay)
    group.scenarios = plan.delays.map { bars in
      var scenario = Scenario(
        label: NumberText.count(bars, "bar"), configuration, parameters, value: Double(bars),
        isBase: bars == 0)
      scenario.delay = bars
      return scenario
    }
    return group
  }

  /// One parameter at a time. All of these runs have the longest warm-up among them, so that they
  /// are measured over the same bars.
  private func parameterScenarios() throws(EvidenceError) -> ScenarioGroup {
    var group = ScenarioGroup(part: .parameters)
    var variants: [(name: String, value: ParameterValue, parameters: StrategyParameters)] = []
    for parameter in definition.parameters {
      for value in steps(of: parameter) {
        let named = parameters.values.map { one in
          one.name == parameter.name
            ? StrategyParameters.Named(name: one.name, value: value) : one
        }
        // What the strategy does not accept is no neighbour.
        guard let changed = try? definition.parameters(named) else { continue }
        variants.append((parameter.name, value, changed))
      }
    }
    guard !variants.isEmpty else {
      group.absence = "the strategy has no parameter with steps"
      return group
    }
    let longest = try PreparedWalkForward.longestWarmup(
      of: variants.map(\.parameters) + [parameters], definition, on: feed.universe)
    guard let rules = beginning(at: max(longest, configuration.warmup ?? 0)) else {
      group.absence = "the bars end within the longest warm-up of the neighbours"
      return group
    }
    group.scenarios = [Scenario(label: "as given", rules, parameters, isBase: true)]
    group.scenarios += variants.map { name, value, changed in
      var scenario = Scenario(
        label: "\(name)=\(value)", rules, changed, value: value.number)
      scenario.parameter = name
      return scenario
    }
    return group
  }

  /// The values beside the one that a parameter has, ascending; words and truth have none.
  private func steps(of parameter: ParameterDefinition) -> [ParameterValue] {
    guard let own = parameters[parameter.name]?.number else { return [] }
    if let given = plan.grid.dimensions.first(where: { $0.name == parameter.name }) {
      let sorted = given.values.compactMap { value in value.number.map { (value, $0) } }
        .sorted { $0.1 < $1.1 }
      return
        (sorted.filter { $0.1 < own }.suffix(plan.steps)
        + sorted.filter { $0.1 > own }.prefix(plan.steps)).map(\.0)
    }
    let places = (-plan.steps...plan.steps).filter { $0 != 0 }
    switch parameter.domain {
    case .integer(let range):
      let step = max(1, Int((abs(own) / 10).rounded()))
      return places.map { Int(own) + $0 * step }.filter(range.contains).map { .integer($0) }
    case .number(let range):
      let step = abs(own) / 10
      return step == 0
        ? []
        : places.map { own + Double($0) * step }.filter(range.contains).map { .number($0) }
    case .boolean, .choice: return []
    }
  }

  private func startScenarios(warmup: Int) -> ScenarioGroup {
    var group = ScenarioGroup(part: .start)
    let end = configuration.window?.upperBound ?? feed.instants.count
    let first = configuration.window.map { $0.lowerBound - 1 } ?? warmup
    group.scenarios = plan.startShifts.compactMap { shift in
      // What is left has to say something about the whole.
      guard shift == 0 || shift <= (end - first) / 2, let rules = beginning(at: first + shift)
      else {
        return nil
      }
      return Scenario(
        label: "\(NumberText.count(shift, "bar")) later",
        shift == 0 ? configuration : rules, parameters, value: Double(shift), isBase: shift == 0)
    }
    if group.scenarios.isEmpty { group.absence = "there are too few bars to begin later" }
    return group
  }

  /// The rules with the first decision at a bar; `nil` where no two returns are left.
  private func beginning(at bar: Int) -> BacktestConfiguration? {
    var rules = configuration
    let bars = feed.instants.count
    if let window = configuration.window {
      let first = max(bar + 1, window.lowerBound)
      guard first + 2 <= window.upperBound else { return nil }
      rules.window = first..<window.upperBound
    } else {
      guard bar + 2 < bars else { return nil }
      rules.warmup = bar
    }
    return rules
  }

  /// The same run in other markets. Where bars are missing a window of bars would be another one,
  /// so it has to be a whole run.
  private func marketScenarios(warmup: Int) -> ScenarioGroup {
    var group = ScenarioGroup(part: .scenarios)
    guard configuration.window == nil else {
      group.absence = "a window of bars would be another one where bars are missing"
      return group
    }
    let universe = feed.universe
    let first = min(warmup, feed.instants.count - 1)
    let middle = universe.sessionDate(of: feed.instants[(first + feed.instants.count) / 2])
    let scenarios =
      plan.scenarios
      ?? MarketScenario.usual(
        middle: middle, haltEnd: middle.adding(days: 6), instrumentCount: universe.count
      ).filter { scenario in
        (try? universe.stressed(by: scenario.changes, seed: plan.seed)) != nil
      }
    group.scenarios = [Scenario(label: "as given", configuration, parameters, isBase: true)]
    group.scenarios += scenarios.map { named in
      var scenario = Scenario(label: named.name, configuration, parameters)
      scenario.changes = named.changes
      return scenario
    }
    return group
  }

  private var capacityScenarios: ScenarioGroup {
    var group = ScenarioGroup(part: .capacity)
    guard configuration.accounting.placesOrders else {
      group.absence = "weights accounting has no orders that volume could limit"
      return group
    }
    let unknown = feed.universe.series.filter { series in !series.volume.contains { $0 > 0 } }
    guard unknown.isEmpty else {
      group.absence =
        "no volume is known of \(NumberText.list(unknown.map(\.instrument.symbol), limit: 6))"
      return group
    }
    group.scenarios = plan.cashMultiples.map { multiple in
      var rules = configuration
      rules.account.initialCash *= multiple
      rules.execution.participation = configuration.execution.participation ?? plan.participation
      return Scenario(label: "\(number(multiple))x", rules, parameters, value: multiple)
    }
    return group
  }

  private func number(_ value: Double) -> String { NumberText.plain(value) }
}

extension BacktestConfiguration {
  /// Whether trading costs nothing.
  var isFree: Bool {
    if case .weights(let fee, _) = accounting { return fee == 0 }
    return execution.isFree
  }

  /// The same rules with a multiple of all costs, or so many basis points of slippage where trading
  /// is free.
  func multiplyingCosts(by factor: Double) -> BacktestConfiguration {
    var rules = self
    if case .weights(let fee, let initial) = accounting {
      rules.accounting = .weights(
        fee: fee == 0 ? factor * 1e-4 : fee * factor, initialWeights: initial)
    } else if isFree {
      rules.execution.slippage = BasisPointSlippage(basisPoints: factor)
    } else if factor != 1 {
      rules.execution = execution.scalingCosts(by: factor)
    }
    return rules
  }
}

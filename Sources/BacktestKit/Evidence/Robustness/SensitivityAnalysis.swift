public import BacktestCore
internal import Glibc

/// Runs a strategy again and again with one thing changed: what trading costs, how late decisions
/// are carried out, the parameters, the beginning, the size of the account, the market.
///
///     let definition = SMACrossover.definition
///     let analysis = SensitivityAnalysis(
///       definition, try definition.parameters(["fast": 20, "slow": 100]), on: feed)
///     let result = try analysis.run()
///     print(result.breakEven?.basisPoints ?? .nan)
///
/// A strategy whose figures fall apart at twice the costs, one bar later or one step beside its
/// parameters is not one to trade. Results do not depend on the number of threads.
public struct SensitivityAnalysis: Sendable {
  /// The strategy.
  public var definition: StrategyDefinition
  /// Its parameters.
  public var parameters: StrategyParameters
  /// The market.
  public var feed: Feed
  /// The rules of the run.
  public var configuration: BacktestConfiguration
  /// What is changed, and how far.
  public var plan: SensitivityPlan
  /// Called with each neighbouring parameter set as soon as it is measured.
  package var onTrial: TrialObserver?

  /// An analysis on a market that is laid out already.
  public init(
    _ definition: StrategyDefinition, _ parameters: StrategyParameters, on feed: Feed,
    configuration: BacktestConfiguration = BacktestConfiguration(),
    plan: SensitivityPlan = SensitivityPlan()
  ) {
    self.definition = definition
    self.parameters = parameters
    self.feed = feed
    self.configuration = configuration
    self.plan = plan
  }

  /// Runs everything that the plan asks for.
  ///
  /// - Parameters:
  ///   - threads: the number of parallel runs; `nil` is the number of processors.
  ///   - progress: called after each run with the number of runs done and of all runs, one call at
  ///     a time, on any thread.
  /// - Throws: `EvidenceError` when the strategy cannot run on the universe, or the bars end within
  ///   its warm-up.
  public func run(
    threads: Int? = nil, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(EvidenceError) -> SensitivityResult {
    let warmup = try warmup(of: parameters)
    var groups: [ScenarioGroup] = []
    for part in SensitivityPlan.Part.allCases where plan.parts.contains(part) {
      groups.append(try scenarios(of: part, warmup: warmup))
    }
    let scenarios = [Scenario(label: "", configuration, parameters)] + groups.flatMap(\.scenarios)
    let runs = try parallelMap(
      count: scenarios.count, threads: threads,
      progress: { done in progress?(done, scenarios.count) }
    ) { (index) throws(EvidenceError) -> (figures: SensitivityFigures, sample: ReturnsSample?) in
      let run = try simulate(scenarios[index])
      if scenarios[index].parameters != parameters {
        onTrial?(Trial(run.metrics, of: run, parameters: scenarios[index].parameters))
      }
      return (SensitivityFigures(run), index == 0 ? run.sample : nil)
    }
    var next = 1
    let tables = groups.map { group in
      defer { next += group.scenarios.count }
      return group.table(runs[next..<next + group.scenarios.count].map(\.figures))
    }
    let stress = plan.parts.contains(.stress) ? runs[0].sample : nil
    let outcomes = plan.stressWindows.map { window in
      (window, stress.flatMap { StressOutcome(window, in: $0) })
    }
    var breakEvenCost: BreakEvenCost?
    if let costs = tables.first(where: { $0.part == .costs }) {
      breakEvenCost = try breakEven(costs)
    }
    return SensitivityResult(
      base: runs[0].figures, tables: tables.filter { $0.part != .stress },
      breakEven: breakEvenCost,
      halfReturnCash: tables.first { $0.part == .capacity }.flatMap(Self.halfReturnCash),
      stress: outcomes.compactMap(\.1),
      uncoveredStress: stress == nil ? [] : outcomes.filter { $0.1 == nil }.map(\.0))
  }

  /// The cost for each unit of traded notional at which the total return is zero.
  ///
  /// - Throws: as `run` does.
  public func breakEvenCost(threads: Int? = nil) throws(EvidenceError) -> BreakEvenCost {
    var analysis = self
    analysis.plan.parts = [.costs]
    return try analysis.run(threads: threads).breakEven
      ?? BreakEvenCost(absence: "no multiple of costs was asked for")
  }
}

// Runs
extension SensitivityAnalysis {
  /// A run with one thing changed.
  struct Scenario: Sendable {
    let label: String
    var configuration: BacktestConfiguration
    var parameters: StrategyParameters
    var delay = 0
    var parameter: String?
    var value: Double?
    var isBase = false
    /// What is changed about the market.
    var changes: [MarketStress] = []

    init(
      label: String, _ configuration: BacktestConfiguration, _ parameters: StrategyParameters,
      value: Double? = nil, isBase: Bool = false
    ) {
      self.label = label
      self.configuration = configuration
      self.parameters = parameters
      self.value = value
      self.isBase = isBase
    }
  }

  /// The runs of one table.
  struct ScenarioGroup: Sendable {
    let part: SensitivityPlan.Part
    var scenarios: [Scenario] = []
    var absence: String?

    func table(_ figures: [SensitivityFigures]) -> SensitivityTable {
      SensitivityTable(
        part: part,
        rows: zip(scenarios, figures).map { scenario, figures in
          SensitivityTable.Row(
            label: scenario.label, parameter: scenario.parameter, value: scenario.value,
            isBase: scenario.isBase, figures: figures)
        }, absence: absence)
    }
  }

  /// The bars that a strategy sees before its first decision.
  ///
  /// - Throws: `EvidenceError` where nothing would be left to measure.
  func warmup(of parameters: StrategyParameters) throws(EvidenceError) -> Int {
    let own = try PreparedWalkForward.longestWarmup(
      of: [parameters], definition, on: feed.universe)
    let warmup = configuration.warmup ?? own
    let bars = feed.instants.count
    guard bars >= 2, warmup < bars else { throw .tooShortToSweep(bars: bars, warmup: warmup) }
    return warmup
  }

  func simulate(_ scenario: Scenario) throws(EvidenceError) -> BacktestResult {
    var feed = feed
    if !scenario.changes.isEmpty {
      do throws(MarketError) {
        feed = Feed(try feed.universe.stressed(by: scenario.changes, seed: plan.seed))
      } catch {
        throw .scenario(name: scenario.label, error.description)
      }
    }
    do throws(StrategyError) {
      let strategy = try definition.make(scenario.parameters, for: feed.universe)
      return drive(strategy, scenario, on: feed)
    } catch {
      throw .universe(error)
    }
  }

  /// Opens the strategy's type once for the whole run.
  private func drive<S: Strategy>(
    _ strategy: S, _ scenario: Scenario, on feed: Feed
  ) -> BacktestResult {
    var engine = Engine(
      feed: feed, configuration: scenario.configuration, warmup: strategy.warmup)
    if scenario.delay == 0 {
      var strategy = strategy
      engine.run(&strategy)
    } else {
      var late = DelayedStrategy(strategy, bars: scenario.delay)
      engine.run(&late)
    }
    return engine.result(strategy: definition.name)
  }
}

// What follows from the tables
extension SensitivityAnalysis {
  /// The cost at which the total return is zero: between the multiples of the table, or beyond them
  /// where the run still earns at the highest.
  private func breakEven(_ table: SensitivityTable) throws(EvidenceError) -> BreakEvenCost {
    typealias Point = (cost: Double, value: Double)
    func point(_ figures: SensitivityFigures) -> Point? {
      figures.totalReturn.flatMap { value in figures.costBasisPoints.map { ($0, value) } }
    }
    let points = table.rows.compactMap { point($0.figures) }.sorted { $0.cost < $1.cost }
    guard let first = points.first, let last = points.last else {
      return BreakEvenCost(absence: "nothing was traded")
    }
    guard first.value > 0 else {
      return BreakEvenCost(
        absence: first.cost == 0
          ? "it does not earn without costs" : "it does not earn at the lowest costs tried")
    }
    if let crossing = points.indices.dropFirst().first(where: { points[$0].value <= 0 }) {
      return BreakEvenCost(
        basisPoints: BreakEvenCost.interpolated(points[crossing - 1], points[crossing]))
    }
    var below = last
    var multiple = table.rows.compactMap(\.value).max() ?? 1
    while multiple < 1e6 {
      multiple *= 2
      let run = SensitivityFigures(
        try simulate(
          Scenario(label: "", configuration.multiplyingCosts(by: multiple), parameters)))
      guard let next = point(run), next.cost > below.cost, next.cost < 5_000 else { break }
      if next.value <= 0 {
        return try refined(below, next, multiples: multiple / 2...multiple)
      }
      below = next
    }
    return BreakEvenCost(basisPoints: below.cost, isLowerBound: true)
  }

  /// A crossing between two multiples that are far apart, which costs a few more runs.
  private func refined(
    _ low: (cost: Double, value: Double), _ high: (cost: Double, value: Double),
    multiples: ClosedRange<Double>
  ) throws(EvidenceError) -> BreakEvenCost {
    var (low, high) = (low, high)
    var (from, through) = (multiples.lowerBound, multiples.upperBound)
    for _ in 0..<5 {
      let middle = (from + through) / 2
      let run = SensitivityFigures(
        try simulate(Scenario(label: "", configuration.multiplyingCosts(by: middle), parameters)))
      guard let value = run.totalReturn, let cost = run.costBasisPoints else { break }
      if value > 0 {
        (low, from) = ((cost, value), middle)
      } else {
        (high, through) = ((cost, value), middle)
      }
    }
    return BreakEvenCost(basisPoints: BreakEvenCost.interpolated(low, high))
  }

  /// The cash at which half of the annual return of the smallest account is left, linear in the
  /// logarithm of the cash between two rows.
  private static func halfReturnCash(_ table: SensitivityTable) -> Double? {
    let points = table.rows.compactMap { row in
      row.figures.cagr.map { (cash: row.figures.initialCash, value: $0) }
    }.sorted { $0.cash < $1.cash }
    guard let first = points.first, first.value > 0 else { return nil }
    let half = first.value / 2
    guard let crossing = points.firstIndex(where: { $0.value < half }), crossing > 0 else {
      return nil
    }
    let (a, b) = (points[crossing - 1], points[crossing])
    let share = (a.value - half) / (a.value - b.value)
    return a.cash * pow(b.cash / a.cash, share)
  }
}

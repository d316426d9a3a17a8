public import BacktestCore

/// What a sweep found: every set of parameters with all its metrics, which of them is best, and how
/// those around it did.
///
///     let result = try ParameterSweep(SMACrossover.definition, grid: grid, on: feed).run()
///     for set in result.ranking.prefix(10) {
///       print(result.sets[set], result.objectiveValue(of: set) ?? .nan)
///     }
public struct ParameterSweepResult: Sendable {
  /// The name of the strategy.
  public let strategy: String
  /// The values that were tried.
  public let grid: ParameterGrid
  /// The rules of each run, with the warm-up that all sets share.
  public let configuration: BacktestConfiguration
  /// What was asked for.
  public let plan: ParameterSweepPlan
  /// The metric by which sets are ranked.
  public let objective: MetricDefinition
  /// The sets that were tried, in grid order.
  public let sets: [StrategyParameters]
  /// The number of each set in the grid, the first parameter being outermost.
  let numbers: [Int]
  /// The number of combinations of the grid.
  public let combinationCount: Int
  /// The number of combinations that the strategy does not accept.
  public let infeasibleCount: Int
  /// The session dates of the base point and of the last return.
  public let dates: ClosedRange<CivilDate>
  /// The number of returns of each set.
  public let returnCount: Int
  let measured: MeasuredSets
  /// How much of the best set's result is luck; `nil` where no set has an objective.
  public internal(set) var evidence: SearchEvidence?
  /// The run of the best set, of the first where none is best.
  package internal(set) var shownRun: BacktestResult?
  /// The sets in order of the objective, the best first; of equals the first in the grid, and those
  /// without an objective last.
  public let ranking: [Int]

  /// The set at each number of the grid, -1 where there is none.
  private let setOfNumber: [Int32]
  private let objectives: [Double]

  init(
    strategy: String, grid: ParameterGrid, configuration: BacktestConfiguration,
    plan: ParameterSweepPlan, objective: MetricDefinition, sets: [StrategyParameters],
    numbers: [Int], combinationCount: Int, infeasibleCount: Int,
    dates: ClosedRange<CivilDate>, returnCount: Int, measured: MeasuredSets
  ) {
    self.strategy = strategy
    self.grid = grid
    self.configuration = configuration
    self.plan = plan
    self.objective = objective
    self.sets = sets
    self.numbers = numbers
    self.combinationCount = combinationCount
    self.infeasibleCount = infeasibleCount
    self.dates = dates
    self.returnCount = returnCount
    self.measured = measured
    var setOfNumber = [Int32](repeating: -1, count: combinationCount)
    for (set, number) in numbers.enumerated() { setOfNumber[number] = Int32(set) }
    self.setOfNumber = setOfNumber
    let width = RunMeasure.metrics.count
    let column = RunMeasure.metrics.firstIndex { $0.name == objective.name } ?? 0
    let objectives = sets.indices.map { measured.metrics[$0 * width + column] }
    self.objectives = objectives
    // A key that is less where the objective is better; what has none comes last.
    let sign: Double = objective.higherIsBetter ?? true ? -1 : 1
    let keys = objectives.map { $0.isNaN ? .infinity : sign * $0 }
    ranking = sets.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  /// The best set by the objective; `nil` where no set has one.
  public var best: Int? { ranking.first.flatMap { objectives[$0].isNaN ? nil : $0 } }

  /// The objective of a set; `nil` where it does not exist.
  public func objectiveValue(of set: Int) -> Double? {
    objectives[set].isNaN ? nil : objectives[set]
  }

  /// The metrics of each set, in the order in which `value(of:set:)` has them: those of the
  /// catalogue that need no benchmark.
  package static var metrics: [MetricDefinition] { RunMeasure.metrics }

  /// The metrics of a set in the order of `metrics`; NaN where one does not exist.
  package func values(of set: Int) -> ArraySlice<Double> {
    let width = Self.metrics.count
    return measured.metrics[set * width..<(set + 1) * width]
  }

  /// A metric of a set; `nil` where it does not exist.
  ///
  /// - Throws: `EvidenceError` when the catalogue has no metric of that name, or it needs a
  ///   benchmark.
  public func value(of name: String, set: Int) throws(EvidenceError) -> Double? {
    guard let column = Self.metrics.firstIndex(where: { $0.name == name }) else {
      _ = try Metrics.named(name)
      throw .needsMoreThanReturns(metric: name)
    }
    let value = measured.metrics[set * Self.metrics.count + column]
    return value.isNaN ? nil : value
  }
}

// Neighbours in the grid
extension ParameterSweepResult {
  /// The sets that differ from a set by one step of one parameter, in grid order. Words, and yes
  /// and no, have no steps.
  public func neighbours(of set: Int) -> [Int] {
    neighbours(of: set, along: orderedAxes)
  }

  /// The parameters whose values have an order: whole and other numbers.
  private var orderedAxes: [GridAxis] {
    grid.dimensions.indices.filter { dimension in
      grid.dimensions[dimension].values.allSatisfy { $0.number != nil }
    }.map { GridAxis(grid, dimension: $0) }
  }

  private func neighbours(of set: Int, along axes: [GridAxis]) -> [Int] {
    let number = numbers[set]
    var found: [Int] = []
    for axis in axes {
      for other in axis.besides(number) where setOfNumber[other] >= 0 {
        found.append(Int(setOfNumber[other]))
      }
    }
    return found.sorted()
  }

  /// How the sets around a set did; `nil` where it has no neighbour with an objective, or no
  /// objective itself.
  public func neighbourhood(of set: Int) -> SweepNeighbourhood? {
    neighbourhood(of: set, along: orderedAxes)
  }

  private func neighbourhood(of set: Int, along axes: [GridAxis]) -> SweepNeighbourhood? {
    guard let value = objectiveValue(of: set) else { return nil }
    let all = neighbours(of: set, along: axes)
    let values = all.compactMap { objectiveValue(of: $0) }
    guard !values.isEmpty else { return nil }
    let sign: Double = objective.higherIsBetter ?? true ? 1 : -1
    let least = sign * value - plan.tolerance * abs(value)
    let sorted = values.sorted()
    return SweepNeighbourhood(
      value: value, count: all.count, valueCount: values.count,
      mean: values.compensatedSum { $0 } / Double(values.count),
      median: sorted.sortedQuantile(0.5), worst: sign > 0 ? sorted[0] : sorted[sorted.count - 1],
      medianWithSet: (values + [value]).sorted().sortedQuantile(0.5),
      nearShare: Double(values.count { sign * $0 >= least }) / Double(values.count),
      isAtEdge: axes.contains { $0.isAtEdge(numbers[set]) })
  }

  /// The set in the middle of the best plateau: the one for which the median of the objective over
  /// itself and its neighbours is best; of equals the first in the grid. `nil` where no set has
  /// neighbours.
  ///
  /// Sets at an edge of the grid, which have fewer neighbours, are left out where others are not.
  public var plateau: Int? {
    let axes = orderedAxes
    let sign: Double = objective.higherIsBetter ?? true ? 1 : -1
    var best: (set: Int, median: Double, isAtEdge: Bool)?
    for set in sets.indices {
      guard let around = neighbourhood(of: set, along: axes) else { continue }
      let median = sign * around.medianWithSet
      if let best {
        if around.isAtEdge != best.isAtEdge {
          guard best.isAtEdge else { continue }
        } else if median <= best.median {
          continue
        }
      }
      best = (set, median, around.isAtEdge)
    }
    return best?.set
  }
}

/// How the sets around one set of parameters did, by the objective of a sweep.
///
/// A set whose neighbours are as good is on a plateau; one whose neighbours are far worse was
/// most likely fitted to chance.
public struct SweepNeighbourhood: Hashable, Sendable {
  /// The objective of the set itself.
  public let value: Double
  /// The number of neighbours: sets that differ by one step of one parameter.
  public let count: Int
  /// The number of neighbours that have an objective, over which the figures are taken.
  public let valueCount: Int
  /// The mean of the neighbours.
  public let mean: Double
  /// The median of the neighbours, type 7.
  public let median: Double
  /// The worst neighbour.
  public let worst: Double
  /// The median over the neighbours and the set itself, by which a plateau is chosen.
  public let medianWithSet: Double
  /// The share of neighbours that are worse than the set by no more than the plan's tolerance.
  public let nearShare: Double
  /// Whether a parameter has its smallest or largest value of the grid: the surface may rise beyond
  /// it.
  public let isAtEdge: Bool
}

public import BacktestCore

/// The objective of a sweep over two parameters, the others reduced to one value for each pair.
///
///     let map = result.heatMap(across: "fast", down: "slow", reducing: .median)
///     map.values[row][column]
public struct ParameterHeatMap: Sendable {
  /// How the sets that agree in both parameters become one value.
  public enum Reduction: String, Hashable, Sendable, CaseIterable {
    /// The best of them, which shows what is possible.
    case best
    /// Their median, type 7, which shows what is usual.
    case median
  }

  /// The name of the parameter of the columns.
  public let across: String
  /// The name of the parameter of the rows.
  public let down: String
  /// The values of the columns, ascending where they are numbers.
  public let columns: [ParameterValue]
  /// The values of the rows, ascending where they are numbers.
  public let rows: [ParameterValue]
  /// The objective, row by row; `nil` where no set has both values, or none has an objective.
  public let values: [[Double?]]
  /// How the sets of a cell became one value.
  public let reduction: Reduction
  /// The most sets in one cell; with one there was nothing to reduce.
  public let largestCellCount: Int
}

extension ParameterSweepResult {
  /// The objective over two parameters of the grid.
  ///
  /// - Precondition: both are dimensions of the grid, and they differ.
  public func heatMap(
    across: String, down: String, reducing reduction: ParameterHeatMap.Reduction = .median
  ) -> ParameterHeatMap {
    let names = grid.dimensions.map(\.name)
    guard let x = names.firstIndex(of: across), let y = names.firstIndex(of: down), x != y else {
      preconditionFailure("'\(across)' and '\(down)' are not two parameters of the grid")
    }
    let (columns, rows) = (GridAxis(grid, dimension: x), GridAxis(grid, dimension: y))
    var cells = [[Double]](repeating: [], count: columns.count * rows.count)
    for set in sets.indices {
      guard let value = objectiveValue(of: set) else { continue }
      cells[rows.rank(of: numbers[set]) * columns.count + columns.rank(of: numbers[set])]
        .append(value)
    }
    return ParameterHeatMap(
      across: across, down: down, columns: columns, rows: rows, cells: cells,
      prefersHigh: objective.higherIsBetter ?? true, reduction: reduction)
  }

  /// A heat map for each pair of parameters that vary, in grid order.
  public func heatMaps(
    reducing reduction: ParameterHeatMap.Reduction = .median
  ) -> [ParameterHeatMap] {
    let names = grid.dimensions.filter { $0.values.count > 1 }.map(\.name)
    return names.indices.flatMap { first in
      names.indices.dropFirst(first + 1).map { second in
        heatMap(across: names[second], down: names[first], reducing: reduction)
      }
    }
  }

  /// The objective over one parameter of the grid: for each of its values the best and the median
  /// over the others.
  ///
  /// - Precondition: it is a dimension of the grid.
  package func profile(
    of name: String
  ) -> [(value: ParameterValue, best: Double?, median: Double?)] {
    guard let dimension = grid.dimensions.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("'\(name)' is not a parameter of the grid")
    }
    let axis = GridAxis(grid, dimension: dimension)
    var cells = [[Double]](repeating: [], count: axis.count)
    for set in sets.indices {
      if let value = objectiveValue(of: set) { cells[axis.rank(of: numbers[set])].append(value) }
    }
    let prefersHigh = objective.higherIsBetter ?? true
    return zip(axis.values, cells).map { value, cell in
      (
        value, prefersHigh ? cell.max() : cell.min(),
        cell.isEmpty ? nil : cell.sorted().sortedQuantile(0.5)
      )
    }
  }
}

/// The values of a dimension along an axis: ascending where they are numbers, else in grid order.
struct GridAxis {
  let values: [ParameterValue]
  /// Positions of the grid in the order of the axis.
  let sorted: [Int]
  private let ranks: [Int]
  private let stride: Int

  var count: Int { values.count }

  init(_ grid: ParameterGrid, dimension: Int) {
    let given = grid.dimensions[dimension].values
    let keys = given.map(\.number)
    stride = grid.stride(of: dimension)
    sorted =
      keys.contains { $0 == nil }
      ? Array(given.indices)
      : given.indices.sorted { (keys[$0] ?? 0, $0) < (keys[$1] ?? 0, $1) }
    values = sorted.map { given[$0] }
    var ranks = [Int](repeating: 0, count: given.count)
    for (rank, place) in sorted.enumerated() { ranks[place] = rank }
    self.ranks = ranks
  }

  /// Where a combination's value lies in the grid's order.
  func place(of number: Int) -> Int { number / stride % ranks.count }

  /// Where a combination's value lies along the axis.
  func rank(of number: Int) -> Int { ranks[place(of: number)] }

  /// The numbers of the combinations one step below and above.
  func besides(_ number: Int) -> [Int] {
    let place = place(of: number)
    return [ranks[place] - 1, ranks[place] + 1].filter(sorted.indices.contains).map {
      number + (sorted[$0] - place) * stride
    }
  }

  /// Whether there is a step on one side only; a single value has no edge.
  func isAtEdge(_ number: Int) -> Bool {
    let rank = rank(of: number)
    return count > 1 && (rank == 0 || rank == count - 1)
  }
}

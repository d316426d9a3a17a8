import BacktestCore

extension ParameterHeatMap {
  /// The maps of each pair of parameters that vary, of a value for each set of parameters.
  ///
  /// - Parameters:
  ///   - values: one for each set; `nil` where it has none.
  ///   - sets: parameters of the grid, in any order.
  ///   - prefersHigh: whether higher values are better.
  static func maps(
    of values: [Double?], sets: [StrategyParameters], in grid: ParameterGrid, prefersHigh: Bool,
    reducing reduction: Reduction = .median
  ) -> [ParameterHeatMap] {
    let varying = grid.dimensions.indices.filter { grid.dimensions[$0].values.count > 1 }
    let axes = varying.map { GridAxis(grid, dimension: $0) }
    let names = varying.map { grid.dimensions[$0].name }
    // The place of each set along each axis.
    let places = zip(names, axes).map { name, axis in
      sets.map { set in set[name].flatMap { own in axis.values.firstIndex { $0.means(own) } } }
    }
    return axes.indices.flatMap { down in
      axes.indices.dropFirst(down + 1).map { across in
        var cells = [[Double]](repeating: [], count: axes[across].count * axes[down].count)
        for (set, value) in values.enumerated() {
          guard let value, let x = places[across][set], let y = places[down][set] else { continue }
          cells[y * axes[across].count + x].append(value)
        }
        return ParameterHeatMap(
          across: names[across], down: names[down], columns: axes[across], rows: axes[down],
          cells: cells, prefersHigh: prefersHigh, reduction: reduction)
      }
    }
  }

  /// A map from the values in each cell, row by row.
  init(
    across: String, down: String, columns: GridAxis, rows: GridAxis, cells: [[Double]],
    prefersHigh: Bool, reduction: Reduction
  ) {
    let reduced = cells.map { values -> Double? in
      switch reduction {
      case .best: prefersHigh ? values.max() : values.min()
      case .median: values.isEmpty ? nil : values.sorted().sortedQuantile(0.5)
      }
    }
    self.init(
      across: across, down: down, columns: columns.values, rows: rows.values,
      values: (0..<rows.count).map { row in
        Array(reduced[row * columns.count..<(row + 1) * columns.count])
      }, reduction: reduction, largestCellCount: cells.map(\.count).max() ?? 0)
  }
}

extension WalkForwardResult {
  /// The mean in-sample objective of each candidate over the folds in which it was tried and has
  /// one; `nil` where it has none in any.
  package var meanTrainScores: [Double?] {
    ParameterHeatMap.means(of: candidateScores, count: candidates.count)
  }

  /// The mean in-sample objective over each pair of searched parameters.
  package var trainSurfaces: [ParameterHeatMap] {
    ParameterHeatMap.maps(
      of: meanTrainScores, sets: candidates, in: grid,
      prefersHigh: objective.higherIsBetter ?? true)
  }
}

extension CrossValidationResult {
  /// The mean in-sample objective of each candidate over the splits in which it has one; empty
  /// where the scores were too many to keep.
  package var meanTrainScores: [Double?] {
    trainScores.isEmpty
      ? [] : ParameterHeatMap.means(of: trainScores, count: candidates.count)
  }

  /// The mean in-sample objective over each pair of searched parameters.
  package var trainSurfaces: [ParameterHeatMap] {
    guard !trainScores.isEmpty else { return [] }
    return ParameterHeatMap.maps(
      of: meanTrainScores, sets: candidates, in: grid,
      prefersHigh: objective.higherIsBetter ?? true)
  }
}

extension ParameterHeatMap {
  /// The mean of each column of some rows, over the rows that have a value there.
  fileprivate static func means(of rows: [[Double?]], count: Int) -> [Double?] {
    (0..<count).map { column in
      let values = rows.compactMap { $0[column] }
      return values.isEmpty ? nil : values.compensatedSum { $0 } / Double(values.count)
    }
  }
}

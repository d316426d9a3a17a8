/// One metric of many columns of returns on parts of history: what a cross-validation asks for
/// every candidate and split.
///
///     let objective = RangeObjective(evaluator, columns: columns)
///     let best = objective.best(on: split.train)
///
/// The Sharpe ratio comes from sums over the rows before each row, so that the length of a part
/// does not matter; other metrics take the returns of the parts joined in order of time.
struct RangeObjective: Sendable {
  /// Takes the metric of joined returns.
  let evaluator: ObjectiveEvaluator
  /// The returns of each candidate.
  let columns: [[Double]]
  /// The row at which each candidate lost everything, where it did.
  let ruinedRows: [Int?]
  /// The sums for a Sharpe ratio; `nil` for other metrics.
  private let sums: [RangeSums]?
  private let riskFreeRate: Double

  /// The choice on a part of history.
  struct Choice: Sendable, Equatable {
    /// The position of the candidate: the best one, of equals the first, and the first of all where
    /// none has a value.
    var candidate: Int
    /// Its metric.
    var value: Double?
    /// The number of candidates without a value.
    var nullCount: Int
  }

  /// A metric of columns of the same length, with a row of ruin for each.
  init(_ evaluator: ObjectiveEvaluator, columns: [[Double]], ruinedRows: [Int?]) {
    self.evaluator = evaluator
    self.columns = columns
    self.ruinedRows = ruinedRows
    let rate = evaluator.barsPerYear.flatMap {
      RiskFreeRate.perBar(ofAnnual: evaluator.riskFree, barsPerYear: $0)
    }
    riskFreeRate = rate ?? 0
    sums = evaluator.metric.name == "sharpe" && rate != nil ? columns.map(RangeSums.init) : nil
  }

  /// The best candidate on some ranges of rows, which are in order of time.
  func best(on ranges: [Range<Int>]) -> Choice {
    var choice = Choice(candidate: 0, value: nil, nullCount: 0)
    for candidate in columns.indices {
      let value = value(of: candidate, on: ranges)
      if value == nil { choice.nullCount += 1 }
      if evaluator.metric.isBetter(value, than: choice.value) {
        (choice.candidate, choice.value) = (candidate, value)
      }
    }
    // Sums over rows round in another way than a column that is measured as a whole.
    if sums != nil, choice.value != nil {
      choice.value = joinedValue(of: choice.candidate, on: ranges)
    }
    return choice
  }

  /// The metric of a candidate on some ranges of rows; `nil` where it does not exist, or the
  /// candidate has lost everything before they end.
  func value(of candidate: Int, on ranges: [Range<Int>]) -> Double? {
    if let row = ruinedRows[candidate], let last = ranges.last, row < last.upperBound { return nil }
    guard let sums = sums?[candidate], let barsPerYear = evaluator.barsPerYear else {
      return joinedValue(of: candidate, on: ranges)
    }
    guard let dispersion = sums.dispersion(on: ranges), dispersion.count > 1 else {
      return joinedValue(of: candidate, on: ranges)
    }
    return RatioFormulas.annualizedRatio(
      dispersion.mean - riskFreeRate, dispersion.deviation(), barsPerYear: barsPerYear)
  }

  private func joinedValue(of candidate: Int, on ranges: [Range<Int>]) -> Double? {
    evaluator.value(returns: columns[candidate].joined(ranges))
  }
}

extension Array where Element == Double {
  /// The values of some ranges of rows, one after the other.
  func joined(_ ranges: [Range<Int>]) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
    for range in ranges { values += self[range] }
    return values
  }
}

/// Sums of a column before each row, from which mean and deviation of any rows follow.
struct RangeSums: Sendable {
  /// The mean of the column, which is taken off first so that few digits are lost.
  private let center: Double
  /// The sum of the rows before each row, and of their squares.
  private let sums: [SIMD2<Double>]

  /// The sums of a column.
  init(_ values: [Double]) {
    let center = Dispersion(values).mean
    self.center = center
    var total = SIMD2<Double>.zero
    sums =
      [total]
      + values.map { value in
        let distance = value - center
        total += SIMD2(distance, distance * distance)
        return total
      }
  }

  /// The dispersion of some ranges of rows; `nil` where the sums have too few digits for it,
  /// because the rows hardly differ from each other.
  func dispersion(on ranges: [Range<Int>]) -> Dispersion? {
    var total = SIMD2<Double>.zero
    var count = 0
    for range in ranges {
      total += sums[range.upperBound] - sums[range.lowerBound]
      count += range.count
    }
    guard count > 0 else { return nil }
    let squares = total.y - total.x * total.x / Double(count)
    guard squares > 1e-4 * sums[sums.count - 1].y else { return nil }
    return Dispersion(count: count, mean: center + total.x / Double(count), squares: squares)
  }
}

/// Metrics over a window of the last returns, one value for each return.
///
///     let sharpe = try RollingMetrics(window: 126).sharpe(sample)   // sharpe[125] is the first
///
/// Values before the first full window are `nil`, and so are those that do not exist, such as the
/// Sharpe ratio of a window without movement. Windows are put together from sums of their halves,
/// never by subtracting what left, so an old extreme leaves no error behind and a flat window is
/// seen as exactly flat.
/// - Complexity: O(n) whatever the window.
package struct RollingMetrics: Hashable, Sendable {
  /// The number of returns in a window.
  package let window: Int

  /// Windows of `window` returns.
  ///
  /// - Precondition: `window` is at least 2.
  package init(window: Int) {
    precondition(window >= 2, "a rolling window holds at least two returns")
    self.window = window
  }

  /// The Sharpe ratio a year of each window; `nil` from a ruin on, and everywhere without a
  /// calendar.
  package func sharpe(_ sample: ReturnsSample) -> [Double?] {
    guard
      let barsPerYear = sample.barsPerYear,
      let free = sample.riskFree.meanPerBar(barsPerYear: barsPerYear)
    else { return Array(repeating: nil, count: sample.count) }
    var rates: [Double] = []
    if case .series(let series) = sample.riskFree { rates = series }
    let solvent = sample.ruinedAt.map { $0 - 1 } ?? sample.count
    let returns = sample.returns
    return values(count: returns.count) { row in
      (returns[row] - (rates.isEmpty ? free : rates[row]), 0)
    } of: { row, moment in
      guard row < solvent else { return nil }
      return RatioFormulas.annualizedRatio(
        moment.meanX, moment.dispersion.deviation(), barsPerYear: barsPerYear)
    }
  }

  /// The annual volatility of each window; all `nil` without a calendar.
  package func volatility(_ sample: ReturnsSample) -> [Double?] {
    guard let barsPerYear = sample.barsPerYear else {
      return Array(repeating: nil, count: sample.count)
    }
    let returns = sample.returns
    return values(count: returns.count) {
      (returns[$0], 0)
    } of: { _, moment in
      moment.dispersion.deviation().map { $0 * barsPerYear.squareRoot() }
    }
  }

  /// cov(r, b) / var(b) of each window, one value for each common day.
  package func beta(_ aligned: AlignedReturns) -> [Double?] {
    let (theirs, own) = (aligned.benchmark, aligned.returns)
    return values(count: min(theirs.count, own.count)) {
      (theirs[$0], own[$0])
    } of: { _, moment in
      moment.dispersion.deviation() == 0
        ? nil : RatioFormulas.quotient(moment.comoment, moment.squaresX)
    }
  }

  /// A value of each full window from its moments: the last part of one block of rows joined to the
  /// first part of the next.
  @inline(__always)
  private func values(
    count: Int, pair: (Int) -> (x: Double, y: Double), of value: (Int, PairMoments) -> Double?
  ) -> [Double?] {
    var result = [Double?](repeating: nil, count: count)
    var tails = [PairMoments](repeating: PairMoments(), count: window + 1)
    var head = PairMoments()
    for row in 0..<count {
      let place = row % window
      if place == 0 { head = PairMoments() }
      head = head.joined(PairMoments(pair(row)))
      if row + 1 >= window { result[row] = value(row, tails[place + 1].joined(head)) }
      guard place == window - 1 else { continue }
      tails[window] = PairMoments()
      for back in stride(from: window - 1, through: 0, by: -1) {
        tails[back] = PairMoments(pair(row - place + back)).joined(tails[back + 1])
      }
    }
    return result
  }
}

/// The count, means and central moments of pairs, such that two of them make the moments of both.
///
/// > T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for
/// > Computing Sample Variances", 1979.
private struct PairMoments {
  var count = 0.0
  var meanX = 0.0
  var meanY = 0.0
  var squaresX = 0.0
  var comoment = 0.0

  init() {}

  init(_ pair: (x: Double, y: Double)) {
    count = 1
    meanX = pair.x
    meanY = pair.y
  }

  var dispersion: Dispersion { Dispersion(count: Int(count), mean: meanX, squares: squaresX) }

  func joined(_ other: PairMoments) -> PairMoments {
    if count == 0 { return other }
    if other.count == 0 { return self }
    var both = PairMoments()
    both.count = count + other.count
    let share = other.count / both.count
    let distance = (x: other.meanX - meanX, y: other.meanY - meanY)
    both.meanX = meanX + distance.x * share
    both.meanY = meanY + distance.y * share
    both.squaresX = squaresX + other.squaresX + distance.x * distance.x * count * share
    both.comoment = comoment + other.comoment + distance.x * distance.y * count * share
    return both
  }
}

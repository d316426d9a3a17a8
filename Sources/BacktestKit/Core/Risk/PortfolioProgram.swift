/// The weights of least `w' C w / 2 - tilt x g' w` that sum to 1 within bounds, where C is a
/// covariance matrix and g a gain of each instrument, such as its mean return.
///
/// A primal active-set method: some weights rest on a bound, the best of the others is a linear
/// system, and one weight at a time meets a bound or leaves it. The result is exact to rounding.
/// > J. Nocedal, S. Wright, "Numerical Optimization", 2nd edition, 2006, algorithm 16.3.
struct PortfolioProgram {
  private let covariance: CovarianceMatrix
  private let gains: [Double]
  private let bounds: [ClosedRange<Double>]
  private(set) var weights: [Double]
  /// Where each weight rests: -1 on its lower bound, 1 on its upper, 0 between them.
  private var rests: [Int]
  private var factor: CholeskyFactor
  /// How the weights between bounds change with the tilt.
  private var slope: [Double]

  /// - Parameter start: weights within the bounds that sum to 1.
  init(
    covariance: CovarianceMatrix, gains: [Double], bounds: [ClosedRange<Double>], start: [Double]
  ) {
    self.covariance = covariance
    self.gains = gains
    self.bounds = bounds
    weights = start
    rests = zip(start, bounds).map { weight, range in
      weight <= range.lowerBound ? -1 : weight >= range.upperBound ? 1 : 0
    }
    factor = CholeskyFactor(capacity: covariance.count)
    slope = Array(repeating: 0, count: covariance.count)
  }

  /// Finds the weights for a tilt, beginning with those found last.
  mutating func minimise(tilt: Double) throws(AllocationError) {
    let size = weights.count
    for round in 0..<(100 * size + 100) {
      let free = (0..<size).filter { rests[$0] == 0 }
      let target = try stationaryPoint(tilt: tilt, free: free)
      if let met = step(to: target, free: free) {
        rests[met.instrument] = met.side
        weights[met.instrument] =
          met.side < 0 ? bounds[met.instrument].lowerBound : bounds[met.instrument].upperBound
        continue
      }
      // After many rounds the first one that may leave leaves, so that no cycle can go on.
      guard let leaving = leavingInstrument(tilt: tilt, takesFirst: round > 10 * size) else {
        return
      }
      rests[leaving] = 0
    }
    throw .singularCovariance
  }

  /// Finds the weights of the largest ratio g' w / sqrt(w' C w).
  ///
  /// They are the ones whose tilt is w' C w / g' w. Along the optimal weights w' C w - tilt g' w is
  /// linear in the tilt as long as no weight meets a bound, and it has one root: the root of the
  /// piece is the next tilt, within the bracket known so far.
  mutating func maximiseRatio() throws(AllocationError) {
    try minimise(tilt: 0)
    var (low, high) = (0.0, Double.infinity)
    var tilt = 0.0
    for _ in 0..<200 {
      let image = covariance.product(with: weights)
      let variance = Self.product(weights, image)
      let gain = Self.product(gains, weights)
      let value = variance - tilt * gain
      if value > 0 { low = tilt } else { high = tilt }
      // w' C w - tilt g' w changes by tilt g' s - g' w, where s is the slope of the weights.
      let change = tilt * Self.product(gains, slope) - gain
      var next = change < 0 ? tilt - value / change : .infinity
      if abs(next - tilt) <= 1e-14 * tilt, gain > 0 { return }
      if !(next > low && next < high) {
        next = high < .infinity ? (low + high) / 2 : max(2 * low, variance / (abs(gain) + variance))
      }
      guard next.isFinite, next < 1e15 else { break }
      if next == tilt { return }
      tilt = next
      try minimise(tilt: tilt)
      if Self.product(gains, weights) <= 0, !canGain { throw .noPositiveReturn }
    }
    guard Self.product(gains, weights) > 0 else { throw .noPositiveReturn }
  }

  /// Whether some weights within the bounds have a positive gain: the best ones fill the bounds in
  /// order of gain.
  private var canGain: Bool {
    var filled = bounds.map(\.lowerBound)
    var left = 1 - filled.reduce(0, +)
    for index in gains.indices.sorted(by: { gains[$0] > gains[$1] }) {
      let part = min(left, bounds[index].upperBound - filled[index])
      filled[index] += part
      left -= part
    }
    return Self.product(gains, filled) > 0
  }

  /// The best weights where those on a bound stay there: C w - tilt g is equal on all the others.
  private mutating func stationaryPoint(
    tilt: Double, free: [Int]
  ) throws(AllocationError) -> [Double] {
    for index in slope.indices { slope[index] = 0 }
    guard !free.isEmpty else { return weights }
    guard factor.factor(covariance, at: free) else { throw .singularCovariance }
    var resting = weights
    for index in free { resting[index] = 0 }
    let pull = covariance.product(with: resting)
    var base = free.map { -pull[$0] }
    var tilted = free.map { gains[$0] }
    var ones = [Double](repeating: 1, count: free.count)
    factor.solve(&base)
    factor.solve(&tilted)
    factor.solve(&ones)
    let sum = ones.reduce(0, +)
    let missing = 1 - resting.reduce(0, +)
    let level = (missing - base.reduce(0, +)) / sum
    let drift = tilted.reduce(0, +) / sum
    var target = resting
    for (place, index) in free.enumerated() {
      slope[index] = tilted[place] - drift * ones[place]
      target[index] = base[place] + level * ones[place] + tilt * slope[index]
    }
    return target
  }

  /// Goes towards a point until the first weight meets a bound; returns which, if any.
  private mutating func step(
    to target: [Double], free: [Int]
  ) -> (instrument: Int, side: Int)? {
    var length = 1.0
    var met: (instrument: Int, side: Int)?
    for index in free {
      let move = target[index] - weights[index]
      let range = bounds[index]
      // What lies beyond a bound by rounding alone does not.
      let slack = 1e-15 * max(1, abs(target[index]))
      if target[index] < range.lowerBound - slack {
        let part = (range.lowerBound - weights[index]) / move
        if part < length { (length, met) = (max(0, part), (index, -1)) }
      } else if target[index] > range.upperBound + slack {
        let part = (range.upperBound - weights[index]) / move
        if part < length { (length, met) = (max(0, part), (index, 1)) }
      }
    }
    for index in free {
      weights[index] =
        met == nil ? target[index] : weights[index] + length * (target[index] - weights[index])
    }
    return met
  }

  /// An instrument on a bound whose leaving it lowers the value most, if any.
  private func leavingInstrument(tilt: Double, takesFirst: Bool) -> Int? {
    let image = covariance.product(with: weights)
    let gradient = zip(image, gains).map { $0 - tilt * $1 }
    guard let level = level(of: gradient) else { return nil }
    let tolerance = 1e-12 * (gradient.reduce(0) { max($0, abs($1)) })
    var best: (instrument: Int, gain: Double)?
    for index in rests.indices where rests[index] != 0 {
      guard bounds[index].lowerBound < bounds[index].upperBound else { continue }
      // On the lower bound a weight leaves where its gradient is below the level of the others.
      let gain = rests[index] < 0 ? level - gradient[index] : gradient[index] - level
      guard gain > max(tolerance, best?.gain ?? 0) else { continue }
      if takesFirst { return index }
      best = (index, gain)
    }
    return best?.instrument
  }

  /// The gradient that all weights between bounds share; where all rest, one between those on
  /// upper and those on lower bounds, if an exchange of two cannot lower the value.
  private func level(of gradient: [Double]) -> Double? {
    let free = rests.indices.filter { rests[$0] == 0 }
    if !free.isEmpty { return free.reduce(0) { $0 + gradient[$1] } / Double(free.count) }
    let falling = rests.indices.filter { rests[$0] < 0 }.map { gradient[$0] }.min()
    let rising = rests.indices.filter { rests[$0] > 0 }.map { gradient[$0] }.max()
    guard let falling, let rising, rising > falling else { return nil }
    return (falling + rising) / 2
  }

  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

package import BacktestCore
internal import Glibc

/// The tree-structured Parzen estimator: of some values drawn from where good trials lie, the one
/// at which good trials are densest compared with the others.
///
/// Trials are divided at the best tenth (25 at most). For each parameter by itself, l is the
/// density of the good ones and g that of the others: a mixture of normal distributions around the
/// trials, cut off at the bounds, with a broad one in the middle as prior; of choices, their shares
/// with one count more for each. The first trials are drawn at random.
/// > J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for Hyper-Parameter Optimization",
/// > NIPS 2011.
package struct ParzenSampler: ParameterSampler {
  /// Trials that are drawn at random before anything is learnt.
  static let startCount = 10
  /// Values that are drawn for each parameter.
  private static let drawCount = 24

  private let space: SearchSpace
  private let seed: UInt64
  private let isBetterHigher: Bool
  private let random: RandomSampler

  /// - Parameters:
  ///   - seed: the seed of the random streams `tune/<trial>`.
  ///   - isBetterHigher: whether larger values are better.
  package init(_ space: SearchSpace, seed: UInt64, isBetterHigher: Bool) {
    self.space = space
    self.seed = seed
    self.isBetterHigher = isBetterHigher
    random = RandomSampler(space, seed: seed)
  }

  package func ask(
    _ trial: Int, attempt: Int, _ history: [TuningTrial]
  ) throws(EvidenceError) -> [ParameterValue]? {
    let known = history.filter { !$0.values.isEmpty && $0.state != .infeasible }
    // An invalid proposal would be made again.
    guard known.count >= Self.startCount, attempt == 0 else {
      return try random.ask(trial, attempt: attempt, history)
    }
    let sorted = known.indices.sorted { (rank(known[$0]), $0) < (rank(known[$1]), $1) }
    let goodCount = min((known.count + 9) / 10, 25)
    let good = sorted.prefix(goodCount).sorted().map { known[$0] }
    let others = sorted.dropFirst(goodCount).sorted().map { known[$0] }
    var draws = Randomness(seed: seed, stream: "tune/\(trial)/parzen")
    return space.dimensions.indices.map { place in
      let range = space.dimensions[place].range
      let l = ParzenDensity(good.map { range.position(of: $0.values[place]) }, range)
      let g = ParzenDensity(others.map { range.position(of: $0.values[place]) }, range)
      var best: (value: ParameterValue, score: Double)?
      for _ in 0..<Self.drawCount {
        let value = range.value(at: l.draw(&draws))
        let position = range.position(of: value)
        let score = log(l.density(at: position)) - log(g.density(at: position))
        if best.map({ score > $0.score }) ?? true { best = (value, score) }
      }
      return best?.value ?? range.value(at: 0.5)
    }
  }

  /// Lower is better: complete trials by value, then those that were pruned, then those without a
  /// value.
  private func rank(_ trial: TuningTrial) -> Double {
    guard let value = trial.value else { return .infinity }
    let ordered = isBetterHigher ? -value : value
    return trial.state == .complete ? ordered : .greatestFiniteMagnitude
  }
}

/// The density of positions from 0 to 1.
private struct ParzenDensity {
  private var centres: [Double] = []
  private var widths: [Double] = []
  /// The share of each choice; empty for numbers.
  private var shares: [Double] = []

  init(_ positions: [Double], _ range: SearchSpace.Range) {
    guard !range.isCategorical else {
      let count = range.count ?? 1
      var counts = Array(repeating: 1.0, count: count)
      for position in positions { counts[min(Int(position * Double(count)), count - 1)] += 1 }
      let total = counts.reduce(0, +)
      shares = counts.map { $0 / total }
      return
    }
    // The prior lies in the middle and is as wide as the range.
    centres = (positions + [0.5]).sorted()
    let prior = positions.filter { $0 < 0.5 }.count
    let least = 1 / Double(min(100, centres.count + 1))
    for (place, centre) in centres.enumerated() {
      let left = centre - (place == 0 ? 0 : centres[place - 1])
      let right = (place + 1 == centres.count ? 1 : centres[place + 1]) - centre
      widths.append(place == prior ? 1 : min(max(left, right, least), 1))
    }
  }

  func draw(_ random: inout Randomness) -> Double {
    guard shares.isEmpty else {
      var left = random.nextUnit()
      for (place, share) in shares.enumerated() {
        left -= share
        if left < 0 { return (Double(place) + 0.5) / Double(shares.count) }
      }
      return (Double(shares.count) - 0.5) / Double(shares.count)
    }
    let place = random.nextInteger(below: centres.count)
    // Box and Muller's; what falls outside is drawn again.
    for _ in 0..<1_000 {
      let radius = sqrt(-2 * log(1 - random.nextUnit()))
      let value = centres[place] + widths[place] * radius * cos(2 * .pi * random.nextUnit())
      if (0..<1).contains(value) { return value }
    }
    return centres[place]
  }

  func density(at position: Double) -> Double {
    guard shares.isEmpty else {
      return shares[min(Int(position * Double(shares.count)), shares.count - 1)]
    }
    var sum = 0.0
    for (centre, width) in zip(centres, widths) {
      let z = (position - centre) / width
      // The part of the normal distribution that lies within the bounds.
      let root = 2.0.squareRoot() * width
      let inside = 0.5 * (erf((1 - centre) / root) - erf((0 - centre) / root))
      sum += exp(-0.5 * z * z) / (width * inside)
    }
    return sum / Double(centres.count)
  }
}

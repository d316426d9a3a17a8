import BacktestCore
internal import Glibc

/// A hidden Markov model fitted by maximum likelihood.
public struct HiddenMarkovFit: Sendable, Equatable {
  /// The model, its states in ascending order of variance.
  public let model: HiddenMarkovModel
  /// The log-likelihood of the values.
  public let logLikelihood: Double
  /// The number of values.
  public let count: Int
  /// The log-likelihood that each start reached, in order of the starts; -infinity for one that
  /// failed. Only the best was followed to the end.
  public let startLogLikelihoods: [Double]
  /// Steps of Baum and Welch that the best start took.
  public let stepCount: Int
  /// Whether the best start stopped because a step gained less than the tolerance.
  public let hasConverged: Bool
  /// The least variance that a state could take.
  public let varianceFloor: Double

  /// Whether a state ended at the least variance, so that the likelihood says little.
  public var isAtVarianceFloor: Bool { model.variances.contains { $0 <= varianceFloor } }

  /// Akaike's criterion, -2 log L + 2 p; less is better (H. Akaike, 1974).
  public var aic: Double { -2 * logLikelihood + 2 * Double(model.parameterCount) }

  /// The Bayesian criterion, -2 log L + p log n; less is better (G. Schwarz, 1978).
  public var bic: Double {
    -2 * logLikelihood + Double(model.parameterCount) * log(Double(count))
  }
}

extension HiddenMarkovModel {
  /// Fits a model by the method of Baum and Welch from several starts, of which the likeliest end
  /// wins; of equal ones the first.
  ///
  /// Variances are those of maximum likelihood, without a prior. None falls below a ten-thousandth
  /// of the variance of all values: a state on a single value would otherwise have an infinite
  /// likelihood. The first start is spread evenly; the others are random, from the streams
  /// `hidden-markov/1` and following of the seed. Every start is followed until a step gains less
  /// than 0.01 in log-likelihood, then the best three until one gains less than the tolerance.
  ///
  /// - Parameters:
  ///   - values: such as 100 x log returns, in order of time.
  ///   - states: how many; 2 or more, with at least ten values for each.
  ///   - starts: how many; 1 or more.
  ///   - seed: of the random starts.
  ///   - tolerance: the gain in log-likelihood below which a fit has converged.
  /// - Throws: `EvidenceError` where there are too few values, one is not finite, or all are equal.
  public static func fit(
    _ values: [Double], states: Int = 2, starts: Int = 12, seed: UInt64 = 0,
    tolerance: Double = 1e-8
  ) throws(EvidenceError) -> HiddenMarkovFit {
    precondition(states >= 2 && starts >= 1 && tolerance > 0)
    if let row = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(what: "value", row: row)
    }
    guard values.count >= 10 * states else {
      throw .tooFewValues(values.count, needed: 10 * states, for: "\(states) hidden states")
    }
    let spread = Dispersion(values)
    let variance = spread.squares / Double(values.count)
    guard variance > 0, variance.isFinite else { throw .valuesAllEqual("hidden states") }
    let floor = variance * 1e-4
    let work = ForwardBackward(values, states: states)
    var climbs = (0..<starts).map { index in
      Climb(from: .start(index, states: states, spread.mean, variance, seed: seed))
    }
    for index in climbs.indices {
      climbs[index].run(work, gain: 0.01, steps: 200, varianceFloor: floor)
    }
    let reached = climbs.map(\.logLikelihood)
    let order = climbs.indices.sorted { (-reached[$0], $0) < (-reached[$1], $1) }
    for index in order.prefix(3) {
      climbs[index].run(work, gain: tolerance, steps: 2_000, varianceFloor: floor)
    }
    var best = order[0]
    for index in order.prefix(3) where climbs[index].logLikelihood > climbs[best].logLikelihood {
      best = index
    }
    return HiddenMarkovFit(
      model: climbs[best].model.sortedByVariance(), logLikelihood: climbs[best].logLikelihood,
      count: values.count, startLogLikelihoods: climbs.map(\.logLikelihood),
      stepCount: climbs[best].stepCount, hasConverged: climbs[best].hasConverged,
      varianceFloor: floor)
  }

  /// The model after one step of Baum and Welch.
  func afterOneStep(on values: [Double]) -> HiddenMarkovModel {
    let work = ForwardBackward(values, states: stateCount)
    _ = work.forward(self)
    return work.reestimate(self, varianceFloor: .leastNormalMagnitude)
  }

  /// Where a climb begins: persistent states about the mean, their variances spread by powers of
  /// four in the first, and at random in the others.
  private static func start(
    _ index: Int, states: Int, _ mean: Double, _ variance: Double, seed: UInt64
  ) -> HiddenMarkovModel {
    var random = Randomness(seed: seed, stream: "hidden-markov/\(index)")
    let isFirst = index == 0
    let deviation = variance.squareRoot()
    let middle = Double(states - 1) / 2
    let variances = (0..<states).map { state in
      let power = isFirst ? Double(state) - middle : 3 * random.nextUnit() - 2
      return variance * exp2(2 * power)
    }
    let means = (0..<states).map { _ in
      isFirst ? mean : mean + deviation * (random.nextUnit() - 0.5)
    }
    let transition = (0..<states).map { state -> [Double] in
      let stay = isFirst ? 0.95 : 0.8 + 0.19 * random.nextUnit()
      let leave = (1 - stay) / Double(states - 1)
      return (0..<states).map { $0 == state ? stay : leave }
    }
    return HiddenMarkovModel(
      start: [Double](repeating: 1 / Double(states), count: states), transition: transition,
      means: means, variances: variances)
  }
}

/// One start on its way to the nearest maximum of the likelihood.
private struct Climb {
  var model: HiddenMarkovModel
  var logLikelihood = -Double.infinity
  var stepCount = 0
  var hasConverged = false

  init(from model: HiddenMarkovModel) { self.model = model }

  /// Steps until one gains less than `gain`.
  mutating func run(_ work: ForwardBackward, gain: Double, steps: Int, varianceFloor: Double) {
    hasConverged = false
    var previous = work.forward(model)
    for _ in 0..<steps where previous > -.infinity {
      let next = work.reestimate(model, varianceFloor: varianceFloor)
      let reached = work.forward(next)
      stepCount += 1
      guard reached >= previous else {
        hasConverged = true
        break
      }
      model = next
      hasConverged = reached - previous < gain
      previous = reached
      if hasConverged { break }
    }
    logLikelihood = previous
  }
}

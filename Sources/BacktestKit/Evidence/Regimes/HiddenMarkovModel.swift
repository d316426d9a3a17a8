internal import Glibc

/// A hidden Markov model: an unseen state follows a Markov chain, and each state draws what is seen
/// from its own normal distribution.
///
/// States are numbered from 0, in ascending order of variance in a fitted model. Values may be in
/// any unit; for daily returns 100 x log returns keep variances near 1.
///
///     let fit = try HiddenMarkovModel.fit(returns, states: 2)
///     let calm = fit.model.filtered(returns)[0]     // by what was known at each value
///     let path = fit.model.viterbi(returns).states  // in hindsight
///
/// > L. R. Rabiner, "A Tutorial on Hidden Markov Models", Proceedings of the IEEE 77(2), 1989.
/// > J. D. Hamilton, "A New Approach to the Economic Analysis of Nonstationary Time Series and the
/// > Business Cycle", Econometrica 57(2), 1989.
public struct HiddenMarkovModel: Sendable, Equatable {
  /// The probability of each state at the first value.
  public let start: [Double]
  /// The probability of going from a state (row) to a state (column) at the next value.
  public let transition: [[Double]]
  /// The mean of each state.
  public let means: [Double]
  /// The variance of each state, positive.
  public let variances: [Double]

  /// A model from its parameters.
  ///
  /// - Precondition: as many probabilities, rows, columns and variances as means; probabilities
  ///   are not negative and variances are positive.
  public init(start: [Double], transition: [[Double]], means: [Double], variances: [Double]) {
    let count = means.count
    precondition(
      count > 0 && start.count == count && variances.count == count && transition.count == count
        && transition.allSatisfy { $0.count == count }, "parameters of unequal numbers of states")
    precondition(variances.allSatisfy { $0 > 0 && $0.isFinite }, "a variance is positive")
    precondition((start + transition.joined()).allSatisfy { $0 >= 0 }, "a probability below zero")
    self.start = start
    self.transition = transition
    self.means = means
    self.variances = variances
  }

  /// The number of states.
  public var stateCount: Int { means.count }

  /// The number of free parameters, by which AIC and BIC penalise: k - 1 start probabilities,
  /// k (k - 1) transitions, k means and k variances.
  public var parameterCount: Int { stateCount - 1 + stateCount * (stateCount - 1) + 2 * stateCount }

  /// How many values a state lasts on average; infinite for one that is never left.
  public var expectedDurations: [Double] {
    (0..<stateCount).map { 1 / (1 - transition[$0][$0]) }
  }

  /// The log-likelihood of some values.
  public func logLikelihood(of values: [Double]) -> Double {
    ForwardBackward(values, states: stateCount).forward(self)
  }

  /// The probability of each state given each value and those before it: one array a state, one
  /// number a value. This is what was known at the time, if the parameters were.
  public func filtered(_ values: [Double]) -> [[Double]] {
    let work = ForwardBackward(values, states: stateCount)
    _ = work.forward(self)
    return work.filtered()
  }

  /// The probability of each state given all values: one array a state, one number a value. It
  /// looks ahead, so it describes and must never feed a decision.
  public func smoothed(_ values: [Double]) -> [[Double]] {
    let work = ForwardBackward(values, states: stateCount)
    _ = work.forward(self)
    return work.smoothed(self)
  }

  /// The likeliest path of states given all values, and the log of its joint probability with them.
  /// It looks ahead. Of equally likely ones the path with the lower states at the end.
  ///
  /// > A. J. Viterbi, "Error Bounds for Convolutional Codes and an Asymptotically Optimum Decoding
  /// > Algorithm", IEEE Transactions on Information Theory 13(2), 1967.
  public func viterbi(_ values: [Double]) -> (states: [Int], logProbability: Double) {
    guard !values.isEmpty else { return ([], 0) }
    let count = stateCount
    let logTransition = transition.flatMap { row in row.map { log($0) } }
    let constants = variances.map { -0.5 * log(2 * Double.pi * $0) }
    let precisions = variances.map { 0.5 / $0 }
    func density(_ value: Double, _ state: Int) -> Double {
      let distance = value - means[state]
      return constants[state] - precisions[state] * distance * distance
    }
    var best = (0..<count).map { log(start[$0]) + density(values[0], $0) }
    var next = best
    var previous = [UInt8](repeating: 0, count: values.count * count)
    for row in values.indices.dropFirst() {
      for state in 0..<count {
        var (from, score) = (0, -Double.infinity)
        for other in 0..<count {
          let candidate = best[other] + logTransition[other * count + state]
          if candidate > score { (from, score) = (other, candidate) }
        }
        previous[row * count + state] = UInt8(from)
        next[state] = score + density(values[row], state)
      }
      swap(&best, &next)
    }
    let score = best.max() ?? 0
    var states = [Int](repeating: best.firstIndex(of: score) ?? 0, count: values.count)
    for row in values.indices.dropFirst().reversed() {
      states[row - 1] = Int(previous[row * count + states[row]])
    }
    return (states, score)
  }

  /// The same model with its states in ascending order of variance, then of mean.
  func sortedByVariance() -> HiddenMarkovModel {
    let order = means.indices.sorted {
      (variances[$0], means[$0], $0) < (variances[$1], means[$1], $1)
    }
    return HiddenMarkovModel(
      start: order.map { start[$0] },
      transition: order.map { row in order.map { transition[row][$0] } },
      means: order.map { means[$0] }, variances: order.map { variances[$0] })
  }
}

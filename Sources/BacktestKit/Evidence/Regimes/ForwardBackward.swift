internal import Glibc

/// The forward and backward pass over one column of values, with the sums that a step of Baum and
/// Welch needs. Its memory is allocated once and used again for every model.
///
/// Densities are taken relative to the largest of each value, so nothing overflows and k states
/// cost k - 1 exponentials. Two states have their own pass: their forward and backward
/// variables are rescaled only when they have become small, which keeps divisions out of the chain
/// in which each value waits for the one before it.
final class ForwardBackward {
  /// The number of values.
  let count: Int
  private let states: Int
  private let values: UnsafeMutablePointer<Double>
  /// Densities over the largest of their row.
  private let densities: UnsafeMutablePointer<Double>
  /// Forward variables, each row up to a factor.
  private let alphas: UnsafeMutablePointer<Double>
  private let exponents: UnsafeMutablePointer<Double>
  /// The mean of the values and the sum of squares about it.
  private let center: Double
  private let squares: Double

  /// Where forward variables are scaled up: far from underflow even after a few unlikely values.
  private static let smallest = 0x1p-300

  init(_ values: [Double], states: Int) {
    precondition(states > 0 && states <= 256, "a hidden Markov model has 1 to 256 states")
    count = values.count
    self.states = states
    func column(_ size: Int) -> UnsafeMutablePointer<Double> {
      let memory = UnsafeMutablePointer<Double>.allocate(capacity: max(size, 1))
      memory.initialize(repeating: 0, count: max(size, 1))
      return memory
    }
    self.values = column(values.count)
    densities = column(values.count * states)
    alphas = column(values.count * states)
    exponents = column(values.count)
    let spread = Dispersion(values)
    center = values.isEmpty ? 0 : spread.mean
    squares = values.isEmpty ? 0 : spread.squares
    for row in 0..<values.count { self.values[row] = values[row] }
  }

  deinit {
    values.deallocate()
    densities.deallocate()
    alphas.deallocate()
    exponents.deallocate()
  }

  /// The log-likelihood of the values under a model; -infinity where it cannot produce them.
  ///
  /// Leaves densities and forward variables for `filtered`, `smoothed` and `reestimate`.
  func forward(_ model: HiddenMarkovModel) -> Double {
    guard count > 0 else { return 0 }
    let reference = states == 2 ? pairDensities(model) : relativeDensities(model)
    let scale = states == 2 ? pairForward(model) : scaledForward(model)
    return reference + scale
  }

  /// One step of Baum and Welch after `forward` with the same model: start, transitions, means and
  /// maximum-likelihood variances, of which none is below the floor.
  ///
  /// A state that nothing belongs to keeps its parameters.
  func reestimate(_ model: HiddenMarkovModel, varianceFloor: Double) -> HiddenMarkovModel {
    var sums = ExpectedSums(states: states)
    if states == 2 { pairBackward(model, &sums) } else { scaledBackward(model, &sums, nil) }
    return sums.model(from: model, varianceFloor: varianceFloor)
  }

  /// The probability of each state given the values up to each row.
  func filtered() -> [[Double]] {
    var columns = [[Double]](repeating: [Double](repeating: 0, count: count), count: states)
    for row in 0..<count {
      let alpha = alphas + row * states
      var total = 0.0
      for state in 0..<states { total += alpha[state] }
      for state in 0..<states { columns[state][row] = alpha[state] / total }
    }
    return columns
  }

  /// The probability of each state given all values.
  func smoothed(_ model: HiddenMarkovModel) -> [[Double]] {
    var columns = [[Double]](repeating: [Double](repeating: 0, count: count), count: states)
    var sums = ExpectedSums(states: states)
    scaledBackward(model, &sums) { row, state, value in columns[state][row] = value }
    return columns
  }
}

/// What the next parameters are made of: sums over all values of the probabilities of states, of
/// moves between them, and of values weighted by them.
private struct ExpectedSums {
  /// The probability of each state at the first value.
  var first: [Double]
  /// Moves from state to state, row by row.
  var moves: [Double]
  /// How many values belong to each state.
  var weight: [Double]
  /// Their distances from the state's present mean, and the squares of these.
  var distance: [Double]
  var square: [Double]

  init(states: Int) {
    first = [Double](repeating: 0, count: states)
    moves = [Double](repeating: 0, count: states * states)
    (weight, distance, square) = (first, first, first)
  }

  func model(from old: HiddenMarkovModel, varianceFloor: Double) -> HiddenMarkovModel {
    let count = first.count
    var (means, variances, transition) = (old.means, old.variances, old.transition)
    for state in 0..<count {
      let row = moves[(state * count)..<((state + 1) * count)]
      let total = row.reduce(0, +)
      if total > 0 { transition[state] = row.map { $0 / total } }
      guard weight[state] > 0 else { continue }
      let shift = distance[state] / weight[state]
      means[state] += shift
      variances[state] = max(square[state] / weight[state] - shift * shift, varianceFloor)
    }
    let total = first.reduce(0, +)
    return HiddenMarkovModel(
      start: total > 0 ? first.map { $0 / total } : old.start, transition: transition,
      means: means, variances: variances)
  }
}

// Any number of states
extension ForwardBackward {
  /// Fills the densities and gives the sum of the logs of what they were divided by.
  private func relativeDensities(_ model: HiddenMarkovModel) -> Double {
    let constants = model.variances.map { -0.5 * log(2 * Double.pi * $0) }
    let precisions = model.variances.map { 0.5 / $0 }
    var sum = 0.0
    for row in 0..<count {
      let density = densities + row * states
      var largest = -Double.infinity
      for state in 0..<states {
        let distance = values[row] - model.means[state]
        density[state] = constants[state] - precisions[state] * distance * distance
        largest = max(largest, density[state])
      }
      for state in 0..<states {
        density[state] = density[state] == largest ? 1 : exp(density[state] - largest)
      }
      sum += largest
    }
    return sum
  }

  /// Forward variables that sum to 1 in each row; gives the sum of the logs of what they were
  /// divided by.
  private func scaledForward(_ model: HiddenMarkovModel) -> Double {
    let transition = model.transition.flatMap { $0 }
    var logs = 0.0
    for row in 0..<count {
      let (alpha, density) = (alphas + row * states, densities + row * states)
      var total = 0.0
      for state in 0..<states {
        var prior = 0.0
        if row == 0 {
          prior = model.start[state]
        } else {
          let before = alpha - states
          for other in 0..<states { prior += before[other] * transition[other * states + state] }
        }
        alpha[state] = prior * density[state]
        total += alpha[state]
      }
      guard total > 0 else { return -.infinity }
      for state in 0..<states { alpha[state] /= total }
      logs += log(total)
    }
    return logs
  }

  /// The backward pass: adds to the sums and hands out each smoothed probability.
  private func scaledBackward(
    _ model: HiddenMarkovModel, _ sums: inout ExpectedSums,
    _ take: ((_ row: Int, _ state: Int, _ probability: Double) -> Void)?
  ) {
    let transition = model.transition.flatMap { $0 }
    var beta = [Double](repeating: 1, count: states)
    var ahead = beta
    for row in stride(from: count - 1, through: 0, by: -1) {
      let alpha = alphas + row * states
      if row < count - 1 {
        let density = densities + (row + 1) * states
        for state in 0..<states { ahead[state] = density[state] * beta[state] }
        var largest = 0.0
        for state in 0..<states {
          var sum = 0.0
          for next in 0..<states { sum += transition[state * states + next] * ahead[next] }
          beta[state] = sum
          largest = max(largest, sum)
        }
        guard largest > 0 else { return }
        for state in 0..<states {
          beta[state] /= largest
          ahead[state] /= largest
        }
      }
      var total = 0.0
      for state in 0..<states { total += alpha[state] * beta[state] }
      guard total > 0 else { return }
      for state in 0..<states {
        let probability = alpha[state] * beta[state] / total
        take?(row, state, probability)
        let distance = values[row] - model.means[state]
        sums.weight[state] += probability
        sums.distance[state] += probability * distance
        sums.square[state] += probability * distance * distance
        if row == 0 { sums.first[state] = probability }
        guard row < count - 1 else { continue }
        let share = alpha[state] / total
        for next in 0..<states {
          sums.moves[state * states + next] +=
            share * transition[state * states + next] * ahead[next]
        }
      }
    }
  }
}

// Two states
extension ForwardBackward {
  /// As `relativeDensities`: the log of the second density over the first is a parabola in the
  /// value, so one exponential a value gives both.
  private func pairDensities(_ model: HiddenMarkovModel) -> Double {
    let (mean0, mean1) = (model.means[0], model.means[1])
    let (half0, half1) = (0.5 / model.variances[0], 0.5 / model.variances[1])
    let constant = 0.5 * log(model.variances[0] / model.variances[1])
    var lead = 0.0
    for row in 0..<count {
      let (distance0, distance1) = (values[row] - mean0, values[row] - mean1)
      let log = constant + half0 * distance0 * distance0 - half1 * distance1 * distance1
      exponents[row] = log
      lead += max(log, 0)
    }
    for row in 0..<count {
      let smaller = exp(-abs(exponents[row]))
      let isSecond = exponents[row] > 0
      densities[2 * row] = isSecond ? smaller : 1
      densities[2 * row + 1] = isSecond ? 1 : smaller
    }
    let shift = center - mean0
    let n = Double(count)
    return -0.5 * n * log(2 * Double.pi * model.variances[0])
      - half0 * (squares + n * shift * shift) + lead
  }

  /// Forward variables up to a factor; gives the log of the likelihood relative to the densities'
  /// reference.
  private func pairForward(_ model: HiddenMarkovModel) -> Double {
    let (stay0, leave0) = (model.transition[0][0], model.transition[0][1])
    let (leave1, stay1) = (model.transition[1][0], model.transition[1][1])
    var alpha0 = model.start[0] * densities[0]
    var alpha1 = model.start[1] * densities[1]
    alphas[0] = alpha0
    alphas[1] = alpha1
    var logs = 0.0
    for row in 1..<max(count, 1) {
      let (before0, before1) = (alpha0, alpha1)
      alpha0 = (before0 * stay0 + before1 * leave1) * densities[2 * row]
      alpha1 = (before0 * leave0 + before1 * stay1) * densities[2 * row + 1]
      let total = alpha0 + alpha1
      if total < Self.smallest {
        guard total > 0 else { return -.infinity }
        alpha0 /= total
        alpha1 /= total
        logs += log(total)
      }
      alphas[2 * row] = alpha0
      alphas[2 * row + 1] = alpha1
    }
    let total = alpha0 + alpha1
    return total > 0 ? logs + log(total) : -.infinity
  }

  /// The backward pass of two states: adds to the sums.
  private func pairBackward(_ model: HiddenMarkovModel, _ sums: inout ExpectedSums) {
    let (stay0, leave0) = (model.transition[0][0], model.transition[0][1])
    let (leave1, stay1) = (model.transition[1][0], model.transition[1][1])
    let (mean0, mean1) = (model.means[0], model.means[1])
    var (beta0, beta1) = (1.0, 1.0)
    var (weight0, distance0, square0) = (0.0, 0.0, 0.0)
    var (weight1, distance1, square1) = (0.0, 0.0, 0.0)
    // Moves without their transition probability, which is the same for all rows.
    var (move01, move10) = (0.0, 0.0)
    var (ahead0, ahead1) = (0.0, 0.0)
    var (probability0, probability1) = (0.0, 0.0)
    var (last0, last1) = (0.0, 0.0)
    var row = count - 1
    while row >= 0 {
      let (alpha0, alpha1) = (alphas[2 * row], alphas[2 * row + 1])
      let inverse = 1 / (alpha0 * beta0 + alpha1 * beta1)
      probability0 = alpha0 * beta0 * inverse
      probability1 = alpha1 * beta1 * inverse
      let (from0, from1) = (values[row] - mean0, values[row] - mean1)
      weight0 += probability0
      weight1 += probability1
      distance0 += probability0 * from0
      distance1 += probability1 * from1
      square0 += probability0 * from0 * from0
      square1 += probability1 * from1 * from1
      move01 += alpha0 * ahead1 * inverse
      move10 += alpha1 * ahead0 * inverse
      if row == count - 1 { (last0, last1) = (probability0, probability1) }
      ahead0 = beta0 * densities[2 * row]
      ahead1 = beta1 * densities[2 * row + 1]
      beta0 = stay0 * ahead0 + leave0 * ahead1
      beta1 = leave1 * ahead0 + stay1 * ahead1
      let total = beta0 + beta1
      if total < Self.smallest {
        guard total > 0 else { return }
        let up = 1 / total
        beta0 *= up
        beta1 *= up
        ahead0 *= up
        ahead1 *= up
      }
      row -= 1
    }
    (move01, move10) = (move01 * leave0, move10 * leave1)
    sums.first = [probability0, probability1]
    sums.weight = [weight0, weight1]
    sums.distance = [distance0, distance1]
    sums.square = [square0, square1]
    // Every value but the last is left for a next one.
    sums.moves = [
      max(weight0 - last0 - move01, 0), move01, move10, max(weight1 - last1 - move10, 0),
    ]
  }
}

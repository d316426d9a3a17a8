public import BacktestCore

/// Factors for the elements that pass dropout layers: 0 for one that is dropped, 1/(1-p) for one
/// that is kept.
public struct DropoutMasks<Element: NetworkElement>: Sendable {
  /// For each dropout layer in order a factor for each element, in row-major order.
  public var factors: [[Element]]

  /// Given factors, scaled already.
  public init(_ factors: [[Element]]) { self.factors = factors }

  func fits(_ places: [DropoutPlace]) -> Bool {
    factors.count == places.count
      && places.indices.allSatisfy { factors[$0].count == places[$0].count }
  }
}

extension Network {
  /// Masks that keep each element with the probability of its layer.
  public func makeDropoutMasks(_ random: inout Randomness) -> DropoutMasks<Element> {
    DropoutMasks(
      program.dropouts.map { place in
        let kept = Element(1 / (1 - place.probability))
        return (0..<place.count).map { _ in random.nextUnit() < place.probability ? 0 : kept }
      })
  }

  /// Evaluates the network many times with dropout at work, as samples of what it might have
  /// learned.
  ///
  /// Each sample starts from the same recurrent state; afterwards the state has moved on by one
  /// evaluation without dropout.
  /// > Y. Gal, Z. Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
  ///
  /// - Parameters:
  ///   - input: an observation in row-major order.
  ///   - samples: how many, at least one.
  ///   - state: of this network; recurrent layers go on from it.
  ///   - random: where masks come from.
  public func evaluateWithUncertainty(
    _ input: [Element], samples: Int, state: inout State, random: inout Randomness
  ) -> UncertainOutput<Element> {
    precondition(samples > 0, "at least one sample")
    let masks = (0..<samples).map { _ in makeDropoutMasks(&random) }
    return evaluateWithUncertainty(input, masks: masks, state: &state)
  }

  /// The same with given masks, one set for each sample.
  public func evaluateWithUncertainty(
    _ input: [Element], masks: [DropoutMasks<Element>], state: inout State
  ) -> UncertainOutput<Element> {
    precondition(!masks.isEmpty, "at least one sample")
    let start = state
    let samples = masks.map { masks in
      state = start
      return evaluate(input, state: &state, dropout: masks)
    }
    state = start
    let output = evaluate(input, state: &state)
    let count = Double(samples.count)
    let means = output.indices.map { index in
      samples.reduce(0) { $0 + Double($1[index]) } / count
    }
    let deviations = output.indices.map { index in
      (samples.reduce(0) {
        let distance = Double($1[index]) - means[index]
        return $0 + distance * distance
      } / count).squareRoot()
    }
    return UncertainOutput(
      output: output, mean: means.map { Element($0) }, deviation: deviations.map { Element($0) })
  }
}

/// The output of a network with the spread that dropout gives it.
public struct UncertainOutput<Element: NetworkElement>: Sendable, Equatable {
  /// The output without dropout.
  public var output: [Element]
  /// The mean of the samples.
  public var mean: [Element]
  /// The standard deviation of the samples, their squares divided by their number.
  public var deviation: [Element]
}

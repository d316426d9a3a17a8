import BacktestNetworks

/// Turns the outputs of a head into an action or a prediction, by the rules of the training
/// libraries.
struct OutputDecoder: Sendable {
  private let action: ActionDefinition?
  private let output: OutputDefinition?
  private let low: ContiguousArray<Float>
  private let high: ContiguousArray<Float>

  init(_ manifest: PolicyManifest) {
    action = manifest.action
    output = manifest.output
    low = ContiguousArray(action?.low.map { Float($0) } ?? [])
    high = ContiguousArray(action?.high.map { Float($0) } ?? [])
  }

  /// The number of outputs that the head must have.
  var outputCount: Int { action?.outputCount ?? output?.outputCount ?? 0 }

  /// Fills a decision's action or prediction from its outputs.
  func apply(to decision: inout PolicyDecision) {
    if let action {
      apply(action, to: &decision)
    } else if let output {
      decision.prediction = output.prediction(of: decision.outputs)
    }
  }

  /// Whether numbers of actions are whole and exist.
  func isAction(_ decision: PolicyDecision) -> Bool {
    guard let action, action.transform == .index else { return true }
    for (number, size) in zip(decision.action, action.sizes) {
      guard let index = Int(exactly: number), 0..<size ~= index else { return false }
    }
    return true
  }

  private func apply(_ action: ActionDefinition, to decision: inout PolicyDecision) {
    switch action.transform {
    case .argmax:
      var first = 0
      for choice in action.sizes.indices {
        let count = action.sizes[choice]
        decision.action[choice] =
          action.quantiles > 1 || decision.allowed != .max
          ? argmax(decision.outputs, count, action.quantiles, allowed: decision.allowed)
          : argmax(decision.outputs, first..<(first + count))
        first += action.sizes[choice]
      }
    case .index:
      for choice in action.sizes.indices { decision.action[choice] = decision.outputs[choice] }
    case .clip:
      for index in low.indices {
        let value = Float(decision.outputs[index])
        decision.action[index] = Double(min(max(value, low[index]), high[index]))
      }
    case .unscale:
      for index in low.indices {
        decision.action[index] = unscaled(Float(decision.outputs[index]), index)
      }
    case .unsquash:
      for index in low.indices {
        let width = high[index] - low[index]
        let value = low[index] + (Float(decision.outputs[index]) + 1) * width / 2
        decision.action[index] = Double(min(max(value, low[index]), high[index]))
      }
    case .tanh:
      for index in low.indices {
        let value = SIMD4(repeating: Double(Float(decision.outputs[index]))).hyperbolicTangent()
        decision.action[index] = unscaled(Float(value[0]), index)
      }
    }
  }

  /// From -1...1 to the bounds, in 32 bits as the training library computes it.
  private func unscaled(_ value: Float, _ index: Int) -> Double {
    Double(low[index] + 0.5 * (value + 1) * (high[index] - low[index]))
  }

  /// The position of the first of the greatest outputs, rounded to 32 bits.
  private func argmax(_ outputs: ContiguousArray<Double>, _ range: Range<Int>) -> Double {
    var best = range.lowerBound
    for index in range where Float(outputs[index]) > Float(outputs[best]) { best = index }
    return Double(best - range.lowerBound)
  }

  /// The first of the allowed actions with the greatest mean of quantiles, rounded to 32 bits.
  private func argmax(
    _ outputs: ContiguousArray<Double>, _ count: Int, _ quantiles: Int, allowed: UInt64
  ) -> Double {
    var (best, greatest) = (-1, -Float.infinity)
    for action in 0..<count where allowed == .max || allowed & 1 << UInt64(action) != 0 {
      var sum = 0.0
      for quantile in 0..<quantiles { sum += outputs[quantile * count + action] }
      let mean = Float(sum / Double(quantiles))
      if best < 0 || mean > greatest { (best, greatest) = (action, mean) }
    }
    return Double(max(best, 0))
  }
}

extension OutputDefinition {
  /// Whether the probability of its class "up" is the probability of a return above zero, as it is
  /// where there are only two classes.
  var predictsRises: Bool {
    if case .classes(let classes) = kind { classes.names.count == 2 } else { true }
  }

  /// The prediction of the next bar.
  func prediction(of outputs: ContiguousArray<Double>) -> PolicyPrediction {
    var prediction = PolicyPrediction()
    switch kind {
    case .regression:
      prediction.expectedReturn = outputs[0] * unit.factor
      prediction.signal = prediction.expectedReturn
    case .gaussian:
      prediction.expectedReturn = outputs[0] * unit.factor
      prediction.signal = prediction.expectedReturn
      prediction.deviation = (outputs[1] / 2).exponential * unit.factor
    case .classes(let classes): classes.fill(&prediction, from: outputs)
    }
    return prediction
  }
}

extension OutputDefinition.Classes {
  /// The probabilities of up and down, and the mean and deviation of the classes' returns.
  fileprivate func fill(
    _ prediction: inout PolicyPrediction, from outputs: ContiguousArray<Double>
  ) {
    var greatest = outputs[0]
    for value in outputs { greatest = max(greatest, value) }
    var sum = 0.0
    for value in outputs { sum += weight(value, greatest) }
    let up = weight(outputs[up], greatest) / sum
    prediction.probabilityUp = up
    let down = weight(outputs[down], greatest) / sum
    prediction.probabilityDown = down
    prediction.signal = up - down
    guard !values.isEmpty else { return }
    var (mean, square) = (0.0, 0.0)
    for index in outputs.indices {
      let share = weight(outputs[index], greatest) / sum
      mean += share * values[index]
      square += share * values[index] * values[index]
    }
    prediction.expectedReturn = mean
    prediction.deviation = max(square - mean * mean, 0).squareRoot()
  }

  private func weight(_ output: Double, _ greatest: Double) -> Double {
    usesSoftmax ? (output - greatest).exponential : output
  }
}

extension Double {
  /// e^x as networks compute it, the same on every system.
  var exponential: Double { SIMD4(repeating: self).exponential()[0] }
}

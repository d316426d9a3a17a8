import BacktestFiles
package import BacktestPolicies
import Synchronization

/// A policy that decides what is written down for each of its decisions, in order; afterwards the
/// last of them again.
package struct ScriptedPolicy: Policy {
  /// One decision, or none.
  package enum Step: Sendable {
    case act([Double])
    case actUnsurely([Double], deviation: Double)
    case predict(PolicyPrediction)
    case refuse(String, isFinal: Bool = false)
  }

  package var observationCount: Int
  var steps: [Step]
  /// What it observed.
  package var log = Log()
  private var next = 0

  package init(_ steps: [Step], observationCount: Int = 1) {
    self.steps = steps
    self.observationCount = observationCount
  }

  /// A policy of one choice.
  package init(choices: [Int]) { self.init(choices.map { .act([Double($0)]) }) }

  package func makeDecision() -> PolicyDecision {
    var count = 0
    for step in steps {
      switch step {
      case .act(let action), .actUnsurely(let action, _): count = action.count
      default: break
      }
    }
    return PolicyDecision(actionCount: count, outputCount: 0)
  }

  package mutating func reset() { log.resets.withLock { $0 += 1 } }

  package mutating func decide(
    _ observation: UnsafeBufferPointer<Double>, into decision: inout PolicyDecision
  ) throws(PolicyRefusal) {
    log.observations.withLock { $0.append(Array(observation)) }
    let step = steps[min(next, steps.count - 1)]
    next += 1
    switch step {
    case .act(let action): decision.action = ContiguousArray(action)
    case .actUnsurely(let action, let deviation):
      decision.action = ContiguousArray(action)
      decision.prediction.deviation = deviation
    case .predict(let prediction): decision.prediction = prediction
    case .refuse(let reason, let isFinal): throw PolicyRefusal(reason, isFinal: isFinal)
    }
  }

  /// What all copies of a policy went through.
  package final class Log: Sendable {
    let observations = Mutex<[[Double]]>([])
    let resets = Mutex(0)

    package var seen: [[Double]] { observations.withLock { $0 } }
    package var resetCount: Int { resets.withLock { $0 } }
  }
}

extension PolicyPrediction {
  package init(signal: Double? = nil, expectedReturn: Double? = nil, deviation: Double? = nil) {
    self.init()
    self.signal = signal
    self.expectedReturn = expectedReturn
    self.deviation = deviation
  }
}

extension PolicyManifest {
  /// A manifest without a network, from the JSON of its action or output.
  package static func scripted(
    action: String? = nil, output: String? = nil, shape: [Int] = [1],
    features: String = "{\"state\": \"position_weight\"}", more: String = ""
  ) throws -> PolicyManifest {
    let meaning = action.map { "\"action\": \($0)" } ?? "\"output\": \(output ?? "null")"
    let text = """
      {"format": "backtestkit.policy/1", "name": "scripted", "algorithm": "none",
       "observation": {"shape": \(shape), "features": [\(features)], "normalise": {"kind": "none"}},
       \(meaning)\(more)}
      """
    return try PolicyManifest(
      document: try JSONReader.read(Array(text.utf8), name: "manifest.json"), folder: "")
  }

  /// One choice of weights of one instrument.
  package static func choosing(
    _ targets: [Double], meaning: String = "target_weights", features: String? = nil
  ) throws -> PolicyManifest {
    try scripted(
      action: "{\"kind\": \"discrete\", \"size\": \(targets.count), \"rule\": \"argmax\", "
        + "\"meaning\": \"\(meaning)\", \"targets\": \(targets)}",
      features: features ?? "{\"state\": \"position_weight\"}")
  }

  /// Weights as a box's own components.
  package static func weighing(_ assets: [String] = []) throws -> PolicyManifest {
    let count = max(assets.count, 1)
    let low = Array(repeating: -2.0, count: count)
    let high = Array(repeating: 2.0, count: count)
    return try scripted(
      action: "{\"kind\": \"box\", \"size\": \(count), \"low\": \(low), \"high\": \(high), "
        + "\"transform\": \"clip\", \"meaning\": \"target_weights\", \"assets\": \(assets)}",
      shape: [count])
  }
}

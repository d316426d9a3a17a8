/// What several predictions of one instrument say together.
///
/// Each figure is the mean of those of the members, and is there only where all of them tell it. A
/// signal needs one unit too: where some members tell a probability and others a return, there is
/// none. The deviation is that of the mixture of the members' distributions, by the law of total
/// variance: the mean of their variances and the variance of their means.
struct PredictionBlend: Sendable, BitwiseCopyable {
  /// How many predictions it holds.
  private(set) var count = 0
  private var signal = Sum()
  private var probabilityUp = Sum()
  private var expectedReturn = Sum()
  // Of the deviations that come with a return, the sum of squares; and of the returns.
  private var variance = Sum()
  private var square = 0.0

  private struct Sum: BitwiseCopyable {
    var count = 0
    var total = 0.0

    mutating func add(_ value: Double?) {
      guard let value, value.isFinite else { return }
      count += 1
      total += value
    }

    func mean(of all: Int) -> Double? { count == all ? total / Double(all) : nil }
  }

  /// Takes one more prediction in.
  mutating func add(_ prediction: PolicyPrediction) {
    count += 1
    signal.add(prediction.signal)
    probabilityUp.add(prediction.probabilityUp)
    expectedReturn.add(prediction.expectedReturn)
    guard let mean = prediction.expectedReturn else { return }
    variance.add(prediction.deviation.map { $0 * $0 })
    square += mean * mean
  }

  /// What they say together; nothing before the first.
  var prediction: PolicyPrediction {
    var blend = PolicyPrediction()
    guard count > 0 else { return blend }
    blend.probabilityUp = probabilityUp.mean(of: count)
    blend.expectedReturn = expectedReturn.mean(of: count)
    if probabilityUp.count == 0 || probabilityUp.count == count {
      blend.signal = signal.mean(of: count)
    }
    if let mean = blend.expectedReturn, let within = variance.mean(of: count) {
      let between = max(square / Double(count) - mean * mean, 0)
      blend.deviation = (within + between).squareRoot()
    }
    return blend
  }
}

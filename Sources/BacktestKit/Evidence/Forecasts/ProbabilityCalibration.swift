internal import Glibc

/// Whether stated probabilities come true as often as they say.
///
///     if let calibration = ProbabilityCalibration(probabilities: said, outcomes: came) {
///       print(calibration.brier, calibration.brierSkill ?? .nan)
///       for bin in calibration.bins { print(bin.meanProbability, bin.frequency, bin.count) }
///     }
public struct ProbabilityCalibration: Hashable, Sendable {
  /// The probabilities between two edges, and how often what they spoke of came.
  public struct Bin: Hashable, Sendable {
    /// Which one, from 0.
    public var index: Int
    /// The lower edge, which belongs to it.
    public var lowerEdge: Double
    /// The upper edge, which belongs to the next bin, but to this one where it is 1.
    public var upperEdge: Double
    /// How many probabilities lie in it.
    public var count: Int
    /// Their mean.
    public var meanProbability: Double
    /// The share of them whose event came.
    public var frequency: Double
  }

  /// How many probabilities were judged.
  public let count: Int
  /// The share of events that came.
  public let baseRate: Double
  /// The mean squared difference of probability and outcome (1 or 0); 0 is perfect.
  ///
  /// > G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
  /// > Review 78(1), 1950.
  public let brier: Double
  /// The mean negative logarithm of the probability given to what came; a probability of 0 or 1 is
  /// moved inward by 2.2e-16.
  public let logLoss: Double
  /// The bins that hold any probability, in order.
  public let bins: [Bin]

  /// The judgement of probabilities, in bins of equal width.
  ///
  /// - Parameters:
  ///   - probabilities: from 0 to 1.
  ///   - outcomes: whether it came, one for each probability.
  ///   - binCount: how many bins; an inner edge j / binCount belongs to the bin above it.
  /// - Returns: `nil` without probabilities.
  /// - Precondition: probabilities lie between 0 and 1, one for each outcome, and `binCount` is
  ///   positive.
  public init?(probabilities: [Double], outcomes: [Bool], binCount: Int = 10) {
    precondition(probabilities.count == outcomes.count, "an outcome for each probability")
    precondition(binCount > 0, "at least one bin")
    precondition(
      probabilities.allSatisfy { (0...1).contains($0) }, "a probability lies between 0 and 1")
    guard !probabilities.isEmpty else { return nil }
    let n = Double(outcomes.count)
    let pairs = zip(probabilities, outcomes)
    count = outcomes.count
    baseRate = Double(outcomes.count { $0 }) / n
    brier =
      pairs.compensatedSum { p, came in came ? (1 - p) * (1 - p) : p * p } / n
    let least = Double.ulpOfOne
    logLoss =
      pairs.compensatedSum { p, came in
        -log(min(max(came ? p : 1 - p, least), 1 - least))
      } / n
    var sums = [CompensatedSum](repeating: CompensatedSum(), count: binCount)
    var hits = [Int](repeating: 0, count: binCount)
    var counts = hits
    for (p, came) in pairs {
      let bin = Self.bin(of: p, among: binCount)
      sums[bin].add(p)
      counts[bin] += 1
      hits[bin] += came ? 1 : 0
    }
    bins = (0..<binCount).filter { counts[$0] > 0 }.map { bin in
      let members = Double(counts[bin])
      return Bin(
        index: bin, lowerEdge: Double(bin) / Double(binCount),
        upperEdge: Double(bin + 1) / Double(binCount), count: counts[bin],
        meanProbability: sums[bin].value / members, frequency: Double(hits[bin]) / members)
    }
  }

  /// The number of edges j / binCount at or below a probability, less the first; 1 is in the last.
  private static func bin(of p: Double, among binCount: Int) -> Int {
    var bin = min(Int(p * Double(binCount)), binCount - 1)
    // The product may round across an edge.
    while bin > 0, p < Double(bin) / Double(binCount) { bin -= 1 }
    while bin + 1 < binCount, p >= Double(bin + 1) / Double(binCount) { bin += 1 }
    return bin
  }
}

extension ProbabilityCalibration {
  /// The mean squared distance of the bins' probabilities from their frequencies; 0 is calibrated.
  ///
  /// Reliability - resolution + uncertainty is the Brier score where all probabilities of a bin are
  /// equal, and close to it otherwise.
  /// > A. H. Murphy, "A New Vector Partition of the Probability Score", Journal of Applied
  /// > Meteorology 12(4), 1973.
  public var reliability: Double {
    weighted { ($0.meanProbability - $0.frequency) * ($0.meanProbability - $0.frequency) }
  }

  /// The mean squared distance of the bins' frequencies from the base rate: how well the forecasts
  /// tell cases apart; more is better.
  public var resolution: Double {
    weighted { ($0.frequency - baseRate) * ($0.frequency - baseRate) }
  }

  /// The Brier score of always saying the base rate, base rate x (1 - base rate).
  public var uncertainty: Double { baseRate * (1 - baseRate) }

  /// 1 - Brier score / uncertainty: above 0 is better than always saying the base rate, as it came
  /// to be known afterwards. `nil` where the outcome never changed.
  public var brierSkill: Double? { RatioFormulas.quotient(brier, uncertainty).map { 1 - $0 } }

  /// The mean distance of the bins' probabilities from their frequencies.
  ///
  /// > C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks",
  /// > ICML 2017.
  public var expectedError: Double { weighted { abs($0.meanProbability - $0.frequency) } }

  /// The largest distance of a bin's probability from its frequency.
  public var maximumError: Double {
    bins.map { abs($0.meanProbability - $0.frequency) }.max() ?? 0
  }

  private func weighted(_ term: (Bin) -> Double) -> Double {
    bins.compensatedSum { Double($0.count) * term($0) } / Double(count)
  }
}

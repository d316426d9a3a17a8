internal import BacktestCore

/// The probability of backtest overfitting, by combinatorially symmetric cross-validation: how
/// often the best trial of one half of the data lies in the lower half of all trials on the other
/// half.
///
///     let result = try OverfittingProbability.estimate(trials: columns, blocks: 16).get()
///     result.probability     // 0.46: the choice is worth little
///
/// The rows are cut into an even number of blocks. For each choice of half of them, the trial with
/// the best Sharpe ratio on these is ranked among all trials on the rest. Ranks of equal trials
/// are averaged, the first of equally good trials is chosen, and a trial whose returns do not vary
/// is never chosen and counts as 0 on the other half. Trials whose volatility is below a hundredth
/// of the highest, which never traded or next to nothing, are left out.
///
/// A grid of nearly equal strategies has a probability near one half whatever they earn, and the
/// probability says nothing of profit: see ``lossProbability``.
/// > D. Bailey, J. Borwein, M. Lopez de Prado, Q. Zhu, "The Probability of Backtest Overfitting",
/// > J. Computational Finance 20(4), 2017.
public struct OverfittingProbability: Sendable {
  /// The number of trials.
  public let trials: Int
  /// The number of blocks.
  public let blocks: Int
  /// What happened for each choice of half of the blocks, in lexicographic order.
  public let outcomes: [Outcome]
  /// The line through the ratios out of sample over those in sample; `nil` where all are equal.
  public let degradation: Degradation?
  /// How the chosen trials compare with the mean of all trials out of sample.
  public let dominance: Dominance

  /// The choice on one half of the data, and what became of it on the other.
  public struct Outcome: Hashable, Sendable {
    /// The trial with the best Sharpe ratio in sample, counted from 0.
    public internal(set) var chosen: Int
    /// Its Sharpe ratio per bar in sample.
    public let inSample: Double
    /// Its Sharpe ratio per bar out of sample.
    public let outOfSample: Double
    /// Its rank out of sample among all trials, 1 for the worst, averaged over equals.
    public let rank: Double
    /// ln(w / (1 - w)) of its relative rank w = rank / (trials + 1).
    public let logit: Double
  }

  /// A straight line by least squares.
  public struct Degradation: Hashable, Sendable {
    /// What a ratio of 1 more in sample adds out of sample; below 0 where the better choice is the
    /// worse result.
    public let slope: Double
    /// The ratio out of sample of a ratio of 0 in sample.
    public let intercept: Double
    /// The share of the variance that the line explains; `nil` where there is none.
    public let determination: Double?
  }

  /// Whether the ratios of the chosen trials out of sample dominate the mean ratios of all trials,
  /// that is whether choosing beats not choosing.
  public struct Dominance: Hashable, Sendable {
    /// No threshold is exceeded less often by the chosen ones.
    public let isFirstOrder: Bool
    /// Nobody who shuns risk prefers the mean of all.
    public let isSecondOrder: Bool
  }

  /// The share of choices whose logit is not above 0.
  public let probability: Double
  /// The share of choices that lost out of sample.
  public let lossProbability: Double

  /// The probability from the returns of trials.
  ///
  /// - Parameters:
  ///   - trials: the simple returns of each trial, all of the same rows.
  ///   - blocks: an even number from 2 to 24.
  ///   - threads: how many work at a time; `nil` takes one for each processor.
  /// - Throws: `EvidenceError` when the trials or blocks cannot be used.
  public static func estimate(
    trials: [[Double]], blocks: Int = 16, threads: Int? = nil
  ) throws(EvidenceError) -> Result<OverfittingProbability, StatisticAbsence> {
    guard let first = trials.first else { throw .noTrial(0, count: 0) }
    var moments = try BlockMoments(rows: first.count, blocks: blocks)
    for returns in trials { try moments.add(returns) }
    return estimate(moments, threads: threads)
  }

  /// The probability from the moments of blocks, without trials that never traded.
  ///
  /// - Complexity: O(trials x choices), 12,870 choices for 16 blocks.
  public static func estimate(
    _ moments: BlockMoments, threads: Int? = nil
  ) -> Result<OverfittingProbability, StatisticAbsence> {
    guard moments.count >= 2 else {
      return .failure(.tooFewTrials(moments.count, needed: 2))
    }
    let (moments, numbers) = moments.withoutIdleTrials
    guard moments.count >= 2 else {
      return .failure(
        moments.count == 0 ? .noDispersion : .tooFewTrials(moments.count, needed: 2))
    }
    let halves = BlockHalves(blocks: moments.blocks)
    let (rows, width) = moments.blockRows()
    let inputs = HalfInputs(
      rows: rows, width: width, trials: moments.count,
      returnCount: moments.blockLength * (moments.blocks / 2))
    // Each piece does a run of choices, each together with its complement.
    let pieceLength = 256
    let pieces = (halves.pairCount + pieceLength - 1) / pieceLength
    let parts = parallelMap(count: pieces, threads: threads) { piece in
      let range = piece * pieceLength..<min((piece + 1) * pieceLength, halves.pairCount)
      return inputs.outcomes(of: range, halves)
    }
    var direct: [HalfOutcome] = []
    var mirrored: [HalfOutcome] = []
    for part in parts {
      guard let part else { return .failure(.noDispersion) }
      direct += part.direct
      mirrored += part.mirrored
    }
    var choices = direct + mirrored.reversed()
    for place in choices.indices {
      choices[place].outcome.chosen = numbers[choices[place].outcome.chosen]
    }
    return .success(OverfittingProbability(moments, choices: choices))
  }

  private init(_ moments: BlockMoments, choices: [HalfOutcome]) {
    trials = moments.count
    blocks = moments.blocks
    let total = Double(choices.count)
    outcomes = choices.map { $0.outcome }
    probability = Double(outcomes.count { $0.logit <= 0 }) / total
    lossProbability = Double(outcomes.count { $0.outOfSample < 0 }) / total
    degradation = Degradation(
      inSample: outcomes.map(\.inSample), outOfSample: outcomes.map(\.outOfSample))
    dominance = Dominance(
      chosen: outcomes.map(\.outOfSample), mean: choices.map(\.meanOfAll))
  }
}

extension OverfittingProbability.Degradation {
  /// The line through results out of sample over those in sample; `nil` for none, or where all in
  /// sample are equal.
  init?(inSample: [Double], outOfSample: [Double]) {
    let count = Double(inSample.count)
    let meanX = inSample.compensatedSum { $0 } / count
    let meanY = outOfSample.compensatedSum { $0 } / count
    var (xx, xy, yy) = (CompensatedSum(), CompensatedSum(), CompensatedSum())
    for (x, y) in zip(inSample, outOfSample) {
      let (x, y) = (x - meanX, y - meanY)
      xx.add(x * x)
      xy.add(x * y)
      yy.add(y * y)
    }
    guard (xx.value / count).squareRoot().withoutRounding() > 0 else { return nil }
    slope = xy.value / xx.value
    intercept = meanY - slope * meanX
    determination = RatioFormulas.quotient(xy.value * xy.value, xx.value * yy.value)
  }
}

extension OverfittingProbability.Dominance {
  /// Compares two samples of equal size by their sorted values and the sums of these.
  fileprivate init(chosen: [Double], mean: [Double]) {
    var isFirst = true
    var isSecond = true
    var lead = CompensatedSum()
    for (a, b) in zip(chosen.sorted(), mean.sorted()) {
      if a < b { isFirst = false }
      lead.add(a - b)
      if lead.value < 0 { isSecond = false }
    }
    isFirstOrder = isFirst
    isSecondOrder = isSecond
  }
}

/// One choice, with the mean ratio of all trials out of sample.
struct HalfOutcome: Sendable {
  var outcome: OverfittingProbability.Outcome
  var meanOfAll: Double
}

/// The ways to choose half of some blocks, in lexicographic order.
///
/// The choices with block 0 come first; the complement of the k-th from the front is the k-th from
/// the back, so each pair is visited once.
struct BlockHalves: Sendable {
  /// The blocks of each choice that has block 0, one after the other.
  private let chosen: [UInt8]
  /// The number of blocks chosen.
  let half: Int
  private let blocks: Int

  init(blocks: Int) {
    self.blocks = blocks
    half = blocks / 2
    var current = (0..<half).map { UInt8($0) }
    var all = current
    while let place = current.indices.last(where: {
      Int(current[$0]) < blocks - blocks / 2 + $0
    }), place > 0 {
      current[place] += 1
      for later in current.indices where later > place { current[later] = current[later - 1] + 1 }
      all += current
    }
    chosen = all
  }

  /// The number of choices that have block 0.
  var pairCount: Int { chosen.count / half }

  /// The blocks of a choice, and those that it leaves.
  func pair(_ index: Int) -> (chosen: [Int], left: [Int]) {
    let chosen = chosen[index * half..<(index + 1) * half].map(Int.init)
    var left: [Int] = []
    left.reserveCapacity(half)
    var place = 0
    for block in 0..<blocks {
      if place < half, chosen[place] == block { place += 1 } else { left.append(block) }
    }
    return (chosen, left)
  }
}

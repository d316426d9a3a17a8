import BacktestCore
internal import Glibc

/// The moments of blocks laid out so that the Sharpe ratios of all trials on half of the blocks
/// are computed side by side.
struct HalfInputs: Sendable {
  /// One row a block: the sums of all trials, then their sums of squares.
  let rows: [Double]
  /// The length of each half of a row, a multiple of eight.
  let width: Int
  /// The number of trials.
  let trials: Int
  /// The number of returns in half of the blocks.
  let returnCount: Int

  /// What comes of some choices and of their complements; `nil` when no trial varies on one half.
  func outcomes(
    of range: Range<Int>, _ halves: BlockHalves
  ) -> (direct: [HalfOutcome], mirrored: [HalfOutcome])? {
    var first = RunningHalf(self, half: halves.half)
    var second = RunningHalf(self, half: halves.half)
    var direct: [HalfOutcome] = []
    var mirrored: [HalfOutcome] = []
    direct.reserveCapacity(range.count)
    mirrored.reserveCapacity(range.count)
    for index in range {
      let pair = halves.pair(index)
      first.choose(pair.chosen)
      second.choose(pair.left)
      guard let forward = first.outcome(on: second), let back = second.outcome(on: first) else {
        return nil
      }
      direct.append(forward)
      mirrored.append(back)
    }
    return (direct, mirrored)
  }
}

/// The Sharpe ratios of all trials on a half of the blocks that changes by few blocks at a time.
private struct RunningHalf {
  private let inputs: HalfInputs
  private let half: Int
  private var blocks: [Int]
  /// The sums over the first k + 1 chosen blocks, for each k.
  private var partial: [Double]
  private var ratios: [Double]
  /// Whether some trials do not vary; their ratio reads 0.
  private var hasFlatTrials = false

  init(_ inputs: HalfInputs, half: Int) {
    self.inputs = inputs
    self.half = half
    blocks = Array(repeating: -1, count: half)
    partial = Array(repeating: 0, count: half * 2 * inputs.width)
    ratios = Array(repeating: 0, count: inputs.width)
  }

  /// Takes the ratios on these blocks.
  mutating func choose(_ next: [Int]) {
    let length = 2 * inputs.width
    let kept = zip(next, blocks).prefix { $0 == $1 }.count
    partial.withUnsafeMutableBytes { partial in
      inputs.rows.withUnsafeBytes { rows in
        for place in kept..<half {
          let source = next[place] * length
          let target = place * length
          for column in stride(from: 0, to: length, by: 8) {
            var sum = rows.lanes(source + column)
            if place > 0 { sum += partial.lanes(target - length + column) }
            partial.setLanes(target + column, sum)
          }
        }
      }
    }
    blocks = next
    takeRatios()
  }

  private mutating func takeRatios() {
    let n = Double(inputs.returnCount)
    let width = inputs.width
    let start = (half - 1) * 2 * width
    var flat = 0
    partial.withUnsafeBytes { partial in
      ratios.withUnsafeMutableBytes { ratios in
        for column in stride(from: 0, to: width, by: 8) {
          let sum = partial.lanes(start + column)
          let squares = partial.lanes(start + width + column)
          let mean = sum / n
          let spread = squares - sum * mean
          // What rounding leaves of equal returns.
          let isFlat = spread .<= squares * (64 * Double.ulpOfOne)
          let deviation = (spread.replacing(with: 1, where: isFlat) / (n - 1)).squareRoot()
          ratios.setLanes(column, (mean / deviation).replacing(with: 0, where: isFlat))
          for lane in 0..<8 where isFlat[lane] { flat += 1 }
        }
      }
    }
    hasFlatTrials = flat > width - inputs.trials
  }

  /// Whether a trial does not vary on these blocks.
  private func isFlat(_ trial: Int) -> Bool {
    let start = (half - 1) * 2 * inputs.width
    let (sum, squares) = (partial[start + trial], partial[start + inputs.width + trial])
    let spread = squares - sum * (sum / Double(inputs.returnCount))
    return spread <= squares * (64 * Double.ulpOfOne)
  }

  /// The first trial with the best ratio; `nil` when none varies.
  private var best: Int? {
    if hasFlatTrials {
      var best: Int?
      for trial in 0..<inputs.trials where !isFlat(trial) {
        if best.map({ ratios[trial] > ratios[$0] }) ?? true { best = trial }
      }
      return best
    }
    return ratios.withUnsafeBufferPointer { ratios in
      var best = 0
      for trial in 1..<inputs.trials where ratios[trial] > ratios[best] { best = trial }
      return best
    }
  }

  /// What becomes of the best trial of this half on another one.
  func outcome(on other: RunningHalf) -> HalfOutcome? {
    guard let chosen = best else { return nil }
    let value = other.ratios[chosen]
    var (below, equal) = (0, 0)
    var sum = 0.0
    other.ratios.withUnsafeBufferPointer { ratios in
      for trial in 0..<inputs.trials {
        below &+= ratios[trial] < value ? 1 : 0
        equal &+= ratios[trial] == value ? 1 : 0
      }
      sum = VectorSums.sum(UnsafeBufferPointer(rebasing: ratios[..<inputs.trials]))
    }
    let rank = Double(below) + Double(equal + 1) / 2
    let share = rank / Double(inputs.trials + 1)
    return HalfOutcome(
      outcome: OverfittingProbability.Outcome(
        chosen: chosen, inSample: ratios[chosen], outOfSample: value, rank: rank,
        logit: log(share / (1 - share))),
      meanOfAll: sum / Double(inputs.trials))
  }
}

extension UnsafeRawBufferPointer {
  /// Eight numbers from the element at `index` on.
  @inline(__always)
  func lanes(_ index: Int) -> SIMD8<Double> {
    loadUnaligned(fromByteOffset: index * 8, as: SIMD8<Double>.self)
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Eight numbers from the element at `index` on.
  @inline(__always)
  func lanes(_ index: Int) -> SIMD8<Double> {
    loadUnaligned(fromByteOffset: index * 8, as: SIMD8<Double>.self)
  }

  /// Sets eight numbers from the element at `index` on.
  @inline(__always)
  func setLanes(_ index: Int, _ value: SIMD8<Double>) {
    storeBytes(of: value, toByteOffset: index * 8, as: SIMD8<Double>.self)
  }
}

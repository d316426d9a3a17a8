/// What is kept of sets of parameters: their metrics, and the sums from which overfitting is
/// judged, instead of their returns.
struct MeasuredSets: Sendable {
  /// Set by set, the metrics in the order of `RunMeasure.metrics`.
  private(set) var metrics: [Double] = []
  /// Set by set and block by block, the sum of session returns and that of their squares.
  private(set) var blockSums: [Double] = []
  /// The sum over sets of their standardised session returns, row by row: its length gives the mean
  /// correlation between sets.
  private(set) var standardizedSum: [Double]
  /// The number of sets in that sum; those that never moved have no correlation.
  private(set) var movingCount = 0
  let blockCount: Int

  init(sessionCount: Int, blockCount: Int) {
    self.blockCount = blockCount
    standardizedSum = Array(repeating: 0, count: sessionCount)
  }

  mutating func reserve(_ count: Int, metricCount: Int) {
    metrics.reserveCapacity(count * metricCount)
    blockSums.reserveCapacity(count * blockCount * 2)
  }

  /// Adds a set.
  mutating func append(_ values: [Double], sessions: [Double], blocks: [Range<Int>]) {
    metrics += values
    for block in blocks {
      sessions[block].withUnsafeBufferPointer { returns in
        let (sum, squares) = VectorSums.deviations(returns, from: 0)
        blockSums.append(sum)
        blockSums.append(squares)
      }
    }
    let dispersion = Dispersion(sessions)
    guard let deviation = dispersion.deviation(reduction: 0), deviation > 0 else { return }
    movingCount += 1
    let (mean, factor) = (dispersion.mean, 1 / deviation)
    for row in sessions.indices { standardizedSum[row] += (sessions[row] - mean) * factor }
  }

  /// Adds the sets of another unit behind these.
  mutating func append(_ other: MeasuredSets) {
    metrics += other.metrics
    blockSums += other.blockSums
    movingCount += other.movingCount
    for row in standardizedSum.indices { standardizedSum[row] += other.standardizedSum[row] }
  }

  /// The mean correlation between the session returns of two sets; `nil` with fewer than two sets
  /// that moved.
  ///
  /// The squared length of a sum of n standardised columns of T rows is T times the sum of all
  /// correlations, of which n are 1.
  var meanCorrelation: Double? {
    let n = Double(movingCount)
    guard movingCount > 1, !standardizedSum.isEmpty else { return nil }
    let squares = standardizedSum.withUnsafeBufferPointer {
      VectorSums.deviations($0, from: 0).squares
    }
    return (squares / Double(standardizedSum.count) - n) / (n * (n - 1))
  }
}

extension MeasuredSets {
  /// All that is kept, as 64-bit words in the order of bytes of the machine: a journal belongs to
  /// one machine.
  var bytes: [UInt8] {
    var words = [Double(movingCount)]
    words += metrics
    words += blockSums
    words += standardizedSum
    return words.withUnsafeBytes { Array($0) }
  }

  /// What `bytes` gave; `nil` where the bytes are not those of so many sets.
  init?(bytes: [UInt8], count: Int, sessionCount: Int, blockCount: Int) {
    let sizes = [1, count * RunMeasure.metrics.count, count * blockCount * 2, sessionCount]
    guard bytes.count == sizes.reduce(0, +) * MemoryLayout<Double>.stride else { return nil }
    let words = bytes.withUnsafeBytes { raw in
      (0..<bytes.count / MemoryLayout<Double>.stride).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Double>.stride, as: Double.self)
      }
    }
    self.blockCount = blockCount
    movingCount = Int(words[0])
    metrics = Array(words[sizes[0]..<sizes[0] + sizes[1]])
    blockSums = Array(words[(sizes[0] + sizes[1])..<(words.count - sessionCount)])
    standardizedSum = Array(words[(words.count - sessionCount)...])
  }
}

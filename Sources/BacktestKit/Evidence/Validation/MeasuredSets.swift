/// What is kept of sets of parameters: their metrics, and the sums from which overfitting is
/// judged, instead of their returns.
struct MeasuredSets: Sendable {
  /// Set by set, the metrics in the order of `RunMeasure.metrics`.
  private(set) var metrics: [Double] = []
  /// What says how much of the best one's result is luck.
  private(set) var summary: SearchSummary
  private let blocks: Int

  /// No sets yet, of which so many session returns will be given.
  init(sessionCount: Int, blocks: Int) {
    self.blocks = blocks
    do {
      summary = try SearchSummary(rows: sessionCount, blocks: blocks)
    } catch {
      preconditionFailure("Invariant: sweeps use an even number of blocks: \(error)")
    }
  }

  /// Makes room for sets.
  mutating func reserve(_ count: Int) {
    metrics.reserveCapacity(count * RunMeasure.metrics.count)
  }

  /// Adds a set.
  mutating func append(_ values: [Double], sessions: [Double]) {
    metrics += values
    do {
      try summary.add(sessions)
    } catch {
      preconditionFailure("Invariant: all sets have as many finite returns: \(error)")
    }
  }

  /// Adds the sets of another unit behind these.
  mutating func append(_ other: MeasuredSets) {
    metrics += other.metrics
    summary.add(contentsOf: other.summary)
  }

  /// The number of blocks for so many sets: the time that the probability of overfitting takes
  /// grows with the number of sets and with 2 to the number of blocks.
  static func blocks(for setCount: Int) -> Int {
    switch setCount {
    case ...2_000: 16
    case ...20_000: 12
    default: 10
    }
  }
}

extension MeasuredSets {
  /// All that is kept, as 64-bit words in the order of bytes of the machine: a journal belongs to
  /// one machine.
  var bytes: [UInt8] { (metrics + summary.words).withUnsafeBytes { Array($0) } }

  /// What `bytes` gave; `nil` where the bytes are not those of so many sets.
  init?(bytes: [UInt8], count: Int, sessionCount: Int, blocks: Int) {
    let size = MemoryLayout<Double>.stride
    let metricCount = count * RunMeasure.metrics.count
    guard bytes.count.isMultiple(of: size), bytes.count >= metricCount * size else { return nil }
    let words = bytes.withUnsafeBytes { raw in
      (0..<bytes.count / size).map {
        raw.loadUnaligned(fromByteOffset: $0 * size, as: Double.self)
      }
    }
    guard
      let summary = SearchSummary(
        words: words[metricCount...], count: count, rows: sessionCount, blocks: blocks)
    else { return nil }
    self.blocks = blocks
    self.summary = summary
    metrics = Array(words[..<metricCount])
  }
}

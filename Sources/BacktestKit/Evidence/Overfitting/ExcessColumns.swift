internal import BacktestCore
internal import Glibc

/// The returns of trials less those of a benchmark, with what resamples of their rows give.
struct ExcessColumns: Sendable {
  /// One column a trial.
  let columns: [[Double]]
  /// The number of rows.
  let rows: Int

  /// - Throws: `EvidenceError` when there are no trials, or lengths or numbers do not fit.
  init(trials: [[Double]], benchmark: [Double]?) throws(EvidenceError) {
    guard let first = trials.first else { throw .noTrial(0, count: 0) }
    rows = first.count
    for (number, returns) in trials.enumerated() {
      try checkTrial(returns, number: number, rows: rows)
    }
    guard let benchmark else {
      columns = trials
      return
    }
    guard benchmark.count == rows else {
      throw .lengthMismatch(
        what: "returns of the benchmark", expected: rows, found: benchmark.count)
    }
    if let row = benchmark.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(what: "benchmark's return", row: row)
    }
    columns = trials.map { zip($0, benchmark).map { $0 - $1 } }
  }

  /// - Throws: `EvidenceError` when resamples do not have as many rows, or name one that is not.
  func check(_ indices: [[Int]]) throws(EvidenceError) {
    guard !indices.isEmpty else { throw .tooFewDraws(0) }
    for (draw, list) in indices.enumerated() {
      guard list.count == rows else {
        throw .lengthMismatch(
          what: "rows of resample \(draw)", expected: rows, found: list.count)
      }
      for row in list where row < 0 || row >= rows { throw .noTrial(row, count: rows) }
    }
  }

  /// The figures of the trials that vary.
  func statistics(_ scheme: ResamplingScheme) -> [ExcessStatistic] {
    columns.indices.compactMap { ExcessStatistic(columns[$0], index: $0, scheme) }
  }

  /// The greatest figure of each resample over some trials, for each way of centring.
  func maxima(
    of trials: [ExcessStatistic], _ resamples: Resamples, threads: Int?
  ) -> DrawMaxima {
    let width = 64
    let batches = (trials.count + width - 1) / width
    let parts = parallelMap(count: batches, threads: threads) { batch in
      let range = batch * width..<min((batch + 1) * width, trials.count)
      var sums = PrefixSums(columns, Array(trials[range]), width: width)
      return sums.maxima(resamples)
    }
    var result = parts[0]
    for part in parts.dropFirst() { result.takeGreater(part) }
    return result
  }
}

/// The excess return of one trial and how sure it is.
struct ExcessStatistic: Sendable {
  /// Which trial.
  let index: Int
  /// The mean.
  let mean: Double
  /// The standard error of sqrt(n) times the mean.
  let deviation: Double
  /// sqrt(n) times the mean.
  let plain: Double
  /// That, divided by its standard error.
  let studentised: Double
  /// Whether it is not worse than the benchmark beyond doubt: mean >= -sqrt(w^2/n 2 ln ln n).
  let isKept: Bool

  /// `nil` where the column does not vary.
  init?(_ column: [Double], index: Int, _ scheme: ResamplingScheme) {
    let dispersion = Dispersion(column)
    guard let spread = dispersion.deviation(), spread > 0 else { return nil }
    let n = Double(column.count)
    let variance = scheme.varianceOfMean(column.map { $0 - dispersion.mean })
    guard variance.squareRoot().withoutRounding() > 0, variance.isFinite else { return nil }
    self.index = index
    mean = dispersion.mean
    deviation = variance.squareRoot()
    plain = n.squareRoot() * mean
    studentised = plain / deviation
    isKept = mean >= -(variance / n * 2 * max(log(log(n)), 0)).squareRoot()
  }
}

/// The greatest figures of each resample: studentised, then plain ones, each centred by the lower,
/// the consistent and the upper rule.
struct DrawMaxima: Sendable {
  var values: [[Double]]

  mutating func takeGreater(_ other: DrawMaxima) {
    for kind in values.indices {
      for draw in values[kind].indices {
        values[kind][draw] = max(values[kind][draw], other.values[kind][draw])
      }
    }
  }
}

/// Resamples of rows: drawn by a scheme, or given.
enum Resamples: Sendable {
  case scheme(ResamplingScheme, draws: Int, seed: UInt64)
  case rows([[Int]], ResamplingScheme)

  var scheme: ResamplingScheme {
    switch self {
    case .scheme(let scheme, _, _), .rows(_, let scheme): scheme
    }
  }

  /// The number of resamples.
  var count: Int {
    switch self {
    case .scheme(_, let draws, _): draws
    case .rows(let indices, _): indices.count
    }
  }
}

/// The running sums of up to 64 centred columns, row after row, so that the sum over a block of
/// rows is one row less another.
struct PrefixSums {
  private let trials: [ExcessStatistic]
  private let width: Int
  private let rows: Int
  private var values: [Double]

  init(_ columns: [[Double]], _ trials: [ExcessStatistic], width: Int) {
    self.trials = trials
    self.width = width
    rows = trials.first.map { columns[$0.index].count } ?? 0
    values = Array(repeating: 0, count: (rows + 1) * width)
    for (place, trial) in trials.enumerated() {
      let column = columns[trial.index]
      var sum = 0.0
      for row in 0..<rows {
        sum += column[row] - trial.mean
        values[(row + 1) * width + place] = sum
      }
    }
  }

  /// The greatest figures of each resample.
  mutating func maxima(_ resamples: Resamples) -> DrawMaxima {
    let rules = CentringRules(trials, rows: rows, width: width)
    var result = DrawMaxima(
      values: Array(repeating: Array(repeating: 0, count: resamples.count), count: 6))
    var sums = [Double](repeating: 0, count: width)
    values.withUnsafeBytes { prefix in
      switch resamples {
      case .scheme(let scheme, let draws, let seed):
        var random = Randomness(seed: seed, stream: "superiority")
        let sampler = BlockSampler(scheme, rows: rows)
        for draw in 0..<draws {
          clear(&sums)
          sums.withUnsafeMutableBytes { sums in
            sampler.draw(using: &random) { add($0, of: prefix, to: sums) }
          }
          rules.greatest(sums, into: &result, draw: draw)
        }
      case .rows(let indices, _):
        for draw in indices.indices {
          clear(&sums)
          sums.withUnsafeMutableBytes { sums in
            for row in indices[draw] { add(row..<row + 1, of: prefix, to: sums) }
          }
          rules.greatest(sums, into: &result, draw: draw)
        }
      }
    }
    return result
  }

  private func clear(_ sums: inout [Double]) {
    for place in sums.indices { sums[place] = 0 }
  }

  @inline(__always)
  private func add(
    _ block: Range<Int>, of prefix: UnsafeRawBufferPointer, to sums: UnsafeMutableRawBufferPointer
  ) {
    let start = block.lowerBound * width
    let end = block.upperBound * width
    for place in stride(from: 0, to: width, by: 8) {
      sums.setLanes(
        place, sums.lanes(place) + (prefix.lanes(end + place) - prefix.lanes(start + place)))
    }
  }
}

/// What is added to a resample's centred mean by each rule, and the scales.
private struct CentringRules {
  private let count: Int
  private let n: Double
  /// The mean where the rule leaves a trial as bad as it looks, else 0: lower, then consistent.
  private let shifts: [[Double]]
  private let scales: [Double]

  init(_ trials: [ExcessStatistic], rows: Int, width: Int) {
    count = trials.count
    n = Double(rows)
    shifts = [
      trials.map { min($0.mean, 0) }, trials.map { $0.isKept ? 0 : $0.mean },
    ]
    scales = trials.map { 1 / $0.deviation }
  }

  /// Takes the greatest figures of one resample.
  func greatest(_ sums: [Double], into maxima: inout DrawMaxima, draw: Int) {
    let root = n.squareRoot()
    var best = SIMD8<Double>(repeating: -.infinity)
    for place in 0..<count {
      let mean = sums[place] / n
      let (low, middle) = (mean + shifts[0][place], mean + shifts[1][place])
      let scale = scales[place]
      let figures = SIMD8(low * scale, middle * scale, mean * scale, low, middle, mean, 0, 0)
      best.replace(with: figures, where: figures .> best)
    }
    for kind in 0..<6 {
      // Hansen's statistic is never below 0.
      maxima.values[kind][draw] = kind < 3 ? max(root * best[kind], 0) : root * best[kind]
    }
  }
}

extension ResamplingScheme {
  /// n times the variance of the mean of a resample of values whose mean is 0.
  ///
  /// For the stationary scheme g(0) + 2 sum of k(i) g(i), k(i) = ((n-i)/n) (1-q)^i +
  /// (i/n) (1-q)^(n-i), q = 1 / mean block, in one pass: a sum over all lags with geometric
  /// weights follows from the one at the row before (Politis, Romano, 1994).
  func varianceOfMean(_ values: [Double]) -> Double {
    let n = Double(values.count)
    switch self {
    case .independent:
      return values.compensatedSum { $0 * $0 } / n
    case .circular(let block):
      let length = max(1, min(block, values.count))
      var window = values.prefix(length - 1).reduce(0, +)
      let squares = values.indices.compensatedSum { row in
        window += values[(row + length - 1) % values.count]
        defer { window -= values[row] }
        return window * window
      }
      return max(0, squares / (n * Double(length)))
    case .stationary(let mean):
      return stationaryVariance(values, keep: mean > 1 ? 1 - 1 / mean : 0)
    }
  }

  private func stationaryVariance(_ values: [Double], keep: Double) -> Double {
    let count = values.count
    let n = Double(count)
    let farthest = pow(keep, n)
    // The sums over the lags 1 to n - 1 of keep^i x(t - i), and of i keep^i x(t - i), about a ring.
    var (near, weighted) = (0.0, 0.0)
    var power = 1.0
    for lag in 1..<max(count, 2) where count > 1 {
      power *= keep
      near += power * values[count - lag]
      weighted += Double(lag) * power * values[count - lag]
    }
    var total = CompensatedSum()
    for row in 0..<count {
      if row > 0 {
        let before = values[row - 1]
        weighted = keep * (weighted + near + before) - n * farthest * values[row]
        near = keep * (near + before) - farthest * values[row]
      }
      total.add(values[row] * values[row])
      total.add(2 * values[row] * (near - weighted / n))
    }
    return max(0, total.value / n)
  }
}

extension Double {
  /// The number whose cube this is.
  var cubeRoot: Double { cbrt(self) }
}

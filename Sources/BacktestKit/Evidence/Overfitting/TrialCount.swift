internal import Glibc

/// A number of trials, and how they were counted.
///
/// Trials of one search resemble each other, so that fewer of them count as independent; the ways
/// of saying how many differ by a factor of ten, so no number goes without its method.
public struct TrialCount: Hashable, Sendable {
  /// How trials are counted.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// Each trial counts.
    case counted
    /// r + (1 - r) N, r the mean correlation between the returns of N trials (Bailey, Lopez de
    /// Prado, 2014).
    case averageCorrelation = "average-correlation"
    /// exp(-sum of p ln p), p the eigenvalues of the correlation matrix over their sum (Roy,
    /// Vetterli, 2007).
    case effectiveRank = "effective-rank"
  }

  /// How they were counted.
  public let method: Method
  /// How many there are; an estimate need not be whole.
  public let value: Double

  /// A count.
  public init(_ method: Method, _ value: Double) {
    self.method = method
    self.value = value
  }

  /// The number of independent trials by their mean correlation, at least 1.
  public static func averageCorrelation(_ correlation: Double, trials: Int) -> TrialCount {
    let count = correlation + (1 - correlation) * Double(trials)
    return TrialCount(.averageCorrelation, min(max(count, 1), Double(max(trials, 1))))
  }

  /// The number of independent trials by the eigenvalues of the correlation matrix of their
  /// returns.
  ///
  /// Trials whose returns do not vary are left out.
  ///
  /// - Parameter limit: how many trials are worth the time, which grows with their cube.
  /// - Throws: `EvidenceError` when the returns are of different lengths or not finite.
  public static func effectiveRank(
    of trials: [[Double]], limit: Int = 512
  ) throws(EvidenceError) -> Result<TrialCount, StatisticAbsence> {
    guard let rows = trials.first?.count else { throw .noTrial(0, count: 0) }
    guard trials.count <= limit else {
      return .failure(.tooManyTrials(trials.count, limit: limit))
    }
    var scaled: [[Double]] = []
    for (number, returns) in trials.enumerated() {
      try checkTrial(returns, number: number, rows: rows)
      if let column = standardised(returns) { scaled.append(column) }
    }
    guard rows >= 2 else { return .failure(.tooFewReturns(rows, needed: 2)) }
    guard !scaled.isEmpty else { return .failure(.noDispersion) }
    let eigenvalues = SymmetricMatrix(productsOf: scaled).eigenvalues()
    let total = eigenvalues.reduce(0) { $0 + max($1, 0) }
    let entropy = eigenvalues.reduce(0.0) { entropy, value in
      let share = max(value, 0) / total
      return share > 0 ? entropy - share * log(share) : entropy
    }
    return .success(TrialCount(.effectiveRank, exp(entropy)))
  }
}

/// The mean correlation between the returns of trials, from the sum of their standardised columns:
/// one pass, and memory that does not grow with the number of trials.
///
/// The variance of the sum of N columns of variance 1 is N + N (N - 1) r.
public struct AverageCorrelation: Sendable {
  /// The number of returns of each trial.
  public let rows: Int
  /// The number of trials whose returns vary.
  public private(set) var count = 0
  private var sum: [Double]

  /// The correlation of trials of `rows` returns, none of them yet.
  public init(rows: Int) {
    self.rows = rows
    sum = Array(repeating: 0, count: rows)
  }

  /// Adds the returns of a trial; one whose returns do not vary is left out.
  ///
  /// - Throws: `EvidenceError` when there are not `rows` of them, or one is not finite.
  public mutating func add(_ returns: [Double]) throws(EvidenceError) {
    try checkTrial(returns, number: count, rows: rows)
    guard let column = standardised(returns) else { return }
    for row in 0..<rows { sum[row] += column[row] }
    count += 1
  }

  /// Adds other trials of the same rows.
  ///
  /// - Precondition: they have as many rows.
  public mutating func add(contentsOf other: AverageCorrelation) {
    precondition(other.rows == rows, "trials of the same rows")
    for row in 0..<rows { sum[row] += other.sum[row] }
    count += other.count
  }

  /// All that it holds, for a journal: the number of trials, and the sum.
  var words: [Double] { [Double(count)] + sum }

  /// A correlation from its `words`.
  init(words: ArraySlice<Double>) {
    rows = words.count - 1
    count = Int(words[words.startIndex])
    sum = Array(words.dropFirst())
  }

  /// The mean over all pairs of different trials; `nil` with fewer than two whose returns vary.
  public var value: Double? {
    guard count >= 2 else { return nil }
    let n = Double(count)
    let correlation = (sum.compensatedSum { $0 * $0 } - n) / (n * (n - 1))
    return min(1, max(-1 / (n - 1), correlation))
  }
}

/// Returns less their mean, of length 1 as a vector; `nil` where they do not vary.
func standardised(_ returns: [Double]) -> [Double]? {
  let dispersion = Dispersion(returns)
  guard let deviation = dispersion.deviation(), deviation > 0 else { return nil }
  let scale = 1 / dispersion.squares.squareRoot()
  return returns.map { ($0 - dispersion.mean) * scale }
}

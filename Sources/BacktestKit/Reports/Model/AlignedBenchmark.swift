import BacktestEvidence

/// The benchmark's returns beside the account's on common days, with places on the axis of time.
struct AlignedBenchmark {
  let name: String
  let aligned: AlignedReturns
  /// The benchmark's returns alone.
  let sample: ReturnsSample
  /// The places of the returns.
  let x: [Double]
}

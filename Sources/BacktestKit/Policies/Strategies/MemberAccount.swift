import BacktestCore

/// The account of one policy of an ensemble that trades by itself: a vector of weights, the money
/// that it makes of the ensemble's, and how that grew.
struct MemberAccount: Sendable, WeightSource {
  private(set) var equity = 1.0
  private var vector: WeightVector
  private var closes: ContiguousArray<Double>
  private var returns: ContiguousArray<Double>
  // Equity at the last closes, the next to be overwritten at `next`.
  private var past: ContiguousArray<Double> = []
  private let span: Int
  private var next = 0

  /// - Parameters:
  ///   - fee: money for each unit of money by which weights change, as a fraction.
  ///   - span: the bars over which growth is measured.
  init(instrumentCount: Int, fee: Double, span: Int) {
    self.span = span
    let zeros = Array(repeating: 0.0, count: instrumentCount)
    vector = WeightVector(fee: fee, initialWeights: zeros)
    (closes, returns) = (ContiguousArray(zeros), ContiguousArray(zeros))
    past.reserveCapacity(span + 1)
  }

  /// By what factor equity grew over the last bars, as far as there are so many.
  var growth: Double {
    guard let first = past.first else { return 1 }
    return equity / (past.count > span ? past[next] : first)
  }

  /// Begins with so much money.
  mutating func begin(equity: Double) {
    self.equity = equity
    past.append(equity)
  }

  /// Earns what the weights earn up to the bars that closed. Without a bar there is no return; the
  /// next one spans the gap. What is lost cannot be more than there is.
  mutating func close(_ bars: BarSlice) {
    for index in closes.indices {
      returns[index] = 0
      guard let bar = bars[index] else { continue }
      if closes[index] > 0 { returns[index] = bar.continuous.close / closes[index] - 1 }
      closes[index] = bar.continuous.close
    }
    let step = vector.step(returns)
    guard !past.isEmpty else { return }
    equity *= max(step.growth, 0)
    if past.count <= span {
      past.append(equity)
    } else {
      past[next] = equity
      next = next == span ? 0 : next + 1
    }
  }

  /// States the weight of an instrument from now on.
  mutating func state(_ instrument: Int, weight: Double) {
    vector.state(instrument, weight: weight)
  }

  func weight(_ instrument: InstrumentID) -> Double { vector[Int(instrument.index)].drifted }

  func lastClose(_ instrument: InstrumentID) -> Double? {
    let close = closes[Int(instrument.index)]
    return close > 0 ? close : nil
  }
}

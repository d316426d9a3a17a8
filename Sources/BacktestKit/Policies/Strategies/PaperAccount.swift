import BacktestCore

/// What an account would be worth that follows one policy of an ensemble: the weights that it
/// states earn from one close to the next.
///
/// From a close to the next, equity is multiplied by `1 + sum(w x return) - fee x sum(|change of
/// w|)`, as in the environments in which policies are trained.
struct PaperAccount: Sendable, WeightSource {
  private(set) var equity = 1.0
  private let fee: Double
  private var stated: ContiguousArray<Double>
  private var charged: ContiguousArray<Double>
  private var drifted: ContiguousArray<Double>
  private var closes: ContiguousArray<Double>
  private var returns: ContiguousArray<Double>
  // Equity at the last closes, the next to be overwritten at `next`.
  private var past: ContiguousArray<Double> = []
  private let span: Int
  private var next = 0

  /// - Parameter span: the bars over which growth is told.
  init(instrumentCount: Int, fee: Double, span: Int) {
    self.fee = fee
    self.span = span
    stated = ContiguousArray(repeating: 0, count: instrumentCount)
    (charged, drifted, closes, returns) = (stated, stated, stated, stated)
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
  /// next one spans the gap.
  mutating func close(_ bars: BarSlice) {
    var growth = 1.0
    for index in closes.indices {
      returns[index] = 0
      guard let bar = bars[index] else { continue }
      if closes[index] > 0 { returns[index] = bar.close / closes[index] - 1 }
      closes[index] = bar.close
      growth += stated[index] * returns[index]
    }
    for index in closes.indices {
      growth -= fee * abs(stated[index] - charged[index])
      charged[index] = stated[index]
    }
    growth = max(growth, 0)
    for index in closes.indices {
      drifted[index] = growth > 0 ? stated[index] * (1 + returns[index]) / growth : 0
    }
    guard !past.isEmpty else { return }
    equity *= growth
    if past.count <= span {
      past.append(equity)
    } else {
      past[next] = equity
      next = next == span ? 0 : next + 1
    }
  }

  /// States the weight of an instrument from now on.
  mutating func state(_ instrument: Int, weight: Double) {
    stated[instrument] = weight
    drifted[instrument] = weight
  }

  func weight(_ instrument: InstrumentID) -> Double { drifted[Int(instrument.index)] }

  func lastClose(_ instrument: InstrumentID) -> Double? {
    let close = closes[Int(instrument.index)]
    return close > 0 ? close : nil
  }
}

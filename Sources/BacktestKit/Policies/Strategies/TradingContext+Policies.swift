import BacktestCore

extension TradingContext {
  /// The share of equity that an account holds before a policy states any: what it was told in an
  /// account of weights, else what the positions are worth that it took over.
  func heldWeight(_ instrument: InstrumentID) -> Double {
    account.holdsWeights ? targetWeight(instrument) : weight(instrument)
  }

  /// The share of equity that an instrument has now, of an equity that is known already.
  func weight(_ instrument: InstrumentID, ofEquity equity: Double) -> Double {
    if account.holdsWeights { return weight(instrument) }
    let value = position(instrument).value
    return value == 0 || equity == 0 ? 0 : value / equity
  }

  /// Writes down what a policy expects of an instrument's next bar; nothing where it tells nothing
  /// that can be judged.
  ///
  /// - Parameter tellsRises: whether its probability is that of a return above zero, as a forecast
  ///   has it; the class "up" of three or more begins at a threshold of its own.
  mutating func record(
    _ prediction: PolicyPrediction, of instrument: InstrumentID, tellsRises: Bool = true
  ) {
    var prediction = prediction
    if !tellsRises { prediction.probabilityUp = nil }
    guard prediction != PolicyPrediction() else { return }
    forecast(
      instrument, score: prediction.signal.finite,
      probabilityUp: prediction.probabilityUp.finite.map { min(max($0, 0), 1) },
      expectedReturn: prediction.expectedReturn.finite,
      deviation: prediction.deviation.finite.flatMap { $0 > 0 ? $0 : nil })
  }
}

extension Double? {
  /// The number, where it is one.
  fileprivate var finite: Double? { flatMap { $0.isFinite ? $0 : nil } }
}

extension TradingContext {
  /// Whether the account is a vector of weights without positions.
  var policyHoldsWeights: Bool { false }

  /// The share of equity that an instrument has now.
  func policyWeight(_ instrument: InstrumentID) -> Double {
    let (value, equity) = (position(instrument).value, account.equity)
    return value == 0 || equity == 0 ? 0 : value / equity
  }

  /// The share of equity that an account holds before a policy states any.
  func policyInitialWeight(_ instrument: InstrumentID) -> Double { 0 }

  /// Writes down what a policy expects of an instrument's next bar.
  mutating func record(_ prediction: PolicyPrediction, of instrument: InstrumentID) {}
}

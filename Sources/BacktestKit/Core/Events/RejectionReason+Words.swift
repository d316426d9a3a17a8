extension RejectionReason {
  /// The reason in words, as a part of a sentence: `no shares to borrow`.
  package var words: String {
    switch self {
    case .buyingPower: "not enough buying power"
    case .shortNotAllowed: "a cash account cannot sell short"
    case .noShares: "no shares to borrow"
    case .restricted: "nothing may be opened in the instrument"
    case .longOnly: "short positions are refused"
    case .orderQuantity: "more units than one order may open"
    case .orderNotional: "more money than one order may open"
    case .ordersPerSession: "more orders than a session may have"
    case .position: "the position would be too large"
    case .grossExposure: "gross exposure would be too large"
    case .netExposure: "net exposure would be too large"
    case .leverage: "gross exposure over equity would be too large"
    case .netLeverage: "net exposure over equity would be too large"
    case .turnoverPerSession: "more turnover than a session may have"
    case .valueAtRisk: "the value at risk would be too large"
    case .circuitBreaker: "prices have moved too far"
    case .drawdownHalt: "a drawdown has stopped entries"
    case .killSwitch: "a loss of capital has ended trading"
    case .noQuantity: "the quantity is zero, or less than a lot"
    case .badPrice: "a limit, trigger or trail that is no positive number"
    case .badTerms: "post-only without a limit that can rest"
    case .postOnly: "post-only, but it would fill at once"
    case .noHistory: "too little history for the slippage model"
    case .noPrice: "the instrument has no price yet"
    case .stalePrice: "the last price is too old"
    case .delisted: "the instrument is no longer traded"
    case .ruined: "the account was ruined"
    case .overflow: "amounts beyond the largest number"
    case .weightsAccounting: "weights accounting takes no orders"
    }
  }
}

extension RejectionReason {
  /// Whether a rule of the table `risk` gives it.
  package var isRiskLimit: Bool { RiskBreach.Limit(rawValue: rawValue) != nil }
}

extension RiskBreach.Limit {
  /// The limit in words: `gross exposure over equity`.
  package var words: String {
    switch self {
    case .restricted: "restricted instruments"
    case .longOnly: "long positions only"
    case .orderQuantity: "units of an order"
    case .orderNotional: "money of an order"
    case .ordersPerSession: "orders of a session"
    case .position: "size of a position"
    case .grossExposure: "gross exposure"
    case .netExposure: "net exposure"
    case .leverage: "gross exposure over equity"
    case .netLeverage: "net exposure over equity"
    case .turnoverPerSession: "turnover of a session"
    case .valueAtRisk: "value at risk"
    case .circuitBreaker: "move of prices"
    case .drawdownReduce: "drawdown that reduces targets"
    case .drawdownHalt: "drawdown that stops trading"
    case .killSwitch: "loss that ends trading"
    }
  }
}

extension RiskBreach.Action {
  /// The action in words: `order reduced`.
  package var words: String {
    switch self {
    case .cut: "order reduced"
    case .rejected: "order rejected"
    case .reduced: "targets reduced"
    case .restored: "targets restored"
    case .closed: "positions closed"
    case .resumed: "entries allowed again"
    }
  }
}

/// What kind of account trades.
public struct AccountRules: Hashable, Sendable {
  /// The capital at the start, in account currency.
  public var initialCash: Double
  /// The currency of the account, ISO 4217; every instrument must be quoted in it.
  public var currency: String
  /// How much exposure equity carries.
  public var funding: Funding

  /// How much exposure equity carries.
  public enum Funding: Hashable, Sendable {
    /// What is bought is paid in full, and short positions cannot be opened.
    case cash
    /// Long and short up to equity times the leverage.
    case margin(leverage: Double)

    /// Exposure over equity at the most.
    public var leverage: Double {
      switch self {
      case .cash: 1
      case .margin(let leverage): leverage
      }
    }
  }

  /// An account; by default one million dollars of cash.
  public init(initialCash: Double = 1_000_000, currency: String = "USD", funding: Funding = .cash) {
    self.initialCash = initialCash
    self.currency = currency
    self.funding = funding
  }
}

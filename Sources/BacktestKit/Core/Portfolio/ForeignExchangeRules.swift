/// What happens to money in other currencies than the account's.
///
///     configuration.account.foreignExchange = ForeignExchangeRules(costBasisPoints: 2)
///
/// Rates are the last closes known, from series of pairs: see ``Universe/with(rates:)``.
public struct ForeignExchangeRules: Hashable, Sendable {
  /// What happens to the cash of a fill.
  public var cash: Cash
  /// What a conversion costs, in hundredths of a percent of the money converted.
  public var costBasisPoints: Double

  /// Rules; by default each fill is converted without cost.
  public init(cash: Cash = .convert, costBasisPoints: Double = 0) {
    self.cash = cash
    self.costBasisPoints = costBasisPoints
  }

  /// What happens to the cash of a fill in another currency.
  public enum Cash: String, Hashable, Sendable, CaseIterable {
    /// It is converted at the last close of the rate.
    case convert
    /// It stays in its currency; a negative balance is a loan in that currency.
    case hold
  }

  /// What is wrong with the rules; `nil` when nothing is.
  var problem: String? {
    if !(costBasisPoints >= 0 && costBasisPoints < 10_000) {
      return "the cost must be from 0 to below 10000 basis points, not \(costBasisPoints)"
    }
    return cash == .hold && costBasisPoints > 0
      ? "a cost goes with conversions, but cash is held in its currency" : nil
  }
}

/// The rate at which the money of a fill was converted, and what that cost.
public struct FillConversion: Hashable, Sendable, BitwiseCopyable {
  /// Account currency for one unit of the instrument's currency.
  public var rate: Double
  /// The cost of converting, in account currency.
  public var cost: Double
}

/// What an account owns of one currency.
public struct CurrencyBalance: Hashable, Sendable {
  /// The code of the currency.
  public var currency: String
  /// Money in it; negative when borrowed.
  public var amount: Double
  /// Account currency for one unit.
  public var rate: Double
}

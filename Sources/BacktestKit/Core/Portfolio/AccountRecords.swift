/// One movement of cash.
public struct LedgerEntry: Hashable, Sendable, BitwiseCopyable {
  /// When.
  public var time: Timestamp
  /// Money in account currency, at the rate of the moment; positive is received.
  public var amount: Double
  /// The instrument whose trade moved cash; `nil` for a movement of the whole account.
  public var instrument: InstrumentID?
  /// The order whose fill moved cash; `nil` for a movement without an order.
  public var order: OrderID?
  /// Why.
  public var kind: Kind
  /// The currency in which the money moved; `nil` is the account's.
  public package(set) var currency: CurrencyCode?
  /// Account currency for one unit of that currency.
  public package(set) var rate: Double

  /// Why cash moved.
  public enum Kind: String, Hashable, Sendable, BitwiseCopyable {
    /// The capital at the start.
    case deposit
    /// The price of what was bought or sold.
    case trade
    /// The broker's charge.
    case commission
    /// A tax on what was bought.
    case stampDuty = "stamp duty"
    /// A tax on what was sold.
    case sellTax = "sell tax"
    /// A dividend that was paid: received on a long position, owed on a short one.
    case dividend
    /// What was paid for the fraction of a lot that a split left.
    case cashInLieu = "cash in lieu"
    /// Interest on the balance: received on a positive one, paid on a negative one.
    case interest
    /// The fee for borrowed shares.
    case borrowFee = "borrow fee"
    /// The funding of a perpetual contract.
    case funding
    /// What a future or a perpetual contract gained or lost since its last settlement.
    case settlement
    /// The cost of converting the money of a fill to the account's currency.
    case conversion
    /// What exchange rates did to balances in other currencies: one entry at the end of the run.
    case exchange = "fx"
    /// What the weights of a run earned, under weights accounting, where no price is paid: one
    /// entry at the end of the run.
    case priceProfit = "price profit"
    /// A deficit that the account could not pay.
    case deficitWrittenOff = "deficit written off"
  }

  /// An entry from its parts.
  package init(
    time: Timestamp, kind: Kind, amount: Double, instrument: InstrumentID? = nil,
    order: OrderID? = nil, currency: CurrencyCode? = nil, rate: Double = 1
  ) {
    self.time = time
    self.kind = kind
    self.amount = amount
    self.currency = currency
    self.rate = rate
    self.instrument = instrument
    self.order = order
  }
}

/// The account's value over time: the base point, then one point per instant at which a bar closed.
///
/// `n` points after the base give `n` returns.
public struct EquityCurve: Sendable {
  /// When each point was taken; the first is the base point.
  public var times: Column<Timestamp>
  /// Equity in account currency at each point; the first is the initial capital.
  public var equity: Column<Double>
  /// The sum of absolute position values at each point, in account currency.
  public var grossExposure: Column<Double>

  /// A curve from columns of equal length.
  public init(times: [Timestamp], equity: [Double], grossExposure: [Double]) {
    self.init(
      times: Column(times), equity: Column(equity), grossExposure: Column(grossExposure))
  }

  /// A curve over columns of equal length, sharing their memory.
  public init(
    times: Column<Timestamp>, equity: Column<Double>, grossExposure: Column<Double>
  ) {
    precondition(times.count == equity.count && equity.count == grossExposure.count)
    self.times = times
    self.equity = equity
    self.grossExposure = grossExposure
  }

  /// Simple returns between neighbouring points; one fewer than there are points. After equity has
  /// reached zero every return is 0.
  public var returns: [Double] {
    guard equity.count > 1 else { return [] }
    return [Double](unsafeUninitializedCapacity: equity.count - 1) { target, count in
      for i in 1..<equity.count {
        let before = equity[i - 1]
        target[i - 1] = before > 0 ? equity[i] / before - 1 : 0
      }
      count = equity.count - 1
    }
  }
}

extension EquityCurve: Equatable {
  /// Whether times, equity and exposure are equal at every point.
  public static func == (a: EquityCurve, b: EquityCurve) -> Bool {
    a.times.elementsEqual(b.times) && a.equity.elementsEqual(b.equity)
      && a.grossExposure.elementsEqual(b.grossExposure)
  }
}

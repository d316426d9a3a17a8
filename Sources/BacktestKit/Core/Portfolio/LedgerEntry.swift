/// One movement of cash.
public struct LedgerEntry: Hashable, Sendable, BitwiseCopyable {
  /// When.
  public var time: Timestamp
  /// Why.
  public var kind: Kind
  /// Money in account currency; positive is received.
  public var amount: Double
  /// The instrument, or -1 where none is concerned.
  public var instrument: InstrumentID
  /// The order, or 0 where none is concerned.
  public var order: OrderID

  /// Why cash moved.
  public enum Kind: String, Hashable, Sendable, BitwiseCopyable {
    /// The capital at the start.
    case deposit
    /// The price of what was bought or sold.
    case trade
    /// The broker's charge.
    case commission
    /// What the weights of a run earned, under weights accounting, where no price is paid: one
    /// entry at the end of the run.
    case priceProfit = "price profit"
    /// A deficit that the account could not pay.
    case deficitWrittenOff = "deficit written off"
  }

  /// An entry from its parts.
  public init(
    time: Timestamp, kind: Kind, amount: Double, instrument: InstrumentID = InstrumentID(-1),
    order: OrderID = OrderID(0)
  ) {
    self.time = time
    self.kind = kind
    self.amount = amount
    self.instrument = instrument
    self.order = order
  }
}

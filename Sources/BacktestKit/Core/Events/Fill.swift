/// A trade that happened: what an order got, and what it cost.
public struct Fill: Hashable, Sendable, BitwiseCopyable {
  /// The order that filled.
  public var order: OrderID
  /// What was traded.
  public var instrument: InstrumentID
  /// Whether the fill happened on the way through a bar, so that its exact time is not known and
  /// the bar's close time stands for it.
  public var isIntrabar: Bool
  /// Whether it filled the last units of its order.
  var completesOrder = true
  /// When: the bar's open time for fills at the open, else its close time.
  public var time: Timestamp
  /// The bar's row in its series.
  public var row: Int32
  /// Units traded: positive bought, negative sold.
  public var quantity: Double
  /// The price before slippage.
  public var reference: Double
  /// The price paid or received.
  public var price: Double
  /// Money lost to slippage: |price - reference| x |quantity| x multiplier.
  public var slippage: Double
  /// Money paid as commission.
  public var commission: Double

  /// A fill from its parts.
  public init(
    order: OrderID, instrument: InstrumentID, isIntrabar: Bool, time: Timestamp, row: Int32,
    quantity: Double, reference: Double, price: Double, slippage: Double, commission: Double
  ) {
    self.order = order
    self.instrument = instrument
    self.isIntrabar = isIntrabar
    self.time = time
    self.row = row
    self.quantity = quantity
    self.reference = reference
    self.price = price
    self.slippage = slippage
    self.commission = commission
  }
}

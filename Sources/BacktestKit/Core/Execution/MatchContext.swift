/// Where and when a match happens.
struct MatchContext {
  var instrument: Int
  var row: Int
  /// The series of the instrument; few matches read more of the bar than its open.
  var series: UnsafePointer<SeriesColumns>
  /// The bar's open time at its open, else its close time.
  var time: Timestamp
  /// Whether it lies after the open.
  var isIntrabar: Bool

  var bar: Bar { series.pointee.bar(instrument, row) }
  var tick: Double { series.pointee.tickSize }
  var multiplier: Double { series.pointee.multiplier }
  var rowNumber: Int32 { Int32(truncatingIfNeeded: row) }
}

/// One order that the market reaches, and the price at which it does.
struct MatchCandidate: BitwiseCopyable, Sendable {
  var slot: Int
  var order: OrderID
  /// The price before slippage.
  var reference: Double
  /// Whether slippage applies: to markets and triggered stops, never to limits.
  var paysSlippage: Bool
  /// Whether it is a limit order, whose price bounds the fill.
  var limit: Double?
  /// Whether it is a stop order that this match triggers.
  var triggersStop: Bool
  /// Whether it buys.
  var isBuy: Bool

  @inline(__always)
  init(
    _ live: borrowing LiveOrder, slot: Int, at reference: Double, limit: Double? = nil,
    triggersStop: Bool = false
  ) {
    self.slot = slot
    order = live.order.id
    self.reference = reference
    paysSlippage = limit == nil
    self.limit = limit
    self.triggersStop = triggersStop
    isBuy = live.isBuy
  }
}

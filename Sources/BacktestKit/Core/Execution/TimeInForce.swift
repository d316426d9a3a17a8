extension Order.TimeInForce {
  /// When an order that becomes live expires, or `nil` where it lives until it is filled or
  /// cancelled.
  ///
  /// - Parameters:
  ///   - time: when the order becomes live.
  ///   - calendar: that of its instrument; `nil` is open around the clock.
  func expiry(liveFrom time: Timestamp, calendar: (any TradingCalendar)?) -> Timestamp? {
    switch self {
    case .goodTilCancelled: nil
    case .day: (calendar ?? AlwaysOpenCalendar()).sessionClosing(after: time)?.close
    }
  }
}

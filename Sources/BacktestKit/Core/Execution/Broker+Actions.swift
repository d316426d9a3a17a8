// What happens to the orders of shares that change.
extension Broker {
  /// Rescales the orders of an instrument: as many more units at as much lower prices, down to the
  /// lot. One of which less than a lot is left is refused.
  mutating func split(_ instrument: Int, by ratio: Double, log: inout RunLog) {
    var slot = book.firstSlot(instrument)
    while slot >= 0 {
      let live = book.pointer(to: slot)
      let units = market.columns[instrument].roundedDownToLot(live.pointee.remaining * ratio)
      let paid = commission(of: slot)
      live.pointee.split(by: ratio, remaining: units)
      if plan.followsFees { fees.split(slot, by: ratio) }
      // What the units so far cost stays what it was.
      if live.pointee.progress.fillCount > 0 {
        live.pointee.commissionPaid += commission(of: slot) - paid
      }
      slot = book.slot(after: slot)
    }
    while case let slot = book.firstSlot(instrument, where: { $0.remaining == 0 }), slot >= 0 {
      reject(slot, .noQuantity, log: &log)
    }
  }

  /// Ends the orders of an instrument that trades no more.
  mutating func delist(_ instrument: Int, log: inout RunLog) {
    delisted.append(Int32(truncatingIfNeeded: instrument))
    while case let slot = book.firstSlot(instrument), slot >= 0 {
      // Its exits end for the same reason.
      book[slot].hasExits = false
      end(slot, .delisted, log: &log)
    }
  }
}

extension LiveOrder {
  /// Each unit has become so many.
  fileprivate mutating func split(by ratio: Double, remaining units: Double) {
    remaining = units
    progress.quantity *= ratio
    entryFilled *= ratio
    closedByGroup *= ratio
    meanVolume *= ratio
    bestPrice /= ratio
    order.kind = order.kind.split(by: ratio)
    order.quantity = units + filledQuantity
  }
}

extension Order.Kind {
  /// The same kind at prices for units of which there are so many more.
  func split(by ratio: Double) -> Order.Kind {
    switch self {
    case .market: .market
    case .limit(let price): .limit(price / ratio)
    case .stop(let price): .stop(price / ratio)
    case .stopLimit(let stop, let limit): .stopLimit(stop: stop / ratio, limit: limit / ratio)
    case .trailingStop(.amount(let distance)): .trailingStop(.amount(distance / ratio))
    case .marketIfTouched(let price): .marketIfTouched(price / ratio)
    case .limitIfTouched(let touch, let limit):
      .limitIfTouched(touch: touch / ratio, limit: limit / ratio)
    case .stopIfTouched(let touch, let stop):
      .stopIfTouched(touch: touch / ratio, stop: stop / ratio)
    case .trailingStop, .marketOnOpen, .marketOnClose: self
    }
  }
}

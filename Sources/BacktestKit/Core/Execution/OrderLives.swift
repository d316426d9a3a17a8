extension RunLog {
  /// What happened to each order, in order of submission, each order's steps in order of time.
  ///
  /// Fills and outcomes are in the log already; what remains to be found is when an order became
  /// live.
  /// - Parameters:
  ///   - delay: the time from an order's submission until it is live.
  ///   - end: the last moment of the run; an order that would be live later never was.
  func events(delay: (OrderID) -> TimeSpan, end: Timestamp) -> [OrderEvent] {
    var places: [OrderID: Int] = [:]
    places.reserveCapacity(orders.count)
    var lives: [[OrderEvent]] = orders.enumerated().map { index, order in
      places[order.assignedID] = index
      return [OrderEvent(order: order.assignedID, time: order.submitted, kind: .submitted)]
    }
    var unitsBefore: [Int: PartialUnits] = [:]
    var splits = actions[...]
    var other = otherEvents[...]
    func add(_ event: OrderEvent) {
      if let place = places[event.order] { lives[place].append(event) }
    }
    for (index, fill) in fills.enumerated() {
      while let action = splits.first, action.fillsBefore <= index {
        for place in unitsBefore.keys { unitsBefore[place]?.split(by: action) }
        splits.removeFirst()
      }
      while let next = other.first, next.fillsBefore <= index {
        add(next.row)
        other.removeFirst()
      }
      guard let place = places[fill.order] else { continue }
      let before = unitsBefore.isEmpty ? nil : unitsBefore.removeValue(forKey: place)
      let units = (before?.units ?? 0) + fill.quantity
      if !fill.completesOrder {
        unitsBefore[place] = PartialUnits(instrument: fill.instrument, units: units)
      }
      lives[place].append(
        OrderEvent(
          order: fill.order, time: fill.time,
          kind: fill.completesOrder ? .outcome(.filled) : .partiallyFilled,
          quantity: units, price: fill.price))
    }
    for next in other { add(next.row) }
    for (index, order) in orders.enumerated() {
      // What answers a margin call or comes with a position is live at once.
      let accepted =
        order.isLiveAtOnce ? order.submitted : order.submitted + delay(order.assignedID)
      guard let place = lives[index].acceptance(at: accepted) else { continue }
      // So is any other order of the rules.
      let next = place < lives[index].count ? lives[index][place].time : end
      guard accepted <= end || place < lives[index].count else { continue }
      lives[index].insert(
        OrderEvent(order: order.assignedID, time: min(accepted, next), kind: .accepted), at: place)
    }
    return lives.flatMap(\.self)
  }
}

extension [OrderEvent] {
  /// Where an order's acceptance belongs among its other steps; `nil` where it ended before.
  ///
  /// What was submitted is checked first, so a refusal at that moment comes instead of it; so does
  /// any other end before it.
  fileprivate func acceptance(at time: Timestamp) -> Int? {
    if contains(where: { $0.kind == .accepted }) { return nil }
    for (place, event) in enumerated().dropFirst() {
      switch event.kind {
      case .partiallyFilled, .triggered, .outcome(.filled): return place
      case .accepted: return nil
      case .outcome(.cut), .modified, .modificationRejected, .submitted:
        if event.time > time { return place }
      case .outcome(.rejected): return event.time > time ? place : nil
      case .outcome(let outcome):
        return event.time > time || event.time == time && outcome == .stillLive ? place : nil
      }
    }
    return count
  }
}

import BacktestCore

/// What all differences of an analysis have in common, for what they usually come from.
struct LookaheadClue {
  /// Whether different prices after the cut make a difference, and not only missing bars.
  let pricesMatter: Bool
  /// The most instants between a difference and its cut.
  let largestReach: Int
  /// The number of instants of the run.
  let span: Int

  /// What a difference usually comes from.
  func explanation(of kind: LookaheadViolation.Kind) -> String {
    if kind == .construction {
      return "The strategy takes what it is from bars that were not known yet: it is fitted to, or "
        + "sized by, all bars for which it is made."
    }
    if !pricesMatter {
      return "It depends on which bars there are, and not on their prices: the number of bars, the "
        + "last date, whether a session has bars, or which instruments live on."
    }
    if largestReach == 0 {
      return "It knows the bar that comes next: a signal that is filled within its own bar, the "
        + "label of the next return among the features, or coarse bars that are read before they "
        + "are complete."
    }
    if largestReach < 64, largestReach * 4 < span {
      return "It knows at least \(largestReach + 1) bars ahead: a centred window, a smoothed or "
        + "interpolated series, gaps filled backward, or a label over several bars."
    }
    return "It is computed from the whole sample: scaling, ranks, extremes, regimes or a "
      + "normaliser fitted to all bars."
  }
}

extension DecisionEvent {
  /// What differs in a result, and of which instrument.
  var kind: LookaheadViolation.Kind {
    switch self {
    case .fill: .fill
    case .account: .account
    case .observation: .observation
    case .forecast: .forecast
    case .decision: .decision
    case .note: .note
    case .request(.order): .order
    case .request(.cancellation), .request(.cancellations): .cancellation
    case .request(.modification): .order
    case .request(.timer): .timer
    case .request(.weight), .request(.value), .request(.quantity): .target
    }
  }

  var instrument: InstrumentID? {
    switch self {
    case .fill(let fill): fill.instrument
    case .forecast(let forecast): forecast.instrument
    case .decision(let decision): decision.instrument
    case .request(.order(let order)): order.instrument
    case .request(.weight(let instrument, _)), .request(.value(let instrument, _)),
      .request(.quantity(let instrument, _)):
      instrument
    case .account, .observation, .note, .request(.cancellation),
      .request(.cancellations), .request(.modification), .request(.timer):
      nil
    }
  }

  /// The event in words, with all digits.
  var text: String {
    switch self {
    case .fill(let fill): "\(fill.quantity) units at \(fill.price), costs \(fill.commission)"
    case .account(let cash, let equity, let isWarmingUp):
      "equity \(equity), cash \(cash)\(isWarmingUp ? ", warming up" : "")"
    case .observation(let position, let digest, _):
      "observation \(position) with the digest \(String(digest, radix: 16))"
    case .forecast(let forecast):
      [
        forecast.score.map { "score \($0)" }, forecast.probabilityUp.map { "probability \($0)" },
        forecast.expectedReturn.map { "return \($0)" },
        forecast.deviation.map { "deviation \($0)" },
      ].compactMap { $0 }.joined(separator: ", ")
    case .decision(let decision):
      (decision.targetWeight.map { "weight \($0)" } ?? "\(decision.units ?? 0) units")
        + (decision.action.map { ", action \($0)" } ?? "") + ", held \(decision.weight)"
    case .note(let text): "'\(text)'"
    case .request(let request): request.text
    }
  }

  /// The texts of this event and another one in its place; of observations the first number that
  /// differs.
  func texts(beside other: DecisionEvent) -> (String, String) {
    guard case .observation(let position, _, let numbers) = self,
      case .observation(position, _, let others) = other,
      let place = zip(numbers, others).enumerated().first(where: {
        $0.element.0.bitPattern != $0.element.1.bitPattern
      })?.offset
    else { return (text, other.text) }
    return ("\(numbers[place]) in place \(place)", "\(others[place]) in place \(place)")
  }
}

extension StrategyRequest {
  fileprivate var text: String {
    switch self {
    case .order(let order): order.text
    case .cancellation(let order): "order \(order.number)"
    case .cancellations(let instrument):
      instrument.map { "all orders of instrument \($0.index)" } ?? "all orders"
    case .modification(let change): "order \(change.order.number): \(change.text)"
    case .timer(let time, let tag): "\(time) with the tag \(tag)"
    case .weight(_, let number): "weight \(number)"
    case .value(_, let number): "value \(number)"
    case .quantity(_, let number): "\(number) units"
    }
  }
}

extension Order {
  fileprivate var text: String {
    let price =
      switch kind {
      case .market: "at market"
      case .limit(let price): "limit \(price)"
      case .stop(let price): "stop \(price)"
      case .stopLimit(let stop, let limit): "stop \(stop), limit \(limit)"
      case .trailingStop(.amount(let amount)): "trailing by \(amount)"
      case .trailingStop(.percent(let percent)): "trailing by \(percent) %"
      case .marketIfTouched(let touch): "at market if touched at \(touch)"
      case .limitIfTouched(let touch, let limit): "limit \(limit) if touched at \(touch)"
      case .stopIfTouched(let touch, let stop): "stop \(stop) if touched at \(touch)"
      case .marketOnOpen: "at the open"
      case .marketOnClose: "at the close"
      }
    return "order \(assignedID.number) for \(quantity) units \(price) \(timeInForce.code)"
  }
}

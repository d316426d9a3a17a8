/// The keys of the table `risk`, without the list of restricted symbols.
package enum RiskKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// The keys of the table itself.
  package static var all: [Key] {
    [
      onLimit, longOnly, orderQuantity, orderNotional, ordersPerSession, position, grossExposure,
      netExposure, leverage, netLeverage, turnoverPerSession, killSwitch,
    ]
  }

  /// The keys of the table `value-at-risk` in it.
  package static var valueAtRisk: [Key] { [loss, method, confidence, window, decay] }

  /// The keys of the table `circuit-breaker` in it.
  package static var circuitBreaker: [Key] { [move, moveBars, haltBars, scope] }

  /// The keys of the table `drawdown` in it.
  package static var drawdown: [Key] { [reduceAt, scale, haltAt, coolDown] }

  /// All keys.
  package static var everything: [Key] { all + valueAtRisk + circuitBreaker + drawdown }

  package static var onLimit: Key {
    .word(
      "on-limit", \.risk.onLimit,
      "Whether an order beyond a limit opens as much as the limit allows, or nothing."
    ).example("reject").assumption("Risk limits") { configuration in
      guard configuration.risk.isActive else { return nil }
      return switch configuration.risk.onLimit {
      case .cut:
        "Checked at submission with last closes; an order beyond a limit is reduced, which is "
          + "recorded. What an order closes always passes."
      case .reject:
        "Checked at submission with last closes; what an order beyond a limit would open is "
          + "rejected. What it closes always passes."
      }
    }
  }

  package static var longOnly: Key {
    .flag("long-only", \.risk.isLongOnly, "Whether short positions are refused.")
      .example("true").assumption("Long only") {
        $0.risk.isLongOnly ? "Short positions are refused." : nil
      }
  }

  package static var orderQuantity: Key {
    number(
      "order-quantity", \.risk.orderQuantity, "The most units that one order may open.", "10000",
      "Order size"
    ) { "An order opens at most \(NumberText.exact($0)) units." }
  }

  package static var orderNotional: Key {
    number(
      "order-notional", \.risk.orderNotional,
      "The most money for which one order may open, in account currency.", "250000",
      "Order value"
    ) { "An order opens at most \(NumberText.exact($0)) in account currency." }
  }

  package static var ordersPerSession: Key {
    .integer(
      "orders-per-session", \.risk.ordersPerSession, .notNegative,
      "The most orders of a session that may open anything."
    ).example("100").absent("unlimited").assumption("Orders per session") {
      $0.risk.ordersPerSession.map {
        "At most \(NumberText.count($0, "order")) of a session may open anything."
      }
    }
  }

  package static var position: Key {
    number(
      "position", \.risk.position, "The largest value of one position, as a share of equity.",
      "0.2", "Position limit"
    ) { "A position is worth at most \(NumberText.percent($0)) of equity when it is opened." }
  }

  package static var grossExposure: Key {
    number(
      "gross-exposure", \.risk.grossExposure,
      "The largest sum of absolute position values, in account currency.", "2000000",
      "Gross exposure"
    ) { "Positions are worth at most \(NumberText.exact($0)), long and short together." }
  }

  package static var netExposure: Key {
    number(
      "net-exposure", \.risk.netExposure,
      "The largest absolute value of long less short positions, in account currency.", "500000",
      "Net exposure"
    ) { "Long less short positions are worth at most \(NumberText.exact($0)), either way." }
  }

  package static var leverage: Key {
    number(
      "leverage", \.risk.leverage,
      "The largest sum of absolute position values, as a multiple of equity.", "1.5",
      "Leverage limit"
    ) { "Positions are worth at most \(NumberText.exact($0)) x equity, long and short together." }
  }

  package static var netLeverage: Key {
    number(
      "net-leverage", \.risk.netLeverage,
      "The largest absolute value of long less short positions, as a multiple of equity.", "0.5",
      "Net leverage limit"
    ) {
      "Long less short positions are worth at most \(NumberText.exact($0)) x equity, either way."
    }
  }

  package static var turnoverPerSession: Key {
    number(
      "turnover-per-session", \.risk.turnoverPerSession,
      "The most that orders of a session may trade, as a multiple of equity.", "0.5",
      "Turnover limit"
    ) { "Orders of a session trade at most \(NumberText.exact($0)) x equity." }
  }

  package static var killSwitch: Key {
    .number(
      "kill-switch", \.risk.killSwitch, .share,
      "The loss of the initial capital, as a fraction, at which everything is closed and nothing "
        + "is opened any more."
    ).example("0.5").absent("none").assumption("Kill switch") {
      $0.risk.killSwitch.map {
        "At a loss of \(NumberText.percent($0)) of the initial capital everything is closed at the "
          + "next open, and trading ends."
      }
    }
  }

  /// A limit above 0.
  private static func number(
    _ name: String, _ property: WritableKeyPath<BacktestConfiguration, Double?>, _ help: String,
    _ example: String, _ label: String, _ sentence: @escaping (Double) -> String
  ) -> Key {
    .number(name, property, .positive, help).example(example).absent("unlimited")
      .assumption(label) { $0[keyPath: property].map(sentence) }
  }
}

// The tables in it
extension RiskKeys {
  private static var loss: Key {
    part(
      "limit", .number(.positive), "The largest loss over one bar, as a share of equity.", "0.02",
      \.valueAtRisk, ValueAtRiskLimit(1), get: { .number($0.limit) }
    ) { limit, value in
      if case .number(let number) = value { limit.limit = number }
    }.required().assumption("Value at risk") { configuration in
      configuration.risk.valueAtRisk.map {
        "Positions may lose at most \(NumberText.percent($0.limit)) of equity over a bar with "
          + "\(NumberText.percent($0.rule.confidence)) confidence, forecast from their last "
          + "\(NumberText.count($0.rule.window, "bar")) (\($0.rule.method.rawValue))."
      }
    }
  }

  private static var method: Key {
    part(
      "method", .words(ValueAtRisk.Method.allCases.map(\.rawValue)), "How the loss is forecast.",
      "normal", \.valueAtRisk, ValueAtRiskLimit(1), get: { .text($0.rule.method.rawValue) }
    ) { limit, value in
      if case .text(let word) = value, let method = ValueAtRisk.Method(rawValue: word) {
        limit.rule.method = method
      }
    }.absent("`historical`")
  }

  private static var confidence: Key {
    part(
      "confidence", .number(.within(0.5...0.9999)), "The probability that the loss is smaller.",
      "0.95", \.valueAtRisk, ValueAtRiskLimit(1), get: { .number($0.rule.confidence) }
    ) { limit, value in
      if case .number(let number) = value { limit.rule.confidence = number }
    }.absent("0.99")
  }

  private static var window: Key {
    part(
      "window", .integer(.within(20...5_000)), "Bars from which the loss is forecast.", "500",
      \.valueAtRisk, ValueAtRiskLimit(1), get: { .integer($0.rule.window) }
    ) { limit, value in
      if case .integer(let number) = value { limit.rule.window = number }
    }.absent("250")
  }

  private static var decay: Key {
    part(
      "decay", .number(.within(0.5...0.999)), "With `ewma`: the weight of a bar's age.", "0.97",
      \.valueAtRisk, ValueAtRiskLimit(1), get: { .number($0.rule.decay) }
    ) { limit, value in
      if case .number(let number) = value { limit.rule.decay = number }
    }.absent("0.94")
  }

  private static var move: Key {
    part(
      "move", .number(.positive), "The move of the close that stops entries, as a fraction.",
      "0.1", \.circuitBreaker, CircuitBreaker(move: 1), get: { .number($0.move) }
    ) { breaker, value in
      if case .number(let number) = value { breaker.move = number }
    }.required().assumption("Circuit breaker") { configuration in
      configuration.risk.circuitBreaker.map { breaker in
        let whose = breaker.scope == .universe ? "all instruments together" : "an instrument"
        return "After a move of \(whose) by \(NumberText.percent(breaker.move)) within "
          + "\(NumberText.count(breaker.bars, "bar")), nothing is opened for "
          + "\(NumberText.count(breaker.haltBars, "bar"))."
      }
    }
  }

  private static var moveBars: Key {
    part(
      "bars", .integer(.within(1...1_000)), "Within how many bars the move counts.", "5",
      \.circuitBreaker, CircuitBreaker(move: 1), get: { .integer($0.bars) }
    ) { breaker, value in
      if case .integer(let number) = value { breaker.bars = number }
    }.absent("1")
  }

  private static var haltBars: Key {
    part(
      "halt", .integer(.within(1...1_000)),
      "For how many bars nothing is opened, that of the move included.", "10", \.circuitBreaker,
      CircuitBreaker(move: 1), get: { .integer($0.haltBars) }
    ) { breaker, value in
      if case .integer(let number) = value { breaker.haltBars = number }
    }.absent("1")
  }

  private static var scope: Key {
    part(
      "scope", .words(CircuitBreaker.Scope.allCases.map(\.rawValue)),
      "Whether each instrument stops entries in itself, or the mean of all returns stops all "
        + "entries.", "universe", \.circuitBreaker, CircuitBreaker(move: 1),
      get: { .text($0.scope.rawValue) }
    ) { breaker, value in
      if case .text(let word) = value, let scope = CircuitBreaker.Scope(rawValue: word) {
        breaker.scope = scope
      }
    }.absent("`instrument`")
  }

  private static var reduceAt: Key {
    part(
      "reduce", .number(.share), "The drawdown from which targets are scaled, as a fraction.",
      "0.1", \.drawdown, DrawdownGuard(), get: { $0.reduceAt.map { .number($0) } }
    ) { drawdown, value in
      if case .number(let number) = value { drawdown.reduceAt = number }
    }.absent("never").assumption("Drawdown") { configuration in
      configuration.risk.drawdown?.reduceAt.map {
        "From a drawdown of \(NumberText.percent($0)) on, targets are scaled by "
          + "\(NumberText.exact(configuration.risk.drawdown?.scale ?? 1))."
      }
    }
  }

  private static var scale: Key {
    part(
      "scale", .number(.fraction), "The factor of targets meanwhile.", "0.5", \.drawdown,
      DrawdownGuard(), get: { $0.reduceAt == nil ? nil : .number($0.scale) }
    ) { drawdown, value in
      if case .number(let number) = value { drawdown.scale = number }
    }.absent("0.5").beside("reduce")
  }

  private static var haltAt: Key {
    part(
      "halt", .number(.share),
      "The drawdown at which everything is closed at the next open, as a fraction.", "0.2",
      \.drawdown, DrawdownGuard(), get: { $0.haltAt.map { .number($0) } }
    ) { drawdown, value in
      if case .number(let number) = value { drawdown.haltAt = number }
    }.absent("never").assumption("Drawdown halt") { configuration in
      configuration.risk.drawdown?.haltAt.map {
        let sessions = configuration.risk.drawdown?.coolDownSessions ?? 0
        return
          "At a drawdown of \(NumberText.percent($0)) everything is closed at the next open, and "
          + "nothing is opened for \(NumberText.count(sessions, "session")); then the peak begins "
          + "anew."
      }
    }
  }

  private static var coolDown: Key {
    part(
      "cool-down", .integer(.notNegative), "For how many sessions nothing is opened then.", "20",
      \.drawdown, DrawdownGuard(), get: { $0.haltAt == nil ? nil : .integer($0.coolDownSessions) }
    ) { drawdown, value in
      if case .integer(let number) = value { drawdown.coolDownSessions = number }
    }.absent("20").beside("halt")
  }

  /// A key of a rule that there is only where one of its keys is given.
  private static func part<Rule>(
    _ name: String, _ domain: ConfigurationDomain, _ help: String, _ example: String,
    _ rule: WritableKeyPath<RiskRules, Rule?>, _ initial: Rule,
    get: @escaping (Rule) -> ConfigurationValue?,
    set: @escaping (inout Rule, ConfigurationValue) -> Void
  ) -> Key {
    Key(
      name, domain, help, value: { $0.risk[keyPath: rule].flatMap(get) },
      assign: { configuration, value in
        var changed = configuration.risk[keyPath: rule] ?? initial
        set(&changed, value)
        configuration.risk[keyPath: rule] = changed
      }
    ).example(example)
  }
}

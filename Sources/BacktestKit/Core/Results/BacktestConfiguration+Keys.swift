// The keys of a configuration: their names in studies and result files, what they mean, and what a
// report says of them.

/// The keys of a run that belong to no table of a study.
package enum RunKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// At which closes the strategy decides.
  package static var decide: Key {
    .word(
      "decide", \.decisions,
      "Whether the strategy decides at each instant at which a bar closes, or once per session, at "
        + "its last close, with the last bar of each instrument."
    ).example("all-closed").assumption("Decisions") { configuration in
      let time =
        switch configuration.decisions {
        case .eachClose: "At the close of a bar"
        case .allClosed: "Once per session, at its last close"
        }
      let orders = configuration.accounting.placesOrders ? "; orders follow after it" : ""
      return "\(time), from closed bars only\(orders)."
    }
  }

  /// The bars before the first decision.
  package static var warmup: Key {
    .integer(
      "warmup", \.warmup, .notNegative, "Bars that the strategy sees before its first decision."
    ).example("50").absent("the strategy's own").assumption("Warm-up") { configuration in
      let bars = configuration.warmup.map { NumberText.count($0, "bar") }
      return "\(bars ?? "As many bars as the strategy asks for"); they are not measured."
    }
  }

  /// The risk-free rate.
  package static var riskFree: Key {
    .number(
      "risk-free", \.riskFreeRate, .within(-0.99...10), "The annual risk-free rate, as a fraction."
    ).example("0.02").assumption("Risk-free rate") {
      "\(NumberText.percent($0.riskFreeRate)) per year."
    }
  }
}

/// The keys of the table `account`.
package enum AccountKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// The keys of the table itself.
  package static var all: [Key] {
    [
      cash, currency, foreignExchange, foreignExchangeCost, funding, leverage,
    ]
  }

  /// The keys of the table `accounting` in it.
  package static var accounting: [Key] { [rule, fee, initialWeights] }

  package static var cash: Key {
    .number("cash", \.account.initialCash, .positive, "The initial capital.")
      .example("100000").assumption("Capital") {
        "\(NumberText.exact($0.account.initialCash)) \($0.account.currency)"
      }
  }

  package static var currency: Key {
    .text("currency", \.account.currency, "The currency of the account.").example("USD")
  }

  /// Follows from the leverage, so no study gives it.
  package static var funding: Key {
    ConfigurationKey(
      "funding", .words(["cash", "margin"]),
      "Whether positions are paid in full; omitted under weights accounting.",
      value: { configuration in
        guard configuration.accounting.placesOrders else { return nil }
        return configuration.account.funding == .cash ? .text("cash") : .text("margin")
      }, assign: { _, _ in }
    ).derived()
  }

  package static var leverage: Key {
    ConfigurationKey(
      "leverage", .number(.atLeast(1)),
      "Long and short exposure up to this multiple of equity.",
      value: { configuration in
        guard configuration.accounting.placesOrders,
          case .margin(let leverage) = configuration.account.funding
        else { return nil }
        return .number(leverage)
      },
      assign: { configuration, value in
        guard case .number(let leverage) = value else { return }
        configuration.account.funding = .margin(leverage: leverage)
      }
    ).example("2").absent("none: a cash account").assumption("Funding") { configuration in
      switch configuration.account.funding {
      case .cash: "Positions are paid in full; short positions cannot be opened."
      case .margin(let leverage):
        "Long and short exposure up to \(NumberText.exact(leverage)) x equity."
      case .requirements(let margin): margin.sentence
      }
    }
  }

  package static var rule: Key {
    ConfigurationKey(
      "rule", .words(["orders", "weights"]),
      "Whether decisions become orders and fills, or weights held from close to close.",
      value: { .text($0.accounting.placesOrders ? "orders" : "weights") },
      assign: { configuration, value in
        configuration.accounting = value == .text("weights") ? .weights(fee: 0) : .orders
      }
    ).example("weights").required().assumption("Accounting") { configuration in
      guard !configuration.accounting.placesOrders else { return nil }
      return "By weights: from one close to the next, equity is multiplied by 1 + the sum of "
        + "weight x return - fee x the sum of absolute changes of the stated weights. There are no "
        + "orders, prices paid, lots or limits on weights."
    }
  }

  package static var fee: Key {
    ConfigurationKey(
      "fee", .number(.notNegative),
      "What a change of the stated weights costs, as a fraction of the equity that changes hands; "
        + "with `weights` only.",
      value: { configuration in
        guard case .weights(let fee, _) = configuration.accounting else { return nil }
        return .number(fee)
      },
      assign: { configuration, value in
        guard case .number(let fee) = value,
          case .weights(_, let initial) = configuration.accounting
        else { return }
        configuration.accounting = .weights(fee: fee, initialWeights: initial)
      }
    ).example("0.0005").absent("0").beside("rule: weights").assumption("Fee") { configuration in
      guard case .weights(let fee, _) = configuration.accounting else { return nil }
      return "\(NumberText.basisPoints(fee * 1e4)) of the equity that changes hands."
    }
  }

  package static var initialWeights: Key {
    ConfigurationKey(
      "initial-weights", .words(["zero", "equal"]),
      "The weights before the first decision: none, or 1 over the number of instruments each; with "
        + "`weights` only.",
      value: { configuration in
        guard case .weights(_, let initial) = configuration.accounting else { return nil }
        return switch initial {
        case .zero: .text("zero")
        case .equal: .text("equal")
        case .each(let weights): .numbers(weights)
        }
      },
      assign: { configuration, value in
        guard case .weights(let fee, _) = configuration.accounting else { return }
        configuration.accounting = .weights(
          fee: fee, initialWeights: value == .text("equal") ? .equal : .zero)
      }
    ).example("equal").absent("`zero`").beside("rule: weights").assumption("Initial weights") {
      configuration in
      guard case .weights(_, let initial) = configuration.accounting else { return nil }
      let start =
        switch initial {
        case .zero: "0 each"
        case .equal: "1 over the number of instruments each"
        case .each(let weights): weights.map(NumberText.exact).joined(separator: ", ")
        }
      return "\(start); the first decision pays the fee for the change from them."
    }
  }
}

extension BacktestConfiguration {
  /// The rules in effect as a report states them, in order.
  package var assumptions: [ConfigurationAssumption] {
    func lines(_ keys: [ConfigurationKey<BacktestConfiguration>]) -> [ConfigurationAssumption] {
      keys.compactMap { $0.assumption(self) }
    }
    guard accounting.placesOrders else {
      return lines([RunKeys.decide, RunKeys.warmup] + AccountKeys.accounting)
        + [notModelled("Slippage, taxes")]
        + lines([AccountKeys.cash, RunKeys.riskFree])
    }
    let stops = ConfigurationAssumption(
      "Stop orders", "Become market orders at their price, or at an open beyond it.")
    return lines([RunKeys.decide, RunKeys.warmup] + ExecutionKeys.orders) + [stops]
      + lines(ExecutionKeys.market + RiskKeys.everything + ExitKeys.all)
      + [ExitKeys.scaleOut(self)].compactMap(\.self)
      + execution.costAssumptions(in: account.currency)
      + [notModelled(execution.hasTaxes ? nil : "Taxes")] + lines(AccountKeys.all) + financingLine
      + lines([RunKeys.riskFree])
  }

  private var financingLine: [ConfigurationAssumption] {
    account.financing.map { [ConfigurationAssumption("Financing", $0.sentence)] } ?? []
  }

  private func notModelled(_ first: String?) -> ConfigurationAssumption {
    let financing =
      account.financing == nil ? "borrowing fees, interest on cash or margin" : nil
    let missing = [first, financing].compactMap(\.self).joined(separator: ", ")
    guard !missing.isEmpty else {
      return ConfigurationAssumption("Not modelled", "Dividends other than in adjusted prices.")
    }
    return ConfigurationAssumption(
      "Not modelled",
      missing.prefix(1).uppercased() + missing.dropFirst()
        + (financing == nil ? " and" : ", and") + " dividends other than in adjusted prices.")
  }

  /// Every key with the value in effect, as a report lists them: `execution.fill`, `next-open`.
  package var settings: [(key: String, value: String)] {
    var settings: [(key: String, value: String)] = []
    func add(_ table: String, _ keys: [ConfigurationKey<BacktestConfiguration>]) {
      for key in keys {
        guard
          let text = key.value(self)?.description ?? (key.companion.isEmpty ? key.absence : nil),
          !text.isEmpty
        else { continue }
        settings.append((table + key.name, text))
      }
    }
    add("", [RunKeys.decide, RunKeys.warmup, RunKeys.riskFree])
    add(
      "account.",
      accounting.placesOrders ? AccountKeys.all : [AccountKeys.cash, AccountKeys.currency])
    if account.funding.margin != nil { add("account.margin.", MarginKeys.all) }
    if account.financing != nil { add("account.financing.", FinancingKeys.all) }
    add("account.accounting.", AccountKeys.accounting)
    guard accounting.placesOrders else { return settings }
    add("execution.", ExecutionKeys.all)
    settings += execution.costSettings(in: account.currency)
    if exits.isActive { add("exits.", ExitKeys.all) }
    guard risk.isActive else { return settings }
    add("risk.", RiskKeys.all)
    if risk.valueAtRisk != nil { add("risk.value-at-risk.", RiskKeys.valueAtRisk) }
    if risk.circuitBreaker != nil { add("risk.circuit-breaker.", RiskKeys.circuitBreaker) }
    if risk.drawdown != nil { add("risk.drawdown.", RiskKeys.drawdown) }
    return settings
  }
}

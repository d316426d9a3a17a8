/// The keys of the table `account` that say what happens to other currencies.
extension AccountKeys {
  /// What happens to the cash of a fill.
  package static var foreignExchange: Key {
    ConfigurationKey(
      "fx", .words(ForeignExchangeRules.Cash.allCases.map(\.rawValue)),
      "Whether the cash of a fill in another currency is converted at the last rate known, or held "
        + "in that currency, where a negative balance is a loan.",
      value: { $0.account.foreignExchange.map { .text($0.cash.rawValue) } },
      assign: { configuration, value in
        guard case .text(let word) = value, let cash = ForeignExchangeRules.Cash(rawValue: word)
        else { return }
        configuration.account.changeForeignExchange { $0.cash = cash }
      }
    ).example("hold").absent("`convert`").beside("an instrument in another currency")
      .assumption("Currencies") { $0.account.foreignExchange.map(\.sentence) }
  }

  /// What a conversion costs.
  package static var foreignExchangeCost: Key {
    ConfigurationKey(
      "fx-cost", .number(.notNegative),
      "The cost of converting the cash of a fill, in basis points of it.",
      value: { $0.account.foreignExchange.map { .number($0.costBasisPoints) } },
      assign: { configuration, value in
        guard case .number(let cost) = value else { return }
        configuration.account.changeForeignExchange { $0.costBasisPoints = cost }
      }
    ).example("2").absent("0").beside("`fx: convert`")
  }
}

extension BacktestConfiguration {
  /// The rules where money is converted as it comes, without cost.
  var convertingCurrencies: BacktestConfiguration {
    var configuration = self
    configuration.account.changeForeignExchange { _ in }
    return configuration
  }
}

extension AccountRules {
  /// Changes what happens to other currencies; where nothing is said yet, from conversion without
  /// cost.
  package mutating func changeForeignExchange(_ change: (inout ForeignExchangeRules) -> Void) {
    var rules = foreignExchange ?? ForeignExchangeRules()
    change(&rules)
    foreignExchange = rules
  }
}

extension ForeignExchangeRules {
  /// What a report says of other currencies.
  var sentence: String {
    let valued = "Positions in other currencies are valued at the last exchange rate known."
    switch cash {
    case .convert:
      let cost =
        costBasisPoints == 0
        ? "without cost" : "for \(NumberText.exact(costBasisPoints)) basis points"
      return "\(valued) The cash of each fill is converted at it \(cost)."
    case .hold:
      return "\(valued) Cash stays in its currency; a negative balance is a loan in it."
    }
  }
}

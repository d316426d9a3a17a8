/// The keys of the table `account.margin`.
package enum MarginKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// All keys, in the order in which one refines the one before it.
  package static var all: [Key] {
    [preset, initial, initialShort, maintenance, maintenanceShort, check]
  }

  package static var preset: Key {
    ConfigurationKey(
      "preset", .words(["reg-t"]),
      "Rates by name: `reg-t` asks for 0.50 to open, and 0.25 long or 0.30 short to hold.",
      value: { configuration in
        configuration.account.funding.margin?.rates == .regulationT ? .text("reg-t") : nil
      },
      assign: { configuration, _ in
        configuration.account.changeMargin { $0.rates = .regulationT }
      }
    ).example("reg-t").absent("none")
  }

  package static var initial: Key {
    rate(
      "initial", .positive, "What opening a position asks of equity, as a fraction of its value.",
      example: "0.5", \.initialLong
    ) {
      $0.initialLong = $1
      $0.initialShort = $1
    }
  }

  package static var initialShort: Key {
    rate(
      "initial-short", .positive, "The same for short positions, where it differs.",
      example: "0.5", \.initialShort
    ) {
      $0.initialShort = $1
    }
  }

  package static var maintenance: Key {
    rate(
      "maintenance", .notNegative,
      "What holding a position asks of equity; equity below the sum is a margin call.",
      example: "0.25", \.maintenanceLong
    ) {
      $0.maintenanceLong = $1
      $0.maintenanceShort = $1
    }
  }

  package static var maintenanceShort: Key {
    rate(
      "maintenance-short", .notNegative, "The same for short positions, where it differs.",
      example: "0.3", \.maintenanceShort
    ) {
      $0.maintenanceShort = $1
    }
  }

  package static var check: Key {
    ConfigurationKey(
      "check", .words(MarginRules.Check.allCases.map(\.rawValue)),
      "Whether equity is held against maintenance at session ends, or at each close of a bar.",
      value: { $0.account.funding.margin.map { .text($0.check.rawValue) } },
      assign: { configuration, value in
        guard case .text(let word) = value, let check = MarginRules.Check(rawValue: word) else {
          return
        }
        configuration.account.changeMargin { $0.check = check }
      }
    ).example("bar").absent("`session`")
  }

  private static func rate(
    _ name: String, _ bounds: NumberBounds, _ help: String, example: String,
    _ value: @escaping (MarginRates) -> Double,
    _ assign: @escaping (inout MarginRates, Double) -> Void
  ) -> Key {
    ConfigurationKey(
      name, .number(bounds), help,
      value: { $0.account.funding.margin.map { .number(value($0.rates)) } },
      assign: { configuration, given in
        guard case .number(let rate) = given else { return }
        configuration.account.changeMargin { assign(&$0.rates, rate) }
      }
    ).example(example).absent("that of the preset")
  }
}

/// The keys of the table `account.financing`.
package enum FinancingKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// All keys.
  package static var all: [Key] { [interest, credit, borrow, dayCount] }

  package static var interest: Key {
    rate(
      "interest", .notNegative, "The annual rate on a negative balance, as a fraction.",
      example: "0.06", \.debitRate)
  }

  package static var credit: Key {
    rate(
      "credit", .within(-0.99...10),
      "The annual rate on cash beyond the value of short positions, as a fraction.",
      example: "0.02", \.creditRate)
  }

  package static var borrow: Key {
    rate(
      "borrow", .notNegative, "The annual fee for borrowed shares, as a fraction of their value.",
      example: "0.005", \.borrowing.rate)
  }

  package static var dayCount: Key {
    ConfigurationKey(
      "day-count", .integer(.within(360...365)),
      "The days of a year, 360 or 365; the days of a charge are those of the calendar.",
      value: { $0.account.financing.map { .integer($0.dayCount.rawValue) } },
      assign: { configuration, value in
        guard case .integer(let days) = value,
          let count = FinancingRules.DayCount(rawValue: days)
        else { return }
        configuration.account.changeFinancing { $0.dayCount = count }
      }
    ).example("360").absent("365")
  }

  private static func rate(
    _ name: String, _ bounds: NumberBounds, _ help: String, example: String,
    _ property: WritableKeyPath<FinancingRules, Double>
  ) -> Key {
    ConfigurationKey(
      name, .number(bounds), help,
      value: { $0.account.financing.map { .number($0[keyPath: property]) } },
      assign: { configuration, value in
        guard case .number(let rate) = value else { return }
        configuration.account.changeFinancing { $0[keyPath: property] = rate }
      }
    ).example(example).absent("0")
  }
}

extension AccountRules {
  /// Changes the margin rates; where there are none yet, from 1 to open and 0 to hold.
  package mutating func changeMargin(_ change: (inout MarginRules) -> Void) {
    var margin = funding.margin ?? MarginRules(MarginRates(initial: 1))
    change(&margin)
    funding = .requirements(margin)
  }

  /// Changes what borrowing costs; where nothing is charged yet, from rates of 0.
  package mutating func changeFinancing(_ change: (inout FinancingRules) -> Void) {
    var rules = financing ?? FinancingRules()
    change(&rules)
    financing = rules
  }
}

extension MarginRules {
  /// What a report says of the rates.
  var sentence: String {
    func sides(_ long: Double, _ short: Double) -> String {
      long == short
        ? NumberText.percent(long)
        : "\(NumberText.percent(long)) long and \(NumberText.percent(short)) short"
    }
    let count = byAssetClass.count + bySymbol.count
    let others = count == 0 ? "" : "; \(NumberText.count(count, "exception"))"
    let moment = check == .session ? "each session end" : "each close"
    return "Opening a position asks for \(sides(rates.initialLong, rates.initialShort)) of its "
      + "value, holding it for \(sides(rates.maintenanceLong, rates.maintenanceShort))\(others). "
      + "Where equity is below that at \(moment), positions are reduced at the next open."
  }
}

extension FinancingRules {
  /// What a report says of interest and fees.
  var sentence: String {
    let schedules = borrowing.bySymbol.count
    let others =
      schedules == 0
      ? "" : "; \(NumberText.count(schedules, "instrument")) by date"
    return "\(NumberText.percent(debitRate)) per year on a negative balance, "
      + "\(NumberText.percent(creditRate)) on cash beyond the value of short positions, "
      + "\(NumberText.percent(borrowing.rate)) on the value of short positions\(others); charged "
      + "at session ends for the days to the next, over \(dayCount.rawValue) days a year."
  }
}

/// The keys of the table `exits`, without the list of partial exits.
package enum ExitKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// All keys.
  package static var all: [Key] {
    [stopLoss, takeProfit, trailingStop, breakEven, timeExit, rangeBars, reentry]
  }

  package static var stopLoss: Key {
    distance(
      "stop-loss", \.exits.stopLoss,
      "How far a stop lies behind the average entry price: `5%`, `2.5` in price units or `3 atr`, "
        + "average true ranges.", "5%", "Stop-loss"
    ) { "A stop \($0) behind the average entry price closes a position." }
  }

  package static var takeProfit: Key {
    distance(
      "take-profit", \.exits.takeProfit,
      "How far a limit lies ahead of the average entry price; it closes what `scale-out` leaves.",
      "10%", "Take-profit"
    ) { "A limit \($0) ahead of the average entry price closes a position." }
  }

  package static var trailingStop: Key {
    distance(
      "trailing-stop", \.exits.trailingStop,
      "How far a stop stays behind the best price since the position was opened.", "3 atr",
      "Trailing stop"
    ) { "A stop follows \($0) behind the best price since the position was opened." }
  }

  package static var breakEven: Key {
    distance(
      "break-even", \.exits.breakEven,
      "The gain, seen at the closes of bars, at which the stop moves to the average entry price.",
      "4%", "Break-even"
    ) { "Once a bar has brought a gain of \($0), the stop moves to the average entry price." }
  }

  package static var timeExit: Key {
    Key(
      "time-exit", .holding, "After how many bars or sessions a market order closes a position.",
      value: { $0.exits.timeExit.map { .text($0.text) } },
      assign: { configuration, value in
        if case .text(let text) = value { configuration.exits.timeExit = HoldingLimit(text) }
      }
    ).example("20 bars").absent("none").assumption("Time exit") { configuration in
      configuration.exits.timeExit.map {
        "A position that has been held for \($0.text) is closed by a market order."
      }
    }
  }

  package static var rangeBars: Key {
    Key(
      "atr-bars", .integer(.within(1...10_000)),
      "The bars of Wilder's average true range, from which `atr` distances are made.",
      value: { .integer($0.exits.rangeBars) },
      assign: { configuration, value in
        if case .integer(let bars) = value { configuration.exits.rangeBars = bars }
      }
    ).example("20").assumption("Average true range") { configuration in
      guard configuration.exits.needsRange else { return nil }
      return "Wilder's, over \(NumberText.count(configuration.exits.rangeBars, "bar")) that were "
        + "closed when the position was opened."
    }
  }

  package static var reentry: Key {
    .word(
      "re-entry", \.exits.reentry,
      "When a target is traded again from which an exit has traded away: once the strategy states "
        + "a different one, once it has stated 0 or the other side, at the next close, or never."
    ).example("at-once").assumption("Re-entry") { configuration in
      guard configuration.exits.isActive else { return nil }
      return switch configuration.exits.reentry {
      case .newTarget:
        "After an exit, a target is traded again once the strategy states a different one."
      case .newDirection:
        "After an exit, a target is traded again once the strategy has stated 0 or the other side."
      case .atOnce: "After an exit, the target is traded again at the next close."
      case .never: "After an exit, no target is traded in the instrument any more."
      }
    }
  }

  /// What a report says of partial exits.
  static func scaleOut(_ configuration: BacktestConfiguration) -> ConfigurationAssumption? {
    let parts = configuration.exits.scaleOut
    guard !parts.isEmpty else { return nil }
    let list = parts.map { "\(NumberText.percent($0.share)) at \($0.distance.phrase)" }
    return ConfigurationAssumption(
      "Scale-out", "Limits ahead of the average entry price close \(list.joined(separator: ", ")).")
  }

  private static func distance(
    _ name: String, _ property: WritableKeyPath<BacktestConfiguration, ExitDistance?>,
    _ help: String, _ example: String, _ label: String, _ sentence: @escaping (String) -> String
  ) -> Key {
    Key(
      name, .distance, help, value: { $0[keyPath: property].map { .text($0.text) } },
      assign: { configuration, value in
        if case .text(let text) = value {
          configuration[keyPath: property] = ExitDistance(text)
        }
      }
    ).example(example).absent("none").assumption(label) {
      $0[keyPath: property].map { sentence($0.phrase) }
    }
  }
}

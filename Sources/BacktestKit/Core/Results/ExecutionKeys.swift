/// The keys of the table `execution`, without those of the two tables of costs in it.
package enum ExecutionKeys {
  package typealias Key = ConfigurationKey<BacktestConfiguration>

  /// All keys.
  package static var all: [Key] { orders + market }

  /// Where orders of the two simple kinds fill.
  static var orders: [Key] { [fill, limitFill, throughTicks, gapImprovement] }

  /// What else decides when and how much fills.
  static var market: [Key] {
    [
      intrabarPath, trail, participation, latency, latencyJitter, staleAfter, sizeAt, onShortfall,
      onSeriesEnd,
    ]
  }

  package static var fill: Key {
    .word("fill", \.execution.marketFill, "Where market orders fill.")
      .example("next-close").assumption("Market orders") { configuration in
        switch configuration.execution.marketFill {
        case .nextOpen: "Fill at the first open at or after they are live."
        case .nextClose: "Fill at the first close after they are live."
        case .sameClose:
          "Fill at the close on which they were decided, a price known only when it can no longer "
            + "be traded."
        }
      }
  }

  package static var limitFill: Key {
    ConfigurationKey(
      "limit-fill", .words(["touch", "through"]),
      "Whether a limit order fills when the price touches its limit, or only beyond it.",
      value: { .text($0.execution.limitFill == .touch ? "touch" : "through") },
      assign: { configuration, value in
        configuration.execution.limitFill = value == .text("through") ? .through(ticks: 1) : .touch
      }
    ).example("through").assumption("Limit orders") { configuration in
      switch configuration.execution.limitFill {
      case .touch: "Fill when the bar reaches their price, and never at a worse one."
      case .through(let ticks):
        "Fill when the bar goes \(NumberText.count(ticks, "tick")) beyond their price, and "
          + "never at a worse one."
      }
    }
  }

  package static var throughTicks: Key {
    ConfigurationKey(
      "through-ticks", .integer(.notNegative),
      "With `limit-fill: through`: how many ticks beyond the limit the price has to go.",
      value: { configuration in
        guard case .through(let ticks) = configuration.execution.limitFill else { return nil }
        return .integer(ticks)
      },
      assign: { configuration, value in
        guard case .integer(let ticks) = value, case .through = configuration.execution.limitFill
        else { return }
        configuration.execution.limitFill = .through(ticks: ticks)
      }
    ).example("2").absent("1").beside("limit-fill: through")
  }

  package static var gapImprovement: Key {
    .flag(
      "gap-improvement", \.execution.improvesOnGaps,
      "Whether a limit order fills at the open where the open is better than its limit."
    ).example("false").assumption("Gaps") {
      $0.execution.improvesOnGaps
        ? "A limit order fills at the open where the open is better than its limit."
        : "A limit order fills at its limit even where the open is better."
    }
  }

  package static var intrabarPath: Key {
    .word(
      "intrabar-path", \.execution.intrabarPath, "The assumed path of the price inside a bar."
    ).example("open-high-low-close").assumption("Path inside a bar") { configuration in
      let path =
        switch configuration.execution.intrabarPath {
        case .pessimistic:
          "triggered stops before limits, each nearest to the open first (pessimistic)"
        case .openHighLowClose: "open, high, low, close"
        case .openLowHighClose: "open, low, high, close"
        case .nearestExtremeFirst: "open, the nearer extreme, the other extreme, close"
        }
      return "Assumed: \(path). The true path is unknown."
    }
  }

  package static var participation: Key {
    .number(
      "participation", \.execution.participation, .share,
      "The largest share of a bar's volume that all orders of an instrument may fill together."
    ).example("0.1").absent("unlimited").assumption("Liquidity") { configuration in
      guard let share = configuration.execution.participation else {
        return "Unlimited: every order fills completely, whatever the volume. A bar without volume "
          + "fills nothing where the series has volumes."
      }
      return "At most \(NumberText.percent(share)) of a bar's volume for all orders of an "
        + "instrument. The volume is that of the bar being filled and is known only at its close."
    }
  }

  package static var latency: Key {
    .duration(
      "latency", \.execution.latency, "The time from a decision until its orders are live."
    ).example("250ms").assumption("Latency") { configuration in
      let latency = configuration.execution.latency
      return latency == .zero
        ? "None: an order is live at once." : "An order is live after \(latency.text)."
    }
  }

  package static var latencyJitter: Key {
    ConfigurationKey(
      "latency-jitter", .duration,
      "The most that a random delay adds to the latency of an order, drawn with the study's seed.",
      value: { configuration in
        let jitter = configuration.execution.latencyJitter
        return jitter == .zero ? nil : .duration(jitter)
      },
      assign: { configuration, value in
        if case .duration(let span) = value { configuration.execution.latencyJitter = span }
      }
    ).example("100ms").absent("none").assumption("Random delay") { configuration in
      let jitter = configuration.execution.latencyJitter
      guard jitter != .zero else { return nil }
      return "Up to \(jitter.text) more for each order, drawn uniformly; orders compete in order "
        + "of arrival."
    }
  }

  package static var staleAfter: Key {
    ConfigurationKey(
      "stale-after", .duration,
      "Refuses orders for an instrument whose last bar is older than this.",
      value: { $0.execution.staleAfter.map { .duration($0) } },
      assign: { configuration, value in
        if case .duration(let span) = value { configuration.execution.staleAfter = span }
      }
    ).example("5d").absent("no limit").assumption("Stale prices") { configuration in
      configuration.execution.staleAfter.map {
        "Orders for an instrument whose last bar is older than \($0.text) are refused."
      }
    }
  }

  package static var trail: Key {
    .word(
      "trail", \.execution.trail,
      "What trailing stops follow: the best prices of closed bars, or prices inside a bar as well."
    ).example("intrabar").assumption("Trailing stops") { configuration in
      switch configuration.execution.trail {
      case .closedBars: nil
      case .intrabar: "Follow the best price along the assumed path inside a bar."
      }
    }
  }

  package static var sizeAt: Key {
    .word(
      "size-at", \.execution.sizing,
      "Whether a target becomes a quantity at the decision, or at the fill with costs included."
    ).example("fill").assumption("Sizing") { configuration in
      switch configuration.execution.sizing {
      case .atDecision:
        "Targets become quantities at the decision, with its equity and close."
      case .atFill:
        "Targets become quantities at the fill, with the equity and price of that moment, costs "
          + "included."
      }
    }
  }

  package static var onShortfall: Key {
    .word(
      "on-shortfall", \.execution.shortfall,
      "What happens to an order that buying power does not cover."
    ).example("reject").assumption("Buying power") { configuration in
      switch configuration.execution.shortfall {
      case .cut: "An order beyond buying power is reduced, which is recorded."
      case .reject: "An order beyond buying power is rejected."
      }
    }
  }

  package static var onSeriesEnd: Key {
    .word(
      "on-series-end", \.onSeriesEnd, "What happens to a position whose series ends before the run."
    ).example("close").assumption("End of a series") { configuration in
      switch configuration.onSeriesEnd {
      case .hold: "A position whose series ends keeps its last mark."
      case .close: "A position whose series ends is closed at the last close, with costs."
      }
    }
  }
}

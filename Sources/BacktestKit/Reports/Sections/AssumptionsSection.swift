import BacktestCore
import BacktestEvidence

extension ReportFacts {
  /// Every rule under which the figures came about, in words.
  var assumptionsSection: ReportSection {
    let trading =
      weightItems ?? executionItems + liquidityItems + costItems + capitalItem + accountItems
    var items = trading + measureItems + policyRemarks.map { Item("Policy", $0) }
    if let walkForward { items += walkForwardItems(walkForward) }
    return ReportSection(
      id: "assumptions", title: "Assumptions",
      summary: "The rules of the market, the account and the measures.",
      blocks: [ReportDefinitions(items)])
  }

  private typealias Item = ReportDefinitions.Item

  private var decisionTime: String {
    switch run.configuration.decisions {
    case .eachClose: "At the close of a bar"
    case .allClosed: "Once a session, at its last close"
    }
  }

  private var rules: ExecutionRules { run.configuration.execution }

  /// What takes the place of orders, fills and their costs under weights accounting.
  private var weightItems: [Item]? {
    guard case .weights(let fee, let initial) = run.configuration.accounting else { return nil }
    let start =
      switch initial {
      case .zero: "0 each"
      case .equal: "1 over the number of instruments each"
      case .each(let weights): weights.map { ReportText.number($0) }.joined(separator: ", ")
      }
    return [
      Item("Decisions", "\(decisionTime), from closed bars alone."),
      Item(
        "Accounting",
        "Weights: from the close of a decision to the next close equity is multiplied by 1 + the "
          + "sum of weight x return - fee x the sum of changes of the stated weights; nothing is "
          + "ordered, no price is paid, and there are no lots and no limit on weights."),
      Item("Fee", "\(ReportText.basisPoints(fee * 1e4)) of the equity that changes hands."),
      Item("Initial weights", "\(start); the first statement is charged as a change of them."),
      Item(
        "Not modelled",
        "Slippage, taxes, borrow fees, interest on cash or margin, and dividends other than in "
          + "adjusted prices."),
    ] + capitalItem
  }

  private var capitalItem: [Item] {
    let account = run.configuration.account
    return [
      Item("Capital", "\(NumberFormat.money.text(account.initialCash)) \(account.currency)")
    ]
  }

  private var executionItems: [Item] {
    let market =
      switch rules.marketFill {
      case .nextOpen: "at the first open at or after they are live"
      case .nextClose: "at the first close after they are live"
      case .sameClose:
        "at the close on which they were decided, a price known only once it could no longer be "
          + "traded"
      }
    let limit =
      switch rules.limitFill {
      case .touch: "when the bar reaches the price"
      case .through(let ticks): "when the bar goes \(ReportText.count(ticks, "tick")) beyond it"
      }
    let gap =
      rules.improvesOnGaps
      ? "an open beyond the limit fills at the open" : "an open beyond the limit fills at the limit"
    let path =
      switch rules.intrabarPath {
      case .pessimistic: "triggered stops first, then limits, nearest to the open first"
      case .openHighLowClose: "open, high, low, close"
      case .openLowHighClose: "open, low, high, close"
      case .nearestExtremeFirst: "the extreme nearer to the open first"
      }
    return [
      Item("Decisions", "\(decisionTime), from closed bars alone; orders follow after it."),
      Item("Market orders", "Fill \(market)."),
      Item("Limit orders", "Fill \(limit), never worse than their price; \(gap)."),
      Item("Stop orders", "Become market orders at their price, or at an open beyond it."),
      Item(
        "Path inside a bar", "\(rules.intrabarPath.rawValue): \(path). Its true order is unknown."),
      Item("Latency", ReportFacts.duration(rules.latency)),
    ]
  }

  private var liquidityItems: [Item] {
    let text =
      rules.participation.map { share in
        "At most \(ReportText.percent(share)) of a bar's volume for all orders of an instrument. "
          + "The volume is that of the bar being filled and is known only at its close."
      }
      ?? "Unlimited: every order fills whole, whatever the volume. A bar with no volume fills "
      + "nothing where volumes are given."
    return [Item("Liquidity", text)]
  }

  private var costItems: [Item] {
    let commission: String =
      switch rules.commission {
      case is NoCommission: "None."
      case let model as BasisPointCommission:
        "\(ReportText.basisPoints(model.basisPoints)) of the slipped notional."
      case let model as PerShareCommission:
        "\(ReportText.number(model.perShare)) \(currency) a unit, at least "
          + "\(ReportText.number(model.minimumPerOrder)) an order."
      case let model as PerOrderCommission:
        "\(ReportText.number(model.amount)) \(currency) an order."
      default: "A model of its own: \(type(of: rules.commission))."
      }
    let slippage: String =
      switch rules.slippage {
      case is NoSlippage: "None."
      case let model as BasisPointSlippage:
        "\(ReportText.basisPoints(model.basisPoints)) of the price, against the order."
      case let model as HalfSpreadSlippage:
        "Half of a spread of \(ReportText.number(model.spread)) in price units."
      case let model as VolumeShareSlippage:
        "\(ReportText.number(model.impact)) x (share of the bar's volume)²; the volume is known "
          + "only at the bar's close."
      case let model as SquareRootSlippage:
        "\(ReportText.number(model.impact)) x deviation of 20 returns x √(quantity / mean volume "
          + "of 20 bars)."
      default: "A model of its own: \(type(of: rules.slippage))."
      }
    let onWhat = " On market and stop orders; prices may leave the bar's range."
    return [
      Item("Commission", commission),
      Item("Slippage", rules.slippage is NoSlippage ? slippage : slippage + onWhat),
      Item(
        "Not modelled",
        "Taxes, borrow fees, interest on cash or margin, and dividends other than in adjusted "
          + "prices."),
    ]
  }

  private var accountItems: [Item] {
    let account = run.configuration.account
    let funding =
      switch account.funding {
      case .cash: "Paid in full; short positions cannot be opened."
      case .margin(let leverage):
        "Long and short up to \(ReportText.number(leverage)) x equity."
      }
    let sizing =
      rules.sizing == .atDecision
      ? "Targets become quantities at the decision, with its equity and close."
      : "Targets become quantities at the match, with the equity and price of that moment, costs "
        + "included."
    let shortfall =
      rules.shortfall == .cut
      ? "An order beyond buying power is made smaller, which is recorded."
      : "An order beyond buying power is refused."
    let ends =
      run.configuration.onSeriesEnd == .hold
      ? "A position whose series ends keeps its last mark."
      : "A position whose series ends is closed at the last close, with costs."
    return [
      Item("Funding", funding), Item("Sizing", sizing), Item("Buying power", shortfall),
      Item("End of a series", ends),
    ]
  }

  private var measureItems: [Item] {
    let warmup =
      run.configuration.warmup.map { "\(ReportText.count($0, "bar"))" }
      ?? "the strategy's own"
    let base = dates.first.map { " The base point lies on \($0)." } ?? ""
    return [
      Item("Warm-up", "\(warmup); its bars are not measured.\(base)"),
      Item("Annualisation", annualization),
      Item("Risk-free rate", "\(ReportText.percent(run.configuration.riskFreeRate)) a year"),
      Item(
        "Benchmark",
        benchmark.map {
          "\($0.name), without costs, on its own calendar; days are "
            + "matched by session date."
        } ?? "None."),
    ]
  }

  private func walkForwardItems(_ walkForward: WalkForwardResult) -> [Item] {
    let plan = walkForward.plan
    let windows = plan.windows
    let search =
      switch plan.search {
      case .grid: "Every combination of the grid."
      case .random(let count):
        "\(ReportText.count(count, "combination")) drawn a fold without replacement, seed "
          + "\(plan.seed)."
      }
    let gap =
      windows.gap == 0
      ? ""
      : "; a gap of \(ReportText.count(windows.gap, "bar")), taken from the "
        + "\(windows.gapFrom.rawValue) window"
    let boundary =
      switch plan.boundary {
      case .mark: "Open positions are valued at the mark; the next fold starts flat."
      case .liquidate: "Positions are closed at the fold's last close, with costs."
      case .carry: "Positions go over into the next fold."
      }
    let tail =
      walkForward.droppedTailBars > 0
      ? " The last \(ReportText.count(walkForward.droppedTailBars, "bar")) belong to no fold." : ""
    return [
      Item(
        "Windows",
        "Train \(windows.train)\(windows.isAnchored ? ", anchored at the first bar" : ""), test "
          + "\(windows.test)\(gap).\(tail)"),
      Item("Objective", "\(walkForward.objective.title): \(walkForward.objective.definition)"),
      Item("Search", search + " Ties go to the first in grid order."),
      Item(
        "Joining folds",
        (plan.carry == .equity
          ? "A fold begins with the equity that the folds before it left. "
          : "A fold begins with the initial capital and returns are chained. ") + boundary),
    ]
  }

  private static func duration(_ span: TimeSpan) -> String {
    let seconds = Double(span.nanoseconds) / 1e9
    return seconds == 0 ? "None: an order is live at once." : "\(ReportText.number(seconds)) s"
  }
}

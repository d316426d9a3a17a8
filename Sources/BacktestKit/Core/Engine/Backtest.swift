/// A strategy, a market and the rules under which they meet.
///
///     let spx = try BarSeries(csv: "sp500.csv", symbol: "SPX", calendar: .xnys)
///     let costs = TradingCosts.basisPoints(commission: 1, slippage: 1)
///     let result = try Backtest(Crossover(), on: spx, costs: costs).run()
///     print(result.metrics.sharpe ?? .nan)
public struct Backtest<S: Strategy>: Sendable {
  /// The strategy as it is before the first bar.
  public var strategy: S
  /// The market.
  public var feed: Feed
  /// The rules.
  public var configuration: BacktestConfiguration
  /// The name under which the result goes; the strategy's type name unless given.
  public var name: String
  /// Indicator values of the feed that several runs share; `nil` shares nothing.
  public var sharedSeries: SharedSeries?

  /// A backtest on a market that is laid out already; many runs can share one feed, and the
  /// indicators over it.
  @inlinable
  public init(
    _ strategy: S, on feed: Feed, configuration: BacktestConfiguration = BacktestConfiguration(),
    name: String? = nil, sharing series: SharedSeries? = nil
  ) {
    sharedSeries = series
    self.strategy = strategy
    self.feed = feed
    self.configuration = configuration
    self.name = name ?? "\(S.self)"
  }

  /// A backtest on a universe.
  public init(
    _ strategy: S, on universe: Universe,
    configuration: BacktestConfiguration = BacktestConfiguration()
  ) {
    self.init(strategy, on: Feed(universe), configuration: configuration)
  }

  /// A backtest on one series with costs, everything else by default.
  ///
  /// - Throws: `MarketError` when the series has no bars.
  public init(
    _ strategy: S, on series: BarSeries, costs: TradingCosts = .none,
    configuration: BacktestConfiguration = BacktestConfiguration()
  ) throws(MarketError) {
    var configuration = configuration
    costs.apply(to: &configuration.execution)
    self.init(strategy, on: try Universe([series]), configuration: configuration)
  }

  /// Runs from the first bar to the last. The backtest itself does not change, so that running it
  /// again gives the same result.
  @inlinable
  public func run() -> BacktestResult {
    var engine = Engine(
      feed: feed, configuration: configuration, warmup: strategy.warmup, sharing: sharedSeries)
    var strategy = strategy
    engine.run(&strategy)
    return engine.result(strategy: name)
  }
}

extension Engine {
  /// Hands every decision that is left to a strategy.
  ///
  /// The loop is compiled anew for each strategy, so that a bar costs no call through a witness.
  @inlinable
  public mutating func run<S: Strategy>(_ strategy: inout S) {
    if instant < 0 { strategy.onStart(&trading) }
    // Strategies see the account and not the engine, so that nobody copies it meanwhile.
    own()
    while true {
      switch advanceOwned() {
      case .bars:
        if hasUnreportedFills {
          while let fill = nextUnreportedFill() { strategy.onFill(fill, &trading) }
        }
        strategy.onBars(bars, &trading)
      case .timer(let tag): strategy.onTimer(tag, &trading)
      case .finished: return
      }
    }
  }
}

/// The usual costs in one word.
public struct TradingCosts: Sendable {
  let apply: @Sendable (inout ExecutionRules) -> Void

  func apply(to rules: inout ExecutionRules) { apply(&rules) }

  /// What the configuration says.
  public static let none = TradingCosts { _ in }

  /// Commission and slippage in hundredths of a percent of the money traded.
  public static func basisPoints(commission: Double, slippage: Double) -> TradingCosts {
    TradingCosts { rules in
      rules.commission = BasisPointCommission(basisPoints: commission)
      rules.slippage = BasisPointSlippage(basisPoints: slippage)
    }
  }
}

extension Engine {
  /// The result of the run so far, with open positions at their marks.
  ///
  /// - Parameter strategy: the name under which the result goes.
  public func result(strategy: String) -> BacktestResult {
    var log = log
    for slot in trading.broker.book.slotsInSubmissionOrder() {
      let live = trading.broker.book[slot]
      log.record(live.id, .stillLive, at: clock, filled: live.filledQuantity)
    }
    let last = max(instant, baseInstant)
    var openTrades: [BookedTrade] = []
    for (index, position) in trading.account.positions.enumerated()
    where trading.account.holds(index) {
      let row = trading.lastRow(index)
      let closeTime = feed.columns[index].closeTimes[row]
      if !position.isFlat {
        var open = position.bookedTrade(
          InstrumentID(index), isLong: position.quantity > 0, exitTime: closeTime, exitRow: row,
          isOpen: true)
        if let profit = trading.account.openProfit(of: index) { open.trade.grossProfit = profit }
        openTrades.append(open)
      }
      if row == feed.columns[index].count - 1, closeTime < feed.instants[last] {
        log.counts.stalePositions += 1
      }
    }
    let account = closedAccount(&log, at: feed.instants[last])
    // A run that ended early is measured to its planned end: the curve stays where it is.
    let count = ((ruinedAt ?? overflowedAt) == nil ? last + 1 : endInstant) - baseInstant
    var points = points
    if needsEquityPoint {
      // In the middle of an instant its point is still to come; this is its value so far.
      let worth = trading.account.valuation
      points.own()
      points.set(last - baseInstant, equity: worth.equity, grossExposure: worth.grossExposure)
    }
    let columns = points.columns(count)
    var result = BacktestResult(
      strategy: strategy, configuration: configuration, universe: feed.universe,
      curve: EquityCurve(
        times: feed.instants.rows(baseInstant..<(baseInstant + count)), equity: columns.equity,
        grossExposure: columns.grossExposure),
      orders: log.orders, fills: log.fills, notes: trading.notes,
      forecasts: trading.forecasts, decisions: trading.decisions, account: account,
      counts: log.counts, decisionTallies: trading.tallies, riskBreaches: riskBreaches,
      ruinedAt: ruinedAt, overflowedAt: overflowedAt,
      tables: RunTables(
        RunRecords(
          log: log, openTrades: openTrades, feed: feed, currency: configuration.account.currency,
          end: clock, plan: trading.broker.plan)))
    result.conversions = log.conversions
    result.marginCalls = log.marginCalls
    result.actions = log.actions
    return result
  }

  /// The account with its contracts settled, after the last entries of the ledger.
  private func closedAccount(_ log: inout RunLog, at time: Timestamp) -> Account {
    var account = trading.account
    if account.contracts != nil {
      account.settleContracts(log.fills, at: time, isLast: true) { log.record($0) }
    }
    if account.followsTargets, let profit = account.untradedProfit(since: inherited) {
      log.record(LedgerEntry(time: time, kind: .priceProfit, amount: profit))
    }
    guard account.hasCurrencies else { return account }
    let profit = account.balanceProfit(since: inherited) {
      log.ledger(of: feed.universe, currency: configuration.account.currency)
    }
    if let profit {
      log.record(LedgerEntry(time: time, kind: .exchange, amount: profit))
    }
    return account
  }
}

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

/// Everything about a run that is not the data and not the strategy.
///
///     var configuration = BacktestConfiguration()
///     configuration.account.initialCash = 100_000
///     configuration.execution.slippage = BasisPointSlippage(basisPoints: 1)
///     configuration.warmup = 50
public struct BacktestConfiguration: Sendable {
  /// The account that trades.
  public var account = AccountRules()
  /// What turns decisions into equity: orders and fills, or weights.
  public var accounting = AccountingRule.orders
  /// How orders trade and what that costs.
  public var execution = ExecutionRules()
  /// What the run may not exceed.
  public var risk = RiskRules()
  /// What closes positions without the strategy's doing.
  public var exits = ExitRules()
  /// At which closes the strategy is asked.
  public var decisions = DecisionCadence.eachClose
  /// Bars that the strategy sees before its first decision, which is at the close of bar `warmup`
  /// (from 0); `nil` takes the strategy's own.
  public var warmup: Int?
  /// The bars on which the run is measured, as a range of instants of the feed; `nil` is all.
  ///
  /// A run on `a..<b` is fed all bars before `a`, decides for the first time at the close of bar
  /// `a - 1`, where its base point lies, and has exactly `b - a` returns.
  public var window: Range<Int>?
  /// What happens to a position whose series ends before the run does.
  public var onSeriesEnd = SeriesEndRule.hold
  /// What happens to positions that are open at the last close of a window.
  public var onWindowEnd = WindowEndRule.hold
  /// The annual risk-free rate, a fraction.
  public var riskFreeRate = 0.0

  /// The default configuration.
  public init() {}

  /// At which closes the strategy is asked.
  public enum DecisionCadence: String, Sendable, CaseIterable {
    /// At each instant at which at least one bar closes.
    case eachClose = "each-close"
    /// Once a session, at its last close: exchanges with different hours are decided together. The
    /// slice holds the last bar of each instrument since the decision before, and each
    /// instrument's calendar tells its session.
    case allClosed = "all-closed"
  }

  /// What happens to a position whose series ends before the run does.
  public enum SeriesEndRule: String, Sendable, CaseIterable {
    /// It keeps its last mark and is reported stale.
    case hold
    /// It is closed at the last close, with costs.
    case close
  }

  /// What happens to positions that are open at the last close of a window.
  public enum WindowEndRule: String, Sendable, CaseIterable {
    /// They stay open, valued at their marks.
    case hold
    /// They are closed at the last close of their series, with costs.
    case close
  }
}

/// A value of a configuration with which nothing can be run.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// What is wrong, what was expected, and what was found.
  public var description: String
  /// The key of a study that holds the value, such as `risk.restricted`; `nil` where it is none or
  /// several.
  package var key: String?
  /// The text under that key which is wrong; `nil` for all of it.
  package var text: String?

  init(_ description: String, key: String? = nil, text: String? = nil) {
    self.description = description
    (self.key, self.text) = (key, text)
  }
}

extension BacktestConfiguration {
  /// Checks the values that no type keeps from being nonsense, and that they fit a universe.
  ///
  /// An engine stops the program at what this finds, so a program whose values come from outside
  /// checks them first. A study is checked by its runner.
  /// - Complexity: O(instruments), under weights accounting O(bars).
  /// - Throws: the first invalid value.
  public func validate(for universe: Universe) throws(ConfigurationError) {
    if let problem = problem(instrumentCount: universe.count) { throw ConfigurationError(problem) }
    try checkSymbols(of: universe)
    for symbol in risk.restrictedSymbols where universe.instrument(symbol) == nil {
      throw ConfigurationError(
        "'\(symbol)' is restricted, and is not in the data; known are "
          + NearestName.list(universe.series.map(\.instrument.symbol), near: symbol),
        key: "risk.restricted", text: symbol)
    }
    if let unknown = execution.unknownCostSymbol(in: universe) {
      throw ConfigurationError(
        "there are costs of '\(unknown)', which is not in the data; known are "
          + NearestName.list(universe.series.map(\.instrument.symbol), near: unknown),
        key: "costs", text: unknown)
    }
    if let problem = execution.costsProblem(in: account.currency) {
      throw ConfigurationError(problem)
    }
    if let problem = execution.quotedSpreadProblem(in: universe) {
      throw ConfigurationError(problem)
    }
    if let problem = currencyProblem(in: universe) { throw ConfigurationError(problem) }
    guard !accounting.placesOrders else { return }
    for series in universe.series {
      if let action = series.actions.first {
        throw ConfigurationError(
          "accounting by weights takes returns from prices as they are, but "
            + "\(series.instrument.symbol) has a \(action.kind.name) on \(action.exDate); use "
            + "adjusted prices, or account by orders")
      }
      if let row = series.close.firstIndex(where: { !($0 > 0) }) {
        throw ConfigurationError(
          "accounting by weights needs closes above zero, but \(series.instrument.symbol) closes "
            + "at \(series.close[row]) on \(series.closeTimes[row].utcDate); account by orders")
      }
    }
  }

  /// Refuses rates of instruments that the universe does not have.
  private func checkSymbols(of universe: Universe) throws(ConfigurationError) {
    let named = [
      (
        "margin rates", "account.margin.exceptions",
        account.funding.margin?.bySymbol.keys.sorted() ?? []
      ),
      (
        "borrow rates", "account.financing.borrow-rates",
        account.financing?.borrowing.bySymbol.keys.sorted() ?? []
      ),
    ]
    for (name, key, symbols) in named {
      for symbol in symbols where universe.instrument(symbol) == nil {
        let known = NearestName.list(universe.series.map(\.instrument.symbol), near: symbol)
        throw ConfigurationError(
          "there are \(name) of '\(symbol)', which is not in the data; known are \(known)",
          key: key, text: symbol)
      }
    }
    let margins = account.funding.margin?.bySymbol ?? [:]
    for instrument in universe.series.map(\.instrument)
    where margins[instrument.symbol]?.basis == .contract && instrument.assetClass.paysNotional {
      throw ConfigurationError(
        "margin per contract is for futures and perpetual contracts, but \(instrument.symbol) is "
          + "of the class \(instrument.assetClass.rawValue); give the file its 'asset-class', or "
          + "rates of the value",
        key: "account.margin.exceptions", text: instrument.symbol)
    }
  }

  /// What is wrong with the values themselves; `nil` when nothing is.
  func problem(instrumentCount: Int) -> String? {
    let leverage = account.funding.leverage
    let longest = TimeSpan.hours(1_000_000)
    if !(account.initialCash > 0 && account.initialCash.isFinite) {
      return "the initial cash must be above 0 and finite, not \(account.initialCash)"
    }
    if !(leverage > 0 && leverage.isFinite) {
      return "a leverage must be above 0 and finite, not \(leverage)"
    }
    if let problem = account.funding.margin?.problem { return "margin: \(problem)" }
    if let problem = account.financing?.problem { return "financing: \(problem)" }
    if let problem = account.foreignExchange?.problem {
      return "currencies: \(problem)"
    }
    if let share = execution.participation, !(share > 0 && share <= 1) {
      return
        "the participation must be above 0 and at most 1, not \(share); without one "
        + "there is no limit"
    }
    if execution.latency < .zero || execution.latency > longest {
      return "the latency must be from 0 to a million hours, not "
        + "\(execution.latency.nanoseconds) ns"
    }
    if execution.latencyJitter < .zero || execution.latencyJitter > longest {
      return "the random part of the latency must be from 0 to a million hours, not "
        + "\(execution.latencyJitter.nanoseconds) ns"
    }
    if let limit = execution.staleAfter, limit <= .zero || limit > longest {
      return
        "the time after which prices are stale must be above 0 and at most a million hours, not "
        + "\(limit.nanoseconds) ns; without one they never are"
    }
    if case .through(let ticks) = execution.limitFill, ticks < 0 {
      return "a limit is traded through by 0 ticks or more, not \(ticks)"
    }
    if !(riskFreeRate > -1 && riskFreeRate.isFinite) {
      return "the risk-free rate must be above -1 and finite, not \(riskFreeRate)"
    }
    if risk.isActive {
      if !accounting.placesOrders {
        return "risk: limits hold for orders, and under weights accounting there are none"
      }
      if let problem = risk.problem { return problem }
    }
    if exits.isActive, !accounting.placesOrders {
      return "exits: exits are orders, and under weights accounting there are none"
    }
    if exits.isActive, let problem = exits.problem { return problem }
    if let warmup, warmup < 0 { return "the warm-up must be 0 bars or more, not \(warmup)" }
    return weightsProblem(instrumentCount: instrumentCount)
  }

  private func weightsProblem(instrumentCount: Int) -> String? {
    guard case .weights(let fee, let initial) = accounting else { return nil }
    if account.funding.margin != nil || account.financing != nil {
      return "account: margin rates and financing go with orders, but accounting is by weights, "
        + "under which nothing is borrowed"
    }
    if !(fee >= 0 && fee.isFinite) {
      return "accounting: a fee must be 0 or more and finite, not \(fee)"
    }
    let weights = initial.values(count: instrumentCount)
    if weights.count != instrumentCount {
      return "accounting: \(instrumentCount) instruments need as many initial weights, not "
        + "\(weights.count)"
    }
    return weights.allSatisfy(\.isFinite) ? nil : "accounting: initial weights must be finite"
  }
}

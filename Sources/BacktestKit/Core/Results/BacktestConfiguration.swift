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

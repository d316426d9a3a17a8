import BacktestCore

/// How a run depends on costs, delay, parameters, its beginning and its size, and how it did in
/// times of stress.
public struct SensitivityResult: Sendable {
  /// The run as it was asked for.
  public let base: SensitivityFigures
  /// The tables that were asked for, in the order of the parts.
  public let tables: [SensitivityTable]
  /// The cost at which nothing would have been earned; `nil` where costs were not looked at.
  public let breakEven: BreakEvenCost?
  /// The initial cash at which half of the annual return is left; `nil` where it is not reached, or
  /// capacity was not looked at.
  public let halfReturnCash: Double?
  /// How the run did in times of stress that it covers.
  public let stress: [StressOutcome]
  /// The times of stress that it does not cover.
  public let uncoveredStress: [StressWindow]

  /// The table of a part; `nil` where it was not asked for.
  public subscript(part: SensitivityPlan.Part) -> SensitivityTable? {
    tables.first { $0.part == part }
  }
}

/// What a run comes to when one thing is changed, step by step.
public struct SensitivityTable: Sendable {
  /// What is changed.
  public let part: SensitivityPlan.Part
  /// The runs, in the order of the plan; empty where `absence` says why.
  public let rows: [Row]
  /// Why there are no rows; `nil` where there are some.
  public let absence: String?

  /// A run with one thing changed.
  public struct Row: Sendable {
    /// What is changed in words: `2x`, `3 bars`, `fast=9`.
    public let label: String
    /// The parameter that is changed; `nil` in other tables.
    public let parameter: String?
    /// The multiple, the number of bars, or the value of the parameter; `nil` for words.
    public let value: Double?
    /// Whether it is the run as it was asked for.
    public let isBase: Bool
    /// What it comes to.
    public let figures: SensitivityFigures
  }
}

/// The figures of one run of a sensitivity analysis.
public struct SensitivityFigures: Hashable, Sendable {
  /// The product of 1 + r, less 1.
  public let totalReturn: Double?
  /// The return a year that compounds to the total return.
  public let cagr: Double?
  /// The Sharpe ratio a year.
  public let sharpe: Double?
  /// The deepest fall from a peak, from 0 to -1.
  public let maxDrawdown: Double?
  /// Closed round trips.
  public let tradeCount: Int
  /// The sum of commission, slippage and taxes over the traded notional, in hundredths of a
  /// percent; `nil` where nothing was traded.
  public let costBasisPoints: Double?
  /// Money traded over the initial cash.
  public let tradedMultiple: Double
  /// The initial cash.
  public let initialCash: Double

  init(_ run: BacktestResult) {
    let metrics = run.metrics
    totalReturn = metrics.totalReturn
    cagr = metrics.cagr
    sharpe = metrics.sharpe
    maxDrawdown = metrics.maxDrawdown
    tradeCount = metrics.trades?.count ?? 0
    initialCash = run.configuration.account.initialCash
    tradedMultiple = run.account.tradedNotional / initialCash
    costBasisPoints = RatioFormulas.quotient(
      run.account.tradingCosts * 1e4, run.account.tradedNotional)
  }
}

/// The cost for each unit of traded notional at which a run's total return is zero.
///
/// Costs count on each side of a trade: a break-even of 20 basis points means 20 for buying and 20
/// for selling. It is found by multiplying all costs of trading until nothing is left, and is
/// linear between the two nearest multiples.
public struct BreakEvenCost: Hashable, Sendable {
  /// Hundredths of a percent of traded notional, all costs of trading together; `nil` for the
  /// reason in `absence`.
  public let basisPoints: Double?
  /// Whether the run still earns at this cost, the highest that was tried.
  public let isLowerBound: Bool
  /// Why there is none; `nil` where there is one.
  public let absence: String?

  init(basisPoints: Double, isLowerBound: Bool = false) {
    self.basisPoints = basisPoints
    self.isLowerBound = isLowerBound
    absence = nil
  }

  init(absence: String) {
    basisPoints = nil
    isLowerBound = false
    self.absence = absence
  }

  /// The cost as one sentence.
  package var sentence: String {
    guard let basisPoints else { return "No break-even cost: \(absence ?? "unknown")." }
    let text = NumberFormat.number(decimals: 1).text(basisPoints)
    return isLowerBound
      ? "It still earns at \(text) basis points of what is traded."
      : "Nothing is earned at \(text) basis points of what is traded."
  }

  /// How `basisPoints` is defined, in one sentence.
  package static let definition =
    "The break-even cost is commission, slippage and taxes together over the traded notional, "
    + "on each side of a trade, at which the total return is zero; linear between the nearest "
    + "multiples of costs."

  /// Where a line between two points of cost and total return is zero.
  static func interpolated(
    _ a: (cost: Double, value: Double), _ b: (cost: Double, value: Double)
  ) -> Double {
    a.value == b.value ? a.cost : a.cost + (b.cost - a.cost) * a.value / (a.value - b.value)
  }
}

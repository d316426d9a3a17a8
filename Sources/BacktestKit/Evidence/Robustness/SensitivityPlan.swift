public import BacktestCore

/// What a sensitivity analysis changes, and how far.
///
///     var plan = SensitivityPlan()
///     plan.parts = [.costs, .delay]
///     plan.delays = [0, 1, 2, 3, 5]
public struct SensitivityPlan: Sendable {
  /// What can be changed about a run.
  public enum Part: String, Hashable, Sendable, CaseIterable {
    /// What trading costs.
    case costs
    /// How many closes late decisions are carried out.
    case delay
    /// The parameters, one at a time, by steps of the grid or of a tenth.
    case parameters
    /// When the run begins.
    case start
    /// How much money there is, where an order gets only a share of a bar's volume.
    case capacity
    /// The market: what the run would have done in others.
    case scenarios
    /// Nothing: how the run did in times of stress.
    case stress
  }

  /// What is looked at.
  public var parts = Set(Part.allCases)
  /// Multiples of commission, slippage and taxes; of 1 basis point of slippage where trading is
  /// free.
  public var costMultiples = [0, 0.5, 1, 1.5, 2, 3, 4, 5]
  /// How many closes late decisions are carried out.
  public var delays = [0, 1, 2, 3]
  /// Values of parameters that say what a step is; where a parameter has none, a step is a tenth of
  /// its value, at least 1 for whole numbers.
  public var grid = ParameterGrid([ParameterGrid.Dimension]())
  /// The number of steps up and down.
  public var steps = 2
  /// By how many bars the first decision is moved back.
  public var startShifts = [0, 1, 2, 3, 5, 10, 21, 42, 63, 126, 252]
  /// Multiples of the initial cash.
  public var cashMultiples: [Double] = [1, 10, 100, 1_000, 10_000]
  /// The share of a bar's volume that orders may take where the run has no limit.
  public var participation = 0.1
  /// Markets with other bars; `nil` is a fall, more volatility, gaps, missing bars, a halt in the
  /// middle and, for several instruments, correlations of 1.
  public var scenarios: [MarketScenario]?
  /// The seed of what is random in scenarios.
  public var seed: UInt64 = 0
  /// Times of stress; those that the run does not cover are left out.
  public var stressWindows = StressWindow.wellKnown

  /// Everything, as far as usual.
  public init() {}
}

/// A market with other bars, by its name and what is changed.
public struct MarketScenario: Hashable, Sendable {
  /// The name.
  public var name: String
  /// What is changed, one change after the other.
  public var changes: [MarketStress]

  /// A market by its name and what is changed.
  public init(_ name: String, _ changes: [MarketStress]) {
    self.name = name
    self.changes = changes
  }

  /// What can happen to any market, between its sessions.
  ///
  /// - Parameters:
  ///   - middle: the session at which falls and halts begin.
  ///   - end: the last session of the halt.
  ///   - instrumentCount: the number of instruments, one of which has no correlations.
  static func usual(
    middle: CivilDate, haltEnd end: CivilDate, instrumentCount: Int
  ) -> [MarketScenario] {
    [
      MarketScenario("A fall of 20 % for good", [MarketStress(.shock(-0.2), from: middle)]),
      MarketScenario("Volatility x 2", [MarketStress(.volatility(2))]),
      MarketScenario("5 gaps of -10 %", [MarketStress(.gaps(count: 5, size: -0.1))]),
      MarketScenario("2 % of bars missing", [MarketStress(.missingBars(0.02))]),
      MarketScenario(
        "A halt of a week", [MarketStress(.halt, from: middle, through: end)]),
    ]
      + (instrumentCount > 1
        ? [MarketScenario("Correlations of 1", [MarketStress(.correlation(1))])] : [])
  }
}

/// A time of stress in a market, by its name and its sessions.
public struct StressWindow: Hashable, Sendable {
  /// The name.
  public var name: String
  /// The first and the last day; the base is the last close before the first day.
  public var dates: ClosedRange<CivilDate>

  /// A window by its name and days.
  public init(_ name: String, _ dates: ClosedRange<CivilDate>) {
    self.name = name
    self.dates = dates
  }

  /// Falls of the American stock market since 1998, by the closes of the S&P 500.
  public static let wellKnown: [StressWindow] = [
    window("Russian default 1998", "1998-07-20", "1998-08-31"),
    window("Dot-com bust 2000-2002", "2000-03-27", "2002-10-09"),
    window("September 2001", "2001-09-10", "2001-09-21"),
    window("Quant quake 2007", "2007-08-01", "2007-08-16"),
    window("Financial crisis 2007-2009", "2007-10-10", "2009-03-09"),
    window("Lehman Brothers 2008", "2008-09-12", "2008-11-20"),
    window("Flash crash 2010", "2010-05-03", "2010-05-07"),
    window("US downgrade 2011", "2011-07-25", "2011-08-08"),
    window("China 2015", "2015-08-18", "2015-08-25"),
    window("Volmageddon 2018", "2018-01-29", "2018-02-08"),
    window("Fourth quarter 2018", "2018-09-21", "2018-12-24"),
    window("Covid 2020", "2020-02-20", "2020-03-23"),
    window("Rate rises 2022", "2022-01-04", "2022-10-12"),
  ]

  private static func window(
    _ name: String, _ first: StaticString, _ last: StaticString
  ) -> StressWindow {
    guard let from = CivilDate("\(first)"), let through = CivilDate("\(last)") else {
      preconditionFailure("\(first) and \(last) are dates")
    }
    return StressWindow(name, from...through)
  }
}

/// How an account did in a time of stress.
public struct StressOutcome: Hashable, Sendable {
  /// The time.
  public let window: StressWindow
  /// The session of the last point before the window, from which everything is measured.
  public let baseDate: CivilDate
  /// The session of the last point in the window.
  public let endDate: CivilDate
  /// The number of returns in the window.
  public let returnCount: Int
  /// From the base to the last point in the window, as a fraction.
  public let totalReturn: Double
  /// The deepest fall from a peak, the base included, from 0 to -1.
  public let maxDrawdown: Double
  /// The worst return and its session.
  public let worstReturn: Double
  /// The session of the worst return.
  public let worstDate: CivilDate
  /// The annual deviation of the returns; `nil` for one return, or without a calendar.
  public let volatility: Double?

  /// The outcome of a window; `nil` where a sample has no dates, no point before the window or none
  /// in it, or lost everything before.
  public init?(_ window: StressWindow, in sample: ReturnsSample) {
    guard let dates = sample.pointDates else { return nil }
    let first = dates.partitioningIndex { $0 >= window.dates.lowerBound }
    let end = dates.partitioningIndex { $0 > window.dates.upperBound }
    guard first > 0, first < end, sample.wealth[first - 1] > 0 else { return nil }
    let wealth = sample.wealth[(first - 1)..<end]
    let returns = Array(sample.returns[(first - 1)..<(end - 1)])
    guard let worst = returns.indices.min(by: { returns[$0] < returns[$1] }) else { return nil }
    self.window = window
    baseDate = dates[first - 1]
    endDate = dates[end - 1]
    returnCount = returns.count
    totalReturn = wealth[wealth.endIndex - 1] / wealth[wealth.startIndex] - 1
    maxDrawdown = RunningDrawdown.deepest(of: wealth)
    worstReturn = returns[worst]
    worstDate = dates[first + worst]
    volatility = sample.barsPerYear.flatMap { perYear in
      Dispersion(returns).deviation().map { $0 * perYear.squareRoot() }
    }
  }
}

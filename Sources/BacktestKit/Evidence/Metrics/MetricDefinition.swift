package import BacktestCore

/// The catalogue of metrics, in the order in which they are listed.
///
///     let sharpe = try Metrics.named("sharpe")
///     for metric in Metrics.all { print(metric.name, metric.definition) }
public enum Metrics {
  /// Every metric, group by group.
  public static let all: [MetricDefinition] = groups.flatMap { group, definitions in
    definitions.map { definition in
      var definition = definition
      definition.group = group
      return definition
    }
  }

  /// The names of the few by which a run is summed up.
  public static let headlineNames = [
    "total-return", "cagr", "volatility", "sharpe", "sortino", "max-drawdown", "calmar",
    "max-drawdown-days", "exposure", "turnover-annual", "trade-count", "trade-win-rate",
    "trade-profit-factor", "trade-expectancy",
  ]

  /// The metric of a name.
  ///
  /// - Throws: `EvidenceError` with the names that may have been meant.
  public static func named(_ name: String) throws(EvidenceError) -> MetricDefinition {
    if let found = find(name) { return found }
    throw .unknownMetric(name, candidates: NearestName.several(name, among: all.map(\.name)))
  }

  package static func find(_ name: String) -> MetricDefinition? { all.first { $0.name == name } }

  private static let groups: [(MetricGroup, [MetricDefinition])] = [
    (.returns, returnDefinitions), (.risk, riskDefinitions), (.ratios, ratioDefinitions),
    (.drawdowns, drawdownDefinitions), (.tails, tailDefinitions),
    (.distribution, distributionDefinitions), (.outcomes, outcomeDefinitions),
    (.benchmark, benchmarkDefinitions), (.trades, tradeDefinitions),
    (.activity, activityDefinitions),
  ]
}

/// The name, title, unit and definition of a metric.
///
/// The definition line is what documentation and reports print; B is bars a year, n the number of
/// returns, r a simple return of one bar, rf the risk-free rate of a bar, V wealth and d the
/// distance below its peak.
public struct MetricDefinition: Sendable {
  /// The name by which studies, gates and walk-forward objectives ask for it: `max-drawdown`.
  public let name: String
  /// The name in a report: `Max drawdown`.
  public let title: String
  /// What the number counts.
  public let unit: MetricUnit
  /// Whether more is better; `nil` where neither direction is.
  public let higherIsBetter: Bool?
  /// What it needs besides returns.
  package let needs: MetricNeeds
  /// The least number of returns from which it exists.
  public let minimumCount: Int
  /// One line that defines it.
  public let definition: String
  /// The group of a report to which it belongs.
  package internal(set) var group = MetricGroup.returns

  private let compute: @Sendable (MetricWorkspace) -> Double?

  init(
    _ name: String, _ title: String, _ unit: MetricUnit, higherIsBetter: Bool? = nil,
    needs: MetricNeeds = [], minimumCount: Int = 2, _ definition: String,
    compute: @escaping @Sendable (MetricWorkspace) -> Double?
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.higherIsBetter = higherIsBetter
    self.needs = needs
    self.minimumCount = minimumCount
    self.definition = definition
    self.compute = compute
  }

  /// Whether `a` is the better value for a choice: what does not exist ranks below every number.
  ///
  /// A metric without a direction ranks as if more were better.
  public func isBetter(_ a: Double?, than b: Double?) -> Bool {
    guard let a, !a.isNaN else { return false }
    guard let b, !b.isNaN else { return true }
    return higherIsBetter ?? true ? a > b : a < b
  }

  /// Its value, or `nil` where it does not exist; never infinite, never not-a-number.
  func value(in workspace: MetricWorkspace) -> Double? {
    guard blocking(workspace) == nil, let value = compute(workspace), value.isFinite else {
      return nil
    }
    return value
  }

  /// Why it cannot have a value whatever the returns are.
  func blocking(_ workspace: MetricWorkspace) -> MetricAbsence? {
    let inputs = workspace.inputs
    if inputs.sample.count < minimumCount { return .tooFewReturns(inputs.sample.count) }
    if isRatioOfReturns, let point = inputs.sample.ruinedAt { return .ruined(point: point) }
    if needs.contains(.calendar), inputs.sample.barsPerYear == nil { return .noCalendar }
    if needs.contains(.dates), inputs.sample.pointDates == nil { return .noDates }
    if needs.contains(.benchmark), inputs.benchmark.map({ $0.count < 2 }) ?? true {
      return .noBenchmark
    }
    if needs.contains(.roundTrips), workspace.trades == nil { return .noTrades }
    if needs.contains(.account), inputs.activity == nil { return .noAccount }
    return nil
  }

  private var isRatioOfReturns: Bool {
    unit == .ratio && !needs.contains(.roundTrips) && !needs.contains(.account)
  }
}

/// What the number of a metric counts.
public enum MetricUnit: String, Hashable, Sendable, CaseIterable {
  /// A pure number.
  case ratio
  /// A fraction of one: 0.01 is 1 %.
  case fraction
  /// Calendar days.
  case days
  /// Bars.
  case bars
  /// Account currency.
  case money
  /// How many.
  case count
}

/// The groups of the catalogue.
package enum MetricGroup: String, Hashable, Sendable, CaseIterable {
  /// What was earned.
  case returns
  /// How much returns scatter.
  case risk
  /// What was earned for the risk.
  case ratios
  /// How far wealth fell.
  case drawdowns
  /// How bad the bad bars are.
  case tails
  /// The shape of the distribution.
  case distribution
  /// Winning and losing bars, months and years.
  case outcomes
  /// Against a benchmark.
  case benchmark
  /// Closed trades.
  case trades
  /// Exposure and turnover.
  case activity
}

/// What a metric needs besides returns.
package struct MetricNeeds: OptionSet, Hashable, Sendable {
  /// The bits.
  package let rawValue: UInt8

  /// A set of needs from its bits.
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Bars a year.
  package static let calendar = MetricNeeds(rawValue: 1)
  /// A date for each point.
  package static let dates = MetricNeeds(rawValue: 2)
  /// Benchmark returns on at least two common days.
  package static let benchmark = MetricNeeds(rawValue: 4)
  /// Round trips.
  package static let roundTrips = MetricNeeds(rawValue: 8)
  /// Exposure and turnover of the account.
  package static let account = MetricNeeds(rawValue: 16)
}

/// Why a metric has no value.
public enum MetricAbsence: Hashable, Sendable, CustomStringConvertible {
  /// There are only that many returns.
  case tooFewReturns(Int)
  /// The account lost everything at that point.
  case ruined(point: Int)
  /// Bars a year are not known.
  case noCalendar
  /// The points have no dates.
  case noDates
  /// There is no benchmark, or it shares fewer than two days.
  case noBenchmark
  /// There are no round trips.
  case noTrades
  /// Exposure and turnover are not known.
  case noAccount
  /// The denominator is zero, or nothing but rounding.
  case undefined

  /// The reason in a few words.
  public var description: String {
    switch self {
    case .tooFewReturns(let count): "too few returns (\(count))"
    case .ruined(let point): "ruined at point \(point)"
    case .noCalendar: "no calendar"
    case .noDates: "no dates"
    case .noBenchmark: "no benchmark"
    case .noTrades: "no trades"
    case .noAccount: "no account activity"
    case .undefined: "the denominator is zero"
    }
  }
}

extension MetricUnit {
  /// How values in this unit are written; money with its currency where one is given.
  package func format(currency: String? = nil) -> NumberFormat {
    switch self {
    case .ratio: .ratio
    case .fraction: .percent(decimals: 2)
    case .money: currency.map { .amount(currency: $0) } ?? .money
    case .days: .count(of: "day")
    case .bars: .count(of: "bar")
    case .count: .integer
    }
  }
}

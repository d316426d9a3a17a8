import BacktestCore
import BacktestFiles

// Features that do not follow from the bars of one instrument alone.

/// A value that the market did not make, such as a sentiment score, a rate or a label: the last one
/// that was known at the close of a bar, from a reference series of the data.
///
///     {"reference": "VIX", "change": "log_return", "period": 5}
///     {"reference": "{asset}.sentiment"}
package struct ReferenceFeature: Sendable, Equatable {
  /// The name of the series; `{asset}` in it stands for the symbol of the asset.
  package var name: String
  /// What is taken of it.
  package var change: Change
  /// Bars of the asset over which it changes.
  package var period: Int
  /// The number of bars before the newest at which the value is taken.
  package var lag: Int
  /// The asset whose bars say when; `nil` for the policy's one instrument or each of its assets.
  package var asset: String?
  /// What the value is multiplied by before it is rounded.
  package var scale: Double

  /// What is taken of a series: `x` is the value at a bar, `y` that of `period` bars before.
  package enum Change: String, Sendable, CaseIterable {
    /// `x`.
    case none
    /// `x - y`.
    case difference
    /// `x / y - 1`.
    case simpleReturn = "simple_return"
    /// `ln(x / y)`.
    case logReturn = "log_return"
  }

  init(_ table: inout DocumentTable) {
    name = table.value("reference", .text)
    change = table.value("change", .choice(), default: .none)
    period =
      change == .none ? 0 : table.value("period", .integer(.within(1...100_000)), default: 1)
    lag = table.value("lag", .integer(.within(0...100_000)), default: 0)
    asset = table.optional("asset", .text)
    scale = table.featureScale()
  }

  /// The name of the series of an asset.
  func name(of symbol: String) -> String { name.replacing("{asset}", with: symbol) }
}

/// Where a bar's close lies in the calendar of its instrument, by the date of its session and the
/// market's clock.
///
///     {"calendar": "day_of_week"}
///     {"calendar": "month", "encoding": "sin"}
package struct CalendarFeature: Sendable, Equatable {
  /// What is counted.
  package var field: Field
  /// The number itself, or its place on a circle.
  package var encoding: Encoding
  /// The number of bars before the newest at which the value is taken.
  package var lag: Int
  /// The asset whose bars say when; `nil` for the policy's one instrument or each of its assets.
  package var asset: String?
  /// What the value is multiplied by before it is rounded.
  package var scale: Double

  /// What can be counted.
  package enum Field: String, Sendable, CaseIterable {
    /// 0 on Monday to 6 on Sunday.
    case dayOfWeek = "day_of_week"
    /// 1 to 31.
    case dayOfMonth = "day_of_month"
    /// 1 to 366.
    case dayOfYear = "day_of_year"
    /// 1 to 12.
    case month
    /// 1 to 4.
    case quarter
    /// Minutes since midnight on the market's clock, 0 to 1,439.
    case minuteOfDay = "minute_of_day"

    /// The length of its circle.
    var cycle: Double {
      switch self {
      case .dayOfWeek: 7
      case .dayOfMonth: 31
      case .dayOfYear: 366
      case .month: 12
      case .quarter: 4
      case .minuteOfDay: 1_440
      }
    }
  }

  /// How a number is shown.
  package enum Encoding: String, Sendable, CaseIterable {
    /// The number itself.
    case value
    /// The sine of 2 pi x number / cycle.
    case sin
    /// The cosine of it.
    case cos
  }

  init(_ table: inout DocumentTable) {
    field = table.value("calendar", .choice())
    encoding = table.value("encoding", .choice(), default: .value)
    lag = table.value("lag", .integer(.within(0...100_000)), default: 0)
    asset = table.optional("asset", .text)
    scale = table.featureScale()
  }
}

/// A number about an asset and others at the same time.
///
///     {"cross": "correlation", "with": "SPY", "period": 60}
///     {"cross": "rank", "period": 20}
package struct CrossFeature: Sendable, Equatable {
  /// What is computed.
  package var kind: Kind
  /// The other instrument; `nil` only for `rank`.
  package var other: String?
  /// The number of bars that the value spans.
  package var period: Int
  /// The number of bars before the newest at which the value is taken.
  package var lag: Int
  /// The asset; `nil` for the policy's one instrument or each of its assets.
  package var asset: String?
  /// What the value is multiplied by before it is rounded.
  package var scale: Double

  /// What is computed. `c` is the asset's close, `d` the last close of the other one.
  package enum Kind: String, Sendable, CaseIterable {
    /// Pearson's correlation of the last `period` log returns, between closes of both at one time.
    case correlation
    /// `c - d`.
    case spread
    /// `ln(c / d)`.
    case logRatio = "log_ratio"
    /// How many deviations (divisor n) `ln(c / d)` is above its mean over the last `period` bars.
    case ratioScore = "ratio_score"
    /// The place of the asset's return over `period` bars among the policy's assets, 0 for the
    /// lowest to 1 for the highest; equal ones share their mean place.
    case rank

    var hasPeriod: Bool { self != .spread && self != .logRatio }
  }

  init(_ table: inout DocumentTable) {
    kind = table.value("cross", .choice())
    other = kind == .rank ? nil : table.value("with", .text)
    let periods: DocumentRule<Int> = .integer(.within(kind == .rank ? 1...100_000 : 2...100_000))
    period = kind.hasPeriod ? table.value("period", periods, default: 20) : 1
    lag = table.value("lag", .integer(.within(0...100_000)), default: 0)
    asset = table.optional("asset", .text)
    scale = table.featureScale()
  }
}

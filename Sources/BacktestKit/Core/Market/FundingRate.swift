/// What the holder of a perpetual contract pays at one moment, as a fraction of the position's
/// value: a positive rate is paid by long positions and received by short ones.
public struct FundingRate: Hashable, Sendable, BitwiseCopyable {
  /// When it is paid.
  public var time: Timestamp
  /// The share of the value at the mark.
  public var rate: Double

  /// A rate at a moment.
  public init(time: Timestamp, rate: Double) {
    self.time = time
    self.rate = rate
  }
}

extension BarSeries {
  /// The series with the funding of a perpetual contract.
  ///
  /// - Throws: `MarketError` for times that do not ascend, and rates that are not finite.
  public func adding(funding: [FundingRate]) throws(MarketError) -> BarSeries {
    for (before, rate) in zip(funding, funding.dropFirst()) where before.time >= rate.time {
      throw MarketError(
        symbol: instrument.symbol,
        "the funding at \(rate.time) does not come after the one before it; sort it by time")
    }
    if let rate = funding.first(where: { !$0.rate.isFinite }) {
      throw MarketError(
        symbol: instrument.symbol, "the funding at \(rate.time) must be finite, not \(rate.rate)")
    }
    var series = self
    series.funding = funding
    return series
  }
}

/// A funding payment with its place in a replay.
struct ScheduledFunding: Sendable {
  var instrument: Int
  var funding: FundingRate

  /// All payments of a universe, in order of time and instrument.
  static func all(_ universe: Universe) -> [ScheduledFunding] {
    let found = universe.series.enumerated().flatMap { instrument, series in
      series.funding.map { ScheduledFunding(instrument: instrument, funding: $0) }
    }
    return found.sorted {
      ($0.funding.time, $0.instrument) < ($1.funding.time, $1.instrument)
    }
  }
}

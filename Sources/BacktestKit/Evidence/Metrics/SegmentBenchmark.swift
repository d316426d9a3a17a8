package import BacktestCore

/// What a benchmark held of each part of a market, and its returns there, period by period.
package struct SegmentBenchmark: Hashable, Sendable {
  /// A span of days, the first and the last of which belong to it.
  package struct Period: Hashable, Sendable {
    /// The days.
    package var dates: ClosedRange<CivilDate>
    /// The parts; their weights sum to one.
    package var parts: [Part]

    /// A period from its parts.
    package init(_ dates: ClosedRange<CivilDate>, _ parts: [Part]) {
      self.dates = dates
      self.parts = parts
    }
  }

  /// A segment in a period.
  package struct Part: Hashable, Sendable {
    /// The name of the segment.
    package var name: String
    /// Its weight at the start of the period, as a fraction.
    package var weight: Double
    /// Its return over the period, as a fraction.
    package var `return`: Double

    /// A segment from its figures.
    package init(_ name: String, weight: Double, return: Double) {
      self.name = name
      self.weight = weight
      self.return = `return`
    }
  }

  /// The periods in order of time.
  package var periods: [Period]

  /// A benchmark from its periods, which are in order of time and do not overlap.
  package init(_ periods: [Period]) { self.periods = periods }
}

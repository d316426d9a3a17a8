package import BacktestCore

/// Why a run's return differs from its benchmark's, by segments of the market, period by period and
/// linked.
///
/// The account's side comes from the run. The contribution of a segment is the profit of its
/// instruments over equity at the start of the period, costs and payments included; its weight is
/// their capital at work (`CapitalBooks`) over that equity, and its return is contribution over
/// weight. What is left belongs to the segment `cash`: interest, and the capital that is not at
/// work, which is below zero under leverage. So weights sum to one, contributions to the account's
/// return, and the effects to the active return.
///
/// A segment that the benchmark does not hold has the account's return for both sides, and one that
/// the account does not hold the benchmark's: all of its effect is allocation. Where long and short
/// positions of a segment come to less than a hundredth of their sizes there is no return on their
/// capital; what the segment earned beyond the benchmark's return on it is selection.
package struct SegmentAttribution: Sendable {
  /// A period and the effects in it.
  package struct Period: Sendable {
    /// The days, the first and the last of which belong to it.
    package let dates: ClosedRange<CivilDate>
    /// Weights and returns of both sides.
    package let segments: [BrinsonAttribution.Segment]
    /// What each segment added to the account's return.
    package let contributions: [Double]
    /// The effects; they sum to the difference of the returns.
    package let effects: BrinsonAttribution
  }

  /// The name of what belongs to no instrument.
  package static let cash = "cash"

  /// The periods in order of time.
  package let periods: [Period]
  /// The effects over all periods; `nil` without periods, and where a return is a total loss, which
  /// has no logarithm.
  package let linked: LinkedAttribution?
  /// Why there are no linked effects, as a sentence; `nil` where there are some.
  package let absence: String?

  /// No attribution, for a reason.
  package init(absence: String) { self.init([], nil, absence: absence) }

  private init(_ periods: [Period], _ linked: LinkedAttribution?, absence: String?) {
    (self.periods, self.linked, self.absence) = (periods, linked, absence)
  }

  /// The attribution of a run.
  ///
  /// - Parameters:
  ///   - result: the run.
  ///   - names: the segment of each instrument, in universe order.
  ///   - benchmark: what the benchmark held. Periods of it that lie in the run as a whole count.
  ///     `nil` is equal parts of all instruments, bought at the base point and held, by calendar
  ///     months.
  ///
  /// No period is attributed under weights accounting, with several currencies, and where positions
  /// of folds end at their marks.
  package init(
    _ result: BacktestResult, segments names: [String], benchmark: SegmentBenchmark? = nil
  ) {
    guard var books = CapitalBooks(result) else {
      self.init(
        absence:
          "What segments earned is not known: positions at the end of a fold are valued, not sold.")
      return
    }
    let days = result.pointsByDay
    let spans = benchmark?.spans(result, days) ?? Self.months(days)
    let others =
      benchmark?.periods(in: spans)
      ?? HeldSegments(result, names).periods(in: spans)
    var order: [String] = []
    var known: Set<String> = [Self.cash]
    for name in names + others.flatMap({ $0.map(\.name) }) where known.insert(name).inserted {
      order.append(name)
    }
    order.append(Self.cash)
    var found: [Period] = []
    for (span, parts) in zip(spans, others) {
      guard let capital = books.advance(through: span) else { break }
      found.append(Self.period(span.dates, capital, names, order, parts))
    }
    guard !found.isEmpty else {
      self.init(absence: "No period of the benchmark lies in the run as a whole.")
      return
    }
    let hasLogarithms = found.allSatisfy {
      $0.effects.portfolioReturn > -1 && $0.effects.benchmarkReturn > -1
    }
    self.init(
      found, hasLogarithms ? LinkedAttribution(found.map(\.effects)) : nil,
      absence: hasLogarithms ? nil : "A return is a total loss, so that periods cannot be linked.")
  }

  private static func months(_ days: [(date: CivilDate, last: Int)]) -> [CapitalSpan] {
    var spans: [CapitalSpan] = []
    var before = 0
    for day in days {
      if let last = spans.last?.dates.upperBound, last.year == day.date.year,
        last.month == day.date.month
      {
        spans[spans.count - 1].dates = spans[spans.count - 1].dates.lowerBound...day.date
        spans[spans.count - 1].days.append(day.last)
      } else {
        spans.append(CapitalSpan(dates: day.date...day.date, start: before, days: [day.last]))
      }
      before = day.last
    }
    return spans
  }

  private static func period(
    _ dates: ClosedRange<CivilDate>, _ capital: InstrumentCapital, _ names: [String],
    _ order: [String], _ parts: [SegmentBenchmark.Part]
  ) -> Period {
    var sides = Dictionary(
      uniqueKeysWithValues: order.map { ($0, SegmentSide()) })
    for (index, name) in names.enumerated() {
      sides[name]?.add(capital.weights[index], capital.contributions[index])
    }
    let weight = order.compensatedSum { sides[$0]?.weight ?? 0 }
    let contribution = order.compensatedSum { sides[$0]?.contribution ?? 0 }
    sides[cash]?.add(1 - weight, capital.totalReturn - contribution)
    let benchmark = parts.compensatedSum { $0.weight * $0.return }
    let held = Dictionary(uniqueKeysWithValues: parts.map { ($0.name, $0) })
    var segments: [BrinsonAttribution.Segment] = []
    var effects: [BrinsonAttribution.SegmentEffects] = []
    for name in order {
      let side = sides[name] ?? SegmentSide()
      let other =
        held[name] ?? SegmentBenchmark.Part(name, weight: 0, return: side.return ?? benchmark)
      let own = side.return ?? other.return
      let (active, choice) = (side.weight - other.weight, own - other.return)
      let rest = side.return == nil ? side.contribution - side.weight * own : 0
      segments.append(
        BrinsonAttribution.Segment(
          name: name, weight: side.weight, benchmarkWeight: other.weight, return: own,
          benchmarkReturn: other.return))
      effects.append(
        BrinsonAttribution.SegmentEffects(
          name: name, allocation: active * (other.return - benchmark),
          selection: other.weight * choice + rest, interaction: active * choice))
    }
    return Period(
      dates: dates, segments: segments,
      contributions: order.map { sides[$0]?.contribution ?? 0 },
      effects: BrinsonAttribution(
        effects: effects, portfolioReturn: capital.totalReturn, benchmarkReturn: benchmark))
  }
}

/// The account's side of a segment.
private struct SegmentSide {
  var weight = 0.0
  /// The sum of the sizes of the weights.
  var size = 0.0
  var contribution = 0.0

  mutating func add(_ weight: Double, _ contribution: Double) {
    self.weight += weight
    size += abs(weight)
    self.contribution += contribution
  }

  /// The return on its capital; `nil` where there is none, or where sides nearly cancel.
  var `return`: Double? {
    size > 1e-9 && abs(weight) > 0.01 * size ? contribution / weight : nil
  }
}

/// Equal parts of all instruments, bought at the base point and held, by segments.
private struct HeldSegments {
  private var names: [String] = []
  private var values: [[Double]] = []

  init(_ result: BacktestResult, _ segments: [String]) {
    let times = Array(result.curve.times)
    for (series, name) in zip(result.universe.series, segments) {
      let place = names.firstIndex(of: name) ?? names.count
      if place == names.count {
        names.append(name)
        values.append([Double](repeating: 0, count: times.count))
      }
      BenchmarkCurve.addHeldValues(of: series, at: times, to: &values[place])
    }
  }

  func periods(in spans: [CapitalSpan]) -> [[SegmentBenchmark.Part]] {
    spans.map { span in
      let whole = values.compensatedSum { $0[span.start] }
      return zip(names, values).map { name, value in
        SegmentBenchmark.Part(
          name, weight: value[span.start] / whole, return: value[span.end] / value[span.start] - 1)
      }
    }
  }
}

extension SegmentBenchmark {
  /// The periods that lie in a run as a whole: it was there before their first day, and no session
  /// of theirs comes after its end.
  fileprivate func spans(
    _ result: BacktestResult, _ days: [(date: CivilDate, last: Int)]
  ) -> [CapitalSpan] {
    guard let base = result.curve.times.first, let end = result.curve.times.last else { return [] }
    let baseDate = result.universe.sessionDate(of: base)
    let next = result.universe.sessionDate(after: end)
    return periods.compactMap { period in
      guard baseDate < period.dates.lowerBound, let last = days.last?.date,
        last >= period.dates.upperBound || next.map({ $0 > period.dates.upperBound }) ?? true,
        let first = days.firstIndex(where: { period.dates.contains($0.date) })
      else { return nil }
      return CapitalSpan(
        dates: period.dates, start: first == 0 ? 0 : days[first - 1].last,
        days: days[first...].prefix { period.dates.contains($0.date) }.map(\.last))
    }
  }

  fileprivate func periods(in spans: [CapitalSpan]) -> [[Part]] {
    let parts = Dictionary(uniqueKeysWithValues: periods.map { ($0.dates, $0.parts) })
    return spans.map { parts[$0.dates] ?? [] }
  }
}

extension BacktestResult {
  /// The last point of each day of the curve after the base point.
  fileprivate var pointsByDay: [(date: CivilDate, last: Int)] {
    var days: [(date: CivilDate, last: Int)] = []
    for (point, date) in sessionDates.enumerated().dropFirst() {
      if date == days.last?.date {
        days[days.count - 1].last = point
      } else {
        days.append((date, point))
      }
    }
    return days
  }
}

import BacktestCore
internal import Glibc

/// What an observation needs of the market beside the bars of its assets.
struct ObservedMarket: Sendable {
  /// The values that the market did not make; `nil` where there is no data yet, and every name is
  /// taken to exist.
  var references: [ReferenceSeries]?
  /// The calendars of the assets and inputs, in their order; empty where none is known.
  var calendars: [(any TradingCalendar)?] = []

  /// No data: a definition is only checked.
  static let unknown = ObservedMarket()

  /// The series of a name.
  func reference(_ name: String) throws(PolicyError) -> ReferenceSeries? {
    guard let references else { return nil }
    if let series = references.first(where: { $0.name == name }) { return series }
    let known = references.map(\.name)
    throw PolicyError(
      "the policy observes the reference '\(name)', which the data do not have: give it under "
        + "'data.references'; "
        + (known.isEmpty ? "there are none" : "known are \(NearestName.list(known, near: name))"))
  }

  /// The calendar of an asset.
  func calendar(_ asset: Int) -> any TradingCalendar {
    (calendars.indices.contains(asset) ? calendars[asset] : nil) ?? AlwaysOpenCalendar()
  }
}

/// Writes the last known value of a reference series into a signal of an asset, bar by bar.
struct ReferenceSignal: Sendable {
  /// The signal with the values, and that with their changes; `nil` for the values themselves.
  let signal: Int
  let changed: Int?
  private let change: ReferenceFeature.Change
  private let period: Int
  private let series: ReferenceSeries?
  /// Values that were known at the last bar.
  private var known = 0

  init(_ feature: ReferenceFeature, series: ReferenceSeries?, signal: Int, changed: Int?) {
    (change, period) = (feature.change, feature.period)
    (self.series, self.signal, self.changed) = (series, signal, changed)
  }

  /// Takes in a bar that has closed.
  mutating func update(_ time: Timestamp, _ stream: inout FeatureStream) {
    guard let series else { return }
    while known < series.values.count, series.knownTimes[known] <= time { known += 1 }
    let value = known == 0 ? Double.nan : series.values[known - 1]
    stream.set(signal, to: value)
    guard let changed, stream.barCount > period else { return }
    let before = stream.value(signal, age: period)
    switch change {
    case .none: break
    case .difference: stream.set(changed, to: value - before)
    case .simpleReturn: stream.set(changed, to: value / before - 1)
    case .logReturn: stream.set(changed, to: log(value / before))
    }
  }
}

/// Writes where a bar lies in its calendar into a signal of an asset.
struct CalendarSignal: Sendable {
  let signal: Int
  private let field: CalendarFeature.Field
  private let encoding: CalendarFeature.Encoding
  private let calendar: any TradingCalendar

  init(_ feature: CalendarFeature, calendar: any TradingCalendar, signal: Int) {
    (field, encoding) = (feature.field, feature.encoding)
    (self.calendar, self.signal) = (calendar, signal)
  }

  /// Takes in a bar that has closed.
  func update(_ time: Timestamp, _ stream: inout FeatureStream) {
    let number = Double(number(at: time))
    let angle = 2 * Double.pi * number / field.cycle
    switch encoding {
    case .value: stream.set(signal, to: number)
    case .sin: stream.set(signal, to: sin(angle))
    case .cos: stream.set(signal, to: cos(angle))
    }
  }

  private func number(at time: Timestamp) -> Int {
    let date = calendar.sessionDate(of: time)
    switch field {
    case .dayOfWeek: return date.weekday.rawValue - 1
    case .dayOfMonth: return Int(date.day)
    case .dayOfYear:
      let first = CivilDate(year: Int(date.year), month: 1, day: 1)
      return date.daysSinceEpoch - (first?.daysSinceEpoch ?? 0) + 1
    case .month: return Int(date.month)
    case .quarter: return (Int(date.month) + 2) / 3
    case .minuteOfDay:
      let midnight = calendar.timestamp(on: date, timeOfDay: .zero)
      let minutes = (time - midnight).nanoseconds / 60_000_000_000
      return Int((minutes % 1_440 + 1_440) % 1_440)
    }
  }
}

/// Writes a number about an asset and others into a signal of the asset, at instants at which it
/// closes.
struct CrossSignal: Sendable {
  let asset: Int
  let signal: Int
  private let kind: CrossFeature.Kind
  private let period: Int
  /// The other instrument; for `rank`, the asset itself.
  let other: Int
  /// For `rank`, the signals with the closes of each asset.
  private let closes: ContiguousArray<Int>
  /// For `ratio_score`, the last log ratios.
  private var ratios: RollingDeviation
  /// For `correlation`, rings of the last log returns of both.
  private var mine: ContiguousArray<Double>
  private var others: ContiguousArray<Double>
  private var count = 0
  /// The closes at the last instant at which both closed.
  private var lastMine = Double.nan
  private var lastOther = Double.nan

  init(
    _ feature: CrossFeature, asset: Int, other: Int, closes: ContiguousArray<Int>, signal: Int
  ) {
    (kind, period) = (feature.kind, feature.period)
    (self.asset, self.other, self.signal) = (asset, other, signal)
    self.closes = closes
    ratios = RollingDeviation(period, of: .population)
    mine = ContiguousArray(repeating: 0, count: kind == .correlation ? period : 0)
    others = mine
  }

  /// Takes in an instant at which the asset closed.
  mutating func update(
    _ streams: inout ContiguousArray<FeatureStream>, otherClosed: Bool
  ) {
    let value: Double
    switch kind {
    case .spread: value = streams[asset].close - streams[other].close
    case .logRatio: value = log(streams[asset].close / streams[other].close)
    case .ratioScore: value = score(log(streams[asset].close / streams[other].close))
    case .correlation:
      value = correlation(streams[asset].close, streams[other].close, otherClosed: otherClosed)
    case .rank: value = rank(in: streams)
    }
    streams[asset].set(signal, to: value)
  }

  private mutating func score(_ ratio: Double) -> Double {
    guard ratio.isFinite else { return .nan }
    ratios.update(ratio)
    return ratios.score(of: ratio)
  }

  private mutating func correlation(
    _ close: Double, _ otherClose: Double, otherClosed: Bool
  ) -> Double {
    if otherClosed {
      let moves = (log(close / lastMine), log(otherClose / lastOther))
      (lastMine, lastOther) = (close, otherClose)
      if moves.0.isFinite, moves.1.isFinite {
        (mine[count % period], others[count % period]) = moves
        count += 1
      }
    }
    guard count >= period else { return .nan }
    let means = (mine.reduce(0, +) / Double(period), others.reduce(0, +) / Double(period))
    var sums = (mine: 0.0, others: 0.0, product: 0.0)
    for index in mine.indices {
      let (a, b) = (mine[index] - means.0, others[index] - means.1)
      sums.mine += a * a
      sums.others += b * b
      sums.product += a * b
    }
    return sums.product / (sums.mine * sums.others).squareRoot()
  }

  private func rank(in streams: ContiguousArray<FeatureStream>) -> Double {
    func move(_ index: Int) -> Double {
      guard streams[index].barCount > period else { return .nan }
      return streams[index].close / streams[index].value(closes[index], age: period) - 1
    }
    let own = move(asset)
    var (below, equal) = (0, 0)
    for index in closes.indices {
      let other = move(index)
      guard other.isFinite else { return .nan }
      if other < own { below += 1 } else if other == own, index != asset { equal += 1 }
    }
    guard closes.count > 1 else { return 0.5 }
    return (Double(below) + Double(equal) / 2) / Double(closes.count - 1)
  }
}

public import BacktestCore

/// An axis of trading time: instants one beside the other, without the nights and weekends between
/// them, labelled by the clock of the market.
public final class SessionAxis: Sendable {
  /// The instants, ascending; the first is at position 0, the next at 1.
  private let times: [Timestamp]
  private let calendar: (any TradingCalendar)?
  /// The first instant of each session.
  private let starts: [(row: Int, date: CivilDate)]

  /// An axis over some instants in ascending order.
  ///
  /// - Parameters:
  ///   - times: the instants.
  ///   - calendar: whose sessions and clock the labels show; UTC without one.
  public init(_ times: [Timestamp], calendar: (any TradingCalendar)? = nil) {
    self.times = times
    self.calendar = calendar
    starts = Self.sessionStarts(times) { calendar?.sessionDate(of: $0) ?? $0.utcDate }
  }

  /// The position of an instant; between two known ones it is in proportion.
  public func position(of time: Timestamp) -> Double {
    guard let first = times.first, let last = times.last else { return 0 }
    if time <= first { return 0 }
    if time >= last { return Double(times.count - 1) }
    var (low, high) = (0, times.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle } else { high = middle }
    }
    let step = (times[high] - times[low]).nanoseconds
    let part = (time - times[low]).nanoseconds
    return Double(low) + (step > 0 ? Double(part) / Double(step) : 0)
  }

  /// The session at a position.
  func date(at position: Double) -> CivilDate? {
    guard !times.isEmpty else { return nil }
    return date(of: times[row(position)])
  }

  /// Date and time of day at a position by the clock of the market: `2024-01-05 15:59`.
  func text(at position: Double) -> String {
    times.isEmpty ? "" : clock.text(times[row(position)])
  }

  /// The clock of the labels.
  var clock: MarketClock { MarketClock(calendar) }

  /// Whether sessions have several instants, so that times of day tell them apart.
  var hasTimesOfDay: Bool { starts.count < times.count }

  private func row(_ position: Double) -> Int {
    min(max(Int(position.rounded()), 0), times.count - 1)
  }

  private func date(of time: Timestamp) -> CivilDate {
    calendar?.sessionDate(of: time) ?? time.utcDate
  }
}

extension SessionAxis: Hashable {
  /// Whether both are the same axis.
  public static func == (a: SessionAxis, b: SessionAxis) -> Bool { a === b }

  /// Hashes the identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension SessionAxis {
  /// Labels at the first instants of sessions, weeks, months or years, at most `count` + 1 of them.
  func ticks(count: Int) -> [AxisTick] {
    // A session of one bar has no time of day that means anything.
    guard starts.count > 2 || !hasTimesOfDay else { return clockTicks(count: count) }
    let keys: [(CivilDate) -> Int] = [
      { $0.daysSinceEpoch }, { ($0.daysSinceEpoch + 3).flooredQuotient(by: 7).quotient },
      { Int($0.year) * 12 + Int($0.month) - 1 }, { Int($0.year) * 4 + (Int($0.month) - 1) / 3 },
      { Int($0.year) }, { Int($0.year) / 5 }, { Int($0.year) / 20 },
    ]
    for (level, key) in keys.enumerated() {
      var firsts: [(row: Int, date: CivilDate)] = []
      for start in starts where firsts.last.map({ key($0.date) != key(start.date) }) ?? true {
        firsts.append(start)
      }
      guard firsts.count <= count + 1 || level == keys.count - 1 else { continue }
      return firsts.enumerated().map { i, start in
        AxisTick(
          value: Double(start.row), label: Self.label(start.date, level: level, isFirst: i == 0),
          isMajor: i == 0 || start.date.month == 1)
      }
    }
    return []
  }

  private static func label(_ date: CivilDate, level: Int, isFirst: Bool) -> String {
    let month = TimeTicks.monthNames[Int(date.month) - 1]
    switch level {
    case 0, 1: return "\(date.day) \(month)" + (isFirst ? " \(date.year)" : "")
    case 2, 3:
      if isFirst { return "\(month) \(date.year)" }
      return date.month <= (level == 2 ? 1 : 3) ? "\(date.year)" : month
    default: return "\(date.year)"
    }
  }

  private static func sessionStarts(
    _ times: [Timestamp], date: (Timestamp) -> CivilDate
  ) -> [(row: Int, date: CivilDate)] {
    var starts: [(row: Int, date: CivilDate)] = []
    var row = 0
    while row < times.count {
      let session = date(times[row])
      starts.append((row, session))
      // The first instant of a later session, by halving.
      var (low, high) = (row, times.count)
      var step = 1
      while low + step < times.count, date(times[low + step]) == session {
        low += step
        step *= 2
      }
      high = min(low + step, times.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if date(times[middle]) == session { low = middle } else { high = middle }
      }
      row = high
    }
    return starts
  }

  private func clockTicks(count: Int) -> [AxisTick] {
    let step = max(1, times.count / max(count / 2, 1))
    return stride(from: 0, to: times.count, by: step).map { row in
      let text = text(at: Double(row))
      return AxisTick(
        value: Double(row), label: row == 0 ? text : String(text.suffix(5)), isMajor: row == 0)
    }
  }
}

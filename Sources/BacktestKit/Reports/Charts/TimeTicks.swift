import BacktestCore

/// Ticks on an axis of time: round calendar steps in UTC, chosen by the length of the range.
enum TimeTicks {
  /// Ticks for times given in seconds since 1970, at most `count` + 1 of them.
  static func ticks(_ range: ClosedRange<Double>, count: Int) -> [AxisTick] {
    let span = range.upperBound - range.lowerBound
    guard span > 0, count > 0, abs(range.lowerBound) < 1e11, abs(range.upperBound) < 1e11 else {
      return []
    }
    let seconds = steps.seconds.first { span / Double($0) <= Double(count) }
    if let seconds { return clockTicks(range, step: seconds) }
    let days = steps.days.first { span / (Double($0) * 86_400) <= Double(count) }
    if let days { return dayTicks(range, step: days) }
    let months =
      steps.months.first { span / (Double($0) * 2_629_746) <= Double(count) } ?? 12_000
    return monthTicks(range, step: months)
  }

  private static let steps = (
    seconds: [1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200],
    days: [1, 2, 7, 14],
    months: [1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000]
  )

  private static func clockTicks(_ range: ClosedRange<Double>, step: Int) -> [AxisTick] {
    multiples(of: step, in: range).map { second in
      let (day, inDay) = second.flooredQuotient(by: 86_400)
      if inDay == 0 {
        return AxisTick(value: Double(second), label: dayLabel(day), isMajor: true)
      }
      var label = "\(twoDigits(inDay / 3_600)):\(twoDigits(inDay / 60 % 60))"
      if step < 60 { label += ":\(twoDigits(inDay % 60))" }
      return AxisTick(value: Double(second), label: label)
    }
  }

  private static func dayTicks(_ range: ClosedRange<Double>, step: Int) -> [AxisTick] {
    // Weeks begin on Monday; 1970-01-05 was one.
    let origin = step % 7 == 0 ? 4 : 0
    let dates =
      range.lowerBound / 86_400 - Double(origin)...range.upperBound / 86_400 - Double(origin)
    return multiples(of: step, in: dates).enumerated().map { i, multiple in
      let day = multiple + origin
      let date = CivilDate(daysSinceEpoch: day)
      return AxisTick(
        value: Double(day) * 86_400, label: dayLabel(day) + (i == 0 ? " \(date.year)" : ""),
        isMajor: i == 0 || date.day <= step)
    }
  }

  private static func monthTicks(_ range: ClosedRange<Double>, step: Int) -> [AxisTick] {
    let first = CivilDate(daysSinceEpoch: Int((range.lowerBound / 86_400).rounded(.down)))
    var month = (Int(first.year) * 12 + Int(first.month) - 1).flooredQuotient(by: step).quotient
    var ticks: [AxisTick] = []
    while true {
      let (year, inYear) = (month * step).flooredQuotient(by: 12)
      let date = CivilDate(unchecked: year, inYear + 1, 1)
      let seconds = Double(date.daysSinceEpoch) * 86_400
      if seconds > range.upperBound { break }
      if seconds >= range.lowerBound {
        let isYear = inYear == 0
        let label = isYear ? "\(year)" : monthNames[inYear] + (ticks.isEmpty ? " \(year)" : "")
        ticks.append(AxisTick(value: seconds, label: label, isMajor: isYear && step < 12))
      }
      month += 1
    }
    return ticks
  }

  private static func multiples(of step: Int, in range: ClosedRange<Double>) -> [Int] {
    let first = Int((range.lowerBound / Double(step)).rounded(.up))
    let last = Int((range.upperBound / Double(step)).rounded(.down))
    return first <= last ? (first...last).map { $0 * step } : []
  }

  private static func dayLabel(_ day: Int) -> String {
    let date = CivilDate(daysSinceEpoch: day)
    return "\(date.day) \(monthNames[Int(date.month) - 1])"
  }

  /// English abbreviations, January first.
  static let monthNames = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}

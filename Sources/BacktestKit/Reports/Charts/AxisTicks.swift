import BacktestCore
internal import Glibc

/// A place on an axis that deserves a label.
struct AxisTick: Hashable {
  /// Its value.
  var value: Double
  /// What is written there.
  var label: String
  /// Whether it should stay when there is room for a few labels only.
  var isMajor = false
}

/// What the numbers of an axis mean, which decides how its labels are written.
public enum AxisUnit: Hashable, Sendable {
  /// Plain numbers; thousands become k, M, B.
  case plain
  /// Fractions, shown as percent.
  case percent
  /// How many there are of something: whole numbers.
  case count
}

/// Round values inside a range, with labels that are as short as they are exact.
enum AxisTicks {
  /// Multiples of 1, 2, 2.5 or 5 times a power of ten, about `count` of them and never more than
  /// `count` + 1.
  ///
  /// - Parameter scale: the unit of all labels; by default the one that suits the largest.
  static func linear(
    _ range: ClosedRange<Double>, count: Int, unit: AxisUnit, scale: AxisMagnitude? = nil
  ) -> [AxisTick] {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite, count > 0 else {
      return [tick(range.lowerBound, step: abs(range.lowerBound), unit: unit)]
    }
    var step = niceStep(atLeast: span / Double(count))
    // Nothing occurs two and a half times.
    if unit == .count, step != step.rounded() { step = max(1, (step * 2).rounded(.up)) }
    // A hair of tolerance keeps a bound that is itself a multiple.
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard first <= last, abs(first) < 1e15, abs(last) < 1e15 else { return [] }
    let scale = scale ?? AxisMagnitude(range)
    return (Int(first)...Int(last)).map {
      tick(Double($0) * step, step: step, unit: unit, scale: scale)
    }
  }

  /// 1, 2 and 5 times the powers of ten inside a positive range; powers alone, or every so many of
  /// them, when those are more than `count`; linear ticks when fewer than three fall inside.
  static func logarithmic(
    _ range: ClosedRange<Double>, count: Int, unit: AxisUnit
  ) -> [AxisTick] {
    guard range.lowerBound > 0, range.upperBound.isFinite else { return [] }
    let lowest = decimalExponent(range.lowerBound)
    let highest = decimalExponent(range.upperBound)
    // One unit for the whole axis, unless it spans so much that no unit suits both ends.
    let scale = AxisMagnitude.logarithmic(range)
    func ticks(_ digits: [Double], every stride: Int) -> [AxisTick] {
      Swift.stride(from: lowest, through: highest, by: stride).flatMap { exponent in
        let power = pow(10, Double(exponent))
        return digits.map { $0 * power }
          .filter { $0 >= range.lowerBound * (1 - 1e-9) && $0 <= range.upperBound * (1 + 1e-9) }
          .map { tick($0, step: power, unit: unit, scale: scale) }
      }
    }
    let fine = ticks([1, 2, 5], every: 1)
    if fine.count < 3 {
      return linear(range, count: count, unit: unit, scale: scale).filter { $0.value > 0 }
    }
    if fine.count <= count + 1 { return fine }
    var stride = 1
    while ticks([1], every: stride).count > count + 1 { stride += 1 }
    return ticks([1], every: stride)
  }

  /// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `step`.
  static func niceStep(atLeast step: Double) -> Double {
    let power = pow(10, Double(decimalExponent(step)))
    let factor = [1, 2, 2.5, 5].first { $0 * power >= step * (1 - 1e-12) } ?? 10
    return factor * power
  }

  /// The exponent of the largest power of ten that is not above a positive value.
  static func decimalExponent(_ value: Double) -> Int {
    var exponent = Int(log10(value).rounded(.down))
    // The logarithm may be off by a hair at the powers themselves.
    if pow(10, Double(exponent + 1)) <= value { exponent += 1 }
    if pow(10, Double(exponent)) > value { exponent -= 1 }
    return exponent
  }

  /// - Parameter scale: the unit of all labels; by default the one that suits the value.
  private static func tick(
    _ value: Double, step: Double, unit: AxisUnit, scale: AxisMagnitude? = nil
  ) -> AxisTick {
    let isPercent = unit == .percent
    let scale = scale ?? AxisMagnitude(value)
    if !isPercent, step > 0, scale.divisor > 1, value != 0 {
      return AxisTick(
        value: value,
        label: scale.text(value, decimals: decimals(for: step / scale.divisor)))
    }
    let places = decimals(for: isPercent ? step * 100 : step)
    let format = isPercent ? NumberFormat.percent(decimals: places) : .number(decimals: places)
    return AxisTick(value: value, label: format.text(value))
  }

  /// The decimals without which neighbouring multiples of `step` would look alike or wrong.
  static func decimals(for step: Double) -> Int {
    guard step > 0 else { return 0 }
    var places = 0
    var scaled = step
    while places < 9, abs(scaled - scaled.rounded()) > 1e-6 * scaled {
      scaled *= 10
      places += 1
    }
    return places
  }
}

/// The unit in which the numbers of an axis are written: thousands as k, then M, B and T.
struct AxisMagnitude: Hashable {
  /// One, a thousand, a million and so on.
  let divisor: Double
  private let suffix: String

  /// The unit that suits a value.
  init(_ value: Double) {
    let units: [(Double, String)] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")]
    (divisor, suffix) = units.first { abs(value) >= $0.0 } ?? (1, "")
  }

  /// The unit that suits the larger end of an axis.
  init(_ range: ClosedRange<Double>) {
    let largest = max(abs(range.lowerBound), abs(range.upperBound))
    // A few thousand in steps of hundreds read better in full.
    let isPlain = largest < 10_000 && range.upperBound - range.lowerBound < 2_500
    self.init(isPlain ? 1 : largest)
  }

  /// The unit of a logarithmic axis; `nil` for one that spans so much that no unit suits both ends.
  static func logarithmic(_ range: ClosedRange<Double>) -> AxisMagnitude? {
    let least = AxisMagnitude(range.lowerBound)
    return range.upperBound < least.divisor * 10_000 ? least : nil
  }

  /// A value in this unit.
  func text(_ value: Double, decimals: Int) -> String {
    NumberFormat.number(decimals: decimals).text(value / divisor) + suffix
  }

  /// A value in this unit with three or four digits.
  func short(_ value: Double) -> String {
    let size = abs(value / divisor)
    return text(value, decimals: size >= 100 ? 0 : size >= 10 ? 1 : 2)
  }
}

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

  /// A tick at a time, which says its day.
  static func day(at seconds: Double, isFirst: Bool) -> AxisTick {
    let day = Int((seconds / 86_400).rounded(.down))
    let year = isFirst ? " \(CivilDate(daysSinceEpoch: day).year)" : ""
    return AxisTick(value: seconds, label: dayLabel(day) + year, isMajor: isFirst)
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

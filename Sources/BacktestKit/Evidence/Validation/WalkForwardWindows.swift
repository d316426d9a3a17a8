package import BacktestCore

/// How long a window lasts.
public enum WalkForwardLength: Hashable, Sendable {
  /// So many bars.
  case bars(Int)
  /// So many days of the calendar, whether traded or not.
  case days(Int)
  /// So many months by civil date; a day that a month lacks is its last.
  case months(Int)
  /// So many years by civil date.
  case years(Int)

  /// The number of bars, days, months or years.
  public var count: Int {
    switch self {
    case .bars(let count), .days(let count), .months(let count), .years(let count): count
    }
  }
}

extension WalkForwardLength: CustomStringConvertible {
  /// `756 bars`, `3 years`.
  public var description: String {
    let unit =
      switch self {
      case .bars: "bar"
      case .days: "day"
      case .months: "month"
      case .years: "year"
      }
    return "\(count) \(unit)\(count == 1 ? "" : "s")"
  }
}

/// How bars are cut into windows to train on and windows to test on.
///
///     var windows = WalkForwardWindows(train: .years(3), test: .months(6))
///     windows.isAnchored = true
///     let schedule = try windows.schedule(dates: dates)
///     print(schedule.folds[0].train, schedule.folds[0].test)
///
/// Test windows lie side by side, each bar in at most one of them. Lengths by date count from the
/// first bar's date and are not chained: the third month after 31 January begins on 30 April, or
/// on the first bar after it.
public struct WalkForwardWindows: Hashable, Sendable {
  /// The length of a train window, gap included under `gapFrom: train`; the first one's when
  /// anchored.
  public var train: WalkForwardLength
  /// The length of a test window.
  public var test: WalkForwardLength
  /// Whether every train window begins at the first bar and grows; otherwise it keeps its length
  /// and moves along with the test window.
  public var isAnchored = false
  /// Bars between a train window and its test window, so that what was learnt from a bar that is
  /// still open in the market cannot help.
  public var gap = 0
  /// From which side the gap is taken.
  public var gapFrom = GapSide.train
  /// What becomes of bars after the last complete test window.
  public var tail = TailRule.drop

  /// Windows of two lengths, rolling, without a gap.
  public init(train: WalkForwardLength, test: WalkForwardLength) {
    self.train = train
    self.test = test
  }

  /// From which side a gap is taken.
  public enum GapSide: String, Hashable, Sendable, CaseIterable {
    /// The train window ends sooner; tests stay where they are.
    case train
    /// The test window begins later; the train window keeps its length.
    case test
  }

  /// What becomes of bars after the last complete test window.
  public enum TailRule: String, Hashable, Sendable, CaseIterable {
    /// They are left out.
    case drop
    /// They are one more test window, shorter than the others.
    case keep
  }
}

/// The windows of a walk-forward, as ranges of bars on the evaluation axis.
package struct WalkForwardSchedule: Hashable, Sendable {
  /// The windows in order of time.
  package var folds: [Windows]
  /// Bars after the last test window, which no fold tests.
  package var droppedTailBars: Int

  /// The two windows of a fold.
  package struct Windows: Hashable, Sendable {
    /// The bars to train on.
    package var train: Range<Int>
    /// The bars to test on.
    package var test: Range<Int>
  }
}

extension WalkForwardWindows {
  /// The windows over bars with these session dates, the first of which is bar 0 of the evaluation
  /// axis.
  ///
  /// - Parameters:
  ///   - dates: the session date of each bar, ascending; several bars may share one.
  ///   - nextDate: the date of the session after the last bar, where it is known: a window by date
  ///     is complete when it ends there. Without it, the day after the last date.
  /// - Throws: `EvidenceError` when there are too few bars for one fold, or a length or gap is
  ///   not one.
  package func schedule(
    dates: [CivilDate], nextDate: CivilDate? = nil
  ) throws(EvidenceError) -> WalkForwardSchedule {
    for (name, length) in [("train", train), ("test", test)] where length.count < 1 {
      throw .emptyLength(window: name, length: "\(length)")
    }
    guard gap >= 0 else { throw .negativeGap(gap) }
    let ruler = WindowRuler(windows: self, dates: dates, nextDate: nextDate)
    var folds: [WalkForwardSchedule.Windows] = []
    while let fold = try fold(folds.count, ruler) { folds.append(fold) }
    guard let last = folds.last else { throw ruler.tooShort() }
    return WalkForwardSchedule(folds: folds, droppedTailBars: dates.count - last.test.upperBound)
  }

  /// The windows of a fold, or `nil` after the last.
  private func fold(
    _ index: Int, _ ruler: WindowRuler
  ) throws(EvidenceError) -> WalkForwardSchedule.Windows? {
    let count = ruler.dates.count
    let gap = min(gap, count)
    let shift = gapFrom == .test ? gap : 0
    let (begin, end) = (ruler.testBoundary(index), ruler.testBoundary(index + 1))
    guard let first = begin.bar, first + shift < count else { return nil }
    let isComplete = end.bar.map { $0 + shift <= count } ?? false
    guard isComplete || tail == .keep else { return nil }
    let test = (first + shift)..<min(max(first, end.bar ?? count) + shift, count)
    let trainStart = isAnchored ? 0 : ruler.rollingTrainStart(index, testStart: first)
    let trainEnd = first - (gapFrom == .train ? gap : 0)
    if let date = begin.date {
      if test.isEmpty, let until = end.date {
        throw .emptyWindow(fold: index, from: date, until: until)
      }
      if trainStart >= first {
        throw .emptyWindow(fold: index, from: ruler.dates[0], until: date)
      }
    }
    guard trainStart < trainEnd else {
      throw .gapTooLong(self.gap, fold: index, trainBars: first - trainStart)
    }
    return WalkForwardSchedule.Windows(train: trainStart..<trainEnd, test: test)
  }
}

/// Where windows begin and end on a row of dated bars.
private struct WindowRuler {
  let windows: WalkForwardWindows
  let dates: [CivilDate]
  /// The date from which bars are not known.
  let openEnd: CivilDate

  init(windows: WalkForwardWindows, dates: [CivilDate], nextDate: CivilDate?) {
    self.windows = windows
    self.dates = dates
    openEnd = nextDate ?? dates.last?.adding(days: 1) ?? CivilDate(daysSinceEpoch: 0)
  }

  /// The beginning of a test window: its bar, `nil` beyond the bars that are known, and its date
  /// where test windows go by date.
  func testBoundary(_ index: Int) -> (bar: Int?, date: CivilDate?) {
    guard let origin = dates.first else { return (nil, nil) }
    if case .bars(let length) = windows.test {
      guard let first = firstTestBar(origin) else { return (nil, nil) }
      let (distance, overflows) = length.multipliedReportingOverflow(by: index)
      guard !overflows, distance <= dates.count - first else { return (nil, nil) }
      return (first + distance, nil)
    }
    let date: CivilDate
    if case .bars(let length) = windows.train {
      guard length < dates.count else { return (nil, nil) }
      date = dates[length].adding(windows.test, times: index)
    } else {
      date = origin.adding(windows.train, then: windows.test, times: index)
    }
    return (bar(from: date), date)
  }

  /// The first bar of a rolling train window.
  func rollingTrainStart(_ index: Int, testStart: Int) -> Int {
    if case .bars(let length) = windows.train { return testStart - length }
    if case .bars = windows.test {
      return bar(from: dates[testStart].adding(windows.train, times: -1)) ?? 0
    }
    return bar(from: dates[0].adding(windows.test, times: index)) ?? dates.count
  }

  private func firstTestBar(_ origin: CivilDate) -> Int? {
    if case .bars(let length) = windows.train { return length <= dates.count ? length : nil }
    return bar(from: origin.adding(windows.train, times: 1))
  }

  /// The first bar on or after a date; the number of bars when that is the next to come, `nil` when
  /// it lies beyond it.
  private func bar(from date: CivilDate) -> Int? {
    guard date <= openEnd else { return nil }
    var (low, high) = (0, dates.count)
    while low < high {
      let middle = (low + high) / 2
      if dates[middle] < date { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Why there is no fold at all.
  func tooShort() -> EvidenceError {
    let shift = windows.gapFrom == .test ? windows.gap : 0
    let testBars =
      if windows.tail == .drop, case .bars(let test) = windows.test { test } else { 1 }
    let count = dates.count
    func tooFew(after train: Int) -> EvidenceError {
      // Each at most so large that the sum can be held.
      let needed = [train, shift, testBars].reduce(0) { $0 + min($1, Int.max / 4) }
      return .tooFewBars(available: count, needed: needed, skipped: 0)
    }
    if case .bars(let train) = windows.train, train >= count { return tooFew(after: train) }
    guard let first = dates.first, let last = dates.last else { return tooFew(after: 1) }
    let goesByBars = if case .bars = windows.test { true } else { false }
    if let trainEnd = firstTestBar(first), goesByBars || windows.tail == .keep {
      return tooFew(after: trainEnd)
    }
    let end = testBoundary(1).date ?? first.adding(windows.train, times: 1)
    return end <= openEnd
      ? tooFew(after: firstTestBar(first) ?? count)
      : .tooShort(first: first, last: last, neededBefore: end)
  }
}

extension CivilDate {
  fileprivate func adding(_ length: WalkForwardLength, times: Int) -> CivilDate {
    adding(months: length.months * times).adding(days: length.days * times)
  }

  /// Two lengths later, the second taken several times. Months are added in one step and before
  /// days, so that nothing is clipped twice.
  fileprivate func adding(
    _ first: WalkForwardLength, then second: WalkForwardLength, times: Int
  ) -> CivilDate {
    adding(months: first.months + second.months * times)
      .adding(days: first.days + second.days * times)
  }
}

extension WalkForwardLength {
  // No bar lies a thousand years after another: longer lengths end in the same error, and dates
  // stay within their range.
  fileprivate var months: Int {
    switch self {
    case .months(let months): min(months, 12_000)
    case .years(let years): 12 * min(years, 1_000)
    case .bars, .days: 0
    }
  }

  fileprivate var days: Int { if case .days(let days) = self { min(days, 400_000) } else { 0 } }
}

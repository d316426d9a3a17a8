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
    /// They are a test window of their own, shorter than the others.
    case keep
  }
}

/// The windows of a walk-forward, as ranges of bars on the evaluation axis.
public struct WalkForwardSchedule: Hashable, Sendable {
  /// The windows in order of time.
  public var folds: [Windows]
  /// Bars after the last test window, which no fold tests.
  public var droppedTailBars: Int

  /// The two windows of a fold.
  public struct Windows: Hashable, Sendable {
    /// The bars to train on.
    public var train: Range<Int>
    /// The bars to test on.
    public var test: Range<Int>
  }
}

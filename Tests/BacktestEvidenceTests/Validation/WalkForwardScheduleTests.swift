@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Foundation
import Testing

struct WalkForwardScheduleTests {
  /// Consecutive days from a date on.
  private func days(_ count: Int, from date: String = "2020-01-01") -> [CivilDate] {
    (0..<count).map { CivilDate(date)!.adding(days: $0) }
  }

  private func schedule(
    _ train: WalkForwardLength, _ test: WalkForwardLength, _ dates: [CivilDate],
    nextDate: CivilDate? = nil, _ adjust: (inout WalkForwardWindows) -> Void = { _ in }
  ) throws -> WalkForwardSchedule {
    var windows = WalkForwardWindows(train: train, test: test)
    adjust(&windows)
    return try windows.schedule(dates: dates, nextDate: nextDate)
  }

  @Test func aGapTakenFromTrainLeavesTestsSideBySide() throws {
    let plan = try schedule(.bars(500), .bars(100), days(1_000)) { $0.gap = 5 }
    #expect(plan.folds.map(\.train) == [0..<495, 100..<595, 200..<695, 300..<795, 400..<895])
    #expect(plan.folds.map(\.test) == [500..<600, 600..<700, 700..<800, 800..<900, 900..<1_000])
    #expect(plan.droppedTailBars == 0)
  }

  @Test func aGapTakenFromTestKeepsTheTrainLength() throws {
    let plan = try schedule(.bars(500), .bars(100), days(1_000)) {
      $0.gap = 5
      $0.gapFrom = .test
    }
    #expect(plan.folds.map(\.train) == [0..<500, 100..<600, 200..<700, 300..<800])
    #expect(plan.folds.map(\.test) == [505..<605, 605..<705, 705..<805, 805..<905])
    #expect(plan.droppedTailBars == 95)
  }

  @Test func anchoredTrainWindowsGrow() throws {
    let plan = try schedule(.bars(500), .bars(100), days(1_000)) {
      $0.gap = 5
      $0.isAnchored = true
    }
    #expect(plan.folds.map(\.train) == [0..<495, 0..<595, 0..<695, 0..<795, 0..<895])
  }

  @Test(arguments: [
    "roll_252_63", "roll_252_63_reduce", "anchored_252_63", "roll_252_63_purge5",
    "anchored_500_100_purge1_reduce", "tiny",
  ])
  func countsEqualReference(name: String) throws {
    let all = try Fixture.json("oracles/14_walkforward.json")["skfolio_count"] as? JSONObject
    let oracle = try #require(all?[name] as? JSONObject)
    let parameters = try #require(oracle["params"] as? JSONObject)
    let train = try #require(parameters["train_size"] as? Int)
    let test = try #require(parameters["test_size"] as? Int)
    let plan = try schedule(.bars(train), .bars(test), days(try #require(oracle["n"] as? Int))) {
      $0.gap = parameters["purged_size"] as? Int ?? 0
      $0.gapFrom = .test
      $0.isAnchored = parameters["expand_train"] as? Bool ?? false
      $0.tail = parameters["reduce_test"] as? Bool ?? false ? .keep : .drop
    }
    #expect(plan.folds == (try windows(oracle, shift: 0)))
  }

  @Test func monthsEqualReference() throws {
    let all = try Fixture.json("oracles/14_walkforward.json")["skfolio_calendar"] as? JSONObject
    let oracle = try #require(all?["sp500_2010_2012_MS_6_1"] as? JSONObject)
    let dates = try PriceColumn("prices/sp500.csv", from: "2010-02-01", to: "2012-12-31").dates
    let plan = try schedule(.months(6), .months(1), dates)
    // The reference begins 18 bars sooner and leaves the last month out, because it does not see
    // that month's end.
    #expect(Array(plan.folds.dropLast()) == (try windows(oracle, shift: 18)))
    #expect(plan.folds.last?.test.upperBound == dates.count && plan.droppedTailBars == 0)
  }

  private func windows(
    _ oracle: JSONObject, shift: Int
  ) throws -> [WalkForwardSchedule.Windows] {
    try #require(oracle["splits"] as? [JSONObject]).map { split in
      let train = try #require(split["train"] as? [Int])
      let test = try #require(split["test"] as? [Int])
      return WalkForwardSchedule.Windows(
        train: (train[0] - shift)..<(train[1] - shift), test: (test[0] - shift)..<(test[1] - shift))
    }
  }

  @Test func monthsCountFromTheFirstDateAndClip() throws {
    // Daily from 31 January: months later begin on 29 February, 31 March, 30 April, 31 May.
    let dates = days(130, from: "2020-01-31")
    let plan = try schedule(.months(1), .months(1), dates)
    #expect(
      plan.folds.map { dates[$0.test.lowerBound].description }
        == ["2020-02-29", "2020-03-31", "2020-04-30"])
    #expect(
      plan.folds.map { dates[$0.train.lowerBound].description }
        == ["2020-01-31", "2020-02-29", "2020-03-31"])
    #expect(plan.folds.map(\.test.count) == [31, 30, 31])
    #expect(plan.droppedTailBars == dates.count - plan.folds[2].test.upperBound)
  }

  @Test func boundariesBetweenSessionsFallOnTheNextBar() throws {
    // Weekdays only; 2 February 2020 is a Sunday, so that the window begins on Monday.
    let dates = days(90, from: "2020-01-02").filter { $0.weekday.rawValue <= 5 }
    let plan = try schedule(.months(1), .days(7), dates)
    #expect(dates[plan.folds[0].test.lowerBound].description == "2020-02-03")
    #expect(plan.folds[0].test.count == 5)
    #expect(plan.folds.allSatisfy { $0.train.upperBound == $0.test.lowerBound })
  }

  @Test func yearsTrainAndMonthsTest() throws {
    let dates = days(3 * 366, from: "2020-02-29")
    let plan = try schedule(.years(1), .months(6), dates)
    #expect(
      plan.folds.map { dates[$0.test.lowerBound].description }
        == ["2021-02-28", "2021-08-29", "2022-02-28", "2022-08-29"])
    #expect(dates[plan.folds[1].train.lowerBound].description == "2020-08-29")
  }

  @Test func barsAndDatesMix() throws {
    let dates = days(120)
    let byMonth = try schedule(.bars(40), .months(1), dates)
    #expect(byMonth.folds.map(\.test.lowerBound) == [40, 69])  // 10 February, 10 March
    #expect(byMonth.folds.map(\.train.count) == [40, 40])
    let byBars = try schedule(.months(1), .bars(40), dates)
    #expect(byBars.folds.map(\.test) == [31..<71, 71..<111])
    #expect(byBars.folds.map(\.train) == [0..<31, 42..<71])  // from 12 February to 12 March
  }

  @Test func aTailIsKeptOnRequest() throws {
    let plan = try schedule(.bars(10), .bars(4), days(25)) { $0.tail = .keep }
    #expect(plan.folds.map(\.test) == [10..<14, 14..<18, 18..<22, 22..<25])
    #expect(plan.droppedTailBars == 0)
    #expect(try schedule(.bars(10), .bars(4), days(25)).droppedTailBars == 3)
    let months = try schedule(.months(1), .months(1), days(75)) { $0.tail = .keep }
    #expect(months.folds.map(\.test) == [31..<60, 60..<75])
  }

  @Test func aWindowByDateIsCompleteWhenNoSessionIsLeftInIt() throws {
    // Friday 28 February is the last session before March.
    let dates = days(59, from: "2020-01-01").filter { $0.weekday.rawValue <= 5 }
    #expect(dates.last?.description == "2020-02-28")
    #expect(throws: EvidenceError.self) { try schedule(.months(1), .months(1), dates) }
    let plan = try schedule(.months(1), .months(1), dates, nextDate: CivilDate("2020-03-02"))
    #expect(plan.folds.count == 1 && plan.droppedTailBars == 0)
  }

  @Test func tooFewBarsAreAnError() throws {
    #expect(throws: EvidenceError.tooFewBars(available: 29, needed: 30, skipped: 0)) {
      try schedule(.bars(20), .bars(10), days(29))
    }
    #expect(throws: EvidenceError.tooFewBars(available: 30, needed: 33, skipped: 0)) {
      try schedule(.bars(20), .bars(10), days(30)) {
        $0.gap = 3
        $0.gapFrom = .test
      }
    }
    #expect(throws: EvidenceError.tooFewBars(available: 20, needed: 21, skipped: 0)) {
      try schedule(.bars(20), .bars(10), days(20)) { $0.tail = .keep }
    }
    #expect(throws: EvidenceError.tooFewBars(available: 0, needed: 30, skipped: 0)) {
      try schedule(.bars(20), .bars(10), [])
    }
    let error = #expect(throws: EvidenceError.self) {
      try schedule(.years(1), .months(6), days(400))
    }
    #expect(
      error?.description == """
        the bars from 2020-01-01 to 2021-02-03 do not hold one train and one test window, which \
        last until 2021-07-01; give more bars or shorter windows
        """)
  }

  @Test func lengthsThatAreNoneAreAnError() {
    #expect(throws: EvidenceError.emptyLength(window: "train", length: "0 bars")) {
      try schedule(.bars(0), .bars(10), days(100))
    }
    #expect(throws: EvidenceError.emptyLength(window: "test", length: "-1 months")) {
      try schedule(.bars(10), .months(-1), days(100))
    }
    #expect(throws: EvidenceError.negativeGap(-1)) {
      try schedule(.bars(10), .bars(10), days(100)) { $0.gap = -1 }
    }
    #expect(throws: EvidenceError.gapTooLong(10, fold: 0, trainBars: 10)) {
      try schedule(.bars(10), .bars(10), days(100)) { $0.gap = 10 }
    }
  }

  @Test func aHoleInTheDatesIsAnError() {
    let dates = days(40) + days(40, from: "2020-06-01")
    #expect(
      throws: EvidenceError.emptyWindow(
        fold: 1, from: CivilDate("2020-03-01")!, until: CivilDate("2020-04-01")!)
    ) {
      try schedule(.months(1), .months(1), dates)
    }
  }

  @Test func hugeNumbersEndInAnErrorOfTheirOwn() {
    let huge = Int.max
    for train in [WalkForwardLength.bars(huge), .days(huge), .months(huge), .years(huge)] {
      for test in [WalkForwardLength.bars(huge), .days(huge), .months(huge), .years(huge)] {
        #expect(throws: EvidenceError.self) {
          try schedule(train, test, days(100)) { $0.gapFrom = .test }
        }
        #expect(throws: EvidenceError.self) {
          try schedule(.bars(10), test, days(100)) {
            $0.gapFrom = .test
            $0.gap = huge
          }
        }
      }
    }
  }
}

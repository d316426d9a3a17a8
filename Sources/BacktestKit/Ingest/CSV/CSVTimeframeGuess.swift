import BacktestCore

/// Infers how long the bars of a file last from the stamps of all its series together.
struct CSVTimeframeGuess {
  let dates: CSVStampDates

  /// The timeframe, or why there is none.
  func timeframe(of builders: borrowing CSVBuilderSet) -> Result<Timeframe, Refusal> {
    var smallest = Int64.max
    var hasTimeOfDay = false
    for index in 0..<builders.count {
      let builder = builders[index]
      hasTimeOfDay = hasTimeOfDay || builder.pointee.hasTimeOfDay
      smallest = min(smallest, smallestDifference(in: builder.pointee))
    }
    if hasTimeOfDay && smallest == .max {
      return .failure(Refusal("one bar does not tell its length; name the timeframe"))
    }
    // Stamps of daily bars may lie an hour less than a day apart when clocks change.
    if hasTimeOfDay && smallest < 22 * 3_600_000_000_000 {
      guard smallest % 1_000_000_000 == 0 else {
        return .failure(
          Refusal("stamps lie \(smallest) ns apart, not whole seconds; name the timeframe"))
      }
      return .success(.intraday(seconds: Int(smallest / 1_000_000_000)))
    }
    if let timeframe = dailyOrLonger(builders) { return .success(timeframe) }
    return .failure(
      Refusal("the dates fit neither days, weeks, months, quarters nor years; name the timeframe"))
  }

  /// Why a timeframe cannot be inferred.
  struct Refusal: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  private func smallestDifference(in builder: CSVBarBuilder) -> Int64 {
    var smallest = Int64.max
    guard builder.count > 1, let stamps = builder.stamps.start else { return smallest }
    for row in 1..<builder.count {
      // The ends of the range of stamps lie further apart than 64 bits can say.
      let (difference, overflow) = stamps[row].subtractingReportingOverflow(stamps[row - 1])
      if !overflow { smallest = min(smallest, difference) }
    }
    return smallest
  }

  private func dailyOrLonger(_ builders: borrowing CSVBuilderSet) -> Timeframe? {
    // How often each number of days lies between neighbours; 400 stands for all longer ones.
    var histogram = [Int](repeating: 0, count: 401)
    for index in 0..<builders.count {
      let days = dates.dates(of: builders[index].pointee).map(\.daysSinceEpoch)
      for (earlier, later) in zip(days, days.dropFirst()) where later > earlier {
        histogram[min(later - earlier, 400)] += 1
      }
    }
    guard let smallest = histogram.firstIndex(where: { $0 > 0 }) else { return .session }
    var left = histogram.reduce(0, +) / 2
    let median = histogram.firstIndex { count in
      left -= count
      return left < 0
    }
    switch median ?? smallest {
    case 1...4: return .session
    case 5...9: return smallest >= 4 ? .week : .session
    case 26...35: return smallest >= 26 ? .month : nil
    case 87...95: return smallest >= 87 ? .quarter : nil
    case 360...372: return smallest >= 360 ? .year : nil
    default: return nil
    }
  }
}

/// The dates that stamps of daily and longer bars mean.
struct CSVStampDates {
  let calendar: (any TradingCalendar)?
  let meaning: CSVMapping.StampMeaning

  /// The date of each row.
  func dates(of builder: CSVBarBuilder) -> [CivilDate] {
    (0..<builder.count).map { date(of: $0, in: builder) }
  }

  private func date(of row: Int, in builder: CSVBarBuilder) -> CivilDate {
    let stamp = Timestamp(nanoseconds: builder.stamps.start[row])
    let east = row < builder.secondsEast.count ? Int64(builder.secondsEast[row]) : 0
    let local = stamp + .seconds(east)
    // A bare date names its session. Midnight on the clock is a date written at length, unless the
    // stamps are ends of bars: then it is the end of the day before.
    let isMidnight = local.nanoseconds % 86_400_000_000_000 == 0
    if !builder.hasTimeOfDay || (isMidnight && meaning == .open) { return local.utcDate }
    if isMidnight { return local.utcDate.adding(days: -1) }
    guard let calendar else { return local.utcDate }
    return calendar.sessionDate(of: meaning == .open ? stamp + TimeSpan(nanoseconds: 1) : stamp)
  }
}

@testable import BacktestCore
@testable import BacktestReports
import Testing

struct AxisTicksTests {
  private func labels(_ ticks: [AxisTick]) -> [String] { ticks.map(\.label) }

  @Test func linearTicksAreRound() {
    #expect(
      labels(AxisTicks.linear(0...1, count: 5, unit: .plain)) == [
        "0.0", "0.2", "0.4", "0.6", "0.8", "1.0",
      ])
    #expect(
      labels(AxisTicks.linear(-0.27...0, count: 3, unit: .percent)) == ["−20%", "−10%", "0%"])
    #expect(
      labels(AxisTicks.linear(0...0.0102, count: 5, unit: .percent)) == [
        "0.00%", "0.25%", "0.50%", "0.75%", "1.00%",
      ])
    #expect(
      labels(AxisTicks.linear(900_000...1_900_000, count: 4, unit: .plain)) == [
        "1.00M", "1.25M", "1.50M", "1.75M",
      ])
    #expect(
      labels(AxisTicks.linear(0...4_800, count: 5, unit: .plain)) == [
        "0", "1k", "2k", "3k", "4k",
      ])
  }

  /// Never more than asked for by more than one, always inside, always ascending, always distinct.
  @Test func linearTicksKeepTheirPromises() {
    var low = -3.7
    for i in 1...400 {
      let span = Double(i) * Double(i) * 0.000_37
      low = (low * 1.7).truncatingRemainder(dividingBy: 911)
      for count in [3, 5, 7] {
        let ticks = AxisTicks.linear(low...low + span, count: count, unit: .plain)
        #expect(ticks.count <= count + 1 && ticks.count >= 1)
        #expect(Set(ticks.map(\.label)).count == ticks.count)
        #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value })
        #expect(
          ticks.allSatisfy { $0.value > low - span * 1e-6 && $0.value < low + span * 1.000_001 })
      }
    }
  }

  @Test func logarithmicTicksAreOneTwoFive() {
    #expect(
      labels(AxisTicks.logarithmic(0.8...130, count: 8, unit: .plain)) == [
        "1", "2", "5", "10", "20", "50", "100",
      ])
    #expect(
      labels(AxisTicks.logarithmic(0.01...1_000_000, count: 5, unit: .plain)) == [
        "0.01", "1", "100", "10k", "1M",
      ])
    #expect(
      labels(AxisTicks.logarithmic(0.7...1.45, count: 4, unit: .plain)) == [
        "0.8", "1.0", "1.2", "1.4",
      ])
    #expect(AxisTicks.logarithmic(0...1, count: 4, unit: .plain).isEmpty)
  }

  @Test func exponentsAreExactAtPowers() {
    for exponent in -12...15 {
      let power = Double("1e\(exponent)")!
      #expect(AxisTicks.decimalExponent(power) == exponent)
      #expect(AxisTicks.decimalExponent(power.nextDown) == exponent - 1)
    }
  }

  private func times(_ from: String, _ to: String, count: Int = 12) -> [String] {
    let range = CivilDate(from)!.midnight.axisSeconds...CivilDate(to)!.midnight.axisSeconds
    return labels(TimeTicks.ticks(range, count: count))
  }

  @Test func timeTicksFollowTheCalendar() {
    #expect(times("2015-01-01", "2024-08-21") == (2015...2024).map { "\($0)" })
    #expect(
      times("1928-01-01", "2024-08-21") == stride(from: 1930, through: 2020, by: 10).map { "\($0)" }
    )
    #expect(
      times("2023-11-15", "2024-03-20", count: 5) == ["Dec 2023", "2024", "Feb", "Mar"])
    #expect(
      times("2024-02-27", "2024-03-03", count: 6) == [
        "27 Feb 2024", "28 Feb", "29 Feb", "1 Mar", "2 Mar", "3 Mar",
      ]
    )
    #expect(
      times("2024-02-01", "2024-03-15", count: 7) == [
        "5 Feb 2024", "12 Feb", "19 Feb", "26 Feb", "4 Mar", "11 Mar",
      ])
    #expect(
      times("1960-01-01", "1960-01-02", count: 4) == ["1 Jan", "06:00", "12:00", "18:00", "2 Jan"])
  }

  /// Nothing occurs half a time.
  @Test func countsAreWhole() {
    #expect(labels(AxisTicks.linear(0...1.05, count: 3, unit: .count)) == ["0", "1"])
    #expect(labels(AxisTicks.linear(0...2.1, count: 5, unit: .count)) == ["0", "1", "2"])
    #expect(labels(AxisTicks.linear(0...12.6, count: 5, unit: .count)) == ["0", "5", "10"])
    for most in 1...3_000 {
      let ticks = AxisTicks.linear(0...Double(most) * 1.05, count: 5, unit: .count)
      #expect(ticks.count > 1 && ticks.count <= 6, "\(most)")
      #expect(ticks.allSatisfy { $0.value == $0.value.rounded() && !$0.label.hasSuffix(".0") })
    }
  }

  /// A few daily bars have a tick at each close and none between.
  @Test(arguments: [1, 2, 3])
  func fewSessionsHaveATickEach(count: Int) throws {
    let closes = ["2014-01-03", "2014-01-06", "2014-01-07"].prefix(count)
      .map { CivilDate($0)!.midnight + .hours(21) }
    let chart = LineChart(
      title: "T", series: [ChartSeries("A", times: closes, values: closes.indices.map(Double.init))]
    )
    let names = ["3 Jan 2014", "6 Jan", "7 Jan"].prefix(count)
    let frame = try #require(chart.frame())
    #expect(frame.xTicks.map(\.text) == Array(names))
    #expect(labels(SessionAxis(closes, calendar: .xnys).ticks(count: 12)) == Array(names))
  }

  /// Of the numbers of ranges, the first ones stay, and none touch.
  @Test func labelsApartKeepTheFirst() {
    let labels = (1...9).map { PlacedLabel(position: Double($0 * $0) / 200, text: "\($0)") }
    let kept = LabelThinning.apart(labels.reversed())
    #expect(kept.first?.text == "9" && kept.count == 8)
    for (a, b) in zip(kept, kept.dropFirst()) { #expect((a.position - b.position) * 460 > 10) }
    #expect(kept.contains { $0.isOptional })
  }

  @Test func timeTicksFallOnTheirDates() {
    let range =
      CivilDate("1965-05-05")!.midnight
      .axisSeconds...CivilDate("1972-02-02")!.midnight
      .axisSeconds
    for tick in TimeTicks.ticks(range, count: 8) {
      let date = Timestamp(seconds: Int64(tick.value)).utcDate
      #expect(date.description == "\(tick.label)-01-01")
    }
  }

  /// Neighbouring labels that both show leave room between them at the width they are made for.
  @Test func thinnedLabelsNeverTouch() {
    for count in 1...60 {
      let all = (0..<count).map { i -> (label: PlacedLabel, isMajor: Bool) in
        let position = Double(i) / Double(max(count - 1, 1))
        let label = PlacedLabel(position: position, text: i % 7 == 0 ? "Apr 2021" : "May")
        return (label, i % 12 == 0)
      }
      let thinned = LabelThinning.thinned(all)
      let medium = thinned.filter { !$0.isForWidePages }
      let narrow = thinned.filter { !$0.isOptional }
      #expect(narrow.allSatisfy { !$0.isForWidePages })
      for (labels, width) in [(thinned, 780.0), (medium, 460), (narrow, 250)] {
        #expect(!labels.isEmpty)
        for (a, b) in zip(labels, labels.dropFirst()) {
          let needed = (LabelThinning.pixels(a.text) + LabelThinning.pixels(b.text)) / 2
          #expect((b.position - a.position) * width > needed)
        }
      }
    }
  }
}

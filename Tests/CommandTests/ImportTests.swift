import BacktestKit
import Foundation
import Testing

/// What `data import` writes are the same bars again.
struct ImportTests {
  private func bars(_ path: String, _ options: CSVReadOptions) throws -> BarSeries {
    try #require(try CSVReader(options).load(path).first)
  }

  private func expectSame(_ a: BarSeries, _ b: BarSeries, _ name: String) {
    #expect(a.count == b.count && a.timeframe == b.timeframe, "\(name)")
    for row in 0..<min(a.count, b.count) {
      let (x, y) = (a[row], b[row])
      let same =
        x.openTime == y.openTime && x.closeTime == y.closeTime
        && [x.open, x.high, x.low, x.close].map(\.bitPattern)
          == [y.open, y.high, y.low, y.close].map(\.bitPattern)
        && (x.volume == y.volume || x.volume.isNaN && y.volume.isNaN)
      guard same else {
        Issue.record("\(name), row \(row): \(x) is not \(y)")
        return
      }
    }
  }

  @Test func roundTrips() throws {
    let folder = try SampleStudy.folder()
    try folder.write(intraday(step: 900), to: "minutes.csv")
    try folder.write(intraday(step: 3_600, volume: false), to: "hours.csv")
    var weekly = "Date;Open;High;Low;Close\n"
    for (week, date) in ["07", "14", "21", "28"].enumerated() {
      weekly += "2011-01-\(date);\(10 + week);12.5;9;1\(week)\n".replacing(
        "12.5", with: "2\(week).5")
    }
    try folder.write(weekly, to: "weekly.csv")
    let cases: [(name: String, calendar: String?, words: [String])] = [
      ("prices/a.csv", nil, []), ("prices/a.csv", "weekdays", ["--adjusted"]),
      (CommandFixture.path("prices/IBM.csv"), "XNYS", ["--adjusted"]),
      (CommandFixture.path("prices/sp500.csv"), "XNYS", []),
      ("minutes.csv", "XNYS", []), ("minutes.csv", nil, []), ("hours.csv", nil, []),
      ("weekly.csv", "weekdays", ["--timeframe", "1w"]),
    ]
    for (name, calendar, words) in cases {
      let label = "\(name) \(calendar ?? "none") \(words)"
      let hours = calendar.map { ["--calendar", $0] } ?? []
      let ended = try BuiltProgram.run(
        ["data", "import", name, "--out", "in", "--symbol", "S"] + hours + words, in: folder)
      #expect(ended.status == 0 && ended.errors == "", "\(label): \(ended)")
      let later = words.first == "--timeframe" ? words : []
      let check = try BuiltProgram.run(
        ["data", "check", "in/S.csv"] + hours + later, in: folder)
      #expect(check.status == 0, "\(label): \(check)")
      var options = CSVReadOptions()
      options.calendar = calendar.flatMap { TradingCalendars.named($0) }
      options.timeframe = words.first == "--timeframe" ? .week : nil
      let written = try bars(folder.path + "/in/S.csv", options)
      options.priceBasis = words == ["--adjusted"] ? .adjusted : .raw
      let path = name.hasPrefix("/") ? name : folder.path + "/" + name
      expectSame(try bars(path, options), written, label)
    }
  }

  /// Bars of two winter days in New York.
  private func intraday(step: Int, volume: Bool = true) -> String {
    var text = "time,open,high,low,close" + (volume ? ",volume\n" : "\n")
    for day in ["03", "04"] {
      for index in 0..<(6 * 3_600 / step) {
        let seconds = 14 * 3_600 + 1_800 + index * step
        let clock = String(format: "%02d:%02d:00", seconds / 3_600, seconds / 60 % 60)
        let open = 100 + Double(index) / 8
        text += "2011-01-\(day)T\(clock)Z,\(open),\(open + 0.1),\(open - 0.7),\(open - 1 / 3.0)"
        text += volume ? ",\(index % 3 * 100)\n" : "\n"
      }
    }
    return text
  }

  @Test func theOriginIsKept() throws {
    let folder = try SampleStudy.folder()
    _ = try BuiltProgram.run("data", "import", "prices/a.csv", "--out", "in", in: folder)
    #expect(folder.names("in") == ["a.csv", "a.json"])
    let data = Data(try folder.bytes("in/a.json"))
    let origin = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(origin["source"] as? String == "a.csv" && origin["bars"] as? Int == 260)
    let digest = try Shell.output("sha256sum < '\(folder.path)/prices/a.csv'")
    #expect(digest.hasPrefix(origin["sha256"] as? String ?? "none"))
  }

  /// A symbol comes from a file and must not choose where files go.
  @Test func symbolsStayInTheFolder() throws {
    let folder = try WorkFolder()
    try folder.write(
      """
      symbol,date,open,high,low,close
      ../out,2011-01-03,10,11,9,10
      ..,2011-01-03,10,11,9,10
      BTC/USD,2011-01-03,10,11,9,10

      """, to: "many.csv")
    let ended = try BuiltProgram.run(
      "data", "import", "many.csv", "--out", "in", "--calendar", "weekdays", "--timeframe", "1d",
      in: folder)
    #expect(ended.status == 0, "\(ended)")
    #expect(folder.names() == ["in", "many.csv"])
    #expect(
      folder.names("in")
        == [
          "-.-out.csv", "-.-out.json", "-..csv", "-..json", "BTC-USD.csv", "BTC-USD.json",
        ].sorted())
  }

  @Test func filesDoNotReplaceEachOther() throws {
    let folder = try SampleStudy.folder()
    try folder.write(SampleStudy.prices(seed: 9), to: "more/a.csv")
    var transcript = Transcript(in: folder)
    try transcript.run("data", "import", "prices/a.csv", "more/a.csv", "prices/b.csv", "-o", "in")
    try transcript.run("data", "info", "in/a.csv", "in/b.csv", "--calendar", "weekdays")
    try transcript.run("data", "info", "in/b.csv", "nowhere.csv", "--json")
    try transcript.check("import")
  }
}

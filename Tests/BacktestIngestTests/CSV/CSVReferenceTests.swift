import BacktestCore
import BacktestFiles
@testable import BacktestIngest
import Testing
import TestSupport

struct CSVReferenceTests {
  private func load(
    _ text: String, _ change: (inout CSVReferences) -> Void = { _ in }
  ) throws -> [ReferenceSeries] {
    let folder = try ScratchFolder()
    try FileBytes.write(text, to: folder.path + "/vix.csv")
    var reader = CSVReferences()
    reader.calendar = NewYorkStockExchangeCalendar()
    change(&reader)
    return try reader.load(folder.path + "/vix.csv", name: "VIX")
  }

  private func failure(
    _ text: String, _ change: (inout CSVReferences) -> Void = { _ in }
  ) -> String {
    do {
      _ = try load(text, change)
      return ""
    } catch { return "\(error)" }
  }

  @Test func datesAreKnownWhenTheirSessionCloses() throws {
    let vix = try load("Date,Open,Close\n2024-03-08,14,14.7\n2024-03-09,1,15\n2024-03-11,15,15.2\n")
    #expect(vix.map(\.name) == ["VIX"])
    #expect(vix[0].values.elementsEqual([14.7, 15, 15.2]))
    #expect(
      vix[0].knownTimes.map(\.description) == [
        "2024-03-08T21:00:00Z", "2024-03-10T00:00:00Z", "2024-03-11T20:00:00Z",
      ])
    #expect(
      try load("Date,x\n2024-03-08,1\n") { $0.calendar = nil }[0].knownTimes[0].description
        == "2024-03-09T00:00:00Z")
  }

  @Test func valuesAreKnownWhenTheirColumnSays() throws {
    let scores = try load(
      """
      date,published,score,count
      2024-03-01,2024-03-08T09:30:00Z,0.5,7
      2024-03-04,2024-03-08T15:00:00Z,,8
      2024-03-05,2024-03-11T09:00:00Z,-0.25,9
      """
    ) {
      $0.known = "published"
      $0.values = ["score", "count"]
    }
    #expect(scores.map(\.name) == ["VIX.score", "VIX.count"])
    #expect(scores[0].values.elementsEqual([0.5, -0.25]))
    #expect(scores[1].values.elementsEqual([7, 8, 9]))
    #expect(scores[1].knownTimes[1].description == "2024-03-08T15:00:00Z")
  }

  @Test func wrongFilesAreRefusedWithTheirPlaces() {
    #expect(failure("Date,Close\n2024-03-08,x\n").contains("vix.csv:2:12: E_DATA_NUMBER"))
    #expect(failure("Date,Close\nnever,1\n").contains("vix.csv:2:1: E_DATA_TIME"))
    #expect(failure("Date,Close\n2024-03-08,1,2\n").contains("vix.csv:2: E_DATA_ROW"))
    #expect(
      failure("Date,Close\n2024-03-08,1\n2024-03-07,1\n").contains("vix.csv:3:1: E_DATA_ORDER"))
    #expect(
      failure("Date,Close\n2024-03-08,1\n2024-03-08,1\n").contains("vix.csv:3:1: E_DATA_DUPLICATE"))
    #expect(failure("Date,a,b\n2024-03-08,1,2\n").contains("name it by 'values'"))
    #expect(failure("Date,Close\n").contains("as many times as values"))
    #expect(failure("").contains("the file is empty"))
    #expect(failure("Date,Close\n2024-03-08,1\n") { $0.known = "seen" }.contains("by 'known'"))
  }

  @Test func strategiesSeeWhatIsKnown() throws {
    let bars = try MarketBuilder.sessions(
      [(1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)], from: "2024-03-07")
    let vix = try ReferenceSeries(
      name: "VIX",
      knownTimes: Column([
        bars.closeTimes[0] + TimeSpan(nanoseconds: 1), bars.closeTimes[1],
        bars.closeTimes[2] + .hours(1),
      ]), values: Column([10, 11, 12]))
    let strategy = ScriptedStrategy(always: { _, trading in
      let now = trading.reference("VIX").map { "\($0)" } ?? "none"
      trading.note("\(now) \(trading.references("VIX", 9)) \(trading.reference("X") == nil)")
    })
    let universe = try Universe([bars]).with(references: [vix])
    let result = Backtest(strategy, on: universe).run()
    #expect(
      result.notes.map(\.text) == [
        "none [] true", "11.0 [10.0, 11.0] true", "11.0 [10.0, 11.0] true",
      ])
    #expect(throws: MarketError.self) { try Universe([bars]).with(references: [vix, vix]) }
  }
}

import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestReports
@testable import BacktestStudies
import Strategies
import TestSupport
import Testing

/// Segments of a study, by which its return is explained beside a benchmark's.
struct StudyAttributionTests {
  /// Prices of three shares on weekdays of half a year.
  private func folder() throws -> (folder: ScratchFolder, closes: [[Double]], dates: [CivilDate]) {
    let folder = try ScratchFolder()
    var random = Randomness(seed: 5, stream: "segments")
    var closes: [[Double]] = []
    var dates: [CivilDate] = []
    for symbol in ["A", "B", "C"] {
      var text = "date,open,high,low,close,volume\n"
      var date = CivilDate(unchecked: 2020, 1, 30)
      var close = 100.0
      (closes, dates) = (closes + [[]], [])
      for _ in 0..<120 {
        repeat { date = date.adding(days: 1) } while [.saturday, .sunday].contains(date.weekday)
        let open = close
        close *= 1 + 0.03 * (random.nextUnit() - 0.49)
        text += "\(date),\(open),\(max(open, close)),\(min(open, close)),\(close),9\n"
        closes[closes.count - 1].append(close)
        dates.append(date)
      }
      try FileBytes.write(text, to: folder.path + "/\(symbol).csv")
    }
    return (folder, closes, dates)
  }

  private func outcome(_ folder: ScratchFolder, _ changes: [String] = []) throws -> StudyOutcome {
    let text = """
      strategy: {name: buy-and-hold}
      account: {cash: 1000000}
      data:
        calendar: weekdays
        files: [{path: A.csv, lot: fractional}, {path: B.csv, lot: fractional}, {path: C.csv}]
      attribution: {segments: {A: x, B: x, C: y}}
      """
    let document = try DocumentReader.read(Array(text.utf8), name: "s.yaml", format: .yaml)
    let study = try Study(
      document: document, folder: folder.path, overrides: changes, catalogue: .standard)
    return try StudyRunner.quick(study).run()
  }

  /// Returns of the months between the last points of each, by hand.
  private func months(_ dates: [CivilDate]) -> [(start: Int, end: Int)] {
    var found: [(start: Int, end: Int)] = []
    for row in dates.indices.dropFirst() {
      if row > 1, dates[row].month == dates[row - 1].month {
        found[found.count - 1].end = row
      } else {
        found.append((row - 1, row))
      }
    }
    return found
  }

  @Test(arguments: [["execution.commission={basis-points: 20}"], ["account.leverage=1"]])
  func effectsSumToTheActiveReturn(changes: [String]) throws {
    let (folder, closes, dates) = try folder()
    let outcome = try outcome(folder, changes)
    let found = try #require(outcome.segmentAttribution)
    let spans = months(dates)
    #expect(found.periods.count == spans.count && spans.count == 6)
    let equity = outcome.result.curve.equity
    for (period, span) in zip(found.periods, spans) {
      // Equal parts from the base point on.
      let held = closes.map { ($0[span.start] / $0[0], $0[span.end] / $0[0]) }
      let parts = held.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
      let benchmark = parts.1 / parts.0 - 1
      let own = equity[span.end] / equity[span.start] - 1
      #expect(abs(period.effects.portfolioReturn - own) <= 1e-12)
      #expect(abs(period.effects.benchmarkReturn - benchmark) <= 1e-12)
      #expect(abs(period.effects.total.total - (own - benchmark)) <= 1e-12)
      #expect(abs(period.contributions.reduce(0, +) - own) <= 1e-12)
      #expect(abs(period.segments.reduce(0) { $0 + $1.weight } - 1) <= 1e-12)
      #expect(period.segments.map(\.name) == ["x", "y", "cash"])
      let x = (held[0].0 + held[1].0) / parts.0
      #expect(abs(period.segments[0].benchmarkWeight - x) <= 1e-12)
      // Cash earns nothing here, so that costs and profits are those of the segments.
      #expect(abs(period.contributions[2]) <= 1e-12)
    }
    let linked = try #require(found.linked)
    let own = equity[equity.count - 1] / equity[0] - 1
    let active = own - (closes.reduce(0) { $0 + $1[119] / $1[0] } / 3 - 1)
    #expect(abs(linked.total.total - active) <= 1e-12)
    #expect(abs(linked.segments.reduce(0) { $0 + $1.total } - active) <= 1e-12)
  }

  /// The weights at the start of a month in which nothing is traded are those of the positions, and
  /// the returns those of the shares.
  @Test func positionsThatRestHaveTheirOwnWeightsAndReturns() throws {
    let (folder, closes, dates) = try folder()
    let outcome = try outcome(folder)
    let span = months(dates)[2]
    let period = try #require(outcome.segmentAttribution).periods[2]
    let fill = try #require(outcome.result.fills.first { $0.instrument == InstrumentID(2) })
    let value = fill.quantity * closes[2][span.start]
    let equity = outcome.result.curve.equity[span.start]
    #expect(abs(period.segments[1].weight - value / equity) <= 1e-12)
    let own = closes[2][span.end] / closes[2][span.start] - 1
    #expect(abs(period.segments[1].return - own) <= 1e-12)
  }

  @Test func theBenchmarkOfAFileIsThatOfTheOracle() throws {
    let (folder, _, dates) = try folder()
    let input = try OracleValue("21_attribution.json")["bacon"]["input"]
    let (weights, returns) = (input["wb"].numbers, input["rb"].numbers)
    var text = "from,to,segment,weight,return\n"
    for month in 3...6 {
      let last = CivilDate(unchecked: 2020, month + 1, 1).adding(days: -1)
      for (index, name) in ["x", "y", "cash"].enumerated() {
        text += "2020-0\(month)-01,\(last),\(name),\(weights[index]),\(returns[index])\n"
      }
    }
    try FileBytes.write(text, to: folder.path + "/weights.csv")
    let outcome = try outcome(folder, ["attribution.benchmark=weights.csv"])
    let found = try #require(outcome.segmentAttribution)
    // July is not over when the bars end, June is.
    #expect(found.periods.count == 4 && dates[119] > CivilDate(unchecked: 2020, 6, 30))
    for period in found.periods {
      #expect(abs(period.effects.benchmarkReturn - 0.064) <= 1e-15)
      for (index, segment) in period.segments.enumerated() {
        let effects = period.effects.segments[index]
        let active = segment.weight - weights[index]
        #expect(segment.benchmarkWeight == weights[index])
        #expect(abs(effects.allocation - active * (returns[index] - 0.064)) <= 1e-12)
        if abs(segment.weight) > 1e-6 {
          let own = period.contributions[index] / segment.weight
          #expect(abs(effects.selection - weights[index] * (own - returns[index])) <= 1e-12)
        }
      }
      let active = period.effects.portfolioReturn - 0.064
      #expect(abs(period.effects.total.total - active) <= 1e-12)
    }
    let report = String(decoding: outcome.report().bytes(), as: UTF8.self)
    #expect(report.contains("Attribution by segment"))
    #expect(
      report.contains("Left out are the sessions from 2020-02-03 until then and from then to"))
    try outcome.write(to: folder.path + "/out")
    let json = try String(
      decoding: FileBytes.read(folder.path + "/out/result.json"), as: UTF8.self)
    #expect(json.contains("\"linked\""))
    let rows = try FileBytes.read(folder.path + "/out/segments.csv").split(separator: 10)
    #expect(rows.count == 1 + 4 * 3)
  }

  /// Folds that sell what they hold at their ends have figures; others say why they have none.
  @Test func foldsAreAttributedWherePositionsAreSold() throws {
    let (folder, _, _) = try folder()
    let text = """
      strategy: {name: sma-crossover, parameters: {fast: 2, slow: 5}}
      account: {cash: 1000000}
      data:
        calendar: weekdays
        files: [{path: A.csv, lot: fractional}, {path: B.csv, lot: fractional}, {path: C.csv}]
      attribution: {segments: {A: x, B: x, C: y}}
      walk-forward: {train: 30, test: 20, grid: {fast: [2, 3]}}
      """
    for (boundary, carry) in [
      ("liquidate", "equity"), ("carry", "equity"), ("mark", "equity"), ("liquidate", "returns"),
    ] {
      let document = try DocumentReader.read(Array(text.utf8), name: "s.yaml", format: .yaml)
      let study = try Study(
        document: document, folder: folder.path,
        overrides: ["walk-forward.boundary=\(boundary)", "walk-forward.carry=\(carry)"],
        catalogue: .standard)
      let outcome = try StudyRunner.quick(study).walkForward()
      let found = try #require(outcome.segmentAttribution)
      let hasNone = boundary == "mark" || carry == "returns"
      let report = String(decoding: outcome.report().bytes(), as: UTF8.self)
      #expect(report.contains("What segments earned is not known") == hasNone)
      #expect(found.periods.isEmpty == hasNone && (found.absence != nil) == hasNone)
      for period in found.periods {
        // Nothing but the shares earns or costs anything.
        #expect(abs(period.contributions[2]) <= 1e-12, "\(boundary) \(carry)")
      }
    }
  }

  @Test(arguments: [
    ("2020-03-01,2020-03-31,z,1,0.1", "weights.csv:2", "no segment 'z'"),
    ("2020-03-01,2020-03-31,x,0.7,0.1", "weights.csv:2", "sum to 0.7, not to 1"),
    ("2020-03-01,2020-03-31,x,100,0.1", "weights.csv:2", "add 'unit: percent'"),
    ("2020-03-01,2020-03-31,x,nan,0.1", "weights.csv:2", "is not a weight"),
    ("2020-03-01,2020-03-31,x,1,inf", "weights.csv:2", "is not a return"),
    ("2020-03-01,2020-03-31,x,1,-1", "weights.csv:2", "above -100 %"),
    ("2020-03-31,2020-03-01,x,1,0.1", "weights.csv:2", "ends before it begins"),
    (
      "2020-03-01,2020-03-31,x,1,0.1\n2020-03-31,2020-04-30,x,1,0.1", "weights.csv:3",
      "overlaps that of line 2"
    ),
    (
      "2020-03-01,2020-03-31,x,0.5,0.1\n2020-03-01,2020-03-31,x,0.5,0.1", "weights.csv:3",
      "in line 2"
    ),
    (
      "2020-03-01,2020-03-31,x,1,0.1\n2020-05-01,2020-05-31,x,1,0.1", "weights.csv:3",
      "no period covers"
    ),
    ("2001-03-01,2001-03-31,x,1,0.1", "weights.csv", "no bars"),
  ])
  func aFileThatCannotBeUsedIsRefused(rows: String, place: String, reason: String) throws {
    let (folder, _, _) = try folder()
    try FileBytes.write(
      "from,to,segment,weight,return\n\(rows)\n", to: folder.path + "/weights.csv")
    do {
      _ = try outcome(folder, ["attribution.benchmark=weights.csv"])
      Issue.record("accepted")
    } catch {
      let text = "\(error)".replacing("\"", with: "'")
      #expect(text.contains(place) && text.contains(reason), "\(error)")
    }
  }

  @Test(arguments: [
    ("attribution={segments: {A: x, B: x}}", "no segment for C"),
    ("attribution={segments: {A: x, B: x, C: y, D: y}}", "no 'D' in the data"),
    ("attribution={unheld: [z]}", "'segments' must name"),
    ("account.accounting={rule: weights, fee: 0}", "follows positions"),
  ])
  func segmentsThatDoNotFitAreRefused(change: String, reason: String) throws {
    let (folder, _, _) = try folder()
    do {
      _ = try outcome(folder, [change])
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
    }
  }
}

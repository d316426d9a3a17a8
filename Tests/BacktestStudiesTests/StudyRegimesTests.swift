@testable import BacktestEvidence
@testable import BacktestStudies
import BacktestKit
import TestSupport
import Strategies
import Testing

/// The regimes of a study: their settings, what tells them, and labels from files.
struct StudyRegimesTests {
  private func demo(_ overrides: [String]) throws -> Study {
    try Study(
      path: Fixture.path("studies/demo.yaml"), overrides: overrides, catalogue: .standard)
  }

  private func run(_ overrides: [String]) throws -> StudyOutcome {
    try StudyRunner.quick(demo(["data.from=2009-01-01"] + overrides)).run()
  }

  private func problems(_ overrides: [String]) throws -> String {
    "\(try #require(throws: DocumentError.self) { try demo(overrides) })"
  }

  private func write(_ text: String, _ name: String, in folder: ScratchFolder) throws -> String {
    let path = "\(folder.path)/\(name)"
    try PlainFile.write(Array(text.utf8), to: path)
    return path
  }

  /// The error that a file of labels gives.
  private func failure(_ text: String, _ keys: String = "") throws -> String {
    let folder = try ScratchFolder()
    let path = try write(text, "labels.csv", in: folder)
    let error = #expect(throws: StudyError.self) {
      try run(["regimes={file: {path: \(path)\(keys)}}"])
    }
    return "\(try #require(error))".replacing(folder.path + "/", with: "")
  }

  @Test func namesAndSettingsAreTwoForms() throws {
    #expect(try demo([]).regimes == [.bullBear, .volatility])
    #expect(try demo(["regimes=[hmm, trend]"]).regimes == [.hiddenMarkov, .trend])
    #expect(try demo(["regimes={of: IBM}"]).regimes == [.bullBear, .volatility])
    #expect(
      try demo(["regimes={hmm: {states: 3}, trend: {}}"]).regimes == [.trend, .hiddenMarkov])
    // A setting on the command line keeps the names that the file lists.
    let study = try demo(["regimes.of=IBM", "regimes.trend.window=50"])
    #expect(study.regimes == [.bullBear, .volatility] && study.regimeSettings.of == "IBM")
    #expect(try study.classifier(of: .trend).name == "trend 50")
    #expect(try demo(["regimes.by=[trend]"]).regimes == [.trend])
    let model = try #require(
      demo(["regimes={hmm: {states: 3, history: 300, refit: 20}}", "seed=9"])
        .classifier(of: .hiddenMarkov) as? HiddenMarkovRegimes)
    #expect(model.states == 3 && model.minimumHistory == 300 && model.refit == 20)
    #expect(model.seed == 9)
  }

  @Test func mistakesAreNamed() throws {
    #expect(try problems(["regimes=[file]"]).contains("add 'regimes.file' with a 'path'"))
    #expect(try problems(["regimes={by: [moon]}"]).contains("bull-bear"))
    #expect(try problems(["regimes=trend"]).contains("must be a list"))
    #expect(try problems(["regimes={window: 5}"]).contains("unknown key 'window'"))
    #expect(
      try problems(["regimes={hmm: {states: 5, history: 30}}"])
        .contains("5 states need a 'history' of 50 returns or more"))
    #expect(
      try problems(["regimes={file: {path: a.csv, known-from: b, lag: 1}}"])
        .contains("give one"))
    let error = #expect(throws: StudyError.self) { try run(["regimes.of=IBN"]) }
    #expect("\(try #require(error))".contains("'of' names 'IBN', which is not in the data"))
  }

  @Test func aBenchmarkTellsElseEqualParts() throws {
    let held = try run([])
    #expect(held.regimes.allSatisfy { $0.seriesName == "equal parts of 4 instruments" })
    #expect(try run(["benchmark={symbol: MSFT}"]).regimes[0].seriesName == "MSFT")
    let parts = try run(["benchmark={symbol: MSFT}", "regimes.of=equal-parts"])
    #expect(parts.regimes[0].seriesName == "equal parts of 4 instruments")
    #expect(try run(["regimes.of=GOOG"]).regimes[0].seriesName == "GOOG")
    // The parts begin with the first bar of the data, before any decision.
    #expect(held.regimes[0].labels.count == held.market.universe.series[0].count)
  }

  @Test func everyKindSplitsTheWholeRun() throws {
    let outcome = try run(["regimes={by: [bull-bear, volatility, trend, hmm], hmm: {refit: 500}}"])
    #expect(outcome.regimes.count == 4)
    for analysis in outcome.regimes {
      for parts in [analysis.descriptive, analysis.causal] {
        let growth = parts.reduce(1) { $0 * (1 + ($1.totalReturn ?? 0)) }
        let total = 1 + (outcome.metrics.totalReturn ?? .nan)
        #expect(abs(growth / total - 1) < 1e-12, "\(analysis.name)")
        let closed = outcome.result.trades.count { !$0.isOpen }
        #expect(parts.reduce(0) { $0 + $1.tradeCount } == closed, "\(analysis.name)")
        #expect(parts.reduce(0) { $0 + $1.barCount } == outcome.metrics.sample.count)
      }
      let worst = try #require(try analysis.worst())
      let lowest = analysis.causal.prefix(analysis.labels.names.count).compactMap(\.sharpe).min()
      #expect(worst.value == lowest && worst.metric == "sharpe" && worst.barCount > 0)
    }
    let lowest = try outcome.regimes.compactMap { try $0.worst()?.value }.min()
    #expect(outcome.worstRegime?.worst.value == lowest)
  }

  @Test func labelsOfAFileAreReadWithTheirDates() throws {
    let folder = try ScratchFolder()
    let rows = [
      "date,phase,announced", "2008-12-01,bust,2009-02-02", "2010-01-04,boom,2010-03-01",
      "2012-06-01,,2012-06-01", "",
    ]
    let path = try write(rows.joined(separator: "\n"), "phases.csv", in: folder)
    let hindsight = try run(["regimes={file: {path: \(path), label: phase}}"]).regimes[0]
    #expect(hindsight.name == "labels of phases.csv" && hindsight.causal.isEmpty)
    #expect(hindsight.labels.names == ["bust", "boom"] && !hindsight.labels.isKnownAtTheTime)
    #expect(hindsight.descriptive.map(\.name) == ["bust", "boom", "unlabelled"])

    let known = try run(
      ["regimes={file: {path: \(path), label: phase, known-from: announced}}"]
    ).regimes[0]
    #expect(known.labels.descriptive == hindsight.labels.descriptive)
    func first(_ label: Int, in labels: [Int?]) throws -> CivilDate {
      let row = try #require(labels.firstIndex(of: label))
      let series = try StudyMarket(demo(["data.from=2009-01-01"])).universe.series[0]
      return try #require(series.calendar).sessionDate(of: series.closeTimes[row])
    }
    #expect(try first(0, in: known.labels.causal) == CivilDate("2009-02-02"))
    #expect(try first(1, in: known.labels.descriptive) == CivilDate("2010-01-04"))
    #expect(try first(1, in: known.labels.causal) == CivilDate("2010-03-01"))
    let late = try run(["regimes={file: {path: \(path), label: phase, lag: 10}}"]).regimes[0]
    #expect(try first(1, in: late.labels.causal) == CivilDate("2010-01-14"))
  }

  @Test func aColumnOfADataFileIsAFileOfLabels() throws {
    let folder = try ScratchFolder()
    let path = try write(
      "Date;Close;Regime\n2009-01-02 00:00:00;1,5;quiet\n2009-01-05 00:00:00;1,6;loud\n",
      "data.csv", in: folder)
    let analysis = try run(["regimes={file: {path: \(path), lag: 0}}"]).regimes[0]
    #expect(analysis.labels.names == ["quiet", "loud"])
    #expect(analysis.labels.causal.prefix(3) == [0, 1, 1])
  }

  @Test func faultsOfAFileHaveTheirLine() throws {
    #expect(try failure("date,label\n2009-01-02,a\n2009-01-32,b\n").hasPrefix("labels.csv:3:1: "))
    #expect(
      try failure("date,label\n2009-01-05,a\n2009-01-02,b\n")
        .contains("labels.csv:3: E_DATA_ORDER: the date 2009-01-02 comes before 2009-01-05"))
    #expect(
      try failure("date,label\n2009-01-05,a\n2009-01-05,b\n").contains("labels.csv:3: E_DATA_DUP"))
    #expect(try failure("date,label\n2009-01-05\n").contains("labels.csv:2: E_DATA_ROW"))
    #expect(try failure("date,label\n").contains("there are no labels"))
    #expect(try failure("").contains("the file is empty"))
    #expect(
      try failure("date,close\n2009-01-05,1\n")
        .contains("no column \"label\"; the columns are \"date\", \"close\"; name it by 'label'"))
    #expect(try failure("date,label\n2009-01-05,a\n", ", known-from: seen").contains("\"seen\""))
    let days = (0..<80).map { "\(CivilDate("2009-01-05")!.adding(days: $0)),x\($0)\n" }
    #expect(
      try failure("date,label\n" + days.joined()).contains("labels.csv:66: E_DATA_HEADER"))
    let error = #expect(throws: StudyError.self) {
      try run(["regimes={file: {path: /nowhere/labels.csv}}"])
    }
    #expect("\(try #require(error))".hasPrefix("/nowhere/labels.csv: E_DATA_FILE"))
  }
}

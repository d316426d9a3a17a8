import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestReports
@testable import BacktestStudies
import Strategies
import TestSupport
import Testing

/// Factors of a study, which explain its returns.
struct StudyFactorsTests {
  /// Prices of 400 weekdays, and the daily returns of the share and of noise in a file of factors.
  private func folder(unit: Double) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    var random = Randomness(seed: 3, stream: "factors")
    var prices = "date,open,high,low,close,volume\n"
    var factors = "Date,SHARE,NOISE,RF\n"
    var date = CivilDate(unchecked: 2020, 1, 1)
    var close = 100.0
    for _ in 0..<400 {
      repeat { date = date.adding(days: 1) } while [.saturday, .sunday].contains(date.weekday)
      let change = 0.01 * (random.nextUnit() - 0.48)
      let open = close
      close *= 1 + change
      prices += "\(date),\(open),\(max(open, close)),\(min(open, close)),\(close),9\n"
      factors +=
        "\(date),\((change - 0.0001) / unit),\(0.01 * (random.nextUnit() - 0.5) / unit),"
      factors += "\(0.0001 / unit)\n"
    }
    try FileBytes.write(prices, to: folder.path + "/A.csv")
    try FileBytes.write(factors, to: folder.path + "/factors.csv")
    return folder
  }

  private func outcome(_ folder: ScratchFolder, _ changes: String...) throws -> StudyOutcome {
    let text = """
      strategy: {name: buy-and-hold}
      account: {cash: 1000000}
      execution: {fill: same-close}
      data: {calendar: weekdays, files: [{path: A.csv, lot: fractional}]}
      factors: {path: factors.csv, unit: percent, risk-free: RF}
      """
    let document = try DocumentReader.read(Array(text.utf8), name: "s.yaml", format: .yaml)
    let study = try Study(
      document: document, folder: folder.path, overrides: changes, catalogue: .standard)
    return try StudyRunner.quick(study).run()
  }

  @Test(arguments: [[], ["data.resample=1w"]])
  func aShareThatIsHeldIsItsOwnFactor(changes: [String]) throws {
    let folder = try folder(unit: 0.01)
    let outcome = try changes.isEmpty ? outcome(folder) : outcome(folder, changes[0])
    let regression = try #require(outcome.factorRegression)
    #expect(regression.factors.map(\.name) == ["SHARE", "NOISE"])
    // Excess of the share over the rate, compounded over a week where bars are weeks.
    #expect(abs(regression.factors[0].value - 1) < 0.01)
    #expect(abs(regression.factors[1].value) < 0.01)
    #expect(abs(regression.alpha.value) < 1e-4)
    #expect(regression.rSquared > 0.999)
    #expect(regression.count == outcome.metrics.sample.count)
  }

  @Test func columnsLagsAndTheRateCanBeChosen() throws {
    let folder = try folder(unit: 1)
    let changes = ["factors={path: factors.csv, values: [NOISE], lags: 3}", "risk-free=0.02"]
    let regression = try #require(
      try outcome(folder, changes[0], changes[1]).factorRegression)
    #expect(regression.factors.map(\.name) == ["NOISE"] && regression.lags == 3)
    #expect(regression.rSquared < 0.05)
    let report = String(decoding: try outcome(folder, changes[0]).report().bytes(), as: UTF8.self)
    #expect(report.contains("Regression of excess returns on the factors"))
  }

  @Test(arguments: [
    ("factors={path: none.csv}", "none.csv"),
    ("factors={path: factors.csv, unit: fraction}", "add 'unit: percent' to 'factors'"),
    ("factors={path: factors.csv, unit: percent, risk-free: RATE}", "no column 'RATE'"),
    ("factors={path: factors.csv, unit: percent, values: [HML]}", "no column \"HML\""),
    ("factors={path: A.csv}", "add 'unit: percent'"),
  ])
  func whatCannotBeUsedIsRefused(change: String, reason: String) throws {
    let folder = try folder(unit: 0.001)
    do {
      _ = try outcome(folder, change)
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
    }
  }

  @Test func factorsOfAnotherTimeAreRefused() throws {
    let folder = try folder(unit: 0.01)
    try FileBytes.write(
      "Date,MKT\n2001-01-02,0.1\n2001-01-03,0.2\n", to: folder.path + "/factors.csv")
    do {
      _ = try outcome(folder, "factors={path: factors.csv, unit: percent}")
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains("the dates 2001-01-02 to 2001-01-03"), "\(error)")
    }
  }
}

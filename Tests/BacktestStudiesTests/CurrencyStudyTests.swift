import BacktestCore
import BacktestFiles
import BacktestKit
@testable import BacktestStudies
import Strategies
import TestSupport
import Testing

/// Instruments in other currencies, as a study gives them and a result folder shows them.
struct CurrencyStudyTests {
  private func csv(_ closes: [Double]) -> String {
    let days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
    return "date,open,high,low,close\n"
      + zip(days, closes).map { "\($0),\($1),\($1),\($1),\($1)\n" }.joined()
  }

  private func study(_ folder: ScratchFolder, account: String, rates: String) throws -> Study {
    try FileBytes.write(csv([100, 100, 110, 120]), to: folder.path + "/SIE.csv")
    try FileBytes.write(csv([1.10, 1.20, 1.25, 1.15]), to: folder.path + "/eurusd.csv")
    let text = """
      strategy: {name: buy-and-hold}
      warmup: 0
      data: {calendar: weekdays, files: [{path: SIE.csv, currency: EUR}]\(rates)}
      account: {cash: 10000\(account)}
      """
    try FileBytes.write(text, to: folder.path + "/study.yaml")
    return try Study(path: folder.path + "/study.yaml", catalogue: .standard)
  }

  @Test func aResultShowsCurrenciesAndRates() throws {
    let folder = try ScratchFolder()
    let study = try study(folder, account: ", fx-cost: 2", rates: ", rates: eurusd.csv")
    let outcome = try StudyRunner.quick(study).run()
    let out = try ScratchFolder()
    let written = try outcome.write(to: out.path)
    // 10,000 USD buy 90 shares at 110 USD, decided at 1.10 and filled at the next open, whose last
    // known rate is 1.10 still: 9,900 USD and 1.98 for the conversion.
    let ledger = try #require(out.text("ledger.csv")).split(separator: "\n")
    #expect(ledger[0] == "time,kind,amount,symbol,order,currency,rate")
    #expect(ledger[2].contains(",trade,-9900") && ledger[2].hasSuffix(",SIE,1,EUR,1.1"))
    #expect(ledger[3].contains(",conversion,-1.98"))
    let fills = try #require(out.text("fills.csv")).split(separator: "\n")
    #expect(fills[0].hasSuffix(",intrabar,currency,rate,conversion"))
    #expect(try #require(out.text("positions.csv")).contains(",EUR,1.1"))
    #expect(written.setting("account.fx") == .choice("convert"))
    #expect(written.setting("account.fx-cost") == .number(2))
    #expect(written.data.map(\.symbol) == ["SIE", "eurusd"])
    let assumptions = outcome.study.configuration.assumptions
    #expect(assumptions.contains { $0.label == "Currencies" && $0.text.contains("2 basis points") })
    // 90 x 120 x 1.15 = 12,420, and 98.02 of cash.
    #expect(agrees(outcome.result.account.equity, 12_518.02, within: 1e-12))
    let attribution = ProfitAttribution(outcome.result)
    // Rates: 9,000 EUR x 0.10, 9,000 x 0.05, and 9,900 EUR x -0.10 from 1.25 to 1.15 at close 3,
    // before which the price moved to 110 and then 120: 900 + 450 - 1,080.
    #expect(
      agrees(attribution.components.first { $0.name == "fx" }?.amount ?? 0, 315, within: 1e-9))
    #expect(
      agrees(attribution.components.reduce(0) { $0 + $1.amount }, 2_518.02, within: 1e-12))
  }

  @Test func aCurrencyWithoutRatesIsRefused() throws {
    let folder = try ScratchFolder()
    let error = try #require(throws: StudyError.self) {
      try StudyRunner.quick(study(folder, account: "", rates: "")).run()
    }
    #expect("\(error)".contains("SIE is quoted in EUR") && "\(error)".contains("'data.rates'"))
  }

  @Test func aPolicyTradesTheAccountsCurrencyOnly() throws {
    let file = "data.files=[{path: ../prices/sp500.csv, symbol: SPX, currency: EUR}]"
    let error = try #require(throws: DocumentError.self) {
      try Study(
        path: Fixture.path("studies/policy.yaml"), overrides: [file], catalogue: .standard)
    }
    #expect("\(error)".contains("quoted in EUR, but a policy trades"))
  }
}

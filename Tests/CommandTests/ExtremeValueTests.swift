import BacktestKit
import Testing

/// Values at the end of what a study accepts end in a result or in a message, never in a crash.
struct ExtremeValueTests {
  @Test func nothingCrashes() throws {
    let folder = try SampleStudy.folder()
    let most = "9223372036854775807"
    let overrides = [
      "warmup=\(most)", "seed=\(most)", "walk-forward.skip=\(most)", "walk-forward.gap=\(most)",
      "walk-forward.train=\(most)", "walk-forward.test=\(most)", "walk-forward.train=1000000y",
      "walk-forward.search=\(most)", "data.files[0].tick=1e-300", "data.files[0].tick=1e300",
      "data.files[0].multiplier=1e300", "data.files[0].lot=1e-300", "account.cash=1e308",
      "account.leverage=1e300", "execution.slippage.basis-points=1e300",
      "execution.commission={per-order: 1e300}", "execution.latency=1000000h",
      "execution={limit-fill: through, through-ticks: \(most)}", "execution.participation=1e-9",
      "data.from=0001-01-01", "data.to=9999-12-31", "data.from=9999-12-31", "data.resample=1y",
    ]
    let jobs = try overrides.map { override in
      try BuiltProgram.start(
        ["walkforward", "study.yaml", "-q", "--threads", "1", "--set", override, "--out", "out"],
        in: folder)
    }
    for (override, job) in zip(overrides, jobs) {
      let ended = try job.finish()
      #expect(ended.status == 0 || ended.status == 2, "\(override): \(ended)")
      #expect((ended.status == 0) == ended.errors.isEmpty, "\(override): \(ended)")
      #expect(ended.output == "", "\(override)")
    }
    #expect(folder.names("out").allSatisfy { !$0.hasSuffix(".partial") })
  }

  /// Prices from 1e-200 to 1e200: equity leaves the numbers that there are.
  @Test(arguments: [
    ["run"], ["walkforward"], ["walkforward", "--set", "walk-forward.carry=returns"],
  ])
  func immensePricesEndTheRunAndNotTheProgram(arguments: [String]) throws {
    let folder = try SampleStudy.folder()
    var rows = "date,open,high,low,close,volume\n"
    for row in 0..<400 {
      let date = CivilDate("2010-01-01")!.adding(days: row)
      let price = "1e\(row - 200)"
      rows += "\(date),\(price),\(price),\(price),\(price),1\n"
    }
    try folder.write(rows, to: "immense.csv")
    try folder.write(
      """
      data:
        calendar: 24x7
        files: [{path: immense.csv, symbol: X, asset-class: crypto}]
      strategy: {name: sma-crossover}
      walk-forward: {train: 60, test: 40, skip: 8, grid: {fast: [2], slow: [5]}}
      """, to: "immense.yaml")
    let ended = try BuiltProgram.start(
      arguments + ["immense.yaml", "--set", "account.cash=1e120", "--out", "out"], in: folder
    ).finish()
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    let found = ended.output.contains("The run ended on 20")
    #expect(found && ended.output.contains("equity grew beyond the largest number"), "\(ended)")
  }
}

@testable import BacktestKit
import Foundation
import Testing

/// The files of a result: complete, the same each time, free of machine paths, readable back.
struct ResultFileTests {
  private static let tables = [
    "equity.csv", "fills.csv", "ledger.csv", "order-events.csv", "orders.csv", "positions.csv",
    "regimes.csv", "report.html", "result.json", "trades.csv",
  ]

  @Test func allFilesAreThereAndTheSameTwice() throws {
    let folder = try SampleStudy.folder()
    for out in ["one", "two"] {
      let ended = try BuiltProgram.run("run", "study.yaml", "--out", out, in: folder)
      #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    }
    #expect(folder.names("one") == Self.tables)
    #expect(try folder.files("one") == folder.files("two"))
    for out in ["three", "four"] {
      let ended = try BuiltProgram.run("walkforward", "study.yaml", "--out", out, in: folder)
      #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    }
    #expect(folder.names("three") == (Self.tables + ["folds.csv", "candidates.csv"]).sorted())
    #expect(try folder.files("three") == folder.files("four"))
  }

  @Test func aRunTakesTheFoldsOfAnEarlierWalkForwardAway() throws {
    let folder = try SampleStudy.folder()
    for command in ["walkforward", "run"] {
      let ended = try BuiltProgram.run(command, "study.yaml", "-q", "--out", "out", in: folder)
      #expect(ended.status == 0)
      #expect(folder.exists("out/folds.csv") == (command == "walkforward"))
      try folder.write("mine", to: "out/notes.txt")
    }
    #expect(folder.names("out") == (Self.tables + ["notes.txt"]).sorted())
  }

  /// What the record says is what the tables and the program say.
  @Test func theRecordReadsBack() throws {
    let folder = try SampleStudy.folder()
    let ended = try BuiltProgram.run(
      "walkforward", "study.yaml", "--out", "out", "--json", in: folder)
    #expect(ended.output == (try folder.text("out/result.json")))
    let record = try ResultRecord(path: folder.path + "/out/result.json")
    #expect(record.kind == .walkForward && record.strategy == "sma-crossover")
    #expect(record.name == "Two shares" && record.studyFolder == "..")
    #expect(record.data.map(\.symbol) == ["AAA", "BBB"])
    #expect(record.data.map(\.path) == ["prices/a.csv", "prices/b.csv"])
    for file in record.data {
      let bytes = try folder.bytes(file.path)
      #expect(file.byteCount == bytes.count && file.barCount == 260 && file.prices == "raw")
      let shown = try Shell.output("sha256sum < '\(folder.path)/\(file.path)'")
      #expect(shown.hasPrefix(file.sha256) && file.sha256.count == 64)
    }
    func rows(_ name: String) throws -> Int {
      try folder.text("out/\(name).csv").split(separator: "\n").count - 1
    }
    #expect(record.counts.orders == (try rows("orders")))
    #expect(record.counts.fills == (try rows("fills")))
    #expect(record.counts.trades == (try rows("trades")))
    #expect(record.returnCount == (try rows("equity")) - 1)
    let last = try folder.text("out/equity.csv").split(separator: "\n").last?.split(separator: ",")
    #expect(Double(last?[1] ?? "") == record.finalEquity)

    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any])
    #expect(json["fingerprint"] as? String == record.fingerprint)
    #expect((json["metrics"] as? [String: Any])?.count == record.metrics.count)
    #expect(record.metrics.count > 50)
    // The standard library reads a number to the last bit; Foundation does not.
    let lines = ended.output.split(separator: "\n")
    for metric in record.metrics {
      let line = try #require(lines.first { $0.hasPrefix("    \"\(metric.name)\": ") })
      let text = line.split(separator: " ")[1].prefix { $0 != "," }
      #expect(Double(text)?.bitPattern == metric.value.bitPattern, "\(metric.name)")
    }
    #expect(record["sharpe"] != nil && record["no such"] == nil)
  }

  @Test func theRulesInEffectAreRecorded() throws {
    let folder = try SampleStudy.folder()
    let words = ["--out", "out", "-q"]
    _ = try BuiltProgram.run(["walkforward", "study.yaml"] + words, in: folder)
    let record = try ResultRecord(path: folder.path + "/out/result.json")
    let expected: [String: ParameterValue] = [
      "account.cash": 100_000.0, "account.currency": "USD", "account.funding": "cash",
      "account.accounting.rule": "orders", "decide": "each-close",
      "execution.fill": "next-open", "execution.limit-fill": "touch",
      "execution.gap-improvement": true, "execution.intrabar-path": "pessimistic",
      "execution.latency-seconds": 0.0, "execution.size-at": "decision",
      "execution.trail": "closed-bars",
      "execution.on-shortfall": "cut", "execution.on-series-end": "hold",
      "execution.slippage.model": "basis-points", "execution.slippage.basis-points": 2.0,
      "execution.commission.model": "per-share", "execution.commission.per-share": 0.005,
      "execution.commission.minimum-per-order": 1.0, "risk-free": 0.0, "seed": 0,
      "parameters.fast": 5, "parameters.slow": 20, "parameters.weight": 0.5,
      "parameters.short": false, "walk-forward.train": 80, "walk-forward.test": 40,
      "walk-forward.anchored": false, "walk-forward.gap": 0, "walk-forward.gap-from": "train",
      "walk-forward.tail": "drop", "walk-forward.skip": 20, "walk-forward.objective": "sharpe",
      "walk-forward.search": "grid", "walk-forward.carry": "equity",
      "walk-forward.boundary": "liquidate", "walk-forward.grid.fast[0]": 3,
      "walk-forward.grid.fast[1]": 5, "walk-forward.grid.slow[0]": 10,
      "walk-forward.grid.slow[1]": 20,
    ]
    for (key, value) in expected { #expect(record.setting(key) == value, "\(key)") }
    #expect(record.configuration.count == expected.count)

    let changes = [
      "account.leverage=2", "execution={slippage: {square-root: 0.5}, commission: {per-order: 3}}",
      "execution.limit-fill=through", "execution.participation=0.25", "execution.latency=250ms",
      "warmup=30", "risk-free=0.02", "seed=7",
    ]
    _ = try BuiltProgram.run(
      ["run", "study.yaml"] + words + changes.flatMap { ["--set", $0] }, in: folder)
    let changed = try ResultRecord(path: folder.path + "/out/result.json")
    let others: [String: ParameterValue] = [
      "account.funding": "margin", "account.leverage": 2.0,
      "execution.slippage.model": "square-root", "execution.slippage.square-root": 0.5,
      "execution.commission.model": "per-order", "execution.commission.per-order": 3.0,
      "execution.limit-fill": "through", "execution.through-ticks": 1,
      "execution.participation": 0.25, "execution.latency-seconds": 0.25, "warmup": 30,
      "risk-free": 0.02, "seed": 7,
    ]
    for (key, value) in others { #expect(changed.setting(key) == value, "\(key)") }
  }

  @Test func aTreeThatMovesKeepsItsLinks() throws {
    let folder = try SampleStudy.folder()
    for name in ["study.yaml", "prices/a.csv", "prices/b.csv"] {
      try folder.write(try folder.bytes(name), to: "tree/studies/\(name)")
    }
    try folder.write("", to: "elsewhere/file")
    #expect(
      try BuiltProgram.run(
        "run", "tree/studies/study.yaml", "--out", "tree/results/x", "-q", in: folder
      ).status == 0)
    let text = try folder.text("tree/results/x/result.json")
    #expect(!text.contains(folder.path) && !text.contains("tree"))
    let record = try ResultRecord(path: folder.path + "/tree/results/x/result.json")
    #expect(record.studyFolder == "../../studies")
    try FileManager.default.moveItem(
      atPath: folder.path + "/tree", toPath: folder.path + "/elsewhere/other")
    let ended = try BuiltProgram.run(
      "run", "elsewhere/other/results/x/result.json", "--expect", record.fingerprint, in: folder)
    #expect(ended.status == 0, "\(ended)")
    #expect(ended.output.hasSuffix("Reproduced: the fingerprint is the expected one.\n"))
    #expect(!folder.exists("Reports"))
  }

  /// Results on another disk, reached through a link, still find the study.
  @Test func aLinkedFolderKeepsItsLinks() throws {
    let folder = try SampleStudy.folder()
    try folder.write("", to: "disk/deep/file")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/Reports", withDestinationPath: "disk/deep")
    #expect(try BuiltProgram.run("run", "study.yaml", "-q", in: folder).status == 0)
    let record = try ResultRecord(path: folder.path + "/Reports/study-run/result.json")
    #expect(record.studyFolder == "../../..")
    let ended = try BuiltProgram.run(
      "run", "Reports/study-run/result.json", "--expect", record.fingerprint, in: folder)
    #expect(ended.status == 0, "\(ended)")
  }

  @Test func anOutputFolderCountsFromTheStudy() throws {
    let folder = try SampleStudy.folder()
    for name in ["study.yaml", "prices/a.csv", "prices/b.csv"] {
      try folder.write(try folder.bytes(name), to: "below/\(name)")
    }
    let ended = try BuiltProgram.run(
      "run", "below/study.yaml", "--set", "output.folder=mine", in: folder)
    #expect(ended.output.hasSuffix("\nReport: below/mine/report.html\n"))
    #expect(folder.exists("below/mine/result.json"))
  }
}

/// A command of the shell, for what the system's own tools say.
enum Shell {
  static func output(_ command: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "export BACKTESTKIT_STORE=none; \(command)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}

@testable import BacktestKit
import Foundation
import Testing

/// The command `gate` as a process: exit codes, formats, and files whole or not at all.
struct GateCommandTests {
  /// Rules that the sample study passes.
  private static let good = """
    rules:
      - {what: trades, min: 5}
      - {what: drawdown, max: 0.9}
    reproducible: true
    limits: [ruined]

    """

  private static func folder(_ rules: String = good) throws -> WorkFolder {
    let folder = try SampleStudy.folder(withRegimes: false)
    try folder.write(rules, to: "gate.yaml")
    return folder
  }

  private static func gate(
    _ words: String..., in folder: WorkFolder
  ) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(["gate"] + words, in: folder)
  }

  @Test func aGatePassesOrFails() throws {
    let folder = try Self.folder()
    let before = folder.listing
    let passed = try Self.gate("study.yaml", "--rules", "gate.yaml", in: folder)
    #expect(passed.status == 0 && passed.errors == "", "\(passed)")
    #expect(passed.output.hasSuffix("\nGate passed.\n"))
    try folder.write("rules: [{what: trades, min: 500}, {what: sharpe, max: 9}]\n", to: "b.yaml")
    let failed = try Self.gate("study.yaml", "--rules", "b.yaml", in: folder)
    #expect(failed.status == 1 && failed.errors == "")
    #expect(failed.output.hasSuffix("\nGate failed: 1 of 2 rules.\n"))
    #expect(failed.output.contains("failed  trades at least 500"))
    #expect(folder.listing.subtracting(before).allSatisfy { $0.hasSuffix(" b.yaml") })
    let quiet = try Self.gate("study.yaml", "--rules", "b.yaml", "-q", in: folder)
    #expect(quiet.status == 1 && quiet.output == "" && quiet.errors == "")
  }

  @Test func theStudysOwnRulesHoldUnlessOthersAreGiven() throws {
    let folder = try Self.folder()
    try folder.write(
      SampleStudy.plain + "gate: {rules: [{what: trades, min: 500}]}\n", to: "own.yaml")
    #expect(try Self.gate("own.yaml", in: folder).status == 1)
    #expect(try Self.gate("own.yaml", "--rules", "gate.yaml", in: folder).status == 0)
    // Without rules it is the default gate, which no study passes by luck.
    let standard = try Self.gate("study.yaml", in: folder)
    #expect(standard.status == 1 && standard.output.contains("dsr at least 0.95"))
  }

  @Test func aResultIsJudgedAsItIsStored() throws {
    let folder = try Self.folder()
    for command in ["run", "walkforward"] {
      let made = try BuiltProgram.run(command, "study.yaml", "--out", command, "-q", in: folder)
      #expect(made.status == 0)
      let json = "\(command)/result.json"
      let passed = try Self.gate(json, "--rules", "gate.yaml", in: folder)
      #expect(passed.status == 0, "\(passed)")
      let named = try Self.gate(command, "--rules", "gate.yaml", in: folder)
      #expect(named.status == 0 && named.output == passed.output, "\(named)")
      // Nothing is run again, so nothing shows that it reproduces.
      let stored = try Self.gate(json, "--rules", "gate.yaml", "--no-rerun", in: folder)
      #expect(stored.status == 1)
      #expect(stored.output.contains("no value: the study was not run again"))
      // Another fingerprint is more than a rule that fails.
      let text = try folder.text(json)
      let record = try ResultRecord(path: "\(folder.path)/\(json)")
      let other = String(repeating: "0", count: 32)
      try folder.write(text.replacing(record.fingerprint, with: other), to: json)
      let changed = try Self.gate(json, "--rules", "gate.yaml", in: folder)
      #expect(changed.status == 3 && changed.output.contains("when it ran again, not \(other)"))
    }
  }

  /// The count of trials is part of what a result holds.
  @Test func storedTrialsAreJudgedWithoutARun() throws {
    let folder = try Self.folder("rules: [{what: trials, min: 1, max: 1}]\n")
    let gate = ["run/result.json", "--rules", "gate.yaml", "--no-rerun"]
    for (store, reason) in [("runs.sqlite", nil), ("none", "the trials are not counted")] {
      _ = try BuiltProgram.run(
        "run", "study.yaml", "--out", "run", "-q", "--store", store, in: folder)
      let ended = try BuiltProgram.run(["gate"] + gate, in: folder)
      #expect(ended.status == (reason == nil ? 0 : 1), "\(ended)")
      #expect(reason.map(ended.output.contains) ?? true, "\(ended)")
    }
  }

  @Test func figuresThatWereNotMeasuredFail() throws {
    let folder = try Self.folder()
    _ = try BuiltProgram.run("run", "study.yaml", "--out", "run", "-q", in: folder)
    for (rule, reason) in [
      ("{what: efficiency, min: -9}", "the result is no walk-forward"),
      ("{what: profitable-folds, min: 0.1}", "the result is no walk-forward"),
      ("{what: trade-count, min: 1, of: lower-95}", "it has no 95 % interval"),
      ("{what: pbo, max: 0.5}", "no search was made"),
    ] {
      try folder.write("rules: [\(rule)]\n", to: "gate.yaml")
      let ended = try Self.gate("run/result.json", "--rules", "gate.yaml", in: folder)
      #expect(ended.status == 1 && ended.output.contains("no value: \(reason)"), "\(ended)")
    }
    try folder.write("lookahead: none\n", to: "gate.yaml")
    let stored = try Self.gate(
      "run/result.json", "--rules", "gate.yaml", "--no-rerun", in: folder)
    #expect(stored.status == 1 && stored.output.contains("the study was not run again"))
  }

  /// What a result says of itself counts only as far as its run shows the same.
  @Test func anEditedResultDoesNotPass() throws {
    let folder = try Self.folder("reproducible: true\nrules: [{what: sharpe, min: 5}]\n")
    _ = try BuiltProgram.run("run", "study.yaml", "--out", "run", "-q", in: folder)
    let record = try ResultRecord(path: "\(folder.path)/run/result.json")
    let sharpe = "\"sharpe\": \(try #require(record["sharpe"]))"
    let text = try folder.text("run/result.json")
    #expect(text.contains(sharpe))
    try folder.write(text.replacing(sharpe, with: "\"sharpe\": 9.5"), to: "run/result.json")
    let ended = try Self.gate("run/result.json", "--rules", "gate.yaml", in: folder)
    #expect(ended.status == 3, "\(ended)")
    #expect(ended.output.contains("the result says sharpe 9.5, and the run gives"), "\(ended)")
    #expect(ended.output.contains("has to rise by"), "\(ended)")
    // Without its limits nobody knows that it has none.
    try folder.write("limits: [ruined]\n", to: "gate.yaml")
    try folder.write(text.replacing("\"limits\":", with: "\"others\":"), to: "run/result.json")
    let blank = try Self.gate("run/result.json", "--rules", "gate.yaml", in: folder)
    #expect(blank.status == 2 && blank.errors.contains("'limits' must be a list"), "\(blank)")
  }

  @Test func aBaselineIsComparedWith() throws {
    let folder = try Self.folder("rules: [{what: sharpe, worse-by: 0}]\n")
    _ = try BuiltProgram.run("walkforward", "study.yaml", "--out", "old", "-q", in: folder)
    let old = "old/result.json"
    let inFolder = try Self.gate(
      "study.yaml", "--rules", "gate.yaml", "--baseline", "old", in: folder)
    #expect(inFolder.status == 0 && !inFolder.output.contains("other rules"), "\(inFolder)")
    let same = try Self.gate(
      "study.yaml", "--rules", "gate.yaml", "--baseline", old, in: folder)
    #expect(same.status == 0 && same.output.contains("baseline \(old), from "), "\(same)")
    // The path of a baseline in a file of rules counts from its folder.
    try folder.write(
      "baseline: ../old/result.json\nrules: [{what: sharpe, worse-by: 0}]\n",
      to: "rules/gate.yaml")
    #expect(try Self.gate("study.yaml", "--rules", "rules/gate.yaml", in: folder).status == 0)
    // Costs are all that differs.
    let worse = try Self.gate(
      "study.yaml", "--rules", "gate.yaml", "--baseline", old, "--set",
      "execution.slippage.basis-points=40", in: folder)
    #expect(worse.status == 1 && worse.output.contains("has to rise by"), "\(worse)")
    let changed = "; run by other rules: execution.slippage.basis-points 2 before and 40 now\n"
    #expect(worse.output.contains(changed), "\(worse)")
    let standard = try Self.gate("study.yaml", "--baseline", old, in: folder)
    for name in ["cagr", "sharpe", "max-drawdown"] {
      #expect(standard.output.contains("\(name) not worse than the baseline by more than 10%"))
    }
  }

  /// What the gate tries to find out how likely overfitting is are trials, too.
  @Test func theCandidatesOfASearchAreTrials() throws {
    let folder = try Self.folder("rules: [{what: dsr, min: 0.01}, {what: trials, min: 1}]\n")
    try folder.write(
      SampleStudy.plain.replacing("walk-forward:\n  train: 80\n  test: 40\n", with: "sweep:\n"),
      to: "sweep.yaml")
    let words = ["sweep.yaml", "--rules", "gate.yaml", "--store", "runs.sqlite"]
    let ended = try BuiltProgram.run(["gate"] + words, in: folder)
    // Four sets, of which the study's own is counted from its own first decision, too.
    #expect(ended.output.contains("by 5 trials, "), "\(ended)")
    let store = try BuiltProgram.run("runs", "list", "--store", "runs.sqlite", in: folder)
    #expect(store.status == 0, "\(store)")
    let again = try BuiltProgram.run(["gate"] + words, in: folder)
    #expect(again.output.contains("by 5 trials, "), "\(again)")
  }

  @Test func formats() throws {
    let folder = try Self.folder(
      "rules: [{what: trades, min: 500}, {what: drawdown, max: 0.9}]\n")
    let ended = try Self.gate("study.yaml", "--rules", "gate.yaml", "--out", "out", in: folder)
    #expect(ended.status == 1)
    let names = [
      "gate.github.txt", "gate.html", "gate.json", "gate.junit.xml", "gate.md", "gate.txt",
    ]
    #expect(folder.names("out") == names)
    let formats = ["github", "html", "json", "junit", "markdown", "text"]
    for (name, format) in zip(names, formats) {
      let printed = try Self.gate(
        "study.yaml", "--rules", "gate.yaml", "--format", format, in: folder)
      #expect(printed.status == 1 && printed.errors == "")
      #expect(printed.output == (try folder.text("out/\(name)")), "\(format)")
    }
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(folder.bytes("out/gate.json")))
        as? [String: Any])
    #expect(json["verdict"] as? String == "failed")
    let rules = try #require(json["rules"] as? [[String: Any]])
    #expect(rules.map { $0["verdict"] as? String } == ["failed", "passed"])
    let (value, bound) = (rules[0]["value"] as? Double, rules[0]["bound"] as? Double)
    #expect(bound == 500 && rules[0]["margin"] as? Double == (value ?? 0) - 500)
    #expect((rules[0]["place"] as? [String: Any])?["line"] as? Int == 1)
    let lines = try folder.text("out/gate.github.txt").split(separator: "\n")
    #expect(lines.count == 2 && lines[1].hasPrefix("::notice title=Gate::Gate failed"))
    #expect(
      lines[0].hasPrefix(
        "::error file=gate.yaml,line=1,title=Gate%3A trades at least 500::Two shares: value "))
    try checkJUnit("out/gate.junit.xml", in: folder)
  }

  /// By the schema where there is a tool for it, else by a parser.
  private func checkJUnit(_ name: String, in folder: WorkFolder) throws {
    let file = "\(folder.path)/\(name)"
    let schema = CommandFixture.path("gate/junit.xsd")
    let said = try Shell.output(
      "if command -v xmllint >/dev/null; then xmllint --noout --schema '\(schema)' '\(file)'; "
        + "else python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' '\(file)' "
        + "&& echo '\(file) validates'; fi")
    #expect(said == "\(file) validates\n")
  }

  /// Names of a study and of a file that mean something in XML, Markdown or workflow commands.
  @Test func hostileNames() throws {
    let folder = try Self.folder()
    let name = "a<b>&\\\"|`%%0A\\n::error::x\\u0007]]> @all *b*"
    try folder.write(
      SampleStudy.plain.replacing("name: Two shares", with: "name: \"\(name)\""),
      to: "study.yaml")
    try folder.write("rules: [{what: trades, min: 500}]\n", to: "ga,te:%.yaml")
    let ended = try Self.gate("study.yaml", "--rules", "ga,te:%.yaml", "-o", "out", in: folder)
    #expect(ended.status == 1, "\(ended)")
    try checkJUnit("out/gate.junit.xml", in: folder)
    let lines = try folder.text("out/gate.github.txt").split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("::") })
    #expect(lines[0].hasPrefix("::error file=ga%2Cte%3A%25.yaml,line=1,title=Gate%3A trades at"))
    #expect(lines[0].contains("::a<b>&\"|`%25%250A%0A::error::x"))
    let markdown = try folder.text("out/gate.md").split(separator: "\n")
    #expect(
      markdown[0].contains(#"a&lt;b&gt;&amp;"\|\`%%0A ::error::x\#u{FFFD}\]\]&gt; &#64;all \*b\*"#))
    // The heading, what was judged, the head of the table, and a rule.
    #expect(markdown.count == 5 && markdown[4].hasPrefix("| failed | trades at least 500 | "))
    #expect(!ended.output.contains("\u{7}") && ended.output.contains("\\n::error"))
  }

  @Test func filesAreWholeOrNotThere() throws {
    let folder = try Self.folder()
    try folder.write("kept", to: "out/other.txt")
    #expect(
      try Self.gate("study.yaml", "--rules", "gate.yaml", "-o", "out", in: folder).status == 0)
    #expect(folder.names("out").count == 7)
    let before = try folder.files("out")
    // Rules that are wrong, and a folder that is none, change nothing.
    try folder.write("rules: []\n", to: "bad.yaml")
    #expect(
      try Self.gate("study.yaml", "--rules", "bad.yaml", "-o", "out", in: folder).status == 2)
    #expect(try folder.files("out") == before)
    let noFolder = try Self.gate(
      "study.yaml", "--rules", "gate.yaml", "-o", "study.yaml/out", in: folder)
    #expect(noFolder.status == 2 && noFolder.errors.split(separator: "\n").count == 1)
    let json = "{\"reproducible\": true}"
    try folder.write(json, to: "out/gate.json")
    let own = try Self.gate("study.yaml", "--rules", "out/gate.json", "-o", "out", in: folder)
    #expect(own.status == 2 && own.errors.contains("it is one of the files that are read"))
    #expect(try folder.text("out/gate.json") == json)
  }
}

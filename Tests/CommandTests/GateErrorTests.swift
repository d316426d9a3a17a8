import Foundation
import Testing

/// Rules and baselines that cannot be used: one clear line each, and exit status 2.
struct GateErrorTests {
  /// A file of rules and what is said about it.
  @Test(arguments: [
    (
      "rules: [{what: sharp, min: 1}]",
      "gate.yaml:1:16: 'rules[0].what' must be the name of a metric or of another figure that a "
        + "gate can judge, not the text 'sharp'; did you mean 'sharpe'?"
    ),
    (
      "rules:\n  - {what: sharpe, min: 1, max: 0}",
      "gate.yaml:2:5: the minimum 1.0 of sharpe is above its maximum 0.0; exchange them"
    ),
    (
      "rules: [{what: sharpe}]",
      "gate.yaml:1:9: the rule about sharpe has no bound; give 'min', 'max' or 'worse-by'"
    ),
    (
      "lookahead: ~",
      "gate.yaml:1:12: 'lookahead' has no value; give one, or remove the key"
    ),
    (
      "rules: [{what: sharpe, min: null, max: 3}]",
      "gate.yaml:1:29: 'min' has no value; give one, or remove the key"
    ),
    (
      "rules: [{what: max-drawdown, max: 0.35}]",
      "gate.yaml:1:9: the bound 0.35 decides nothing: max-drawdown is never above 0; give a "
        + "minimum below 0, or bound 'drawdown' by a maximum"
    ),
    (
      "rules: [{what: pbo, max: 20}]",
      "gate.yaml:1:9: the bound 20 decides nothing: pbo is from 0 to 1"
    ),
    ("", "gate.yaml:2:1: the document is empty"),
    ("{}", "gate.yaml:1:1: the gate has no rules; give 'rules', 'lookahead: none', "),
    ("reproducible: false", "gate.yaml:1:1: the gate has no rules; give 'rules', "),
    (
      "rules: []",
      "gate.yaml:1:1: the gate has no rules; give 'rules', 'lookahead: none', 'reproducible: "
        + "true', 'limits' or 'baseline'"
    ),
    (
      "rules: [{what: sharpe, min: 1}, {what: sharpe, min: 2}]",
      "gate.yaml:1:33: a second 'min' of sharpe; remove one of the two"
    ),
    (
      "rules: [{what: sharpe, min: .nan}]",
      "gate.yaml:1:29: 'rules[0].min' must be a number, not the number .nan"
    ),
    (
      "rules: [{what: sharpe, max: .inf}]",
      "gate.yaml:1:29: 'rules[0].max' must be a number, not the number .inf"
    ),
    (
      "rules: [{what: sharpe, min: 1, worse-by: 1}]",
      "gate.yaml:1:42: 'worse-by' cannot be combined with 'min', 'max' or 'of'"
    ),
    (
      "rules: [{what: beta, worse-by: 1}]",
      "gate.yaml:1:9: neither direction of beta is better, so it cannot be worse than a baseline; "
        + "give a minimum or a maximum"
    ),
    (
      "rules: [{what: sharpe, worse-by: 1}]",
      "gate.yaml:1: the rule 'sharpe not worse than the baseline by more than 1' needs a baseline; "
        + "name a result.json with 'baseline' beside the rules, or with '--baseline'"
    ),
    (
      "rules: [{what: sharpe, minimum: 1}]",
      "gate.yaml:1:24: unknown key 'minimum' in 'rules[0]'; known are what, min, "
    ),
    ("lookahead: some", "gate.yaml:1:12: 'lookahead' must be none, not the text 'some'"),
    ("limits: [ruined, ruined]", "gate.yaml:1:9: a limit is given twice"),
    (
      "limits: [ruind]",
      "gate.yaml:1:10: 'limits[0]' must be "
    ),
    ("baseline: nowhere.json", "nowhere.json: cannot read the file: No such file or directory"),
    ("rule: 1", "gate.yaml:1:1: unknown key 'rule'; did you mean 'rules'?"),
    ("rules:", "gate.yaml:1:7: 'rules' has no value; give one, or remove the key"),
    (
      "rules: [{what: pbo, max: 1}]",
      "gate.yaml:1:9: the bound 1 decides nothing: pbo is from 0 to 1"
    ),
    (
      "rules: [{what: trades, min: 0}]",
      "gate.yaml:1:9: the bound 0 decides nothing: trades is never below 0"
    ),
    (
      "rules: [{what: pbo, min: 0.2}]",
      "gate.yaml:1:9: pbo is better when it is lower, and the rule has only a minimum; give a "
        + "maximum"
    ),
    (
      "rules: [{what: max-drawdown, max: -0.1}]",
      "gate.yaml:1:9: max-drawdown is better when it is higher, and the rule has only a maximum; "
        + "give a minimum"
    ),
    (
      "rules: [{what: cagr, worse-by: 10}]",
      "gate.yaml:1:9: cagr may be worse by 1,000%, which decides nothing; 10% is written with the "
        + "sign"
    ),
    (
      "rules: [{what: dsr, min: 0.9, of: lower-95}]",
      "gate.yaml:1:9: dsr has no 95 % interval; remove 'of'"
    ),
  ])
  func rulesThatCannotBeUsed(_ rules: String, _ message: String) throws {
    let folder = try SampleStudy.folder()
    try folder.write(rules + "\n", to: "gate.yaml")
    let ended = try BuiltProgram.run(
      "gate", "study.yaml", "--rules", "gate.yaml", "--out", "out", in: folder)
    let said = ended.errors.replacing("bt-run gate: ", with: "")
    #expect(ended.status == 2 && ended.output == "", "\(ended)")
    #expect(said.hasPrefix(message) && said.split(separator: "\n").count == 1, "\(said)")
    #expect(!folder.exists("out"))
  }

  @Test func baselinesOfOtherStudiesAndSchemas() throws {
    let folder = try SampleStudy.folder()
    func message(_ study: String, _ baseline: String) throws -> String {
      let ended = try BuiltProgram.run(
        "gate", study, "--baseline", baseline, "--out", "gate", in: folder)
      #expect(ended.status == 2 && ended.output == "" && !folder.exists("gate"), "\(ended)")
      #expect(ended.errors.split(separator: "\n").count == 1)
      return String(ended.errors.dropLast().trimmingPrefix("bt-run gate: "))
    }
    _ = try BuiltProgram.run("walkforward", "study.yaml", "-q", "--out", "walk", in: folder)
    _ = try BuiltProgram.run("run", "study.yaml", "-q", "--out", "run", in: folder)
    let walk = "walk/result.json"
    func other(_ change: (String) -> String) throws -> String {
      try folder.write(change(SampleStudy.text), to: "other.yaml")
      return "other.yaml"
    }
    let text = "\(walk) cannot be the baseline of other.yaml: "
    #expect(
      try message(try other { $0.replacing("Two shares", with: "Three shares") }, walk)
        == text + "it is a result of another study, 'Two shares', not of 'Three shares'")
    #expect(
      try message(try other { $0.replacing("AAA", with: "CCC") }, walk)
        == text + "its instruments are AAA, BBB, not BBB, CCC")
    #expect(
      try message("study.yaml", "run/result.json")
        == "run/result.json cannot be the baseline of study.yaml: it is a run, not a walk-forward")
    try folder.write("{\"schema\": \"backtestkit.result/9\", \"more\": 1}", to: "old.json")
    #expect(
      try message("study.yaml", "old.json")
        == "old.json:1:12: the schema is 'backtestkit.result/9', but this version reads "
        + "'backtestkit.result/1'; run its study again")
    try folder.write("[1, 2]", to: "list.json")
    #expect(try message("study.yaml", "list.json").hasPrefix("list.json:1:1: the document must be"))
  }

  @Test func optionsThatDoNotFit() throws {
    let folder = try SampleStudy.folder()
    _ = try BuiltProgram.run("run", "study.yaml", "-q", "--out", "run", in: folder)
    for words in [
      ["study.yaml", "--no-rerun"], ["run/result.json", "--set", "seed=2"], [],
      ["study.yaml", "--format", "pdf"], ["study.yaml", "study.yaml"], ["nowhere.yaml"],
      ["study.yaml", "--rules", "nowhere.yaml"], ["study.yaml", "--baseline", "nowhere.json"],
    ] {
      let ended = try BuiltProgram.run(["gate"] + words, in: folder)
      #expect(ended.status == 2 && ended.output == "" && !ended.errors.isEmpty, "\(words)")
    }
  }
}

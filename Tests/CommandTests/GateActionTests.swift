@testable import BacktestKit
import Foundation
import Testing

/// The steps of `action.yml`, run as a hosted job runs them.
struct GateActionTests {
  /// What a job leaves behind.
  private struct Job {
    var status: Int32
    var log: String
    var summary: String
    /// The outputs of the action.
    var outputs: [String: String]
  }

  /// Runs the steps one after another in a folder, until one fails.
  private static func run(_ inputs: [String: String], in folder: WorkFolder) throws -> Job {
    let root = CommandFixture.path("..")
    let action = JSONValue(try DocumentReader.read(path: "\(root)/action.yml"))
    var known = ["github.action_path": root]
    for (name, input) in members(action["inputs"]) {
      let isRequired = input["required"] == .bool(true)
      #expect(!isRequired || inputs[name] != nil)
      known["inputs.\(name)"] = inputs[name] ?? text(input["default"])
    }
    guard case .list(let steps)? = action["runs"]?["steps"] else { throw NoSteps() }
    #expect(action["runs"]?["using"] == "composite")
    var (status, log) = (Int32(0), "")
    for step in steps where status == 0 {
      #expect(step["shell"] == "bash")
      try folder.write("", to: "job/output")
      try folder.write(text(step["run"]), to: "job/step.sh")
      var environment = [
        "GITHUB_OUTPUT": "job/output", "GITHUB_STEP_SUMMARY": "job/summary.md",
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "",
        "BACKTESTKIT_STORE": "none",
      ]
      for (name, value) in members(step["env"]) { environment[name] = filled(text(value), known) }
      let ended = try shell("job/step.sh", environment, in: folder)
      (status, log) = (ended.status, log + ended.log)
      for line in try folder.text("job/output").split(separator: "\n") {
        let parts = line.split(separator: "=", maxSplits: 1)
        known["steps.\(text(step["id"])).outputs.\(parts[0])"] = String(parts.last ?? "")
      }
    }
    let summary = folder.exists("job/summary.md") ? try folder.text("job/summary.md") : ""
    var outputs: [String: String] = [:]
    for (name, output) in members(action["outputs"]) {
      outputs[name] = filled(text(output["value"]), known)
    }
    return Job(status: status, log: log, summary: summary, outputs: outputs)
  }

  private struct NoSteps: Error {}

  private static func members(_ value: JSONValue?) -> [(String, JSONValue)] {
    guard case .table(let members)? = value else { return [] }
    return members.map { ($0.key, $0.value) }
  }

  private static func text(_ value: JSONValue?) -> String {
    if case .text(let text)? = value { text } else { "" }
  }

  /// A text with its expressions replaced; all of them are plain names.
  private static func filled(_ text: String, _ known: [String: String]) -> String {
    var text = text
    while let start = text.firstRange(of: "${{ "), let end = text.firstRange(of: " }}") {
      let name = String(text[start.upperBound..<end.lowerBound])
      #expect(known[name] != nil, "nothing gives \(name)")
      text.replaceSubrange(start.lowerBound..<end.upperBound, with: known[name] ?? "")
    }
    return text
  }

  /// Runs a script as a hosted job does: without profiles, ending at the first command that fails.
  private static func shell(
    _ script: String, _ environment: [String: String], in folder: WorkFolder
  ) throws -> (status: Int32, log: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["--noprofile", "--norc", "-eo", "pipefail", script]
    process.environment = environment
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  @Test func theStepsJudgeAStudy() throws {
    let folder = try SampleStudy.folder()
    // Names that a shell would take apart.
    try folder.write(SampleStudy.text, to: "a study $HOME.yaml")
    try folder.write("rules: [{what: trades, min: 5}]\n", to: "good, 1.yaml")
    try folder.write("rules: [{what: trades, min: 500}]\n", to: "strict.yaml")
    var inputs = ["study": "a study $HOME.yaml", "program": BuiltProgram.path]
    inputs["rules"] = "good, 1.yaml"
    let passed = try Self.run(inputs, in: folder)
    #expect(passed.status == 0, "\(passed)")
    #expect(passed.outputs == ["verdict": "passed", "exit-code": "0", "report": "gate-report"])
    #expect(passed.summary == (try folder.text("gate-report/gate.md")))
    #expect(passed.log.hasPrefix("::notice title=Gate::Gate passed: Two shares, "))

    inputs["rules"] = "strict.yaml"
    let failed = try Self.run(inputs, in: folder)
    #expect(failed.status == 1 && failed.outputs["verdict"] == "failed", "\(failed)")
    #expect(failed.outputs["exit-code"] == "1")
    #expect(failed.summary.hasPrefix(passed.summary) && failed.summary.contains("## Gate failed"))
    #expect(failed.log.contains("::error file=strict.yaml,line=1,title=Gate%3A trades at least"))

    // What an earlier step has left is no verdict about this one.
    inputs["rules"] = "nowhere.yaml"
    let error = try Self.run(inputs, in: folder)
    #expect(error.status == 2 && error.outputs["verdict"] == "error", "\(error)")
    #expect(error.summary.hasSuffix("## Gate: nothing could be judged; see the log\n"))
    #expect(!folder.exists("gate-report/gate.md"))
  }

  @Test func theBaselineAndTheProgramOfThePathAreUsed() throws {
    let folder = try SampleStudy.folder()
    _ = try BuiltProgram.run("walkforward", "study.yaml", "-q", "--out", "old", in: folder)
    try folder.write("rules: [{what: sharpe, worse-by: 0}]\n", to: "gate.yaml")
    let job = try Self.run(
      [
        "study": "study.yaml", "rules": "gate.yaml", "baseline": "old/result.json",
        "program": BuiltProgram.path, "out": "verdict",
      ], in: folder)
    #expect(job.status == 0 && job.outputs["report"] == "verdict", "\(job)")
    #expect(job.summary.contains("baseline old/result.json, from"))
  }

  /// The rules of the example are rules, and the workflows are documents.
  @Test func theExamplesCanBeRead() throws {
    let folder = try SampleStudy.folder()
    let examples = CommandFixture.path("../Examples/ci")
    for name in ["github-workflow.yml", "gitlab-ci.yml"] {
      _ = try DocumentReader.read(path: "\(examples)/\(name)")
    }
    let ended = try BuiltProgram.run(
      "gate", "study.yaml", "--rules", "\(examples)/gate.yaml", in: folder)
    #expect(ended.status == 1 && ended.errors == "", "\(ended)")
    #expect(ended.output.contains("pbo at most 0.2"))
  }
}

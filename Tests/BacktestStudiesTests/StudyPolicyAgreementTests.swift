@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestPolicies
@testable import BacktestStudies
import TestSupport
import Testing

/// What a study checks of a policy against its bars, and says about its masks.
@Suite struct StudyPolicyAgreementTests {
  /// The fixture's policy with a changed manifest.
  private func folder(_ change: (inout JSONValue) throws -> Void) throws -> ScratchFolder {
    let folder = try PolicyScratch.folder()
    let path = "\(folder.path)/manifest.json"
    var manifest = JSONValue(try DocumentReader.read(path: path))
    try change(&manifest)
    try PlainFile.write(JSONWriter.bytes(of: manifest), to: path)
    return folder
  }

  /// What the trainer's environment observed and decided on the first day of its test.
  private func golden(_ swap: Bool) throws -> JSONValue {
    let oracle = try JSONReader.read(
      try Fixture.bytes("\(PolicyScratch.fixture)/oracle.json"), name: "oracle")
    var row = try #require(oracle["obs_raw"]).items[64].numbers
    if swap { row.swapAt(0, 1) }
    let action = try #require(oracle["action"]).items[64].numbers
    return [
      [
        "date": "2012-12-27", "observation": .list(row.map { .number($0) }),
        "action": .list(action.map { .number($0) }),
      ]
    ]
  }

  @Test func aDatedDecisionIsComparedWithTheBars() throws {
    let right = try folder { $0.set("golden", try golden(false)) }
    let outcome = try StudyRunner.quick(PolicyScratch.study(right.path)).run()
    #expect(!outcome.result.fills.isEmpty)
    // The swapped observation gives the same action, so that only the bars can show it.
    let wrong = try folder { $0.set("golden", try golden(true)) }
    let study = try PolicyScratch.study(wrong.path)
    let error = #expect(throws: StudyError.self) { try StudyRunner.quick(study).run() }
    #expect(
      error.map { "\($0)" }?.contains("the golden decision of 2012-12-27: number 0") == true)
  }

  @Test func ignoredMasksAreACaveat() throws {
    let masked = try folder { manifest in
      var action = manifest["action"] ?? .table([])
      action.set("masks", "ignored")
      manifest.set("action", action)
    }
    let outcome = try StudyRunner.quick(PolicyScratch.study(masked.path)).run()
    let caveat = outcome.caveats.first { $0.code == .ignoredMasks }
    #expect(caveat?.message.contains("was trained with masked actions and decides without") == true)
    let plain = try StudyRunner.quick(PolicyScratch.study(PolicyScratch.fixture)).run()
    #expect(!plain.caveats.contains { $0.code == .ignoredMasks })
    #expect(outcome.result.equity == plain.result.equity)

    let given = try folder { manifest in
      var action = manifest["action"] ?? .table([])
      action.set("masks", ["short": [0, 2], "flat": [0, 1], "long": [0, 1]])
      manifest.set("action", action)
    }
    let limited = try StudyRunner.quick(PolicyScratch.study(given.path)).run()
    #expect(!limited.caveats.contains { $0.code == .ignoredMasks })
    // No short position can be opened from a flat one.
    #expect(limited.result.equity != plain.result.equity)
  }
}

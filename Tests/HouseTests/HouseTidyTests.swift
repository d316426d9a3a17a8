import Testing

/// The rules of the house hold in every file, and each of them is able to find a breach.
struct HouseTidyTests {
  @Test(arguments: TidyRule.all)
  func ruleHolds(rule: TidyRule) {
    let files = SourceTree.files.filter { rule.applies(to: $0.path) }
    #expect(!files.isEmpty, "the scan found no file to check")
    let excused = Set(
      TidyAllowance.all.filter { $0.rule == rule.description }.map(\.path))
    var used: Set<String> = []
    for finding in files.flatMap(rule.check) {
      if excused.contains(finding.path) {
        used.insert(finding.path)
      } else {
        Issue.record("\(finding)")
      }
    }
    #expect(used == excused, "an allowance is no longer needed")
  }

  @Test(arguments: TidyRule.all)
  func ruleCatchesItsCanary(rule: TidyRule) {
    #expect(rule.applies(to: rule.canary.path))
    let canary = SourceText(path: rule.canary.path, text: rule.canary.text)
    #expect(rule.check(canary).count == 1)
    let clean = SourceText(path: rule.canary.path, text: rule.clean)
    #expect(rule.check(clean).isEmpty)
  }

  @Test func everyAllowanceNamesARule() {
    let rules = Set(TidyRule.all.map(\.description))
    for allowance in TidyAllowance.all {
      #expect(rules.contains(allowance.rule) && !allowance.reason.isEmpty)
    }
  }

  @Test func theScanSeesTheWholeProject() {
    let paths = Set(SourceTree.files.map(\.path))
    for path in [
      "Package.swift", "script/test", ".ci/run", "CONTRIBUTING.md", "Sources/bt-run/main.swift",
      "Sources/BacktestKit/Core/Base/Timestamp.swift", "Tests/HouseTests/TidyRule.swift",
    ] {
      #expect(paths.contains(path))
    }
    #expect(SourceTree.files.count { $0.isSwift } >= 30)
  }
}

import Testing

/// A room uses only rooms on lower floors.
struct HouseLayerTests {
  @Test func roomsNameOnlyLowerFloors() {
    let check = LayerCheck(SourceTree.library)
    #expect(check.files.count >= 15, "the scan found hardly any source")
    #expect(check.roomOfType.count >= 20, "the scan found hardly any type")
    for finding in check.findings() { Issue.record("\(finding)") }
  }

  @Test func everyTypeNameStandsOnce() {
    for finding in LayerCheck(SourceTree.library).repeatedNames() { Issue.record("\(finding)") }
    let catalogue = SourceTree.files.filter {
      $0.isSwift && $0.path.hasPrefix("Sources/Strategies/")
    }
    #expect(!catalogue.isEmpty)
    for finding in LayerCheck(catalogue).repeatedNames() { Issue.record("\(finding)") }
  }

  @Test func theArchitecturePageKnowsEveryRoom() throws {
    let page = try #require(SourceTree.files.first { $0.path == "Documentation/Architecture.md" })
    for (room, floor) in HouseRooms.floors {
      let isListed = page.lines.contains { $0.hasPrefix("| \(floor) | `\(room)/` |") }
      #expect(isListed, "\(room) is not listed on floor \(floor)")
    }
  }

  private func check(_ files: [String: String]) -> LayerCheck {
    LayerCheck(
      files.sorted { $0.key < $1.key }.map { name, text in
        SourceText(path: "Sources/BacktestKit/\(name).swift", text: text)
      })
  }

  @Test func upwardAndSidewardNamesAreCaught() {
    let findings = check([
      "Base/Low":
        "struct Low { var report: HighReport? }\nfunc f() { let x = \"\\(Sideways.self)\" }",
      "Events/Side": "enum Side {\n  static let other = Sideways()\n}",
      "Indicators/Sideways": "struct Sideways {}",
      "Reports/High": "public struct HighReport { let low: Low; let side: Side }",
      "Nowhere/Lost": "struct Lost {}",
    ]).findings()
    #expect(
      findings.map(\.description) == [
        "Sources/BacktestKit/Base/Low.swift:1 names HighReport, declared in Reports",
        "Sources/BacktestKit/Base/Low.swift:2 names Sideways, declared in Indicators",
        "Sources/BacktestKit/Events/Side.swift:2 names Sideways, declared in Indicators",
        "Sources/BacktestKit/Nowhere/Lost.swift:1 lies in no room of the house",
      ])
  }

  @Test func wordsThatAreNotNamesOfTypesPass() {
    let text = """
      // HighReport in a comment, /* HighReport */ and in
      /* a block with HighReport /* nested */ HighReport */
      struct Low {
        let text = "HighReport \\"HighReport\\" \\(1 + (2))", raw = #"HighReport "# + "x"
        let long = \"""
          HighReport "HighReport"
          \"""
        enum Kind { case highReport }
        let member = Outer.HighReport.self
      }
      """
    #expect(check(["Base/Low": text, "Reports/High": "struct HighReport {}"]).findings().isEmpty)
  }

  @Test func repeatedNamesAreCaught() {
    let files = ["Base/One": "struct Twice {}", "Reports/Two": "\nprivate enum Twice {}"]
    #expect(
      check(files).repeatedNames().map(\.description) == [
        "Sources/BacktestKit/Reports/Two.swift:2 declares Twice again, as "
          + "Sources/BacktestKit/Base/One.swift:1 does"
      ])
  }
}

import Testing

/// A module uses only modules below it, and a room only rooms before it in its module.
struct HouseLayerTests {
  @Test func roomsNameOnlyWhatLiesBelow() {
    let check = LayerCheck(SourceTree.library)
    #expect(check.files.count >= 15, "the scan found hardly any source")
    #expect(check.placeOfType.count >= 20, "the scan found hardly any type")
    let (findings, unused) = check.findings(allowing: RoomAllowance.all)
    for finding in findings { Issue.record("\(finding)") }
    for allowance in unused { Issue.record("\(allowance) is no longer needed") }
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
    let rows = page.lines.filter { $0.hasPrefix("| `Backtest") }
    for (module, row) in zip(HouseModule.all, rows) {
      let rooms = module.rooms.joined(separator: ", ")
      #expect(row.hasPrefix("| `\(module.name)` | `\(module.folder)/` | \(rooms) |"))
    }
    #expect(rows.count == HouseModule.all.count)
  }

  @Test func theManifestListsModulesInTheirOrder() throws {
    let manifest = try #require(SourceTree.files.first { $0.path == "Package.swift" })
    let text = manifest.lines.joined(separator: "\n")
    let modules = text.components(after: "    module(")
    #expect(modules.map { $0.quoted.first } == HouseModule.all.map(\.name))
    for (index, module) in modules.enumerated() {
      // The name, the folder, then what it uses.
      let used = module.quoted.dropFirst(2).filter { $0.hasPrefix("Backtest") }
      let below = HouseModule.all[..<index].map(\.name)
      #expect(used.allSatisfy(below.contains), "\(HouseModule.all[index].name) uses \(used)")
    }
  }

  private func findings(
    _ files: [String: String], allowing allowances: [RoomAllowance] = []
  ) -> (findings: [String], unused: Set<RoomAllowance>) {
    let found = check(files).findings(allowing: allowances)
    return (found.findings.map(\.description), found.unused)
  }

  private func check(_ files: [String: String]) -> LayerCheck {
    LayerCheck(
      files.sorted { $0.key < $1.key }.map { name, text in
        SourceText(path: "Sources/BacktestKit/\(name).swift", text: text)
      })
  }

  @Test func upwardNamesAreCaught() {
    let files = [
      "Core/Base/Low":
        "struct Low { var report: HighReport? }\nfunc f() { let x = \"\\(Late.self)\" }",
      "Core/Events/Late": "struct Late {}\nextension Low {}",
      "Networks/ONNX/Flat": "enum Flat {\n  static let low = Low(), next = HighReport()\n}",
      "Reports/Model/High": "public struct HighReport { let low: Low; let late: Late }",
      "Reports/Lost": "struct Lost {}",
      "Nowhere/Room/Lost": "struct Other {}",
    ]
    let expected = [
      "Sources/BacktestKit/Core/Base/Low.swift:1 names HighReport, declared in Reports/Model",
      "Sources/BacktestKit/Core/Base/Low.swift:2 names Late, declared in Core/Events",
      "Sources/BacktestKit/Networks/ONNX/Flat.swift:2 names HighReport, declared in Reports/Model",
      "Sources/BacktestKit/Nowhere/Room/Lost.swift:1 lies in no room of the house",
      "Sources/BacktestKit/Reports/Lost.swift:1 lies in no room of the house",
    ]
    #expect(findings(files).findings == expected)

    let circle = RoomAllowance(room: "Core/Base", names: "Core/Events", reason: "")
    let needless = RoomAllowance(room: "Core/Events", names: "Core/Base", reason: "")
    let allowed = findings(files, allowing: [circle, needless])
    #expect(allowed.findings == expected.filter { !$0.contains("Late") })
    #expect(allowed.unused == [needless])
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
    let files = ["Core/Base/Low": text, "Reports/Model/High": "struct HighReport {}"]
    #expect(findings(files).findings.isEmpty)
  }

  @Test func repeatedNamesAreCaught() {
    let files = [
      "Core/Base/One": "struct Twice {}", "Reports/Model/Two": "\nprivate enum Twice {}",
    ]
    #expect(
      check(files).repeatedNames().map(\.description) == [
        "Sources/BacktestKit/Reports/Model/Two.swift:2 declares Twice again, as "
          + "Sources/BacktestKit/Core/Base/One.swift:1 does"
      ])
  }
}

extension String {
  /// What follows each occurrence of a text, up to the next one.
  fileprivate func components(after mark: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let found = rest.firstRange(of: mark) {
      rest = rest[found.upperBound...]
      parts.append(rest[..<(rest.firstRange(of: mark)?.lowerBound ?? rest.endIndex)])
    }
    return parts
  }
}

extension Substring {
  /// The texts in double quotes, up to the end of the call in which they stand.
  fileprivate var quoted: [String] {
    var depth = 1
    let call = prefix { character in
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      return depth > 0
    }
    let parts = call.split(separator: "\"", omittingEmptySubsequences: false)
    return parts.indices.filter { !$0.isMultiple(of: 2) }.map { String(parts[$0]) }
  }
}

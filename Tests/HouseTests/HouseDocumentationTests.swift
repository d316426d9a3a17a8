import Testing

/// A reader of the documentation finds every public type.
struct HouseDocumentationTests {
  @Test func everyPublicTypeIsOnAPage() {
    let pages = SourceTree.files.filter { $0.path.contains(".docc/") }
    #expect(!pages.isEmpty, "the scan found no page")
    for finding in missing(in: pages, of: SourceTree.library) { Issue.record("\(finding)") }
  }

  @Test func typesWithoutAPageAreCaught() {
    let page = SourceText(path: "a.docc/A.md", text: "- ``Listed``\n- ``NamedHere``\n`Text.f`")
    let source = SourceText(
      path: "Sources/BacktestKit/Core/Base/A.swift",
      text: """
        public struct Listed { public struct Nested {} }
        public enum Named {}
        package struct Hidden {}
        public final class Text {}
        """)
    #expect(
      missing(in: [page], of: [source]).map(\.description) == [
        "Sources/BacktestKit/Core/Base/A.swift:2 declares Named, which no page of the "
          + "documentation lists"
      ])
  }

  private func missing(in pages: [SourceText], of sources: [SourceText]) -> [SourceFinding] {
    var listed: Set<Substring> = []
    for line in pages.flatMap(\.lines) where line.contains("`") {
      // What stands in backticks begins with a name.
      for part in line.split(separator: "`") {
        listed.insert(part.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
      }
    }
    return sources.flatMap { file in
      file.typeDeclarations.filter { declaration in
        declaration.depth == 0 && file.lines[declaration.line - 1].hasPrefix("public ")
          && !listed.contains(declaration.name[...])
      }.map {
        file.finding($0.line, "declares \($0.name), which no page of the documentation lists")
      }
    }
  }
}

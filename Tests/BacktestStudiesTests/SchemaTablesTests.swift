@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// The documents say of each key what its definition says.
struct SchemaTablesTests {
  private static let tables = SchemaTables(rows: Study.rows(.standard))

  @Test func theStudySchemaIsThatOfTheDefinitions() throws {
    try Self.check("StudySchema.md", Self.tables.studySchema)
  }

  @Test func theResultSchemaIsThatOfTheDefinitions() throws {
    try Self.check("ResultSchema.md", Self.tables.resultSchema)
  }

  /// Where a document differs, what it should be is written into `Reports/`.
  private static func check(_ name: String, _ make: (String) -> String) throws {
    let text = try Fixture.text("../Documentation/" + name)
    let wanted = make(text)
    guard wanted != text else { return }
    try PlainFile.write(Array(wanted.utf8), to: Fixture.path("../Reports/" + name))
    Issue.record(
      "Documentation/\(name) differs from the definitions: mv Reports/\(name) Documentation/")
  }
}

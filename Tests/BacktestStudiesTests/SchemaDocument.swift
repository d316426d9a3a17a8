import TestSupport
import Glibc

/// The tables of a schema in `Documentation/`.
enum SchemaDocument {
  /// The keys of one table of the schema.
  struct Section {
    /// The way to it, with `[0]` for `[]`; empty for the whole.
    var path: String
    var rows: [Row]
  }

  /// A key.
  struct Row {
    var key: String
    /// The words in backticks that stand for its values.
    var values: [String]
    /// The example in the last column.
    var example: String
  }

  static func sections(_ name: String) throws -> [Section] {
    var sections: [Section] = []
    for line in try Fixture.text("../Documentation/" + name).split(separator: "\n") {
      if line.hasPrefix("## ") {
        let title = line.dropFirst(3)
        let path = title.hasPrefix("`") ? String(title.dropFirst().dropLast()) : ""
        sections.append(Section(path: path.replacing("[]", with: "[0]"), rows: []))
      } else if line.hasPrefix("| `"), !sections.isEmpty {
        let cells = line.split(separator: "|").map { $0.trimmed }
        sections[sections.count - 1].rows.append(
          Row(
            key: cells[0].quoted.first ?? "", values: cells[1].quoted,
            example: cells[cells.count - 1].quoted.first ?? ""))
      }
    }
    return sections
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  /// What stands in backticks.
  fileprivate var quoted: [String] {
    split(separator: "`", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }
}

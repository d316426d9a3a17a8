@testable import BacktestStudies

/// The tables of `Documentation/StudySchema.md` and `ResultSchema.md` as the definitions of the
/// keys give them.
struct SchemaTables {
  let rows: [StudyRow]

  /// The text of the study's schema, with the tables of all its sections made anew.
  func studySchema(_ text: String) -> String {
    replacingTables(in: text) { path in
      rows(at: path).map { rows in
        let lines = rows.filter { !$0.isDerived }.map { row in
          "| `\(row.name)` | \(row.values) | \(row.defaultCell) | \(row.help) "
            + "| \(row.exampleCell) |"
        }
        return ["| key | value | default | meaning | example |", "| --- | --- | --- | --- | --- |"]
          + lines.map { $0.replacing("  ", with: " ") }
      }
    }
  }

  /// The text of the result's schema, with the tables made anew that hold keys of a study.
  func resultSchema(_ text: String) -> String {
    replacingTables(in: text) { path in
      guard path.hasPrefix("configuration."), let rows = rows(at: String(path.dropFirst(14))) else {
        return nil
      }
      // How a training is run is part of the study only.
      let lines = rows.filter { $0.name != "training" }.map { row in
        let value = row.resultName == nil ? row.values : "number"
        return "| `\(row.resultName ?? row.name)` | \(value) | \(row.help) |"
      }
      return ["| key | value | meaning |", "| --- | --- | --- |"] + lines
    }
  }

  /// The keys of the table to which a path leads; `nil` where there is none.
  private func rows(at path: String) -> [StudyRow]? {
    path.replacing("[]", with: "").split(separator: ".").reduce(rows) { rows, name in
      rows?.first { $0.name == name }?.table
    }
  }

  private func replacingTables(in text: String, _ make: (String) -> [String]?) -> String {
    var lines: [String] = []
    var pending: [String]?
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("## ") {
        let title = line.dropFirst(3)
        pending = make(title.hasPrefix("`") ? String(title.dropFirst().dropLast()) : "")
      }
      if line.hasPrefix("|"), let table = pending {
        lines += table
        (pending, isInside) = (nil, true)
      } else if !line.hasPrefix("|") || !isInside {
        isInside = false
        lines.append(String(line))
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension StudyRow {
  fileprivate var exampleCell: String { example.isEmpty ? "" : "`\(example)`" }

  fileprivate var defaultCell: String {
    if isRequired { return "required" }
    if !absence.isEmpty || fallback.isEmpty { return absence }
    return Double(fallback) == nil ? "`\(fallback)`" : fallback
  }
}

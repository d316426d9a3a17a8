/// A small table of texts with a header line, such as a study writes.
package enum CSVTexts {
  /// The names of the columns, and each row as a table of texts by these names.
  ///
  /// - Throws: `DataError` with the first findings and their lines.
  package static func load(_ path: String) throws(DataError) -> [[String: String]] {
    var rows: [[String: String]] = []
    let reader = CSVListReader(file: path)
    _ = try reader.read(CSVByteSource(path: path)) { (header) throws(DataError) in
      header.names
    } row: { row, names, _ in
      rows.append(
        Dictionary(names.enumerated().map { ($1, row.field($0)) }) { first, _ in first })
    }
    return rows
  }
}

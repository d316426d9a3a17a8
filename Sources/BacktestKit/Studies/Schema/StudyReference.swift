import BacktestCore
import BacktestFiles
import BacktestIngest

/// A file of values that strategies see and do not trade.
package struct StudyReference: Sendable {
  /// The path as the study gives it; relative to the study's folder.
  package var path = ""
  /// The name by which strategies ask for it; `nil` takes the file's name.
  var name: String?
  /// The column of the times of rows.
  var time: String?
  /// The column of the times at which values were known.
  var known: String?
  /// The columns of values.
  var values: [String]?

  /// The key `data.references`.
  static var key: StudyKey<StudyData> {
    var row = StudyRow("references", "Values that a strategy sees and does not trade.")
    row.values = "list of tables"
    row.absence = "none"
    row.table = table.rows
    row.isList = true
    return StudyKey(row) { studyTable, data in
      data.references = studyTable.sections("references", textIs: "path", table.value)
    }
  }

  private static var table: StudyTable<StudyReference> {
    StudyTable(
      initial: StudyReference(),
      keys: [
        .required("path", \.path, .text, "A CSV file, or one compressed by gzip.")
          .values("file").example("vix.csv"),
        .optional("name", \.name, .text, "The name by which a strategy asks for it.")
          .absent("the file's name").example("VIX"),
        .optional("time", \.time, .text, "The column of times.")
          .values("column name").absent("found by name").example("Date"),
        .optional(
          "known", \.known, .text,
          "The column of the times at which values were known; a date means the close of its "
            + "session."
        ).values("column name").absent("that of times").example("Published"),
        .optionalList(
          "values", \.values, of: .text,
          "The columns of values; several are called `name.column`."
        ).values("list of column names").absent(
          "the only one besides that of known times, or the close"
        )
        .example("[score, count]"),
      ])
  }
}

extension Study {
  /// The reference series of the study.
  ///
  /// - Throws: `StudyError` with everything that is wrong with the first invalid file.
  func loadReferences() throws(StudyError) -> [ReferenceSeries] {
    var all: [ReferenceSeries] = []
    for reference in data.references {
      var reader = CSVReferences()
      reader.mapping = data.mapping
      reader.mapping.time = reference.time
      reader.calendar = data.calendar
      reader.known = reference.known
      reader.values = reference.values
      let path = resolved(reference.path)
      let name = reference.name ?? CSVReader.baseName(reference.path)
      let own = reader
      all += try StudyError.wrapping(.file) { try own.load(path, name: name) }
    }
    return all
  }
}

package import BacktestCore

/// Weights and returns of the segments of a benchmark, period by period.
///
///     from,to,segment,weight,return
///     2020-01-01,2020-01-31,technology,0.6,0.021
///     2020-01-01,2020-01-31,energy,0.4,-0.008
package struct CSVSegments: Sendable {
  /// What stands for one, such as 0.01 where figures are percent.
  package var scale = 1.0

  /// A reader of fractions.
  package init() {}

  /// One segment in one period.
  package struct Row: Hashable, Sendable {
    /// The days of the period.
    package var dates: ClosedRange<CivilDate>
    /// The segment.
    package var segment: String
    /// Its weight, as a fraction.
    package var weight: Double
    /// Its return, as a fraction.
    package var `return`: Double
    /// The line of the file.
    package var line: Int
  }

  /// Weights of a period may differ from one by so much, which rounding explains.
  private static var tolerance: Double { 0.001 }

  /// The rows of a file, by period in order of time. Weights of a period sum to one.
  ///
  /// - Parameter known: the segments that there are.
  /// - Throws: `DataError` with the first findings and their lines.
  package func load(_ path: String, known: Set<String>) throws(DataError) -> [[Row]] {
    var rows: [Row] = []
    let advice = "; a benchmark has from, to, segment, weight and return"
    _ = try CSVListReader(file: path).read(CSVByteSource(path: path)) {
      (header) throws(DataError) in
      var columns: [Int] = []
      for name in ["from", "to", "segment", "weight", "return"] {
        columns.append(try header.column([name], advice: advice))
      }
      return columns
    } row: { fields, columns, log in
      if let row = row(fields, columns, known, &log) { rows.append(row) }
    }
    guard !rows.isEmpty else {
      throw DataError(.unreadableFile, file: path, "there are no rows below the header line")
    }
    return try periods(rows, path)
  }

  private func row(
    _ row: CSVListRow, _ columns: [Int], _ known: Set<String>, _ log: inout DataIssueLog
  ) -> Row? {
    func date(_ column: Int) -> CivilDate? {
      if let date = CivilDate(row.field(column)) { return date }
      row.report(
        .badTime, column,
        "\(DataIssue.quoted(row.field(column))) is not a date; write it like 2011-02-28", to: &log)
      return nil
    }
    func number(_ column: Int, _ what: String) -> Double? {
      if let value = Double(row.field(column)), value.isFinite { return value * scale }
      row.report(
        .badNumber, column,
        "\(DataIssue.quoted(row.field(column))) is not a \(what) such as 0.25", to: &log)
      return nil
    }
    guard let from = date(columns[0]), let to = date(columns[1]) else { return nil }
    guard from <= to else {
      row.report(.badTime, columns[1], "the period ends before it begins", to: &log)
      return nil
    }
    let segment = row.field(columns[2])
    guard known.contains(segment) else {
      row.report(
        .malformedRow, columns[2],
        "there is no segment \(DataIssue.quoted(segment)) in the study; known are "
          + "\(NearestName.list(known.sorted(), near: segment)). One that no instrument belongs to "
          + "is listed under 'unheld'", to: &log)
      return nil
    }
    guard let weight = number(columns[3], "weight"), let gain = number(columns[4], "return") else {
      return nil
    }
    guard gain > -1 else {
      row.report(.badNumber, columns[4], "a return is above -100 %", to: &log)
      return nil
    }
    return Row(dates: from...to, segment: segment, weight: weight, return: gain, line: row.line)
  }

  /// Rows by period, checked against each other.
  private func periods(_ rows: [Row], _ path: String) throws(DataError) -> [[Row]] {
    var log = DataIssueLog(file: path)
    var found: [[Row]] = []
    let sorted = rows.sorted {
      ($0.dates.lowerBound, $0.dates.upperBound, $0.line)
        < ($1.dates.lowerBound, $1.dates.upperBound, $1.line)
    }
    for row in sorted {
      guard let last = found.last, last[0].dates == row.dates else {
        if let last = found.last?[0], last.dates.upperBound >= row.dates.lowerBound {
          log.add(
            .outOfOrder, line: row.line,
            "the period \(row.dates.lowerBound) to \(row.dates.upperBound) overlaps that of line "
              + "\(last.line), \(last.dates.lowerBound) to \(last.dates.upperBound)")
        }
        found.append([row])
        continue
      }
      if let other = last.first(where: { $0.segment == row.segment }) {
        log.add(
          .duplicateTime, line: row.line,
          "'\(row.segment)' is in line \(other.line) of the same period already; remove one")
      }
      found[found.count - 1].append(row)
    }
    for (index, period) in found.enumerated() {
      let sum = period.reduce(0) { $0 + $1.weight }
      guard abs(sum - 1) <= Self.tolerance else {
        let advice = abs(sum - 100) <= 1 ? "; if 1 is one percent, add 'unit: percent'" : ""
        log.add(
          .badNumber, line: period[0].line,
          "the weights of \(period[0].dates.lowerBound) to \(period[0].dates.upperBound) sum to "
            + "\(NumberText.plain(sum)), not to 1\(advice)")
        continue
      }
      for row in period.indices { found[index][row].weight /= sum }
    }
    guard log.issues.isEmpty else { throw DataError(log.issues, canBeRepaired: false) }
    return found
  }
}

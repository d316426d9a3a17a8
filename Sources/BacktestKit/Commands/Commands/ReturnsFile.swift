import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestIngest

/// A CSV file of dates and returns.
enum ReturnsFile {
  /// What a file is called where it is given no name: its own, without its ending.
  static func title(of path: String) -> String {
    var name = lastPathComponent(of: path)[...]
    for ending in [".gz", ".csv"] where name.lowercased().hasSuffix(ending) {
      name = name.dropLast(ending.count)
    }
    return name.isEmpty ? "returns" : String(name)
  }

  /// The returns of a file: its only column beside the dates.
  static func load(_ path: String, name: String?) throws -> DatedReturns {
    try CommandError.wrapping {
      var reader = CSVReferences()
      reader.takesAllColumns = true
      reader.refusesGaps = true
      reader.hasKeys = false
      let columns: [ReferenceSeries]
      do throws(DataError) {
        columns = try reader.load(path, name: "returns")
      } catch {
        // What 'data check' lists are the findings of files of prices.
        let others = error.issueCount > 1 ? "; other lines have faults as well" : ""
        throw CommandError.input("\(error.issues[0])\(others)")
      }
      guard columns.allSatisfy({ !$0.values.isEmpty }) else {
        throw CommandError.input("\(path): no row has a return; give at least one")
      }
      guard columns.count == 1 else {
        throw CommandError.input(
          "\(path): it has \(columns.count) columns beside the dates; keep the one of returns")
      }
      let values = Array(columns[0].values)
      let size = values.reduce(0) { $0 + abs($1) } / Double(max(values.count, 1))
      guard size < 0.5 else {
        throw CommandError.input(
          "\(path): the returns are \(NumberText.percent(size)) on average; write 0.01 for one "
            + "percent, and returns instead of prices")
      }
      // A date is known when it is over.
      let dates = columns[0].knownTimes.map { ($0 - .days(1)).utcDate }
      do {
        return try DatedReturns(name ?? title(of: path), dates: dates, returns: values)
      } catch {
        throw CommandError.input("\(path): \(error)")
      }
    }
  }
}


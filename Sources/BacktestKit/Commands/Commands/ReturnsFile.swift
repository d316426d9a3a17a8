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
    let rows: [CSVReturns.Row]
    do throws(DataError) {
      rows = try CSVReturns(path).rows
    } catch {
      // What 'data check' lists are the findings of files of prices.
      let others = error.issueCount > 1 ? "; other lines have faults as well" : ""
      throw CommandError.input("\(error.issues[0])\(others)")
    }
    return try CommandError.wrapping {
      try DatedReturns(
        name ?? title(of: path), dates: rows.map(\.date), returns: rows.map(\.value))
    }
  }

  /// The returns of a file as a benchmark.
  static func loadBenchmark(_ path: String) throws -> DatedReturns {
    let returns = try load(path, name: nil)
    if let row = returns.returns.firstIndex(of: -1) {
      throw CommandError.input(
        "\(path): it loses everything on \(returns.dates[row]), and nothing can be compared with "
          + "what is gone; end the benchmark before, or name another")
    }
    return returns
  }
}

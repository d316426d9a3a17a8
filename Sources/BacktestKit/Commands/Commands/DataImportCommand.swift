import BacktestCore
import BacktestFiles
import BacktestStudies

extension Command {
  /// `data import`: price files of any layout brought into one.
  static var dataImport: Command {
    Command(
      "import", summary: "Read price files of any layout and write them in one layout.",
      discussion: """
        Writes SYMBOL.csv with the columns time, open, high, low, close and volume, times in ISO \
        8601, and SYMBOL.json with the origin: the source's name and SHA-256, the rows, and what \
        was repaired. Bars of a session or longer are stamped with a date.
        """
    ) { parameters in
      let options = DataOptions(&parameters)
      let out = parameters.option("out", short: "o", .folder(), help: "Where the files go.")
      return { context in
        var sources: [String: String] = [:]
        return try options.eachFile(in: context) { path in
          let digest = try SHA256.hexadecimal(ofFile: path)
          let all = try options.load(path).map {
            DataImport(series: $0, source: path, sha256: digest)
          }
          // Nothing is written of a file whose series would replace those of another.
          for one in all {
            if let other = sources[one.stem] {
              throw CommandFailure(
                status: .wrongInput,
                message: "\(path): \(out)/\(one.stem).csv was just written from \(other); "
                  + "import one of them into another folder, or name it by --symbol")
            }
          }
          for one in all {
            sources[one.stem] = path
            try one.write(to: out)
            context.output.write("\(out)/\(one.stem).csv: \(one.series.count) bars\n")
          }
        }
      }
    }
  }
}

/// A series in the one layout, and where it came from.
private struct DataImport {
  var series: BarSeries
  var source: String
  var sha256: String

  /// The name of the files: the symbol, kept from leading to another folder.
  var stem: String {
    let name = String(series.instrument.symbol.map { $0 == "/" || $0 == "\0" ? "-" : $0 })
    return name.hasPrefix(".") ? "-" + name.dropFirst() : name
  }

  func write(to folder: String) throws {
    var files = try ResultFolder(path: folder)
    let file = try files.file("\(stem).csv")
    var csv = try CSVWriter(["time", "open", "high", "low", "close", "volume"], to: file)
    let calendar = series.calendar ?? AlwaysOpenCalendar()
    for row in 0..<series.count {
      let bar = series[row]
      let time =
        series.timeframe.isIntraday
        ? bar.openTime.description : calendar.sessionDate(of: bar.closeTime).description
      try csv.row {
        $0.field(time)
        $0.field(bar.open)
        $0.field(bar.high)
        $0.field(bar.low)
        $0.field(bar.close)
        $0.field(bar.volume)
      }
    }
    try csv.finish()
    let repairs = series.issues.filter { $0.repair != nil }
    let name = source.split(separator: "/").last.map(String.init) ?? source
    let origin: JSONValue = [
      "symbol": .text(series.instrument.symbol), "source": .text(name), "sha256": .text(sha256),
      "bars": .integer(series.count), "prices": .text(series.priceBasis.rawValue),
      "repairs": .list(repairs.map { .text("\($0)") }),
    ]
    try files.write(JSONWriter.bytes(of: origin), to: "\(stem).json")
    try files.commit()
  }
}

extension Timeframe {
  fileprivate var isIntraday: Bool { if case .intraday = self { true } else { false } }
}

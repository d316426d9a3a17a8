import BacktestCore
import BacktestFiles
import BacktestIngest
import BacktestStudies

extension Command {
  /// `data`: checks, describes and imports price files.
  static var data: Command {
    Command(
      "data", summary: "Check, describe or import price files.",
      subcommands: [dataCheck, dataInfo, dataImport])
  }

  private static var dataCheck: Command {
    Command(
      "check", summary: "Check price files row by row.",
      discussion: """
        Invalid rows (a missing number, a high below the low, a duplicate or late row, a price \
        that is not positive) are errors with line and column, and the exit code is 2. Unusual \
        ones (gaps in the calendar, no volume, jumps over 40 %) are warnings.
        """
    ) { parameters in
      let options = DataOptions(&parameters)
      return { context in
        try options.eachFile(in: context, listsFindings: true) { path in
          for series in try options.load(path, in: context, acceptsStandardInput: true) {
            context.output.write("\(DataQualityReport(series))\n")
          }
        }
      }
    }
  }

  private static var dataInfo: Command {
    Command("info", summary: "Describe price files.") { parameters in
      let options = DataOptions(&parameters)
      let printsJSON = parameters.flag("json", help: "Print JSON instead of a table.")
      return { context in
        var reports: [DataQualityReport] = []
        // Files that can be read are described even when others cannot.
        defer {
          if printsJSON {
            context.output.write(JSONValue.list(reports.map(reportJSON)).text)
          } else if !reports.isEmpty {
            context.output.write(reportTable(reports, context.output.tableWidth))
          }
        }
        return try options.eachFile(in: context) { path in
          reports += try options.load(path, in: context, acceptsStandardInput: true)
            .map(DataQualityReport.init)
        }
      }
    }
  }
}

private func reportTable(_ reports: [DataQualityReport], _ width: Int?) -> String {
  var table = TextTable([
    .left("symbol"), .right("bars"), .left("timeframe"), .left("first"), .left("last"),
    .left("volumes"), .right("errors repaired"), .right("warnings"),
  ])
  for report in reports {
    table.add([
      report.symbol, NumberText.grouped(report.barCount), "\(report.timeframe)",
      report.firstOpen.map { "\($0)" } ?? "–", report.lastClose.map { "\($0)" } ?? "–",
      report.hasVolume ? "yes" : "no", NumberText.grouped(report.repairedCount),
      NumberText.grouped(report.warningCount),
    ])
  }
  return table.text(in: width)
}

private func reportJSON(_ report: DataQualityReport) -> JSONValue {
  [
    "symbol": .text(report.symbol), "bars": .integer(report.barCount),
    "timeframe": .text("\(report.timeframe)"),
    "first": JSONValue(report.firstOpen.map { "\($0)" }),
    "last": JSONValue(report.lastClose.map { "\($0)" }), "volumes": .bool(report.hasVolume),
    "errors-repaired": .integer(report.repairedCount), "warnings": .integer(report.warningCount),
  ]
}

extension DataQualityReport {
  fileprivate var repairedCount: Int { counts.reduce(0) { $0 + $1.repaired } }

  fileprivate var warningCount: Int { counts.reduce(0) { $0 + ($1.code.isError ? 0 : $1.bars) } }
}

/// The parameters that all commands over price files share.
struct DataOptions: Sendable {
  private(set) var paths: [String]
  private var symbol: String?
  private var options = CSVReadOptions()

  init(_ parameters: inout ParameterReader) {
    paths = parameters.arguments(
      "file", .file(endings: ["csv", "gz"]), isRequired: true, help: "Price files.")
    symbol = parameters.optionalOption(
      "symbol", .text("symbol"), help: "The instrument's name (default: the file's name).")
    let calendar = parameters.optionalOption(
      "calendar", .calendar,
      help: "The market's calendar, used to find gaps: a name, or a file that ends in .yaml.")
    options.calendar = calendar?.calendar
    let timeframe = parameters.optionalOption(
      "timeframe", .timeframe, help: "How long a bar lasts (default: the smallest time step).")
    options.timeframe = timeframe
    let isAdjusted = parameters.flag(
      "adjusted", help: "Scale prices by adjusted close / close.")
    options.priceBasis = isAdjusted ? .adjusted : .raw
    let repairs = parameters.flag(
      "repair", help: "Fix, hold or drop invalid rows, and list each one.")
    options.quality = repairs ? .repair : .strict
    options.allowsNonPositivePrices = parameters.flag(
      "non-positive", help: "Accept prices at or below zero, such as those of futures.")
    options.mapping.separator = parameters.optionalOption(
      "separator", .separator, help: "The character between fields, or 'tab'.")
    options.mapping.timeFormat = parameters.option(
      "time-format", .timeFormat, default: .automatic,
      help: "How times are written: iso, epoch-s, epoch-ms, or a pattern such as dd/MM/yyyy.")
    let columns = parameters.options(
      "column", .columnName,
      help: "A column by its name, such as close=Last; may be given several times.")
    for column in columns {
      options.mapping[keyPath: ColumnName.roles[column.role].property] = column.name
    }
    options.mapping.layout = parameters.option(
      "layout", .choice("layout"), default: .rows,
      help: "Whether a row is a bar, or a date with a column for each instrument.")
    options.mapping.decimal = parameters.option(
      "decimal", .choice("mark"), default: .point,
      help: "The decimal mark of numbers.")
    options.mapping.timestamps = parameters.option(
      "timestamps", .choice("end"), default: .open,
      help: "Which end of an intraday bar its time marks.")
    options.mapping.zone = parameters.option(
      "zone", .zone, default: .utc,
      help: "The zone of times that name none: UTC, Europe/London or +02:00.")
  }

  /// The series of a file, read under a progress bar.
  func load(
    _ path: String, in context: CommandContext, acceptsStandardInput: Bool = false
  ) throws(DataError) -> [BarSeries] {
    let bars = StageProgress(context, isQuiet: false)
    defer { bars.finish() }
    var reader = CSVReader(options)
    reader.acceptsStandardInput = acceptsStandardInput
    reader.progress = { done, total in bars.show(path, done, of: total) }
    return try reader.load(path, symbol: symbol)
  }

  /// Calls `body` with each file; one that fails is reported, and the others follow.
  ///
  /// - Parameter listsFindings: whether all that is wrong with a file is reported, a line each.
  func eachFile(
    in context: CommandContext, listsFindings: Bool = false, _ body: (String) throws -> Void
  ) throws -> ExitCode {
    var failed = 0
    for path in paths {
      try context.checkInterrupt()
      do {
        try body(path)
      } catch {
        try context.checkInterrupt()
        var lines = [(error as? CommandError)?.message ?? "\(error)"]
        if listsFindings, let error = error as? DataError, error.issueCount > 1 {
          lines = error.lines
        } else if paths.count == 1 {
          throw CommandError.input(lines[0])
        }
        for line in lines { context.report(line) }
        failed += 1
      }
    }
    guard failed > 0 else { return .done }
    throw CommandError.input(
      "\(failed) of \(paths.count) file\(paths.count == 1 ? "" : "s") cannot be used")
  }
}

/// A column of a file and what it is.
private struct ColumnName {
  /// The position in `roles`.
  var role: Int
  var name: String

  static var roles: [(name: String, property: WritableKeyPath<CSVMapping, String?>)] {
    [
      ("time", \.time), ("open", \.open), ("high", \.high), ("low", \.low), ("close", \.close),
      ("volume", \.volume), ("adjusted-close", \.adjustedClose), ("symbol", \.symbol),
    ]
  }

  /// Reads `close=Last`.
  init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let role = Self.roles.firstIndex(where: { $0.name == parts[0] }) else {
      return nil
    }
    (self.role, name) = (role, parts[1])
  }
}

extension ArgumentRule where Value == ColumnName {
  fileprivate static var columnName: ArgumentRule {
    let roles = ColumnName.roles.map { $0.name }.joined(separator: ", ")
    let value = DocumentRule.text(
      "a column such as close=Last; columns are \(roles)", placeholder: ColumnName("close=Close")!,
      parse: ColumnName.init)
    return ArgumentRule(name: "column=name", value: value, show: { $0.name })
  }
}

extension ArgumentRule where Value == NamedCalendar {
  fileprivate static var calendar: ArgumentRule {
    ArgumentRule(
      name: "calendar", value: .calendar { $0 }, completion: .words(TradingCalendars.names),
      show: { $0.calendar.name })
  }
}

extension ArgumentRule where Value == CSVMapping.StampZone {
  fileprivate static var zone: ArgumentRule {
    ArgumentRule(name: "zone", value: .zone, show: { $0.name == "UTC+0" ? "UTC" : $0.name })
  }
}

extension ArgumentRule where Value == Character {
  fileprivate static var separator: ArgumentRule {
    ArgumentRule(name: "character", value: .separator, show: { String($0) })
  }
}

extension ArgumentRule where Value == String {
  fileprivate static var timePattern: ArgumentRule {
    let value = DocumentRule.text("a pattern such as dd/MM/yyyy HH:mm", placeholder: "") { text in
      CSVMapping.isTimePattern(text) ? text : nil
    }
    return ArgumentRule(name: "pattern", value: value, show: { $0 })
  }
}

extension ArgumentRule where Value == CSVMapping.TimeFormat {
  fileprivate static var timeFormat: ArgumentRule {
    ArgumentRule(name: "format", value: CSVMapping.TimeFormat.rule, show: { _ in "automatic" })
  }
}

extension ArgumentRule where Value == Timeframe {
  fileprivate static var timeframe: ArgumentRule {
    ArgumentRule(name: "timeframe", value: .timeframe, show: { "\($0)" })
  }
}

extension Command {
  /// `data import`: price files of any layout converted to one.
  static var dataImport: Command {
    Command(
      "import", summary: "Convert price files of any layout to one layout.",
      discussion: """
        Writes SYMBOL.csv with the columns time, open, high, low, close and volume, times in ISO \
        8601, and SYMBOL.json with the source's name and SHA-256, the number of bars, and the \
        repairs. Bars of a session or longer have dates instead of times.
        """
    ) { parameters in
      let options = DataOptions(&parameters)
      let out = parameters.option("out", short: "o", .folder(), help: "Where the files go.")
      let isForced = parameters.flag("force", help: "Replace files that no import has written.")
      return { context in
        var sources: [String: String] = [:]
        return try options.eachFile(in: context) { path in
          let digest = try SHA256.hexadecimal(ofFile: path)
          let all = try options.load(path, in: context).map {
            DataImport(series: $0, source: path, sha256: digest)
          }
          // No series of a file is written if one would overwrite a series of another file.
          for one in all {
            if let other = sources[one.stem] {
              throw CommandError.input(
                "\(path): \(out)/\(one.stem).csv was just written from \(other); "
                  + "import one of them into another folder, or name it by --symbol")
            }
            try one.check(out, inputs: options.paths, isForced: isForced)
          }
          for one in all {
            sources[one.stem] = path
            try context.interrupt.shield { try one.write(to: out, context.interrupt) }
            context.output.write(
              "\(out)/\(one.stem).csv: \(NumberText.count(one.series.count, "bar"))\n")
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

  /// Refuses to replace what is imported and, unless it is forced, what no import has written.
  func check(_ folder: String, inputs: [String], isForced: Bool) throws {
    try FileIdentity.check(
      writing: ["\(stem).csv", "\(stem).json"], in: folder, reading: inputs)
    guard !isForced, fileExists("\(folder)/\(stem).csv") || fileExists("\(folder)/\(stem).json")
    else { return }
    if let origin = try? DocumentReader.read(path: "\(folder)/\(stem).json"),
      case .table(let entries) = origin.content, entries.contains(where: { $0.key == "sha256" })
    {
      return
    }
    throw CommandError.input(
      "\(folder)/\(stem).csv is there and no import has written it; choose another folder, or "
        + "replace it with --force")
  }

  func write(to folder: String, _ interrupt: Interrupt) throws {
    var files = try AtomicFolder(path: folder, isShared: true, interrupt: interrupt)
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

import BacktestCore
import BacktestFiles
import BacktestIngest

extension Command {
  /// `data`: looking at price files and bringing them in.
  static var data: Command {
    Command(
      "data", summary: "Check, describe or import price files.",
      subcommands: [dataCheck, dataInfo, dataImport])
  }

  private static var dataCheck: Command {
    Command(
      "check", summary: "Check price files row by row.",
      discussion: """
        What cannot be (a missing number, a high below the low, a duplicate or late row, a price \
        that is not positive) is an error with its line and column, and the exit code is 2. What \
        is odd (gaps against the calendar, no volume, jumps over 40 %) is a warning.
        """
    ) { parameters in
      let options = DataOptions(&parameters)
      return { context in
        try options.eachFile(in: context) { path in
          for series in try options.load(path) {
            context.output.write("\(DataQualityReport(series))\n")
          }
        }
      }
    }
  }

  private static var dataInfo: Command {
    Command("info", summary: "Say what price files hold.") { parameters in
      let options = DataOptions(&parameters)
      let printsJSON = parameters.flag("json", help: "Print JSON instead of a table.")
      return { context in
        var reports: [DataQualityReport] = []
        // What can be said is said even where other files cannot be used.
        defer {
          if printsJSON {
            context.output.write(JSONValue.list(reports.map(reportJSON)).text)
          } else if !reports.isEmpty {
            context.output.write(reportTable(reports))
          }
        }
        return try options.eachFile(in: context) { path in
          reports += try options.load(path).map(DataQualityReport.init)
        }
      }
    }
  }
}

private func reportTable(_ reports: [DataQualityReport]) -> String {
  var table = TextTable([
    .left("symbol"), .right("bars"), .left("timeframe"), .left("first"), .left("last"),
    .left("volumes"), .right("errors repaired"), .right("warnings"),
  ])
  for report in reports {
    table.add([
      report.symbol, "\(report.barCount)", "\(report.timeframe)",
      report.firstOpen.map { "\($0)" } ?? "–", report.lastClose.map { "\($0)" } ?? "–",
      report.hasVolume ? "yes" : "no", "\(report.repairedCount)", "\(report.warningCount)",
    ])
  }
  return table.text
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
  private var paths: [String]
  private var symbol: String?
  private var options = CSVReadOptions()

  init(_ parameters: inout ParameterReader) {
    paths = parameters.arguments(
      "file", .file(endings: ["csv", "gz"]), isRequired: true, help: "The price files.")
    symbol = parameters.optionalOption(
      "symbol", .text("symbol"), help: "The name of the instrument, else the file's.")
    let calendar = parameters.optionalOption(
      "calendar", .oneOf(TradingCalendars.names, name: "calendar"),
      help: "The market's hours, against which gaps are found.")
    options.calendar = calendar.flatMap { TradingCalendars.named($0) }
    let timeframe = parameters.optionalOption(
      "timeframe", .timeframe, help: "How long a bar lasts, else the smallest difference.")
    options.timeframe = timeframe
    let isAdjusted = parameters.flag(
      "adjusted", help: "Scale prices by the adjusted close over the close.")
    options.priceBasis = isAdjusted ? .adjusted : .raw
    let repairs = parameters.flag(
      "repair", help: "Fix, hold or drop rows that cannot be, and list each.")
    options.quality = repairs ? .repair : .strict
    options.allowsNonPositivePrices = parameters.flag(
      "non-positive", help: "Accept prices at or below zero, as of futures.")
    options.mapping.separator = parameters.optionalOption(
      "separator", .separator, help: "The character between fields, or 'tab'.")
    let pattern = parameters.optionalOption(
      "time-format", .text("pattern"), help: "How times are written, such as dd/MM/yyyy.")
    if let pattern { options.mapping.timeFormat = .pattern(pattern) }
  }

  /// The series of a file.
  func load(_ path: String) throws(DataError) -> [BarSeries] {
    try CSVReader(options).load(path, symbol: symbol)
  }

  /// Does something with each file; one that fails is reported and the rest goes on.
  func eachFile(
    in context: CommandContext, _ body: (String) throws -> Void
  ) throws -> ExitCode {
    var failed = 0
    for path in paths {
      try context.checkInterrupt()
      do {
        try body(path)
      } catch {
        context.errors.write("\((error as? CommandFailure)?.message ?? "\(error)")\n")
        failed += 1
      }
    }
    guard failed > 0 else { return .done }
    throw CommandFailure(
      status: .wrongInput,
      message: "\(failed) of \(paths.count) file\(paths.count == 1 ? "" : "s") cannot be used")
  }
}

extension ArgumentRule where Value == Character {
  fileprivate static var separator: ArgumentRule {
    ArgumentRule(
      name: "character", expected: "one character such as ';', or 'tab'", placeholder: ",",
      parse: { text in
        if text == "tab" { return "\t" }
        return text.utf8.count == 1 ? text.first : nil
      }, show: { String($0) })
  }
}

extension ArgumentRule where Value == Timeframe {
  static var timeframe: ArgumentRule {
    ArgumentRule(
      name: "timeframe", expected: "a timeframe such as 15m, 1h or 1d", placeholder: .session,
      parse: { Timeframe($0) }, show: { "\($0)" })
  }
}

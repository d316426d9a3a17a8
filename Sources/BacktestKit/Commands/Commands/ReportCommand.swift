import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestIngest
import BacktestReports
import BacktestStudies

extension Command {
  /// `report`: a page from returns of any origin, or a study's page and charts in other forms.
  static func report(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "report", summary: "Report on a file of returns, or give a study's report in other forms.",
      discussion: """
        With --returns the page shows growth, drawdowns, distributions, rolling figures and \
        metrics of a CSV file with a column of dates and one of returns, 0.01 for one percent. The \
        length of a bar and the calendar follow from the dates.

        With a study, or the folder or result.json of an earlier result, the study is run, or \
        cross-validated again, and its page written to --out. Either way --svg writes every chart \
        as a picture of its own, --markdown the main parts as Markdown, for a pull request, and \
        --pdf prints the page with Chromium where one is installed.
        """
    ) { parameters in
      let options = ReportOptions(&parameters)
      return { context in try options.perform(catalogue, in: context) }
    }
  }
}

private struct ReportOptions: Sendable {
  var study: String?
  var returns: String?
  var benchmark: String?
  var name: String?
  var out: String?
  var pictures: String?
  var markdown: String?
  var print: String?
  var overrides: [String]

  init(_ parameters: inout ParameterReader) {
    let study = parameters.optionalArgument(
      "study", .file(endings: ["yaml", "yml", "json"]),
      help: "The study, a result.json or its folder.")
    let returns = parameters.optionalOption(
      "returns", .file(endings: ["csv"]), help: "A CSV file of dates and returns.")
    benchmark = parameters.optionalOption(
      "benchmark", .file(endings: ["csv"]),
      help: "With --returns: another such file, to compare with.")
    name = parameters.optionalOption(
      "name", .text("title"), help: "With --returns: the title (default: the name of the file).")
    out = parameters.optionalOption(
      "out", short: "o", .file(endings: ["html"]),
      help: "The page (default with --returns: Reports/<file>.html).")
    pictures = parameters.optionalOption(
      "svg", .folder(), help: "A folder for the charts, each in an SVG file.")
    markdown = parameters.optionalOption(
      "markdown", .file(endings: ["md"]), help: "A file for the main parts as Markdown.")
    print = parameters.optionalOption(
      "pdf", .file(endings: ["pdf"]), help: "The page as a PDF file, printed by Chromium.")
    overrides = parameters.options(
      "set", .text("key=value"), help: "Override a key of the study.")
    parameters.require(
      (study == nil) != (returns == nil), "give either a study or '--returns FILE'")
    parameters.require(
      returns != nil || benchmark == nil, "'--benchmark' goes with '--returns'")
    let forms = [out, pictures, markdown, print]
    parameters.require(
      returns != nil || forms.contains { $0 != nil },
      "say what to write: '--out', '--svg', '--markdown' or '--pdf'")
    (self.study, self.returns) = (study, returns)
  }

  func perform(_ catalogue: StrategyCatalogue, in context: CommandContext) throws -> ExitCode {
    let report = try makeReport(catalogue, in: context)
    let page = out ?? (returns == nil ? nil : standardPage)
    for path in [page, markdown, print].compactMap(\.self) { try prepare(path) }
    var written: [String] = []
    if let page {
      try CommandError.wrapping { try report.write(to: page) }
      written.append("Report: \(page)")
    }
    if let pictures {
      written.append(try report.writePictures(to: pictures))
    }
    if let markdown {
      try CommandError.wrapping { try FileBytes.write(report.markdown(), to: markdown) }
      written.append("Markdown: \(markdown)")
    }
    if let print {
      try PagePrinter.print(report.bytes(), to: print)
      written.append("PDF: \(print)")
    }
    context.output.write(written.joined(separator: "\n") + "\n")
    return .done
  }

  private func makeReport(
    _ catalogue: StrategyCatalogue, in context: CommandContext
  ) throws -> any ReportPage {
    if let given = study {
      let study = FolderTree.isFile("\(given)/result.json") ? "\(given)/result.json" : given
      do {
        if ComparedRuns.isCrossValidation(folderPath(of: study)) {
          let (read, _) = try CrossValidationOutcome.study(
            study, overrides: overrides, catalogue: catalogue)
          var runner = StudyRunner(read, threads: nil)
          runner.interrupt = context.interrupt
          return try runner.crossValidate().report()
        }
        let (read, recorded) = try Study.read(study, overrides: overrides, catalogue: catalogue)
        var runner = StudyRunner(read, threads: nil)
        runner.interrupt = context.interrupt
        return try runner.outcome(of: recorded?.kind ?? .run).report()
      } catch {
        throw CommandError.input((error as? StudyError)?.message(of: study) ?? "\(error)")
      }
    }
    let own = try load(returns ?? "", name)
    let other = try benchmark.map { try load($0, nil) }
    if let other, Self.perYear(own) > 2 * Self.perYear(other) {
      throw CommandError.input(
        "\(benchmark ?? ""): one return is of \(other.timeframe), and one of \(returns ?? "") "
          + "is of \(own.timeframe); give a benchmark whose returns are as frequent, or more so")
    }
    return try CommandError.wrapping {
      var report = try Report(own)
      report.benchmark = try other?.benchmark()
      return report
    }
  }

  private static func perYear(_ returns: DatedReturns) -> Double {
    returns.timeframe.barsPerYear(in: returns.calendar)
  }

  /// Makes the folder of a file, unless the file is one of those that were given.
  private func prepare(_ path: String) throws {
    let folder = folderPath(of: path)
    let inputs = [study, study.map { "\($0)/result.json" }, returns, benchmark].compactMap(\.self)
    try CommandError.wrapping {
      try FileIdentity.check(
        writing: [lastPathComponent(of: path)], in: folder, reading: inputs)
      try FolderTree.make(folder)
    }
  }

  private var standardPage: String { "Reports/\(Self.base(returns ?? "returns")).html" }

  private static func base(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.split(separator: ".").first.map(String.init) ?? file
  }

  /// The returns of a file: its only column beside the dates.
  private func load(_ path: String, _ name: String?) throws -> DatedReturns {
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
        return try DatedReturns(name ?? Self.base(path), dates: dates, returns: values)
      } catch {
        throw CommandError.input("\(path): \(error)")
      }
    }
  }
}

extension ReportPage {
  /// Writes every chart as a file of a folder.
  ///
  /// - Returns: what was written, for the terminal.
  func writePictures(to folder: String) throws -> String {
    let charts = charts()
    try CommandError.wrapping {
      try FolderTree.make(folder)
      for chart in charts { try FileBytes.write(chart.svg, to: "\(folder)/\(chart.name)") }
    }
    return "\(NumberText.count(charts.count, "chart")) in \(folder)"
  }
}

/// Prints a page to a PDF file.
private enum PagePrinter {
  private static let browsers = ["chromium", "chromium-browser", "google-chrome"]

  /// Prints with the first browser that starts.
  static func print(_ page: [UInt8], to path: String) throws {
    let work = path + ".printing"
    try CommandError.wrapping {
      try FolderTree.make(work)
      try FileBytes.write(page, to: "\(work)/page.html")
    }
    defer { try? FolderTree.remove(work) }
    var reason = "none of \(browsers.joined(separator: ", ")) is installed"
    for browser in browsers {
      // The page holds no script and asks for nothing, so that it needs no sandbox, which a
      // container often cannot give.
      let words = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-extensions",
        "--no-pdf-header-footer", "--user-data-dir=profile", "--print-to-pdf=page.pdf",
        "page.html",
      ]
      guard let child = try? ChildProcess(words, folder: work, streams: .captured) else { continue }
      guard let exit = child.waitForExit(within: 120) else {
        reason = "\(browser) did not finish within 120 seconds"
        break
      }
      guard FolderTree.isFile("\(work)/page.pdf") else {
        reason = "\(browser) ended with \(exit)"
        continue
      }
      return try CommandError.wrapping {
        try FileBytes.write(try FileBytes.read("\(work)/page.pdf"), to: path)
      }
    }
    throw CommandError.input(
      "\(path): the page was not printed: \(reason). Print the page from any browser instead")
  }
}

extension CommandError {
  /// Turns what goes wrong with files and numbers into an error of input.
  static func wrapping<Value>(_ work: () throws -> Value) throws -> Value {
    do {
      return try work()
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError.input("\(error)")
    }
  }
}

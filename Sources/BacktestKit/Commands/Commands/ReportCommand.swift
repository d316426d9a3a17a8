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
        as a separate picture, --markdown the main parts as Markdown, for a pull request, and \
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
    parameters.require(returns != nil || name == nil, "'--name' goes with '--returns'")
    parameters.require(returns == nil || overrides.isEmpty, "'--set' goes with a study")
    let forms = [out, pictures, markdown, print]
    parameters.require(
      returns != nil || forms.contains { $0 != nil },
      "say what to write: '--out', '--svg', '--markdown' or '--pdf'")
    (self.study, self.returns) = (study, returns)
  }

  func perform(_ catalogue: StrategyCatalogue, in context: CommandContext) throws -> ExitCode {
    let source = try readSource(catalogue)
    let files = [self.page, markdown, print].compactMap(\.self)
    let outputs = ReportOutputs(files: files, pictures: pictures, inputs: source.inputs)
    try outputs.check()
    let page = try source.page(context)
    let charts = pictures == nil ? [] : page.charts()
    try outputs.check(charts)
    // What can fail comes first, so that all forms are written or none.
    let printed = try print.map {
      try PagePrinter.print(page.bytes(), to: $0, unless: context.interrupt)
    }
    try context.checkInterrupt()
    try outputs.makeFolders()
    var written: [String] = []
    if let file = self.page {
      try CommandError.wrapping { try page.write(to: file) }
      written.append("Report: \(file)")
    }
    if let pictures { written.append(try page.writePictures(charts, to: pictures)) }
    if let markdown {
      try CommandError.wrapping { try FileBytes.write(page.markdown(), to: markdown) }
      written.append("Markdown: \(markdown)")
    }
    if let print, let printed {
      try CommandError.wrapping { try FileBytes.write(printed, to: print) }
      written.append("PDF: \(print)")
    }
    context.output.write(written.map { printable($0, limit: 4_000) + "\n" }.joined())
    return .done
  }

  private func readSource(_ catalogue: StrategyCatalogue) throws -> any ReportSource {
    if let returns {
      return try ReturnsSource(returns, benchmark: benchmark, name: name)
    }
    let given = study ?? ""
    let file = FolderTree.isFile("\(given)/result.json") ? "\(given)/result.json" : given
    if FolderTree.isFolder(file) {
      throw CommandError.input(
        "\(file): no result.json is in this folder; name a study, the folder of a result, or its "
          + "result.json")
    }
    let base = [page, markdown, print].compactMap(\.self).first.map { folderPath(of: $0) }
    return try StudySource(file, overrides: overrides, catalogue: catalogue, shownIn: base)
  }

  /// The page that is written, where one is.
  private var page: String? { out ?? returns.map { "Reports/\(ReturnsFile.title(of: $0)).html" } }
}

/// What a report is on.
private protocol ReportSource {
  /// The files that are read, none of which may be replaced.
  var inputs: [String] { get }
  /// The page.
  func page(_ context: CommandContext) throws -> any ReportPage
}

/// Returns of any origin.
private struct ReturnsSource: ReportSource {
  let inputs: [String]
  private let report: Report
  /// What the user should know at once.
  private let warning: String?

  init(_ path: String, benchmark: String?, name: String?) throws {
    inputs = [path] + (benchmark.map { [$0] } ?? [])
    let own = try ReturnsFile.load(path, name: name)
    let other = try benchmark.map { try ReturnsFile.loadBenchmark($0) }
    if let other, Self.perYear(own) > 2 * Self.perYear(other) {
      throw CommandError.input(
        "\(benchmark ?? ""): one return is of \(other.timeframe), and one of \(path) "
          + "is of \(own.timeframe); give a benchmark whose returns are as frequent, or more so")
    }
    if let other, let benchmark, !Set(own.dates).contains(where: Set(other.dates).contains) {
      warning =
        "\(benchmark): it has no date in common with \(path), so the page compares nothing; its "
        + "dates go from \(other.dates[0]) to \(other.dates[other.dates.count - 1])"
    } else {
      warning = nil
    }
    report = try CommandError.wrapping {
      var report = try Report(own)
      report.benchmark = try other?.benchmark()
      return report
    }
  }

  func page(_ context: CommandContext) -> any ReportPage {
    if let warning { context.report("warning: \(warning)") }
    return report
  }

  private static func perYear(_ returns: DatedReturns) -> Double {
    returns.timeframe.barsPerYear(in: returns.calendar)
  }
}

/// A study, or a result whose study is run again.
private struct StudySource: ReportSource {
  private let file: String
  private let study: Study
  /// The run that is repeated; `nil` of a study, and of one that was changed.
  private let record: ResultRecord?
  /// What was done, of a result.
  private let kind: ResultRecord.Kind
  /// Whether it is a cross-validation.
  private let isCrossValidation: Bool
  /// What the result says of its fingerprint.
  private let fingerprint: String?
  /// The words that run the same again in the folder of the page.
  private let arguments: String?

  init(
    _ file: String, overrides: [String], catalogue: StrategyCatalogue, shownIn folder: String?
  ) throws {
    self.file = file
    isCrossValidation = ComparedRuns.isCrossValidation(file: file)
    do {
      if isCrossValidation {
        let found = try CrossValidationOutcome.study(
          file, overrides: overrides, catalogue: catalogue)
        study = found.study
        fingerprint = overrides.isEmpty ? found.fingerprint : nil
        (record, kind) = (nil, .run)
      } else {
        let (read, recorded) = try Study.read(file, overrides: overrides, catalogue: catalogue)
        study = read
        record = overrides.isEmpty ? recorded : nil
        kind = recorded?.kind ?? .run
        fingerprint = record?.fingerprint
      }
    } catch {
      throw CommandError.input((error as? StudyError)?.message(of: file) ?? "\(error)")
    }
    let path = folder.map { relativePath(from: $0, to: file) }
    let words = path.map { ["run", $0] + overrides.flatMap { ["--set", $0] } }
    arguments = FileInput.isStandardInput(file) ? nil : words?.map(shellWord).joined(separator: " ")
  }

  var inputs: [String] {
    [file, "\(study.folder)/\(StorePlace.standard)"] + study.keptFiles
      + (lastPathComponent(of: file) == "result.json"
        ? ResultFolder.files(of: folderPath(of: file)) : [])
  }

  func page(_ context: CommandContext) throws -> any ReportPage {
    do {
      var runner = StudyRunner(study, threads: nil)
      runner.interrupt = context.interrupt
      if isCrossValidation {
        let outcome = try runner.crossValidate()
        try check(outcome.result.fingerprint)
        return try outcome.page()
      }
      let outcome = try record.map { try runner.repeating($0) } ?? runner.outcome(of: kind)
      let own = outcome.result.fingerprint.description
      try check(own)
      return try outcome.page(
        repeating: record, reproducedBy: arguments.map { "\($0) --expect \(own)" })
    } catch let error as CommandError {
      throw error
    } catch {
      try context.checkInterrupt()
      throw CommandError.input((error as? StudyError)?.message(of: file) ?? "\(error)")
    }
  }

  /// Refuses to call a page that of a result which came out differently.
  private func check(_ own: String) throws {
    guard let fingerprint, fingerprint != own else { return }
    throw CommandError(
      status: .fault,
      message: "\(file): run again it has the fingerprint \(own), not \(fingerprint): its data, "
        + "its policy or BacktestKit have changed since, and its page cannot be made again. For a "
        + "new result run it with '--out'")
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

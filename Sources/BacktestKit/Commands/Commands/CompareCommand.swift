import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestReports
import BacktestStudies

extension Command {
  /// `compare`: many results on one page.
  static var compare: Command {
    Command(
      "compare", summary: "Compare results: figures, curves, rules, and how alike they are.",
      discussion: """
        Each run is a folder of a result, a folder with such folders in it, or the number or \
        fingerprint of a stored run, as 'runs list' shows it. --family, --tag and --name add \
        stored runs. The first run is the reference with which the others are compared; it may be \
        named before a folder that holds it too.

        Prints the runs, the best first, and writes a page with their curves. The best of many \
        runs is a choice made after the fact, so its deflated Sharpe ratio comes with it.
        """
    ) { parameters in
      let options = CompareOptions(&parameters)
      return { context in try options.perform(in: context) }
    }
  }
}

private struct CompareOptions: Sendable {
  var names: [String]
  var place: StorePlace
  var filter: RunFilter
  var sort: String
  var out: String
  var markdown: String?
  var pictures: String?
  var isQuiet: Bool
  var printsJSON: Bool

  init(_ parameters: inout ParameterReader) {
    names = parameters.arguments(
      "run", .text("run", completion: .folders),
      help: "Folders of results, or numbers or fingerprints of stored runs.")
    place = StorePlace(&parameters)
    filter = RunFilter(&parameters)
    sort = parameters.option(
      "sort", .oneOf(Metrics.all.map(\.name), name: "metric"), default: "sharpe",
      help: "The metric that ranks the runs.")
    out = parameters.option(
      "out", short: "o", .file(endings: ["html"]), default: "Reports/comparison.html",
      help: "The page.")
    markdown = parameters.optionalOption(
      "markdown", .file(endings: ["md"]), help: "A file for the comparison as Markdown.")
    pictures = parameters.optionalOption(
      "svg", .folder(), help: "A folder for the charts, each in an SVG file.")
    isQuiet = parameters.flag("quiet", short: "q", help: "Print only errors.")
    printsJSON = parameters.flag("json", help: "Print JSON instead of tables.")
    parameters.require(
      !names.isEmpty || !filter.isEmpty,
      "name the runs: folders of results, stored runs, or '--family', '--tag' or '--name'")
  }

  func perform(in context: CommandContext) throws -> ExitCode {
    let found = try runs(context)
    let outputs = ReportOutputs(
      files: [out] + (markdown.map { [$0] } ?? []), pictures: pictures, inputs: found.inputs)
    try outputs.check()
    let report = try ComparisonReport(found.runs, rankedBy: sort)
    let charts = pictures == nil ? [] : report.charts()
    try outputs.check(charts)
    try outputs.makeFolders()
    try CommandError.wrapping {
      try report.write(to: out)
      if let markdown { try FileBytes.write(report.markdown(), to: markdown) }
    }
    let pictures = try pictures.map { try report.writePictures(charts, to: $0) }
    if printsJSON {
      context.output.write(report.json.text)
    } else if !isQuiet {
      context.output.write(ComparisonText(report, width: context.output.tableWidth).text)
      context.output.write("\nComparison: \(out)\n")
      if let pictures { context.output.write("\(pictures)\n") }
    }
    return .done
  }

  private func runs(_ context: CommandContext) throws -> ComparedRuns {
    var found = ComparedRuns(linkedFrom: folderPath(of: out))
    var store: RunStore?
    func opened() throws -> RunStore {
      if let store { return store }
      let new = try place.store(writing: false, context)
      store = new
      return new
    }
    for name in names {
      try context.checkInterrupt()
      if let folders = try Self.folders(name) {
        let isExpanded = folders != [Self.folder(ofResult: name)]
        for folder in folders {
          // The reference may be named before the folder in which it lies.
          if isExpanded, found.holds(folder: folder) { continue }
          if isExpanded, ComparedRuns.isCrossValidation(folder) {
            context.report("warning: \(folder) is a cross-validation, which is left out")
            continue
          }
          try found.add(folder: folder)
        }
      } else {
        let store = try opened()
        try found.add(try store.run(name), of: store)
      }
    }
    if !filter.isEmpty {
      let store = try opened()
      let stored = try store.runs(filter, limit: ComparisonReport.runLimit + 1)
      let given = Set(found.runs.map(\.name))
      // What was named and also matches is one run.
      for run in stored where !given.contains("run \(run.number)") {
        try context.checkInterrupt()
        try found.add(run, of: store)
      }
    }
    guard found.runs.count > 1 else {
      throw CommandError.input(
        found.runs.isEmpty
          ? "no run matches; 'runs list' shows the stored runs"
          : "\(found.runs[0].name): one run alone cannot be compared; name another")
    }
    found.shortenNames()
    return found
  }

  /// The folder of a result that is named by its file or its folder.
  private static func folder(ofResult name: String) -> String {
    name.hasSuffix("/result.json") ? String(name.dropLast("/result.json".count)) : name
  }

  /// The folders of results that a word names; `nil` where it names a stored run.
  private static func folders(_ name: String) throws -> [String]? {
    let path = folder(ofResult: name)
    if FolderTree.isFile("\(path)/result.json") { return [path] }
    let isStored = path.allSatisfy(\.isHexDigit) || path.hasPrefix("#")
    guard FolderTree.isFolder(path) else {
      if isStored { return nil }
      throw CommandError.input(
        "\(path): there is no such folder; name a folder of a result, or a stored run by its "
          + "number")
    }
    let below = try FolderTree.files(below: path).filter { $0.hasSuffix("/result.json") }
    guard !below.isEmpty else {
      if isStored { return nil }
      throw CommandError.input(
        "\(path): no result.json is in it or below it; name the folder of a result")
    }
    return below.map { "\(path)/\($0.dropLast("/result.json".count))" }
  }
}

extension ComparisonReport {
  /// The comparison as `--json` prints it.
  fileprivate var json: JSONValue {
    [
      "verdict": .text(verdict), "caveats": .list(caveats.map { .text($0) }),
      "runs": .list(
        runs.map { run in
          [
            "name": .text(run.name), "origin": .text(run.origin), "kind": .text(run.kind),
            "fingerprint": .text(run.fingerprint), "in-sample": .bool(run.inSampleReason != nil),
            "from": .text(run.dates.lowerBound.description),
            "to": .text(run.dates.upperBound.description),
            "settings": .table(
              run.settings.sorted { $0.key < $1.key }.map {
                JSONMember(key: $0.key, value: .text($0.value))
              }),
            "metrics": .table(
              run.metrics.sorted { $0.key < $1.key }.map {
                JSONMember(key: $0.key, value: .number($0.value))
              }),
          ] as JSONValue
        }),
    ]
  }
}

/// A comparison on a terminal.
private struct ComparisonText {
  private let report: ComparisonReport
  private let width: Int?
  /// The most rows of a table on a terminal.
  private static let limit = 20

  init(_ report: ComparisonReport, width: Int?) {
    self.report = report
    self.width = width
  }

  var text: String {
    var text = paragraph(report.verdict, in: width) + "\n"
    text += TextTable(report.table, rows: Self.limit).text(in: width)
    let rest = report.runs.count - Self.limit
    if rest > 0 { text += "and \(NumberText.grouped(rest)) more\n" }
    if report.runs.count <= 4, let differences = report.differences {
      text += "\n\(TextTable(differences, rows: Self.limit).text(in: width))"
    }
    guard !report.caveats.isEmpty else { return text }
    return text + "\nCaveats:\n"
      + report.caveats.map { listItem($0, in: width) }.joined()
  }
}

import BacktestCore
import BacktestFiles
import BacktestReports
import BacktestStudies

extension Command {
  /// `index`: all results below a folder.
  static func index(program: String) -> Command {
    Command(
      "index", summary: "List all results below a folder on a page with links to their reports.",
      discussion: """
        Writes index.html into the folder. Its links are relative, so the folder can be moved or \
        published as it is. Results that failed, are incomplete or were made by another version \
        are listed with the reason.
        """
    ) { parameters in
      let folder = parameters.argument("folder", .folder(), help: "The folder with the results.")
      let out = parameters.optionalOption(
        "out", short: "o", .file(endings: ["html"]), help: "The page (default: its index.html).")
      let isQuiet = parameters.flag("quiet", short: "q", help: "Print only errors.")
      return { context in
        let page = out ?? "\(folder)/index.html"
        try checkPage(page)
        let results = try CommandError.wrapping {
          try ResultIndex.results(below: folder, linkedFrom: folderPath(of: page))
        }
        guard !results.isEmpty else {
          throw CommandError.input("\(folder): no result is in it or below it")
        }
        let report = IndexReport(folder, results, program: program)
        try CommandError.wrapping { try report.write(to: page) }
        if !isQuiet { context.output.write(text(of: report, page, context.output.tableWidth)) }
        return .done
      }
    }
  }

  /// Refuses to replace a page that is no index.
  private static func checkPage(_ page: String) throws {
    guard FolderTree.isFile(page) else { return }
    let bytes = try CommandError.wrapping { try FileBytes.read(page) }
    guard String(decoding: bytes, as: UTF8.self).contains(IndexReport.mark) else {
      throw CommandError.input(
        "\(page): this page is no index of results and would be lost; name another with '--out'")
    }
  }

  private static func text(of report: IndexReport, _ page: String, _ width: Int?) -> String {
    let limit = 20
    var text = ""
    if !report.complete.isEmpty {
      var table = TextTable([
        .left("result"), .left("done"), .right("Sharpe"), .left("95% interval"), .right("CAGR"),
        .right("max drawdown"), .left("data from"), .left("data to"),
      ])
      for result in report.complete.prefix(limit) {
        let format = NumberFormat.ratio
        let interval = result.sharpeInterval.map {
          "\(format.text($0.lowerBound)) to \(format.text($0.upperBound))"
        }
        table.add([
          printable(result.path, limit: 40), printable(result.kind, limit: 20),
          format.text(result.metrics["sharpe"]),
          interval ?? "–", NumberFormat.percent(decimals: 1).text(result.metrics["cagr"]),
          NumberFormat.percent(decimals: 1).text(result.metrics["max-drawdown"]),
          result.firstDate?.description ?? "–", result.lastDate?.description ?? "–",
        ])
      }
      text += table.text(in: width)
      let rest = report.complete.count - limit
      if rest > 0 { text += "and \(NumberText.grouped(rest)) more\n" }
    }
    func list(_ title: String, _ lines: [String]) {
      guard !lines.isEmpty else { return }
      text += "\(text.isEmpty ? "" : "\n")\(title):\n"
      for line in lines.prefix(limit) { text += listItem(line, in: width) }
      if lines.count > limit { text += "and \(NumberText.grouped(lines.count - limit)) more\n" }
    }
    list(
      "Gates and other checks",
      report.checks.map { "\($0.path): \($0.kind), \($0.verdict ?? "")" })
    list("Other pages", report.pages.map { "\($0.path): \($0.kind), \($0.verdict ?? $0.title)" })
    list("Without a page, written by", report.withoutPage.map(\.command))
    list("Failed or incomplete", report.incomplete.map { "\($0.path): \($0.problem ?? "")" })
    return text + "\nIndex: \(page)\n"
  }
}

import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestIngest
package import BacktestReports

/// Finds all results below a folder, and what became of those that are not complete.
package struct ResultIndex {
  /// The most folders of an index, and how deep they may lie.
  private static let (mostFolders, mostLevels) = (20_000, 24)

  private let root: String
  private let page: String
  private var found: [IndexedResult] = []
  private var folderCount = 0

  /// The results below a folder, in the order of their paths.
  ///
  /// - Parameters:
  ///   - folder: where they lie.
  ///   - page: the folder of the index, from which links count.
  /// - Throws: `StudyError` where the folder cannot be read, or holds too much.
  package static func results(
    below folder: String, linkedFrom page: String
  ) throws(StudyError) -> [IndexedResult] {
    guard FolderTree.isFolder(folder) else {
      throw StudyError(.file, "\(folder): there is no such folder")
    }
    var index = ResultIndex(root: folder, page: page)
    try index.visit(folder, path: "", level: 0)
    let keyed = index.found.map { (Self.pieces(of: $0.path), $0) }
    return keyed.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
  }

  private init(root: String, page: String) {
    self.root = root
    self.page = page
  }

  /// A path as texts whose order is that of its words and, inside them, of its numbers.
  private static func pieces(of path: String) -> [String] {
    var pieces: [String] = []
    for part in path.split(separator: "/") {
      var rest = part[...]
      while let first = rest.first {
        let isNumber = first.isASCII && first.isNumber
        let piece = rest.prefix { ($0.isASCII && $0.isNumber) == isNumber }
        let digits = piece.drop { $0 == "0" }
        // Longer numbers are greater, whatever they begin with.
        let size = String(digits.count)
        pieces.append(
          isNumber
            ? String(repeating: "0", count: max(0, 4 - size.count)) + "\(size).\(digits)"
            : String(piece))
        rest = rest.dropFirst(piece.count)
      }
      pieces.append("")
    }
    return pieces
  }

  private mutating func visit(
    _ folder: String, path: String, level: Int
  ) throws(StudyError) {
    folderCount += 1
    guard folderCount <= Self.mostFolders, level <= Self.mostLevels else {
      throw StudyError(
        .file,
        "\(root): more than \(NumberText.grouped(Self.mostFolders)) folders, or more than "
          + "\(Self.mostLevels) levels of them, are below it; name a smaller folder")
    }
    let names: [String]
    do throws(FileError) {
      names = try FolderTree.names(in: folder).sorted()
    } catch {
      found.append(IndexedResult(path: path.isEmpty ? "." : path, problem: "\(error.reason)"))
      return
    }
    note(folder, path: path.isEmpty ? "." : path, names)
    for name in names where !name.hasPrefix(".") {
      let below = "\(folder)/\(name)"
      // A link could lead back up.
      guard FolderTree.isRealFolder(below) else { continue }
      try visit(below, path: path.isEmpty ? name : "\(path)/\(name)", level: level + 1)
    }
  }

  /// What a folder holds itself.
  private mutating func note(_ folder: String, path: String, _ names: [String]) {
    for name in names where name.hasPrefix(".") && name.hasSuffix(".units") {
      let job = String(name.dropFirst().dropLast(".units".count))
      found.append(
        IndexedResult(
          path: path == "." ? job : "\(path)/\(job)",
          problem: "A job is still at work, or was killed; started again it goes on."))
    }
    if names.contains("batch.csv") { noteFailures(in: folder, path) }
    notePages(folder, path, names)
    if !names.contains("result.json") {
      if names.contains("gate.json") { noteCheck("gate.json", folder, path) }
      if names.contains(LookaheadRecord.fileName) {
        noteCheck(LookaheadRecord.fileName, folder, path)
      }
    }
    if names.contains("result.json") {
      found.append(IndexedResult(folder, path: path, linkedFrom: page))
    } else if names.contains(where: { $0.hasSuffix(".partial") }) {
      found.append(
        IndexedResult(path: path, problem: "Its files are still being written, or were cut short."))
    } else if names.contains("shard.json") {
      found.append(
        IndexedResult(path: path, problem: "A shard of a job; 'merge' puts them together."))
    } else if names.contains("report.html") || names.contains("equity.csv") {
      found.append(
        IndexedResult(
          path: path, link: ComparedRun.link(to: folder, from: page),
          problem: "There is no result.json, so its figures cannot be read; run its study again."))
    }
  }

  /// A gate or a look-ahead analysis that has its own folder.
  private mutating func noteCheck(_ name: String, _ folder: String, _ path: String) {
    var result = IndexedResult(path: path)
    result.category = .check
    do throws(DocumentError) {
      let json = JSONValue(try DocumentReader.read(path: "\(folder)/\(name)"))
      result.title = json["name"]?.textValue ?? ""
      if name == LookaheadRecord.fileName {
        result.kind = "look-ahead"
        result.verdict =
          json["lookahead"]?.boolValue == true ? "looks ahead" : "no look-ahead was found"
      } else {
        result.kind = "gate"
        result.link = IndexedResult.link("gate.html", in: folder, from: page)
        let rules = json["rules"]?.items ?? []
        let failed = rules.count { $0["verdict"]?.textValue == "failed" }
        result.verdict =
          json["verdict"]?.textValue == "passed"
          ? "passed"
          : "failed: \(failed) of \(NumberText.count(rules.count, "rule"))"
        result.firstDate = json["from"]?.textValue.flatMap { CivilDate($0) }
        result.lastDate = json["to"]?.textValue.flatMap { CivilDate($0) }
      }
    } catch {
      result = IndexedResult(path: path, problem: "\(error)")
    }
    found.append(result)
  }

  /// The pages of several runs or of returns, which lie anywhere.
  private mutating func notePages(_ folder: String, _ path: String, _ names: [String]) {
    for name in names where name.hasSuffix(".html") && !name.hasPrefix(".") {
      guard let head = PageHead(of: "\(folder)/\(name)") else { continue }
      var result = IndexedResult(
        path: path == "." ? name : "\(path)/\(name)",
        link: IndexedResult.link(name, in: folder, from: page))
      result.category = .page
      result.kind = head.kind.rawValue
      result.title = head.title
      result.verdict = head.verdict
      found.append(result)
    }
  }

  /// The entries of a batch that failed, which have no folder.
  private mutating func noteFailures(in folder: String, _ path: String) {
    do throws(DataError) {
      for row in try CSVTexts.load("\(folder)/batch.csv") where row["status"] == "failed" {
        let name = row["name"] ?? ""
        found.append(
          IndexedResult(
            path: path == "." ? name : "\(path)/\(name)",
            problem: "Failed: \(row["error"] ?? "no reason is given")"))
      }
    } catch {
      found.append(IndexedResult(path: path, problem: "\(error)"))
    }
  }
}

extension IndexedResult {
  /// The result in a folder.
  fileprivate init(_ folder: String, path: String, linkedFrom page: String) {
    self.init(path: path, link: ComparedRun.link(to: folder, from: page))
    do {
      let document = try DocumentReader.read(path: "\(folder)/result.json")
      if document.text(of: "schema") == CrossValidationOutcome.schema {
        read(crossValidation: JSONValue(document))
      } else {
        let record = try ResultRecord.read(document).record
        read(record)
        // A tuning and a Monte Carlo are runs with something more.
        if FolderTree.isFile("\(folder)/tune.csv") { kind = "tuning" }
        if record.asked.monteCarlo != nil { kind = "Monte Carlo" }
      }
    } catch {
      problem = "\(error)"
    }
    let gate = (try? DocumentReader.read(path: "\(folder)/gate.json"))?.text(of: "verdict")
    passesGate = gate.map { $0 == "passed" }
    gateLink = gate == nil ? nil : Self.link("gate.html", in: folder, from: page)
  }

  /// A file of a folder, seen from the folder of a page; `nil` where it is not there.
  fileprivate static func link(
    _ name: String, in folder: String, from page: String
  ) -> String? {
    guard FolderTree.isFile("\(folder)/\(name)") else { return nil }
    let way = relativePath(from: page, to: folder)
    return way == "." ? name : "\(way)/\(name)"
  }

  private mutating func read(_ record: ResultRecord) {
    title = record.name
    kind = record.kind.rawValue
    strategy = record.strategy
    metrics = Dictionary(record.metrics.map { ($0.name, $0.value) }) { first, _ in first }
    sharpeInterval = record.interval95(of: "sharpe")
    limits = record.caveats.map(\.code)
    firstDate = record.firstDate
    lastDate = record.lastDate
    verdict = record.ruinedAt.map { _ in "nothing was left" } ?? record.benchmarkVerdict
  }

  private mutating func read(crossValidation json: JSONValue) {
    title = json["name"]?.textValue ?? ""
    strategy = json["strategy"]?.textValue ?? ""
    kind = "cross-validation"
    for name in ["sharpe", "cagr", "max-drawdown"] {
      metrics[name] = json["distribution"]?[name]?["median"]?.numberValue
    }
    limits = (json["limits"]?.items ?? []).compactMap { $0["code"]?.textValue }
    func dates(_ key: String) -> [CivilDate] {
      (json["markets"]?.items ?? []).compactMap { $0[key]?.textValue.flatMap { CivilDate($0) } }
    }
    firstDate = dates("from").min()
    lastDate = dates("to").max()
    verdict = json["losing-share"]?.numberValue.map {
      "\(NumberFormat.percent(decimals: 0).text($0)) of \(json["unit"]?.textValue ?? "path")s lost"
    }
  }
}

extension ResultRecord {
  /// Whether the mean return was above the benchmark's by more than chance often gives, in words;
  /// `nil` without a benchmark.
  fileprivate var benchmarkVerdict: String? {
    guard let benchmark else { return nil }
    let ratio = benchmark.comparison.first { $0.name == "information-ratio-per-bar" }?.value
    // The benchmark is compared from session to session.
    let sessions = (barsPerYear ?? 252) > 366 ? nil : returnCount
    guard let ratio, let sessions else { return "not known" }
    let statistic = ratio * Double(sessions).squareRoot()
    return statistic > 1.96 ? "ahead" : statistic < -1.96 ? "behind" : "no clear difference"
  }
}

/// What the beginning of a page says of it.
private struct PageHead {
  let kind: PageKind
  let title: String
  let verdict: String?

  /// How many bytes are looked at; the style sheet takes most of them.
  private static let limit = 64_000

  /// The head of a page; `nil` where it is no page of a kind that an index lists.
  init?(of path: String) {
    guard FolderTree.isFile(path), let bytes = try? FileBytes.read(path) else { return nil }
    let text = String(decoding: bytes.prefix(Self.limit), as: UTF8.self)
    guard
      let kind = PageKind.allCases.first(where: {
        text.contains("<meta name=\"generator\" content=\"\($0.mark)\"")
      })
    else { return nil }
    self.kind = kind
    title = Self.text(in: text, from: "<title>", to: "</title>") ?? ""
    verdict = Self.text(in: text, from: "<p class=\"verdict\">", to: "</p>")
  }

  private static func text(in text: String, from start: String, to end: String) -> String? {
    guard let first = text.firstRange(of: start) else { return nil }
    let rest = text[first.upperBound...]
    guard let last = rest.firstRange(of: end) else { return nil }
    var found = String(rest[..<last.lowerBound])
    for (entity, character) in [
      ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
    ] {
      found = found.replacing(entity, with: character)
    }
    return found
  }
}

import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestIngest
package import BacktestReports

/// Runs that are read for a comparison: results in folders, and runs of a store.
package struct ComparedRuns: Sendable {
  /// The runs, in the order in which they were added.
  package private(set) var runs: [ComparedRun] = []
  /// The files that they were read from.
  package private(set) var inputs: [String] = []
  /// Which of them were named by their folders.
  private var ofFolders: Set<Int> = []
  /// The folder from which links lead to reports.
  private let page: String
  /// The real places of those that were added, with the words that named them.
  private var places: [String: String] = [:]

  /// No run yet.
  ///
  /// - Parameter page: the folder of the page, from which links count.
  package init(linkedFrom page: String) { self.page = page }

  /// Adds the result in a folder.
  ///
  /// - Throws: `StudyError` where there is no result of this version, it is damaged, or it was
  ///   added before.
  package mutating func add(folder: String) throws(StudyError) {
    let place = relativePath(from: "/", to: folder)
    try claim(place, as: folder)
    ofFolders.insert(runs.count)
    inputs += ResultFolder.files(of: folder)
    runs.append(try ComparedRun(folder: folder, linkedFrom: page))
  }

  /// Whether the result in a folder was added before.
  package func holds(folder: String) -> Bool {
    places[relativePath(from: "/", to: folder)] != nil
  }

  /// Whether a folder holds a cross-validation, whose result is a spread and no single curve.
  package static func isCrossValidation(_ folder: String) -> Bool {
    isCrossValidation(file: "\(folder)/result.json")
  }

  /// Whether a file is the result of a cross-validation.
  package static func isCrossValidation(file: String) -> Bool {
    (try? DocumentReader.read(path: file))?.text(of: "schema") == CrossValidationOutcome.schema
  }

  /// Adds a run of a store, with its curve from the files of its folder or from its trial.
  ///
  /// - Throws: `StudyError` where it was added before, and `RunStoreError` where the store cannot
  ///   be read.
  package mutating func add(_ run: StoredRun, of store: RunStore) throws {
    try claim("\u{0}\(run.number)", as: "run \(run.number)")
    inputs.append(store.path)
    if let folder = run.folder {
      inputs += ResultFolder.files(of: "\(folderPath(of: store.path))/\(folder)")
    }
    runs.append(try ComparedRun(run, of: store, linkedFrom: page))
  }

  private mutating func claim(_ place: String, as words: String) throws(StudyError) {
    if let first = places.updateValue(words, forKey: place) {
      throw StudyError(
        .file,
        first == words
          ? "\(words): it is given twice; name each run once"
          : "\(words): it is the same as \(first); name each run once")
    }
    if runs.count >= ComparisonReport.runLimit {
      throw StudyError(
        .file,
        "more than \(NumberText.grouped(ComparisonReport.runLimit)) runs are too many to compare; "
          + "choose fewer")
    }
  }

  /// Gives the runs short names that tell them apart: folders without what their paths have in
  /// common, and runs of a store with the parameters in which they differ.
  package mutating func shortenNames() {
    let folders = ofFolders.sorted()
    let parts = folders.map { runs[$0].origin.split(separator: "/").map(String.init) }
    var common = 0
    while parts.count > 1,
      parts.allSatisfy({ $0.count > common + 1 && $0[common] == parts[0][common] })
    {
      common += 1
    }
    for (index, own) in zip(folders, parts) {
      let rest = parts.count > 1 ? Array(own.dropFirst(common)) : Array(own.suffix(1))
      runs[index].name = rest.isEmpty ? runs[index].origin : rest.joined(separator: "/")
    }
    let keys = Set(runs.flatMap(\.settings.keys)).filter { key in
      key.hasPrefix("parameters.") && Set(runs.map { $0.settings[key] }).count > 1
    }.sorted()
    guard (1...4).contains(keys.count) else { return }
    for index in runs.indices where !ofFolders.contains(index) {
      let words = keys.compactMap { key in
        runs[index].settings[key].map { "\(key.dropFirst("parameters.".count)) \($0)" }
      }
      if !words.isEmpty { runs[index].name += ": \(words.joined(separator: ", "))" }
    }
  }
}

extension ComparedRun {
  /// The result in a folder.
  fileprivate init(folder: String, linkedFrom page: String) throws(StudyError) {
    let path = "\(folder)/result.json"
    let record = try StudyError.wrapping(.file) {
      let document = try DocumentReader.read(path: path)
      if document.text(of: "schema") == CrossValidationOutcome.schema {
        throw StudyError(
          .file,
          "\(path): it is a cross-validation, whose result is a spread and no single curve; "
            + "compare runs, walk-forwards and sweeps")
      }
      return try ResultRecord.read(document).record
    }
    self.init(record, name: folder, origin: folder)
    countedTrials = record.trials.count?.counted
    curve = try Self.curve(in: folder, of: record)
    link = Self.link(to: folder, from: page)
  }

  /// A run of a store.
  fileprivate init(_ run: StoredRun, of store: RunStore, linkedFrom page: String) throws {
    let name = "run \(run.number)"
    let start = folderPath(of: store.path)
    if let folder = run.folder.map({ "\(start)/\($0)" }),
      let own = try? ComparedRun(folder: folder, linkedFrom: page),
      own.fingerprint == run.fingerprint, own.settings == run.settings
    {
      self = own
    } else {
      self.init(
        name: name, title: run.name, kind: run.kind, strategy: run.family.strategy, origin: "",
        fingerprint: run.fingerprint, version: run.version,
        dates: min(run.firstDate, run.lastDate)...max(run.firstDate, run.lastDate),
        metrics: run.metrics, settings: run.settings, symbols: run.family.symbols)
      curve = try store.curve(of: run)
    }
    self.name = name
    origin = "\(store.path): run \(run.number)"
  }

  private init(_ record: ResultRecord, name: String, origin: String) {
    var settings: [String: String] = [:]
    for setting in record.configuration { settings[setting.key] = setting.value.description }
    self.init(
      name: name, title: record.name, kind: record.kind.rawValue, strategy: record.strategy,
      origin: origin, fingerprint: record.fingerprint, version: record.version,
      dates: min(record.firstDate, record.lastDate)...max(record.firstDate, record.lastDate),
      metrics: Dictionary(record.metrics.map { ($0.name, $0.value) }) { first, _ in first },
      settings: settings, symbols: record.data.map(\.symbol))
    data = Dictionary(record.data.map { ($0.symbol, $0.sha256) }) { first, _ in first }
    for interval in record.intervals
    where interval.level == 0.95 && interval.lower <= interval.upper {
      intervals[interval.metric] = interval.lower...interval.upper
    }
    limits = record.caveats.map { Limit(code: $0.code, message: $0.message) }
  }

  /// The report beside a result, seen from the folder of a page.
  static func link(to folder: String, from page: String) -> String? {
    guard FolderTree.isFile("\(folder)/report.html") else { return nil }
    let way = relativePath(from: page, to: folder)
    return way == "." ? "report.html" : "\(way)/report.html"
  }

  /// The curve in `equity.csv`; `nil` where the file is not there.
  private static func curve(
    in folder: String, of record: ResultRecord
  ) throws(StudyError) -> DailyCurve? {
    let path = "\(folder)/equity.csv"
    guard FolderTree.isFile(path) else { return nil }
    var reader = CSVReferences()
    reader.values = ["equity"]
    let columns = try StudyError.wrapping(.file) { try reader.load(path, name: "equity") }
    let values = Array(columns[0].values)
    guard values.count > 1, values.last == record.finalEquity else {
      throw StudyError(
        .file,
        "\(path): it ends with \(values.last.map(NumberText.exact) ?? "nothing"), and result.json "
          + "with \(NumberText.exact(record.finalEquity)), so they belong to different runs; run "
          + "the study again")
    }
    return DailyCurve(times: Array(columns[0].knownTimes), wealth: values)
  }
}

extension DocumentNode {
  /// The text of a key; `nil` where there is none.
  func text(of key: String) -> String? {
    guard case .table(let entries) = content,
      case .text(let text)? = entries.first(where: { $0.key == key })?.value.content
    else { return nil }
    return text
  }
}

import BacktestCore
package import BacktestFiles

/// What a batch file asks for: studies, and what is varied about each of them.
///
///     let plan = try BatchPlan(path: "batch.yaml")
///     for entry in plan.entries { print(entry.name, entry.overrides) }
package struct BatchPlan: Sendable {
  /// The title of the tables.
  package var name = "Batch"
  /// What is done with each study that does not say so itself.
  var command = StudyCommand.run
  /// The studies.
  var studies: [Part] = []
  /// Policies that take the place of the studies' own.
  var policies: [String] = []
  /// Values of the strategy's parameters, by name in the order of names.
  var parameters: [(name: String, values: [ParameterValue])] = []
  /// Seeds that take the place of the studies' own.
  var seeds: [Int] = []
  /// Replacements in all studies.
  var overrides: [String] = []
  /// The metric by which entries are compared.
  package var objective = "sharpe"
  /// Which files entries write besides the tables of the batch.
  package var results = Results.all
  /// Where results go as the file gives it; relative to its folder.
  package var outputFolder: String?
  /// The folder of the batch file, from which its paths count.
  package var folder = "."
  /// The batch file as it was read.
  var document = DocumentNode(content: .table([]), place: DocumentPlace(source: ""))
  /// The name of the batch file without its folder.
  package var fileName = ""

  /// A study of the batch.
  struct Part: Sendable {
    var path = ""
    var command: StudyCommand?
    var overrides: [String] = []
  }

  /// Which files entries write.
  package enum Results: String, Sendable, CaseIterable {
    /// Each entry writes what its command writes.
    case all
    /// Only the tables of the batch are written.
    case none
  }

  /// Reads a batch file, YAML or, where its name ends in `.json`, JSON.
  ///
  /// - Throws: everything that is wrong with it, each with its line.
  package init(path: String) throws(DocumentError) {
    try self.init(
      try DocumentReader.read(path: path, acceptsStandardInput: true),
      folder: folderPath(of: path), fileName: lastPathComponent(of: path))
  }

  /// The plan in a document.
  ///
  /// - Parameters:
  ///   - folder: the folder of the batch file, from which its paths count.
  ///   - fileName: its name without the folder.
  /// - Throws: everything that is wrong with it, each with its line.
  init(_ document: DocumentNode, folder: String, fileName: String) throws(DocumentError) {
    self = try document.decode { Self.table.value(&$0) }
    self.document = document
    self.folder = folder
    self.fileName = fileName
  }

  private init() {}
}

// Keys
extension BatchPlan {
  /// The keys of a batch file.
  static var table: StudyTable<BatchPlan> {
    StudyTable(
      initial: BatchPlan(),
      keys: [
        .value("name", \.name, .text, "The title of the tables.").example("Overnight"),
        .value("command", \.command, .choice(), "What is done with each study."),
        .tables("studies", \.studies, part, "The studies."),
        .list(
          "policies", \.policies, of: .text,
          "Policies that take the place of each study's own, one after the other."
        ).values("list of folders with a manifest").absent("those of the studies")
          .example("[policies/ppo, policies/sac]"),
        parametersKey,
        .list(
          "seeds", \.seeds, of: .integer(.notNegative),
          "Seeds that take the place of each study's own, one after the other."
        ).absent("those of the studies").example("[1, 2, 3]"),
        .list(
          "set", \.overrides, of: .text, "Keys that are replaced in all studies."
        ).values("list of texts such as `execution.fill=next-close`")
          .example("[execution.slippage.basis-points=5]"),
        .value(
          "objective", \.objective, .runMetric, "The metric by which entries are compared."
        ).values("the name of a metric").example("calmar"),
        .value(
          "results", \.results, .choice(),
          "Whether each entry writes the files of its command, or only the batch its tables. With "
            + "`all` and a store entries run one by one, since each counts the trials before it."
        ),
        .table("output", \.self, output, "Where results go."),
      ],
      after: { table, plan in
        if plan.studies.isEmpty, table.node("studies")?.kind == .list {
          table.report("a batch needs a study", at: "studies")
        }
        if Set(plan.seeds).count != plan.seeds.count {
          table.report("a seed is given twice", at: "seeds")
        }
        if Set(plan.policies).count != plan.policies.count {
          table.report("a policy is given twice", at: "policies")
        }
        if plan.entryCount > limit {
          table.report(
            "the batch has \(NumberText.grouped(plan.entryCount)) entries, but at most "
              + "\(NumberText.grouped(limit)) can be done; leave out some values, or sweep them")
        }
      })
  }

  /// What the keys are, for documents and the example that `bt-run init` writes.
  package static var rows: [StudyRow] { table.rows }

  /// The most entries of a batch.
  private static let limit = 100_000

  private static var part: StudyTable<Part> {
    StudyTable(
      initial: Part(),
      keys: [
        .required("path", \.path, .text, "The study file.").values("file").example("study.yaml"),
        .optional("command", \.command, .choice(), "What is done with this study.")
          .absent("that of the batch").example("walkforward"),
        .list("set", \.overrides, of: .text, "Keys that are replaced in this study.")
          .values("list of texts such as `execution.fill=next-close`")
          .example("[account.cash=50000]"),
      ])
  }

  private static var parametersKey: StudyKey<BatchPlan> {
    var row = StudyRow("parameters", "Values of the strategy's parameters; all are combined.")
    row.values = "table of lists"
    row.absence = "those of the studies"
    row.example = "{fast: [5, 10], slow: [50, 100]}"
    return StudyKey(row) { table, plan in
      guard table.node("parameters") != nil else { return }
      plan.parameters = table.section("parameters") { table in
        table.keys.sorted().map { key in
          (key, table.list(key, of: .parameter, takesSingle: false))
        }
      }
    }
  }

  private static var output: StudyTable<BatchPlan> {
    StudyTable(
      initial: BatchPlan(),
      keys: [
        .optional(
          "folder", \.outputFolder, .text, "Where results are written; `--out` overrides it."
        ).values("folder").absent("`Reports/`, the file's name and `-batch`").example("results")
      ])
  }
}

/// One run of a batch: a study with what is replaced in it.
package struct BatchEntry: Sendable {
  /// The position in the batch, from 0.
  package var index: Int
  /// What folders and tables call it; no two of a batch have the same.
  package var name: String
  /// The study file.
  package var path: String
  /// What is done with it.
  package var command: StudyCommand
  /// What is replaced in it.
  package var overrides: [String]
  /// What distinguishes it: the study, then the policy, the parameters and the seed where the batch
  /// varies them.
  package var levels: [Level]

  /// One of the values of something that a batch varies.
  package struct Level: Hashable, Sendable {
    /// What is varied: `study`, `policy`, the name of a parameter, `seed`.
    package var dimension: String
    /// The value.
    package var value: String
  }
}

extension BatchPlan {
  /// The number of entries.
  package var entryCount: Int {
    let counts = [max(policies.count, 1), max(seeds.count, 1)] + parameters.map(\.values.count)
    var product = studies.count
    for count in counts {
      let (next, isTooLarge) = product.multipliedReportingOverflow(by: count)
      if isTooLarge { return .max }
      product = next
    }
    return product
  }

  /// All entries: the study varies slowest, then the policy, the parameters and the seed.
  package var entries: [BatchEntry] {
    var entries: [BatchEntry] = []
    var names: Set<String> = []
    for study in studies {
      let path = resolved(study.path)
      let base = BatchEntry(
        index: 0, name: "", path: path, command: study.command ?? command,
        overrides: overrides + study.overrides,
        levels: [BatchEntry.Level(dimension: "study", value: study.path)])
      var variants = varied(base, by: "policy", policies) {
        // A study's paths count from its own folder.
        "strategy.policy=\(Self.quoted(relativePathFromStudy(path, to: $0)))"
      }
      for (name, values) in parameters {
        variants = variants.flatMap { variant in
          varied(variant, by: name, values.map(\.description)) {
            "strategy.parameters.\(name)=\($0)"
          }
        }
      }
      variants = variants.flatMap { variant in
        varied(variant, by: "seed", seeds.map(String.init)) { "seed=\($0)" }
      }
      for var entry in variants {
        entry.index = entries.count
        entry.name = Self.name(of: entry)
        if !names.insert(entry.name).inserted {
          entry.name += "-\(entry.index)"
          names.insert(entry.name)
        }
        entries.append(entry)
      }
    }
    return entries
  }

  private func varied(
    _ entry: BatchEntry, by dimension: String, _ values: [String],
    _ override: (String) -> String
  ) -> [BatchEntry] {
    guard !values.isEmpty else { return [entry] }
    return values.map { value in
      var variant = entry
      variant.levels.append(BatchEntry.Level(dimension: dimension, value: value))
      variant.overrides.append(override(value))
      return variant
    }
  }

  /// The path from the folder of this file.
  package func resolved(_ path: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : "\(folder)/\(path)"
  }

  private func relativePathFromStudy(_ study: String, to path: String) -> String {
    let base = folderPath(of: study)
    let place = resolved(path)
    if place.hasPrefix("/") || base == "." { return place }
    let ups = base.hasPrefix("/") ? nil : Optional(base.split(separator: "/").map { _ in ".." })
    return ups.map { ($0 + [place]).joined(separator: "/") } ?? place
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''") + "'"
  }

  private static func name(of entry: BatchEntry) -> String {
    let parts = entry.levels.map { level -> String in
      switch level.dimension {
      case "study":
        let file = level.value.split(separator: "/").last.map(String.init) ?? level.value
        return file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
      case "policy": return level.value.split(separator: "/").last.map(String.init) ?? level.value
      default: return "\(level.dimension)=\(level.value)"
      }
    }
    let name = parts.joined(separator: "_").map { character -> Character in
      let isPlain = character.isASCII && (character.isLetter || character.isNumber)
      return isPlain || "._=+-".contains(character) ? character : "-"
    }
    return String(name.drop { $0 == "." })
  }
}

public import BacktestCore
public import BacktestFiles

/// What a study file asks for: which bars, which account, which costs, which strategy, and how it
/// is judged.
///
///     let study = try Study(path: "study.yaml", catalogue: .standard)
///     let outcome = try StudyRunner(study).run()
///
/// A study is strict: an unknown key is an error that names its line and the nearest valid key.
public struct Study: Sendable {
  /// The title of the report.
  public var name = "Study"
  /// The bars.
  package var data = StudyData()
  /// The account, the execution rules, the warm-up and the risk-free rate.
  public var configuration = BacktestConfiguration()
  /// The strategy and its parameters.
  package var strategy = StudyStrategy()
  /// The walk-forward plan, where there is one.
  package var walkForward: StudyWalkForward?
  /// The sweep, where the study says something about it.
  package var sweep: StudySweep?
  /// The tuning, where the study says something about it.
  package var tuning: StudyTuning?
  /// The sensitivity analysis, where the study says something about it.
  package var sensitivity: StudySensitivity?
  /// The cross-validation, where there is one.
  package var crossValidation: StudyCrossValidation?
  /// Runs that differ by the checkpoint alone, where the study asks for them.
  package var replicates: StudyReplicates?
  /// The regimes by which a run is split.
  public var regimes: [RegimeChoice] = []
  /// What it says of them besides their names.
  package var regimeSettings = StudyRegimes()
  /// What the run is held against: an instrument of the data, one from a separate file, or equal
  /// parts of all instruments.
  package var benchmark: StudyBenchmark?
  /// The factors that explain the run's returns.
  var factors: StudyFactors?
  /// The segments by which the run is compared with a benchmark, where it names some.
  var attribution: StudyAttribution?
  /// The rules that its results have to pass, where it names some.
  package var gate: StudyGate?
  /// The folder for results as the study gives it; relative to the study's folder.
  public var outputFolder: String?
  /// What is changed about the bars before anything runs on them.
  public var stress: [MarketStress] = []
  /// The seed of everything random.
  public var seed: UInt64 = 0
  /// The folder of the study file, from which its paths count.
  public var folder: String
  /// The study file as it was named.
  var path: String { document.place.source }
  /// The name of the study file without its folder, also where a result runs the study again.
  package var fileName: String
  /// The study as it was read, overrides applied: what a result records.
  let document: DocumentNode

  /// Reads a study file, YAML or, where its name ends in `.json`, JSON.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - overrides: replacements such as `execution.fill=next-close`.
  ///   - catalogue: the strategies that it may name.
  /// - Throws: everything that is wrong with it, each with its line.
  public init(
    path: String, overrides: [String] = [], catalogue: StrategyCatalogue
  ) throws(DocumentError) {
    try self.init(
      document: try DocumentReader.read(path: path), folder: folderPath(of: path),
      overrides: overrides, catalogue: catalogue)
  }

  /// Reads a study from its document.
  package init(
    document: DocumentNode, folder: String, overrides: [String] = [],
    catalogue: StrategyCatalogue
  ) throws(DocumentError) {
    var document = document
    // Settings can be overridden in a study that only lists the names.
    if overrides.contains(where: { $0.hasPrefix("regimes.") }) {
      document = document.wrappingList(of: "regimes", in: "by")
    }
    for override in overrides {
      document = try DocumentOverride(parsing: override).applied(to: document)
    }
    self.init(document: document, folder: folder)
    let empty = self
    self = try document.decode { table in
      var study = empty
      Study.table(catalogue, folder: folder).read(&table, into: &study)
      return study
    }
  }

  /// A study whose keys are not read yet.
  private init(document: DocumentNode, folder: String) {
    self.document = document
    self.folder = folder
    fileName = document.place.source.split(separator: "/").last.map(String.init) ?? ""
  }
}

// Keys
extension Study {
  /// The keys of a study.
  ///
  /// - Parameters:
  ///   - catalogue: the strategies that it may name.
  ///   - folder: the folder from which its paths count.
  private static func table(
    _ catalogue: StrategyCatalogue, folder: String
  ) -> StudyTable<Study> {
    StudyTable(
      initial: Study(
        document: DocumentNode(content: .null, place: DocumentPlace(source: "")), folder: folder),
      keys: [
        .value("name", \.name, .text, "The title of the report.").example("Two shares"),
        .table(
          "data", \.data, StudyData.table(folder: folder), "The bars.", isRequired: true),
        .table("account", \.configuration, .account, "The account."),
        .table(
          "execution", \.configuration, .execution, "How orders fill and what trading costs."),
        StudyKey.instrumentCosts.of(\.configuration),
        .stress(
          "stress", \.stress,
          "What is changed about the bars before anything runs on them, one change after the other."
        ),
        .table(
          "risk", \.configuration, .risk, "What the run may not exceed.", isOptional: true
        ).absent("no limits").example("{leverage: 1.5, drawdown: {halt: 0.2}}"),
        .table(
          "exits", \.configuration, .exits, "What closes positions without the strategy's doing.",
          isOptional: true
        ).absent("none").example("{stop-loss: 5%, take-profit: 10%}"),
      ] + StudyTable.run.keys.map { $0.of(\.configuration) } + [
        .value(
          "seed", .integer(.notNegative), "The seed of everything random."
        ) {
          Int(clamping: $0.seed)
        } set: {
          $0.seed = UInt64($1)
        }.example("7"),
        strategy(catalogue, folder: folder), walkForward, crossValidation, sweepKey,
        tuningKey, sensitivityKey, replicates, StudyRegimes.key,
        .optionalTable(
          "benchmark", \.benchmark, StudyBenchmark.table, "What the run is compared with."
        ).example("{file: index.csv, symbol: INDEX}"),
        .optionalTable(
          "factors", \.factors, StudyFactors.table,
          "Daily returns of factors, such as those of Fama and French, which explain the run's."
        ).example("{path: factors.csv, unit: percent, risk-free: RF}"),
        .optionalTable(
          "attribution", \.attribution, StudyAttribution.table,
          "Segments of the market, by which the run's return is explained beside a benchmark's."
        ).example("{segments: {AAA: technology, BBB: energy}}"),
        .optionalTable(
          "gate", \.gate, StudyGate.table, "The rules of the command `gate`."
        ).absent("the default gate").example("{rules: [{what: sharpe, min: 0.5}]}"),
        .table("output", \.self, output, "Where results go.").example("{folder: results}"),
      ],
      after: { check(&$1, &$0) })
  }

  /// Reports keys that contradict each other, and sets what follows from others.
  private static func check(_ study: inout Study, _ table: inout DocumentTable) {
    study.configuration.execution.latencySeed = study.seed
    if study.attribution != nil, !study.configuration.accounting.placesOrders {
      table.report(
        "'attribution' follows positions, and under 'account.accounting: weights' there are none",
        at: "attribution")
    }
    let currency = study.configuration.account.currency
    if CurrencyCode(currency) == nil {
      table.report(
        "'account.currency' must be a code such as EUR, of at most 8 letters and digits",
        at: "account")
    }
    if let foreign = study.data.files.first(where: { $0.currency ?? currency != currency }) {
      study.configuration.account.changeForeignExchange { _ in }
      if study.strategy.decidesByPolicy {
        table.report(
          "\(foreign.path) is quoted in \(foreign.currency ?? ""), but a policy trades "
            + "instruments in the account's currency only, which is \(currency)", at: "data")
      }
    }
    if study.crossValidation?.regimes == .file, study.regimeSettings.file == nil {
      table.report(
        "the regimes 'file' need their labels: add 'regimes.file' with a 'path'",
        at: "cross-validation")
    }
  }

  /// What the keys are, for documents and the example that `bt-run init` writes.
  package static func rows(_ catalogue: StrategyCatalogue) -> [StudyRow] {
    table(catalogue, folder: ".").rows
  }

  private static func strategy(
    _ catalogue: StrategyCatalogue, folder: String
  ) -> StudyKey<Study> {
    var row = StudyRow("strategy", "The strategy or policy.")
    row.values = "table"
    row.table = StudyStrategy.rows(catalogue)
    row.isRequired = true
    return StudyKey(row) { table, study in
      study.strategy = table.section("strategy") {
        StudyStrategy(&$0, catalogue: catalogue, folder: folder)
      }
    }
  }

  private static var walkForward: StudyKey<Study> {
    .optionalTable(
      "walk-forward", "How parameters are chosen on the past and judged on what follows.",
      { StudyWalkForward.table(of: $0.strategy, seed: $0.seed) },
      rows: StudyWalkForward.table(of: StudyStrategy(), seed: 0).rows
    ) {
      $0.walkForward
    } set: {
      $0.walkForward = $1
    }
  }

  private static var sweepKey: StudyKey<Study> {
    .optionalTable(
      "sweep", "Which sets of parameters the command `sweep` tries on all bars.",
      { StudySweep.table(of: $0.strategy, seed: $0.seed) },
      rows: StudySweep.table(of: StudyStrategy(), seed: 0).rows
    ) {
      $0.sweep
    } set: {
      $0.sweep = $1
    }
  }

  private static var tuningKey: StudyKey<Study> {
    .optionalTable(
      "tune", "How the command `tune` searches for parameters.",
      { StudyTuning.table(of: $0.strategy) }, rows: StudyTuning.table(of: StudyStrategy()).rows
    ) {
      $0.tuning
    } set: {
      $0.tuning = $1
    }
  }

  private static var sensitivityKey: StudyKey<Study> {
    .optionalTable(
      "sensitivity", \.sensitivity, StudySensitivity.table,
      "What the command `sensitivity` changes about the run.")
  }

  private static var crossValidation: StudyKey<Study> {
    .optionalTable(
      "cross-validation", "How parameters are chosen on part of history and judged on the rest.",
      { StudyCrossValidation.table(of: $0.strategy) },
      rows: StudyCrossValidation.table(of: StudyStrategy()).rows
    ) {
      $0.crossValidation
    } set: {
      $0.crossValidation = $1
    }
  }

  private static var replicates: StudyKey<Study> {
    var row = StudyRow("replicates", "Runs that differ by the checkpoint of a policy only.")
    row.values = "table"
    row.absence = "none"
    row.companion = "policy"
    row.table = StudyReplicates.table.rows
    return StudyKey(row) { table, study in
      study.replicates = table.optionalSection("replicates", StudyReplicates.table.value)
      study.replicates?.check(&table, study.strategy, study.walkForward?.training)
    }
  }

  private static var output: StudyTable<Study> {
    StudyTable(
      initial: Study(
        document: DocumentNode(content: .null, place: DocumentPlace(source: "")), folder: "."),
      keys: [
        .optional(
          "folder", \.outputFolder, .text, "Where results are written; `--out` overrides it."
        )
        .values("folder")
        .absent("`Reports/`, the file's name and the command, such as `Reports/study-run`")
        .example("results")
      ])
  }
}

/// What a run is held against.
package struct StudyBenchmark: Sendable {
  /// An instrument of the study's data, or the symbol of `file`.
  package var symbol: String?
  /// A separate price file; relative to the study's folder.
  package var file: String?
  /// What is bought at the run's base point and kept, instead of an instrument.
  package var hold: Holding?

  /// What can be bought and kept.
  package enum Holding: String, Sendable, CaseIterable {
    /// Equal parts of the capital in every instrument of the data, without costs.
    case equalParts = "equal-parts"
  }

  init() {}

  /// The keys of `benchmark`.
  fileprivate static var table: StudyTable<StudyBenchmark> {
    StudyTable(
      initial: StudyBenchmark(),
      keys: [
        .optional("symbol", \.symbol, .text, "An instrument of the data, or of `file`.")
          .example("AAA"),
        .optional("file", \.file, .text, "A price file other than those of the data.")
          .values("file").example("index.csv"),
        .optional(
          "hold", \.hold, .choice(),
          "Instead of the two: equal parts of all instruments, bought at the base point and held."
        ).example("equal-parts"),
      ],
      after: { table, benchmark in
        let names = table.node("symbol") != nil || table.node("file") != nil
        if !names, table.node("hold") == nil {
          table.report(
            "a benchmark needs a 'symbol' of the data, a 'file', or 'hold: equal-parts'")
        }
        if names, benchmark.hold != nil {
          table.report("'hold' cannot be combined with 'symbol' or 'file'", at: "hold")
        }
      })
  }
}

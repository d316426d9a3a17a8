public import BacktestCore
public import BacktestEvidence
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
  public var name: String
  /// The bars.
  public var data: StudyData
  /// The account, the execution rules, the warm-up and the risk-free rate.
  public var configuration: BacktestConfiguration
  /// The strategy and its parameters.
  public var strategy: StudyStrategy
  /// The walk-forward plan, where there is one.
  public var walkForward: StudyWalkForward?
  /// Runs that differ by the checkpoint alone, where the study asks for them.
  public var replicates: StudyReplicates?
  /// The regimes by which a run is split.
  public var regimes: [RegimeChoice]
  /// What the run is held against: an instrument of the data, one of a file of its own, or equal
  /// parts of all instruments.
  public var benchmark: StudyBenchmark?
  /// The folder for results as the study gives it; relative to the study's folder.
  public var outputFolder: String?
  /// The seed of everything random.
  public var seed: UInt64
  /// The folder of the study file, from which its paths count.
  public var folder: String
  /// The study file as it was named.
  var path: String { document.place.source }
  /// The study as it was read, overrides applied: what a result records.
  let document: DocumentNode

  /// The regimes that a study can name.
  public enum RegimeChoice: String, Sendable, CaseIterable {
    /// Bull and bear by the 20 % rule.
    case bullBear = "bull-bear"
    /// Terciles of volatility.
    case volatility

    /// The classifier with its defaults.
    public var classifier: any RegimeClassifier {
      switch self {
      case .bullBear: BullBear()
      case .volatility: VolatilityTerciles()
      }
    }
  }

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
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let folder = parts.isEmpty ? "." : parts.joined(separator: "/")
    try self.init(
      document: try DocumentReader.read(path: path), folder: folder.isEmpty ? "/" : folder,
      overrides: overrides, catalogue: catalogue)
  }

  /// Reads a study from its document.
  package init(
    document: DocumentNode, folder: String, overrides: [String] = [],
    catalogue: StrategyCatalogue
  ) throws(DocumentError) {
    var document = document
    for override in overrides {
      document = try DocumentOverride(parsing: override).applied(to: document)
    }
    let final = document
    self = try document.decode { table in
      Study(&table, document: final, folder: folder, catalogue: catalogue)
    }
  }

  private init(
    _ table: inout DocumentTable, document: DocumentNode, folder: String,
    catalogue: StrategyCatalogue
  ) {
    self.document = document
    self.folder = folder
    name = table.value("name", .text, default: "Study")
    let data = table.section("data") { StudyData(&$0) }
    self.data = data
    var configuration = BacktestConfiguration()
    (configuration.account, configuration.accounting) = table.section("account") { table in
      (AccountRules(&table), AccountingRule.read(&table))
    }
    let ordersNothing = configuration.accounting.holdsWeights
    (configuration.execution, configuration.onSeriesEnd) = table.section("execution") { table in
      if ordersNothing, !table.keys.isEmpty {
        table.report(
          "'execution' says how orders fill, but 'account.accounting' has the rule 'weights', "
            + "under which there are none; leave one of the two out")
      }
      return (ExecutionRules(&table), table.value("on-series-end", .choice(), default: .hold))
    }
    configuration.decisions = table.value("decide", .choice(), default: .eachClose)
    configuration.warmup = table.optional("warmup", .integer(.notNegative))
    configuration.riskFreeRate = table.value(
      "risk-free", .number(.within(-0.99...10)), default: 0)
    self.configuration = configuration
    let seed = UInt64(table.value("seed", .integer(.notNegative), default: 0))
    self.seed = seed
    let strategy = table.section("strategy") {
      StudyStrategy(&$0, catalogue: catalogue, folder: folder)
    }
    self.strategy = strategy
    walkForward = table.optionalSection("walk-forward") {
      StudyWalkForward(&$0, strategy: strategy, seed: seed)
    }
    replicates = table.optionalSection("replicates") { StudyReplicates(&$0) }
    replicates?.check(&table, strategy, walkForward?.training)
    regimes = table.optionalList("regimes", of: .choice()) ?? []
    benchmark = table.optionalSection("benchmark") { StudyBenchmark(&$0) }
    outputFolder = table.section("output") { $0.optional("folder", .text) }
    let currency = configuration.account.currency
    for file in data.files where file.currency != currency {
      table.report(
        "\(file.path) is quoted in \(file.currency), but the account is in \(currency); "
          + "one account trades one currency", at: "data")
    }
  }
}

/// What a run is held against.
public struct StudyBenchmark: Sendable {
  /// An instrument of the study's data, or the symbol of `file`.
  public var symbol: String?
  /// A price file of its own; relative to the study's folder.
  public var file: String?
  /// What is bought at the run's base point and kept, instead of an instrument.
  public var hold: Holding?

  /// What can be bought and kept.
  public enum Holding: String, Sendable, CaseIterable {
    /// Equal parts of the capital in every instrument of the data, without costs.
    case equalParts = "equal-parts"
  }

  init(_ table: inout DocumentTable) {
    symbol = table.optional("symbol", .text)
    file = table.optional("file", .text)
    hold = table.optional("hold", .choice())
    if symbol == nil, file == nil, hold == nil {
      table.report(
        "a benchmark needs a 'symbol' of the data, a 'file', or 'hold: equal-parts'")
    }
    if hold != nil, symbol != nil || file != nil {
      table.report("'hold' stands alone, without 'symbol' and 'file'", at: "hold")
    }
  }
}

public import BacktestCore
package import BacktestEvidence
public import BacktestFiles

/// The contents of `result.json`: what was run on which data, how it did, and what is needed to
/// reproduce it.
///
///     let record = try ResultRecord(path: "Reports/study/result.json")
///     print(record.fingerprint, record.metrics["sharpe"] ?? .nan)
public struct ResultRecord: Sendable, Equatable {
  /// The schema that this version writes and reads.
  public static let schema = "backtestkit.result/1"

  /// What was done.
  public var kind: Kind
  /// The title of the study.
  public var name: String
  /// The catalogue name of the strategy.
  public var strategy: String
  /// The version of BacktestKit that wrote it.
  public var version: String
  /// The hash of all fills and of equity.
  public var fingerprint: String
  /// The first and last session of the curve.
  public var firstDate: CivilDate
  /// The last session of the curve.
  public var lastDate: CivilDate
  /// The number of returns.
  public var returnCount: Int
  /// Bars in a year, by which ratios were annualised.
  public var barsPerYear: Double?
  /// The capital at the base point.
  public var initialEquity: Double
  /// The equity at the end.
  public var finalEquity: Double
  /// Metrics by name in the order of the catalogue; those without a value are left out.
  package var metrics: [Metric]
  /// The intervals of the main figures, those that have one.
  package var intervals: [Interval]
  /// What the run was compared with; `nil` without a benchmark.
  package var benchmark: Benchmark?
  /// Caveats by code, with their messages.
  package var caveats: [Caveat]
  /// The files that were read.
  package var data: [DataFile]
  /// The other files that say something of the market, in the order of the study's keys.
  package var otherFiles: [OtherFile]
  /// The rules in effect, defaults included, in the order of the file.
  package var configuration: [Setting]
  /// The numbers of orders, fills and other events.
  package var counts: Counts
  /// The figures of the forecasts by key, such as `parts[0].direction.accuracy`; empty without
  /// forecasts.
  package var forecasts: [Setting]
  /// The Sharpe ratios of regimes, as known at the time.
  package var regimeSharpes: [RegimeSharpe]
  /// The out-of-sample objective over the mean in-sample one; `nil` where there is none.
  package var efficiency: Double?
  /// The total return of each fold's test window; `nil` where it has none.
  package var foldReturns: [Double?]
  /// The folder from which the study's paths count, relative to the folder of the record.
  package var studyFolder: String
  /// The name of the study's file in that folder; `nil` in results of older versions.
  package var studyFile: String?
  /// When equity was gone; `nil` in a run that kept some.
  public var ruinedAt: String?
  /// The number of trials behind it.
  package var trials: TrialCounting
  /// What was asked for beside the study.
  package var asked: Asked

  /// What was done.
  public enum Kind: String, Sendable, CaseIterable {
    /// One run over all bars.
    case run
    /// A walk-forward.
    case walkForward = "walk-forward"
    /// A sweep, with the run of its best set.
    case sweep
    /// A run, and what becomes of it when one thing is changed at a time.
    case sensitivity
  }

  /// A metric and its value.
  package struct Metric: Sendable, Equatable {
    /// The name in the catalogue.
    package var name: String
    /// The value.
    package var value: Double
  }

  /// A caveat of the result.
  package struct Caveat: Sendable, Equatable {
    /// Its kind.
    package var code: String
    /// One or two sentences with the figures.
    package var message: String
  }

  /// A file that was read.
  package struct DataFile: Sendable, Equatable {
    /// The instrument.
    package var symbol: String
    /// The path as the study gives it.
    package var path: String
    /// The size of the file.
    package var byteCount: Int
    /// The SHA-256 of its bytes.
    package var sha256: String
    /// The number of bars that were used.
    package var barCount: Int
    /// `raw` or `adjusted`.
    package var prices: String
  }

  /// A file beside those of prices.
  package struct OtherFile: Sendable, Equatable {
    /// The key of the study that names it, such as `data.references`.
    package var key: String
    /// The path as the study gives it.
    package var path: String
    /// The SHA-256 of its bytes.
    package var sha256: String
  }

  /// A rule in effect.
  package struct Setting: Sendable, Equatable {
    /// Its key, such as `execution.slippage.basis-points` or `walk-forward.grid.fast[0]`.
    package var key: String
    /// What it is set to; words are choices.
    package var value: ParameterValue
  }

  /// The numbers of orders, fills and other events.
  package struct Counts: Sendable, Equatable {
    /// Orders that were submitted.
    package var orders: Int
    /// Fills.
    package var fills: Int
    /// Round trips, including those still open at the end.
    package var trades: Int
    /// Round trips still open at the end.
    package var openTrades: Int
    /// Round trips closed at the mark because their fold ended.
    package var markedTrades: Int
    /// Bars on which the fills depend on the assumed path inside the bar.
    package var ambiguousBars: Int
    /// Orders reduced because buying power was too low.
    package var cutOrders: Int
    /// Orders reduced because the account may not open short positions.
    package var cutShortSales: Int
    /// Orders reduced because there were no shares to borrow.
    package var cutUnborrowable: Int
    /// Orders that were rejected.
    package var rejectedOrders: Int
    /// Positions at the end whose series had ended before.
    package var stalePositions: Int
  }

  /// The value of a rule in effect, or `nil` where there is none.
  ///
  ///     record.setting("execution.slippage.basis-points")
  package func setting(_ key: String) -> ParameterValue? {
    configuration.first { $0.key == key }?.value
  }

  /// A figure of the forecasts, or `nil` where there is none.
  ///
  ///     record.forecast("parts[0].direction.accuracy")
  package func forecast(_ key: String) -> ParameterValue? {
    forecasts.first { $0.key == key }?.value
  }

  /// The value of a metric, or `nil` where it had none.
  public subscript(metric: String) -> Double? { metrics.first { $0.name == metric }?.value }
}

extension ResultRecord {
  /// Reads a `result.json`.
  ///
  /// - Throws: `DocumentError` when it is not one, or of another schema.
  public init(path: String) throws(DocumentError) {
    self = try Self.read(try DocumentReader.read(path: path)).record
  }

  /// A record and the study in it.
  package static func read(
    _ document: DocumentNode
  ) throws(DocumentError) -> (record: ResultRecord, study: DocumentNode) {
    // Another schema has other keys, which would only hide what is wrong.
    if case .table(let entries) = document.content,
      let entry = entries.first(where: { $0.key == "schema" }),
      case .text(let schema) = entry.value.content, schema != Self.schema
    {
      let isOfThisKind = schema.hasPrefix("backtestkit.result/")
      throw DocumentError(
        at: entry.value.place, keyPath: "schema",
        "the schema is \(quotedForMessage(schema)), but "
          + (isOfThisKind
            ? "this version reads '\(Self.schema)'; run its study again"
            : "a '\(Self.schema)' is needed here: the result of a run, a walk-forward, a sweep or "
              + "a sensitivity analysis"))
    }
    if case .table(let entries) = document.content, !entries.contains(where: { $0.key == "study" })
    {
      throw DocumentError(
        at: document.place, keyPath: "study",
        "the key 'schema' marks a result, but the key 'study' is missing, so there is nothing to "
          + "run again; name a whole result.json, or remove 'schema' from a study")
    }
    return try document.decode { table in
      _ = table.value("schema", .text)
      let nothing = DocumentNode(content: .table([]), place: document.place)
      let study = table.value("study", .anything(placeholder: nothing))
      return (ResultRecord(&table), study)
    }
  }

  private init(_ table: inout DocumentTable) {
    kind = table.value("kind", .choice())
    name = table.value("name", .text)
    strategy = table.value("strategy", .text)
    version = table.value("version", .text)
    fingerprint = table.value("fingerprint", .text)
    firstDate = table.value("from", .date)
    lastDate = table.value("to", .date)
    returnCount = table.value("returns", .integer(.notNegative))
    barsPerYear = table.optional("bars-per-year", .number(.positive))
    initialEquity = table.value("initial-equity", .number())
    finalEquity = table.value("final-equity", .number())
    ruinedAt = table.optional("ruined-at", .text)
    metrics = Metric.all(in: &table, "metrics")
    intervals = table.node("intervals") == nil ? [] : table.sections("intervals") { Interval(&$0) }
    benchmark = table.optionalSection("benchmark") { Benchmark(&$0) }
    if table.node("limits")?.kind != .list {
      table.report("'limits' must be a list, which may be empty", at: "limits")
    }
    caveats = table.sections("limits") {
      Caveat(code: $0.value("code", .text), message: $0.value("message", .text))
    }
    let hasOtherFiles = table.node("other-files") != nil
    otherFiles =
      !hasOtherFiles
      ? []
      : table.sections("other-files") {
        OtherFile(
          key: $0.value("key", .text), path: $0.value("path", .text),
          sha256: $0.value("sha256", .text))
      }
    data = table.sections("data") {
      DataFile(
        symbol: $0.value("symbol", .text), path: $0.value("path", .text),
        byteCount: $0.value("bytes", .integer(.notNegative)),
        sha256: $0.value("sha256", .text), barCount: $0.value("bars", .integer(.notNegative)),
        prices: $0.value("prices", .text))
    }
    let nothing = DocumentNode(content: .table([]), place: table.place)
    configuration = Setting.all(
      in: JSONValue(table.value("configuration", .anything(placeholder: nothing))))
    counts = table.section("counts") { Counts(&$0) }
    forecasts = table.node("forecasts").map { Setting.all(in: JSONValue($0)) } ?? []
    studyFolder = table.value("study-folder", .text)
    studyFile = table.optional("study-file", .text)
    // These are for other readers; folds and regimes are in separate tables as well.
    for key in [
      "policies", "edge", "trainers-accounting", "sweep", "candidates", "replicates",
      "attribution", "factors", "risk", "value-at-risk", "degradation", "decisions",
    ] {
      _ = table.node(key)
    }
    efficiency = table.optional("efficiency", .number())
    foldReturns = Self.foldReturns(table.node("folds").map { JSONValue($0) })
    let regimes = table.node("regimes").map { JSONValue($0) }
    regimeSharpes = Self.regimeSharpes(regimes)
    trials = TrialCounting(json: table.node("trials").map { JSONValue($0) })
    asked = Asked(
      monteCarlo: table.node("monte-carlo").map { JSONValue($0) },
      sensitivity: table.node("sensitivity").map { JSONValue($0) }, hasRegimes: regimes != nil)
  }
}

extension ResultRecord.Counts {
  init(_ result: BacktestResult) {
    orders = result.orders.count
    fills = result.fills.count
    trades = result.trades.count
    openTrades = result.trades.count(where: \.isOpen)
    markedTrades = result.trades.count(where: \.isMarked)
    ambiguousBars = result.counts.ambiguousBars
    cutOrders = result.counts.cutOrders
    cutShortSales = result.counts.cutShortSales
    cutUnborrowable = result.counts.cutUnborrowable
    rejectedOrders = result.counts.rejectedOrders
    stalePositions = result.counts.stalePositions
  }

  fileprivate init(_ table: inout DocumentTable) {
    orders = table.value("orders", .integer(.notNegative))
    fills = table.value("fills", .integer(.notNegative))
    trades = table.value("trades", .integer(.notNegative))
    openTrades = table.value("open-trades", .integer(.notNegative), default: 0)
    markedTrades = table.value("marked-trades", .integer(.notNegative), default: 0)
    ambiguousBars = table.value("ambiguous-bars", .integer(.notNegative))
    cutOrders = table.value("cut-orders", .integer(.notNegative))
    cutShortSales = table.value("cut-short-sales", .integer(.notNegative), default: 0)
    cutUnborrowable = table.value("cut-unborrowable", .integer(.notNegative), default: 0)
    rejectedOrders = table.value("rejected-orders", .integer(.notNegative))
    stalePositions = table.value("stale-positions", .integer(.notNegative))
  }

  var json: JSONValue {
    let parts: [(key: String, count: Int?)] = [
      ("orders", orders), ("fills", fills), ("trades", trades), ("open-trades", openTrades),
      ("marked-trades", markedTrades), ("ambiguous-bars", ambiguousBars),
      ("cut-orders", cutOrders), ("cut-short-sales", cutShortSales > 0 ? cutShortSales : nil),
      ("cut-unborrowable", cutUnborrowable > 0 ? cutUnborrowable : nil),
      ("rejected-orders", rejectedOrders), ("stale-positions", stalePositions),
    ]
    return .table(
      parts.compactMap { key, count in count.map { JSONMember(key: key, value: .integer($0)) } })
  }
}

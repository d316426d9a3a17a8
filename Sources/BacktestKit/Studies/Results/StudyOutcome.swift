public import BacktestCore
public import BacktestEvidence
package import BacktestFiles
import BacktestPolicies
public import BacktestReports

/// The outcome of a study.
public struct StudyOutcome: Sendable {
  /// The study.
  public let study: Study
  /// The bars.
  package let market: StudyMarket
  /// The run, or the stitched out-of-sample run of a walk-forward.
  public let result: BacktestResult
  /// The folds, where the study walked forward.
  public let walkForward: WalkForwardResult?
  /// The benchmark.
  public let benchmark: BenchmarkCurve?
  /// The run by regimes.
  public let regimes: [RegimeAnalysis]
  /// Why the run's return differs from a benchmark's, by the segments that the study names.
  let segmentAttribution: SegmentAttribution?
  /// The forecasts compared with what happened; `nil` without forecasts.
  public let forecasts: ForecastEvaluation?
  /// The metrics of the run.
  public let metrics: PerformanceMetrics
  /// The spread over all runs, where the study asks for replicates; this outcome is the median one.
  package internal(set) var replicates: Replicates?
  /// The intervals of the main figures.
  public internal(set) var intervals: MetricIntervals?
  /// The study in synthetic markets, where that was asked for.
  public internal(set) var monteCarlo: MonteCarloOutcome?
  /// The number of trials behind it.
  public internal(set) var trials = TrialCounting.withoutStore
  /// The number that the store gave it; `nil` where it was not stored.
  package internal(set) var storedNumber: Int?
  /// Every set of parameters, where the study was swept; the run is then that of the best set.
  public internal(set) var sweep: ParameterSweepResult?
  /// Every trial, where the parameters were tuned; the run is then that of the best.
  package internal(set) var tuning: TuningResult?
  /// How the sets of a heat map's cell become one value.
  package internal(set) var heatMapReduction = ParameterHeatMap.Reduction.median
  /// What becomes of the run when one thing is changed, where that was asked for.
  public internal(set) var sensitivity: SensitivityResult?
  /// What follows once the results are written.
  var afterWriting: (@Sendable () -> Void)?
  /// How the features of each policy differ from those of its training, once that was measured.
  var featureDrifts: [FeatureDrift?] = []
  /// How the same policy ends under the accounting of its training, where that is different.
  package internal(set) var trainersAccounting: TrainersAccounting?

  init(
    study: Study, market: StudyMarket, result: BacktestResult, walkForward: WalkForwardResult?,
    benchmark: BenchmarkCurve?, regimes: [RegimeAnalysis]
  ) {
    self.study = study
    self.market = market
    self.result = result
    self.walkForward = walkForward
    self.benchmark = benchmark
    self.regimes = regimes
    segmentAttribution = market.segments.map {
      walkForward?.plan.carry == .returns
        ? SegmentAttribution(
          absence: "What segments earned is not known: each fold begins with the initial capital.")
        : SegmentAttribution(result, segments: $0.names, benchmark: $0.benchmark)
    }
    forecasts = ForecastEvaluation(result)
    metrics = walkForward?.metrics ?? result.metrics
  }

  /// What to know before trusting the figures, of the data, of the policies' training and of the
  /// run, the most serious first. Terminal, report and `result.json` show this list.
  public var caveats: [ResultCaveat] {
    ResultCaveat.mostSeriousFirst(
      market.caveats + trainingCaveats + (sweep?.caveats ?? []) + (tuning?.caveats ?? [])
        + (walkForward?.caveats ?? result.caveats)
        + (benchmark?.caveats(on: result, metrics.sample) ?? []))
  }

  /// The benchmark's metrics over the bars of the run; `nil` without a benchmark.
  package var benchmarkMetrics: PerformanceMetrics? {
    benchmark?.sample(over: metrics.sample).map { PerformanceMetrics($0) }
  }

  /// What was done, as the result file says it.
  var kind: ResultRecord.Kind {
    if sweep != nil { return .sweep }
    if sensitivity != nil { return .sensitivity }
    return walkForward == nil ? .run : .walkForward
  }
}

/// A policy under the accounting of the environments in which policies are trained.
package struct TrainersAccounting: Hashable, Sendable {
  /// Money for each unit of money by which weights change.
  package let fee: Double
  /// The equity at the end.
  package let finalEquity: Double
}

extension StudyOutcome {
  /// The report of this outcome.
  public func report() -> Report {
    report(dataFiles: [], valueAtRisk, reproducedBy: standardArguments)
  }

  /// Whether rules for value at risk forecast the run's losses; none for short runs.
  var valueAtRisk: [TestedValueAtRisk] {
    TestedValueAtRisk.all(on: metrics.sample.returns)
  }

  /// What reproduces it beside its `result.json`.
  private var standardArguments: String { "run result.json --expect \(result.fingerprint)" }

  /// The report of this outcome, with the digests of the files that were read again for them, and
  /// the arguments of the program that reproduce it in the folder of the page.
  func report(
    dataFiles: [ResultRecord.DataFile], _ valueAtRisk: [TestedValueAtRisk],
    reproducedBy arguments: String?
  ) -> Report {
    var report = walkForward.map { Report($0) } ?? Report(result)
    report.title = study.name
    report.benchmark = benchmark
    report.regimes = regimes
    report.valueAtRisk = valueAtRisk
    report.factors = factorRegression
    report.segments = segmentAttribution
    report.dataQuality = market.quality
    report.provenance = provenance(reproducedBy: arguments)
    report.caveats = caveats
    report.policies = zip(study.strategy.policies, drifts).map {
      $0.report(foldsHaveWeights: foldsHaveWeights, drift: $1)
    }
    report.policyRemarks = trainingRemarks
    report.intervals = intervals
    report.monteCarlo = monteCarlo.map { found in
      ReportMonteCarlo(
        markets: found.markets,
        trades: found.trades.map {
          [("In other orders", $0.permuted), ("Drawn with replacement", $0.drawn)]
        } ?? [], tradesAbsence: found.tradesAbsence)
    }
    report.replicates = replicates
    report.sweep = sweep
    report.heatMapReduction = heatMapReduction
    report.sensitivity = sensitivity
    report.trials = trials
    for file in dataFiles { report.fileDigests[file.path] = file.sha256 }
    return report
  }

  /// Writes `report.html`, the tables and `result.json` to a folder. The files replace those of an
  /// earlier result all at once.
  ///
  /// - Throws: `StudyError` when the folder or a file cannot be written, another job is writing to
  ///   it, or a file that the study reads would be replaced.
  @discardableResult
  public func write(to folder: String) throws(StudyError) -> ResultRecord {
    try write(to: try ResultFolder(folder, for: study, isForced: true), interrupt: Interrupt())
  }

  /// Writes the result to the folder that was claimed for it, unless it is interrupted: then the
  /// old files stay.
  ///
  /// - Throws: `StudyError` as `write(to:)` with a path does, and when another job has written
  ///   there since the claim.
  @discardableResult
  package func write(
    to folder: ResultFolder, interrupt: Interrupt
  ) throws(StudyError) -> ResultRecord {
    try StudyError.wrapping(.file) {
      let record = try ResultRecord(self, folder: folder.path)
      let tested = BackgroundWork { valueAtRisk }
      let page = BackgroundWork {
        report(dataFiles: record.data, tested.value, reproducedBy: standardArguments).bytes()
      }
      let json = BackgroundWork { JSONWriter.bytes(of: record.json(self, tested.value)) }
      try interrupt.shield {
        try writeFiles(to: folder, page: page, json: json, interrupt: interrupt)
      }
      afterWriting?()
      return record
    }
  }

  private func writeFiles(
    to folder: ResultFolder, page: BackgroundWork<[UInt8]>, json: BackgroundWork<[UInt8]>,
    interrupt: Interrupt
  ) throws(StudyError) {
    try StudyError.wrapping(.file) {
      let tables = ResultTables(result)
      var files = try AtomicFolder(path: folder.path, lock: folder.lock, interrupt: interrupt)
      try folder.checkUnchanged()
      try ResultFolder.checkInputs(of: study, in: folder.path)
      // What this run does not have goes, where an earlier one has left it.
      func table(
        _ name: String, if isThere: Bool = true,
        _ write: (FileOutput) throws(FileError) -> Void
      ) throws(FileError) {
        if isThere { try write(try files.file(name)) } else { files.remove([name]) }
      }
      try table("equity.csv") { (file) throws(FileError) in
        try tables.writeEquity(to: file, benchmark: benchmark)
      }
      try table("positions.csv", tables.writePositions)
      try table("actions.csv", if: !result.actions.isEmpty, tables.writeActions)
      try table("orders.csv", tables.writeOrders)
      try table("order-events.csv", tables.writeOrderEvents)
      try table("fills.csv", tables.writeFills)
      try table("trades.csv", tables.writeTrades)
      try table("ledger.csv", tables.writeLedger)
      try table("risk.csv", if: result.configuration.risk.isActive, tables.writeRisk)
      try table("forecasts.csv", if: !result.forecasts.isEmpty, tables.writeForecasts)
      try table("decisions.csv", if: !result.decisions.isEmpty, tables.writeDecisions)
      func table<Part>(
        _ name: String, of part: Part?, _ write: (Part, FileOutput) throws(FileError) -> Void
      ) throws(FileError) {
        try table(name, if: part != nil) { (file) throws(FileError) in
          if let part { try write(part, file) }
        }
      }
      try table("folds.csv", of: walkForward, writeFolds)
      try table("candidates.csv", of: walkForward, writeCandidates)
      try table("regimes.csv", of: regimes.isEmpty ? nil : regimes, writeRegimes)
      try table("sweep.csv", of: sweep, writeSweep)
      try table("tune.csv", of: tuning, writeTuning)
      try table("sensitivity.csv", of: sensitivity, writeSensitivity)
      try table("segments.csv", of: segmentAttribution, writeSegments)
      files.remove(["splits.csv", "paths.csv"])
      try files.write(page.value, to: "report.html")
      try files.write(json.value, to: "result.json")
      try files.commit()
    }
  }

  private func provenance(reproducedBy arguments: String?) -> [ProvenanceItem] {
    var items = [
      ProvenanceItem("BacktestKit", BacktestKitVersion.current),
      ProvenanceItem("Strategy", study.strategy.definition.name),
      ProvenanceItem("Fingerprint", result.fingerprint.description),
      ProvenanceItem("Seed", "\(study.seed)"),
    ]
    if let arguments {
      items.append(
        ProvenanceItem(
          "Arguments of the program that reproduce it, in the folder of this page", arguments))
    }
    for policy in study.strategy.policies {
      let own = foldsHaveWeights ? nil : policy.trained
      let weights = own.map { ", weights \($0.weightsDigest.prefix(16))" } ?? ""
      items.append(
        ProvenanceItem(
          "Policy \(policy.manifest.name)",
          "\(policy.path), manifest \(policy.manifestDigest.prefix(16))\(weights)"))
    }
    return items
  }
}

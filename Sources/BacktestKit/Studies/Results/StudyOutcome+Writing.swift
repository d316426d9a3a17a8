import BacktestCore
import BacktestFiles
import BacktestPolicies
public import BacktestReports

extension StudyOutcome {
  /// The report of this outcome.
  public func report() -> Report {
    var report = walkForward.map { Report($0) } ?? Report(result)
    report.title = study.name
    report.benchmark = benchmark
    report.regimes = regimes
    report.dataQuality = market.quality
    report.provenance = provenance
    report.limits = trainingLimits
    report.policies = study.strategy.policies.map {
      $0.report(foldsHaveWeights: foldsHaveWeights)
    }
    report.policyRemarks = trainingRemarks
    report.replicates = replicates?.summary
    return report
  }

  /// Writes `report.html`, the tables and `result.json` to a folder, all of them or none.
  ///
  /// - Throws: `StudyError.file` when the folder or a file cannot be written.
  @discardableResult
  public func write(to folder: String) throws(StudyError) -> ResultRecord {
    let record: ResultRecord
    do throws(FileError) {
      record = try ResultRecord(self, folder: folder)
    } catch {
      throw .file("\(error)")
    }
    do throws(FileOutputError) {
      let tables = ResultTables(result)
      var files = try ResultFolder(path: folder)
      try files.write(report().bytes(), to: "report.html")
      try tables.writeEquity(to: try files.file("equity.csv"))
      try tables.writeOrders(to: try files.file("orders.csv"))
      try tables.writeFills(to: try files.file("fills.csv"))
      try tables.writeTrades(to: try files.file("trades.csv"))
      try tables.writeLedger(to: try files.file("ledger.csv"))
      if let walkForward {
        try writeFolds(walkForward, to: try files.file("folds.csv"))
      } else {
        files.remove(["folds.csv"])
      }
      if !result.forecasts.isEmpty {
        try tables.writeForecasts(to: try files.file("forecasts.csv"))
      } else {
        files.remove(["forecasts.csv"])
      }
      if !result.decisions.isEmpty {
        try tables.writeDecisions(to: try files.file("decisions.csv"))
      } else {
        files.remove(["decisions.csv"])
      }
      if !regimes.isEmpty {
        try writeRegimes(regimes, to: try files.file("regimes.csv"))
      } else {
        files.remove(["regimes.csv"])
      }
      try files.write(JSONWriter.bytes(of: record.json(self)), to: "result.json")
      try files.commit()
    } catch {
      throw .file("\(error)")
    }
    return record
  }

  private var provenance: [ProvenanceItem] {
    var items = [
      ProvenanceItem("BacktestKit", BacktestKitVersion.current),
      ProvenanceItem("Strategy", study.strategy.definition.name),
      ProvenanceItem("Fingerprint", result.fingerprint.description),
      ProvenanceItem("Seed", "\(study.seed)"),
    ]
    for policy in study.strategy.policies {
      let own = foldsHaveWeights ? nil : policy.trained
      let weights = own.map { ", weights \($0.weightsDigest.prefix(16))" } ?? ""
      items.append(
        ProvenanceItem(
          "Policy \(policy.manifest.name)",
          "\(policy.path), manifest \(policy.manifestDigest.prefix(16))\(weights)"))
    }
    for series in result.universe.series {
      guard let source = series.source else { continue }
      items.append(
        ProvenanceItem(
          series.instrument.symbol,
          "\(source.path), \(source.byteCount) bytes, digest \(source.digest), "
            + "\(series.count) bars"))
    }
    return items
  }
}

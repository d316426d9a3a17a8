import BacktestCore
import BacktestEvidence
package import BacktestFiles

extension ResultRecord {
  /// The record of an outcome whose files go to a folder.
  ///
  /// - Throws: `FileError` when a data file cannot be read again for its SHA-256.
  package init(_ outcome: StudyOutcome, folder: String) throws(FileError) {
    let result = outcome.result
    let sample = outcome.metrics.sample
    kind = outcome.kind
    name = outcome.study.name
    strategy = outcome.study.strategy.definition.name
    version = BacktestKitVersion.current
    fingerprint = result.fingerprint.description
    let dates = sample.pointDates ?? result.sessionDates
    firstDate = dates.first ?? CivilDate(daysSinceEpoch: 0)
    lastDate = dates.last ?? firstDate
    returnCount = sample.count
    barsPerYear = sample.barsPerYear
    initialEquity = result.curve.equity.first ?? 0
    finalEquity = result.curve.equity.last ?? 0
    ruinedAt = result.ruinedAt?.description
    metrics = outcome.metrics.all.compactMap { metric, value in
      value.map { Metric(name: metric.name, value: $0) }
    }
    intervals = (outcome.intervals?.all ?? []).map(Interval.init)
    benchmark = Benchmark(outcome)
    let walk = outcome.walkForward
    efficiency = walk.flatMap { $0.choosesNothing ? nil : $0.efficiency }
    foldReturns = walk?.folds.map { $0.metrics?.totalReturn } ?? []
    regimeSharpes = Self.regimeSharpes(.list(outcome.regimes.map(\.json)))
    caveats = outcome.caveats.map { Caveat(code: $0.code.rawValue, message: $0.message) }
    data = try DataFile.all(of: result.universe, outcome.study)
    otherFiles = try OtherFile.all(of: outcome.study)
    configuration = Setting.all(in: ResultConfiguration(outcome).json)
    counts = Counts(result)
    forecasts =
      outcome.forecasts.map { Setting.all(in: ResultForecasts($0, result.universe).json) } ?? []
    studyFolder = relativePath(from: folder, to: outcome.study.folder)
    studyFile = outcome.study.fileName
    trials = outcome.trials
    asked = Asked(
      monteCarlo: outcome.monteCarlo?.json, sensitivity: outcome.sensitivity?.json,
      hasRegimes: !outcome.regimes.isEmpty)
  }

  /// The record as `result.json` has it, the whole study and the folds with it.
  package func json(_ outcome: StudyOutcome) -> JSONValue { json(outcome, outcome.valueAtRisk) }

  func json(_ outcome: StudyOutcome, _ valueAtRisk: [TestedValueAtRisk]) -> JSONValue {
    func members(_ pairs: [(String, JSONValue)]) -> JSONValue {
      .table(pairs.map { JSONMember(key: $0.0, value: $0.1) })
    }
    var parts: [(String, JSONValue)] = [
      ("schema", .text(Self.schema)), ("kind", .text(kind.rawValue)), ("name", .text(name)),
      ("strategy", .text(strategy)), ("version", .text(version)),
      ("fingerprint", .text(fingerprint)), ("from", .text(firstDate.description)),
      ("to", .text(lastDate.description)), ("returns", .integer(returnCount)),
      ("bars-per-year", JSONValue(barsPerYear)), ("initial-equity", .number(initialEquity)),
      ("final-equity", .number(finalEquity)), ("ruined-at", JSONValue(ruinedAt)),
      ("metrics", Metric.json(metrics)), ("intervals", .list(intervals.map(\.json))),
      ("benchmark", benchmark?.json ?? .null),
      (
        "limits",
        .list(
          caveats.map { ["code": .text($0.code), "message": .text($0.message)] as JSONValue })
      ),
      ("data", .list(data.map(\.json))),
    ]
    if !otherFiles.isEmpty { parts.append(("other-files", .list(otherFiles.map(\.json)))) }
    parts.append(("counts", counts.json))
    parts.append(("attribution", outcome.attributionJSON))
    if let factors = outcome.factorRegression { parts.append(("factors", factors.json)) }
    if let risk = outcome.result.riskJSON { parts.append(("risk", risk)) }
    if !valueAtRisk.isEmpty {
      parts.append(("value-at-risk", .list(valueAtRisk.map(\.json))))
    }
    parts.append(("configuration", ResultConfiguration(outcome).json))
    parts += outcome.policyParts
    parts.append(("trials", outcome.trials.json))
    if let forecasts = outcome.forecasts {
      parts.append(("forecasts", ResultForecasts(forecasts, outcome.result.universe).json))
    }
    if !outcome.regimes.isEmpty {
      parts.append(("regimes", .list(outcome.regimes.map(\.json))))
    }
    if let monteCarlo = outcome.monteCarlo { parts.append(("monte-carlo", monteCarlo.json)) }
    if let sweep = outcome.sweep {
      parts.append(("sweep", sweep.json(heatMaps: outcome.heatMapReduction)))
    }
    if let sensitivity = outcome.sensitivity { parts.append(("sensitivity", sensitivity.json)) }
    if let walk = outcome.walkForward {
      parts.append(("efficiency", JSONValue(efficiency)))
      parts.append(("degradation", walk.degradation?.json ?? .null))
      parts.append(("folds", .list(walk.folds.map(foldJSON))))
      parts.append(("candidates", walk.candidatesJSON))
    }
    parts.append(("study-folder", .text(studyFolder)))
    parts.append(("study-file", JSONValue(studyFile)))
    parts.append(("study", JSONValue(outcome.study.document).canonicalStudy))
    return members(parts)
  }

  private func foldJSON(_ fold: WalkForwardFold) -> JSONValue {
    let source: JSONValue? = fold.source.map { source in
      [
        "path": .text(source.path), "sha256": .text(source.digest),
        "trained-until": JSONValue(source.trainedUntil?.description),
      ]
    }
    let parts: [(String, JSONValue?)] = [
      ("fold", .integer(fold.index)), ("train", dates(fold.trainDates)),
      ("test", dates(fold.testDates)),
      (
        "parameters",
        .table(fold.parameters.values.map { JSONMember(key: $0.name, value: JSONValue($0.value)) })
      ),
      ("checkpoint", source), ("in-sample", JSONValue(fold.inSample)),
      ("out-of-sample", JSONValue(fold.outOfSample)),
      ("total-return", JSONValue(fold.metrics?.totalReturn)),
      ("trades", .integer(fold.tradeCount)),
    ]
    return .table(parts.compactMap { key, value in value.map { JSONMember(key: key, value: $0) } })
  }

  private func dates(_ range: ClosedRange<CivilDate>) -> JSONValue {
    .list([.text(range.lowerBound.description), .text(range.upperBound.description)])
  }
}

extension JSONValue {
  /// A study in an order that does not depend on the one in which it was written: keys by name,
  /// files by symbol and path.
  var canonicalStudy: JSONValue {
    guard case .table(let members) = sortedByKey else { return self }
    return .table(
      members.map { member in
        guard member.key == "data", case .table(let parts) = member.value else { return member }
        return JSONMember(key: "data", value: .table(parts.map(\.withSortedFiles)))
      })
  }

  private var sortedByKey: JSONValue {
    switch self {
    case .list(let items): .list(items.map(\.sortedByKey))
    case .table(let members):
      .table(
        members.map { JSONMember(key: $0.key, value: $0.value.sortedByKey) }
          .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    default: self
    }
  }
}

extension JSONMember {
  /// The list `files` by symbol, else by path.
  fileprivate var withSortedFiles: JSONMember {
    guard key == "files", case .list(let files) = value else { return self }
    func name(_ file: JSONValue) -> String {
      guard case .table(let members) = file else { return "" }
      func text(_ key: String) -> String {
        for member in members where member.key == key {
          if case .text(let text) = member.value { return text }
        }
        return ""
      }
      return "\(text("symbol"))\u{0}\(text("path"))"
    }
    let sorted = files.sorted { name($0).utf8.lexicographicallyPrecedes(name($1).utf8) }
    return JSONMember(key: key, value: .list(sorted))
  }
}

/// The forecasts of a run as `result.json` has them under `forecasts`.
struct ResultForecasts {
  private let evaluation: ForecastEvaluation
  private let universe: Universe

  init(_ evaluation: ForecastEvaluation, _ universe: Universe) {
    self.evaluation = evaluation
    self.universe = universe
  }

  var json: JSONValue {
    [
      "count": .integer(evaluation.forecastCount),
      "without-outcome": .integer(evaluation.withoutOutcomeCount),
      "between-closes": .integer(evaluation.betweenClosesCount),
      "replaced": .integer(evaluation.replacedCount),
      "parts": .list(evaluation.parts.map(part)),
    ]
  }

  private func part(_ part: ForecastEvaluation.Part) -> JSONValue {
    var members = [
      JSONMember(
        key: "symbol", value: JSONValue(part.instrument.map { universe[$0].instrument.symbol })),
      JSONMember(key: "count", value: .integer(part.count)),
    ]
    func add(_ key: String, _ value: JSONValue?) {
      if let value { members.append(JSONMember(key: key, value: value)) }
    }
    add("direction", part.direction.map(direction))
    add("probabilities", part.probabilities.map(probabilities))
    add("distribution", part.distribution.map(distribution))
    if !part.intervals.isEmpty { add("intervals", .list(part.intervals.map(intervals))) }
    return .table(members)
  }

  private func direction(_ skill: DirectionSkill) -> JSONValue {
    let (matrix, down) = (skill.matrix, skill.matrix.inverted)
    return [
      "signals": .integer(matrix.count), "no-signal": .integer(skill.noSignalCount),
      "zero-returns": .integer(skill.zeroReturnCount),
      "true-up": .integer(matrix.truePositives), "false-up": .integer(matrix.falsePositives),
      "true-down": .integer(matrix.trueNegatives), "false-down": .integer(matrix.falseNegatives),
      "base-rate": JSONValue(matrix.baseRate), "accuracy": JSONValue(matrix.accuracy),
      "majority-accuracy": JSONValue(matrix.majorityAccuracy),
      "balanced-accuracy": JSONValue(matrix.balancedAccuracy),
      "precision": JSONValue(matrix.precision), "recall": JSONValue(matrix.recall),
      "f1": JSONValue(matrix.f1), "f-half": JSONValue(matrix.fScore(beta: 0.5)),
      "precision-down": JSONValue(down.precision), "recall-down": JSONValue(down.recall),
      "f1-macro": JSONValue(matrix.macroF1), "f1-weighted": JSONValue(matrix.weightedF1),
      "mcc": JSONValue(matrix.matthewsCorrelation), "kappa": JSONValue(matrix.kappa),
      "roc-auc": JSONValue(skill.areaUnderROC),
      "average-precision": JSONValue(skill.averagePrecision),
      "information-coefficient": JSONValue(skill.informationCoefficient),
      "pesaran-timmermann": JSONValue(matrix.pesaranTimmermann?.statistic),
      "p-value": JSONValue(matrix.pesaranTimmermann?.pValue),
      "against-majority": JSONValue(matrix.againstMajority?.statistic),
      "against-majority-p-value": JSONValue(matrix.againstMajority?.pValue),
      "shows-skill": .bool(matrix.showsSkill),
    ]
  }

  private func probabilities(_ found: ProbabilityCalibration) -> JSONValue {
    [
      "count": .integer(found.count), "base-rate": .number(found.baseRate),
      "brier": .number(found.brier), "brier-skill": JSONValue(found.brierSkill),
      "reliability": .number(found.reliability), "resolution": .number(found.resolution),
      "uncertainty": .number(found.uncertainty), "log-loss": .number(found.logLoss),
      "expected-error": .number(found.expectedError),
      "maximum-error": .number(found.maximumError),
      "bins": .list(
        found.bins.map { bin in
          [
            "bin": .integer(bin.index), "from": .number(bin.lowerEdge),
            "to": .number(bin.upperEdge), "count": .integer(bin.count),
            "mean-probability": .number(bin.meanProbability), "frequency": .number(bin.frequency),
          ] as JSONValue
        }),
    ]
  }

  private func intervals(_ found: IntervalCoverage) -> JSONValue {
    [
      "level": .number(found.level), "count": .integer(found.count),
      "share": .number(found.share), "kupiec": .number(found.test.statistic),
      "p-value": .number(found.test.pValue),
      "lowest-share": JSONValue(found.lowestShare), "mean-width": JSONValue(found.meanWidth),
      "unbounded": .integer(found.unboundedCount),
    ]
  }

  private func distribution(_ found: DistributionCalibration) -> JSONValue {
    let conformal: JSONValue? = found.conformal90.map {
      [
        "calibration": .integer($0.calibrationCount), "index": .integer($0.quantileIndex),
        "width": .number($0.width), "test-share": .number($0.testShare),
      ]
    }
    return [
      "count": .integer(found.count),
      "coverage": .list(
        found.coverage.map {
          ["level": .number($0.level), "share": .number($0.share)] as JSONValue
        }),
      "pit-mean": .number(found.transformMean), "pit-variance": .number(found.transformVariance),
      "pit-histogram": .list(found.transformHistogram.map { .integer($0) }),
      "ks-statistic": .number(found.uniformity.statistic),
      "ks-p-value": .number(found.uniformity.pValue),
      "crps": .number(found.meanRankedScore), "log-score": .number(found.meanLogScore),
      "quantile-losses": .list(
        found.quantileLosses.map {
          ["quantile": .number($0.quantile), "loss": .number($0.loss)] as JSONValue
        }),
      "winkler-90": .number(found.intervalScore90), "conformal-90": conformal ?? .null,
    ]
  }
}

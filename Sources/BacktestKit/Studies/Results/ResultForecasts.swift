import BacktestCore
import BacktestEvidence
import BacktestFiles

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

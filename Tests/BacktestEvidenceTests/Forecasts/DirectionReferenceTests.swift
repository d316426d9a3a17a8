@testable import BacktestEvidence
import TestSupport
import Testing

/// Figures of two crossovers' signals agree with scikit-learn and SciPy.
struct DirectionReferenceTests {
  @Test(arguments: ["sp500_20_50", "aapl_5_20"]) func everyFigureAgrees(_ name: String) throws {
    let all = try Fixture.json("oracles/19_direction_classification.json")
    let expected = try #require(all[name] as? JSONObject)
    let input = try #require(expected["input"] as? JSONObject)
    let prices = try PriceColumn(
      "prices/\(input["file"] as! String)", from: input["start"] as! String,
      to: input["end"] as! String
    ).prices
    let (scores, returns) = Self.crossover(
      prices, fast: input["fast"] as! Int, slow: input["slow"] as! Int)
    let skill = DirectionSkill(scores: scores, returns: returns)
    let (matrix, short) = (skill.matrix, skill.matrix.inverted)
    let test = matrix.pesaranTimmermann
    let found: [String: Double?] = [
      "n": Double(matrix.count), "dropped_zero_returns": Double(skill.zeroReturnCount),
      "tp": Double(matrix.truePositives), "fp": Double(matrix.falsePositives),
      "tn": Double(matrix.trueNegatives), "fn": Double(matrix.falseNegatives),
      "precision": matrix.precision, "recall": matrix.recall, "f1": matrix.f1,
      "f0_5": matrix.fScore(beta: 0.5), "accuracy": matrix.accuracy,
      "balanced_accuracy": matrix.balancedAccuracy, "mcc": matrix.matthewsCorrelation,
      "kappa": matrix.kappa, "roc_auc_of_score": skill.areaUnderROC,
      "average_precision_of_score": skill.averagePrecision,
      "precision_macro": matrix.precision.flatMap { up in
        short.precision.map { (up + $0) / 2 }
      }, "recall_macro": matrix.balancedAccuracy,
      "f1_macro": matrix.macroF1, "f1_weighted": matrix.weightedF1,
      "precision_short": short.precision, "recall_short": short.recall,
      "pesaran_timmermann": test?.statistic, "pesaran_timmermann_p_one_sided": test?.pValue,
      "information_coefficient_spearman": skill.informationCoefficient,
      "base_rate_up": matrix.baseRate,
    ]
    for (key, value) in expected where key != "input" {
      let number = try #require(value as? Double)
      #expect(agrees(try #require(found[key]), number, relative: 1e-10), "\(key)")
    }
    #expect(Set(found.keys).union(["input"]) == Set(expected.keys))
    #expect(skill.noSignalCount == 0 && skill.classes.count == scores.count)
    #expect(!(matrix.accuracy! > matrix.majorityAccuracy! && test!.pValue < 0.05))
  }

  /// Fast over slow average less one at each close, and the simple return that follows.
  private static func crossover(
    _ prices: [Double], fast: Int, slow: Int
  ) -> (scores: [Double], returns: [Double]) {
    func mean(_ last: Int, _ count: Int) -> Double {
      prices[(last - count + 1)...last].reduce(0, +) / Double(count)
    }
    let rows = (slow - 1)..<(prices.count - 1)
    return (
      rows.map { mean($0, fast) / mean($0, slow) - 1 },
      rows.map { prices[$0 + 1] / prices[$0] - 1 }
    )
  }
}

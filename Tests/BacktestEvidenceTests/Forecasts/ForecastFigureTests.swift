@testable import BacktestEvidence
import TestSupport
import Testing

/// Figures of forecasts where they are small enough for paper, and where they do not exist.
struct ForecastFigureTests {
  @Test func whatIsZeroOverZeroDoesNotExist() {
    let empty = BinaryClassification()
    let figures = [
      empty.baseRate, empty.majorityAccuracy, empty.accuracy, empty.precision, empty.recall,
      empty.f1, empty.balancedAccuracy, empty.macroF1, empty.weightedF1,
      empty.matthewsCorrelation, empty.kappa,
    ]
    #expect(figures.allSatisfy { $0 == nil } && empty.pesaranTimmermann == nil)
    // Always saying up has no precision of down, no correlation and no test.
    let bull = BinaryClassification(truePositives: 6, falsePositives: 4)
    #expect(bull.precision == 0.6 && bull.recall == 1 && bull.inverted.precision == nil)
    #expect(bull.matthewsCorrelation == nil && bull.pesaranTimmermann == nil)
    #expect(bull.majorityAccuracy == 0.6 && bull.kappa == 0 && bull.inverted.f1 == 0)
    #expect(!bull.showsSkill)
    let seer = BinaryClassification(truePositives: 60, trueNegatives: 40)
    #expect(seer.matthewsCorrelation == 1 && seer.kappa == 1 && seer.showsSkill)
  }

  /// Exact p-values by `scipy.stats.binomtest(right, count, alternative="greater")`.
  @Test func theSignTestLooksAtWhatDiffersFromOneBet() throws {
    let mostlyUp = BinaryClassification(
      truePositives: 3_282, falsePositives: 3_058, trueNegatives: 2_004, falseNegatives: 2_000)
    let bet = try #require(mostlyUp.againstMajority)
    #expect(agrees(bet.statistic, 4 / 4_004.0.squareRoot(), within: 1e-15))
    #expect(agrees(bet.pValue, 0.4810934364948826, within: 1e-9))
    #expect(mostlyUp.beatsChance && !mostlyUp.showsSkill)
    let mostlyDown = BinaryClassification(
      truePositives: 15, falsePositives: 5, trueNegatives: 40, falseNegatives: 10)
    #expect(
      agrees(try #require(mostlyDown.againstMajority).pValue, 0.020694732666015625, within: 1e-12))
    #expect(mostlyDown.showsSkill && mostlyDown.inverted.showsSkill)
    let bull = BinaryClassification(truePositives: 6, falsePositives: 4)
    #expect(bull.againstMajority == nil)
    #expect(BinaryClassification(truePositives: 6, falseNegatives: 4).againstMajority?.pValue == 1)
  }

  /// Both tests have to meet the level of 5 %: p-values on both sides of it, computed with exact
  /// fractions and the complementary error function.
  @Test func skillNeedsBothPValuesBelowFivePercent() throws {
    func even(_ right: Int, _ wrong: Int) -> BinaryClassification {
      BinaryClassification(
        truePositives: right, falsePositives: wrong, trueNegatives: right, falseNegatives: wrong)
    }
    let near = (below: even(263, 237), above: even(160, 140))
    #expect(agrees(try #require(near.below.pesaranTimmermann).pValue, 0.0499635454, within: 1e-9))
    #expect(agrees(try #require(near.above.pesaranTimmermann).pValue, 0.0510920929, within: 1e-9))
    #expect(near.below.beatsChance && !near.above.beatsChance)
    func rare(_ right: Int, of count: Int) -> BinaryClassification {
      BinaryClassification(
        truePositives: right, falsePositives: count - right, trueNegatives: 1_000,
        falseNegatives: 100)
    }
    let bets = (below: rare(101, of: 179), above: rare(110, of: 196))
    #expect(
      agrees(try #require(bets.below.againstMajority).pValue, 0.04991647844913214, within: 1e-12))
    #expect(
      agrees(try #require(bets.above.againstMajority).pValue, 0.050083367649108805, within: 1e-12))
    #expect(bets.below.showsSkill && bets.above.beatsChance && !bets.above.showsSkill)
  }

  @Test func aHundredMillionAnswersDoNotOverflow() {
    let many = BinaryClassification(
      truePositives: 50_000_000, falsePositives: 50_000_000, trueNegatives: 50_000_000,
      falseNegatives: 50_000_000)
    #expect(many.matthewsCorrelation == 0 && many.accuracy == 0.5 && many.f1 == 0.5)
  }

  @Test func zeroScoresAndZeroReturnsAreCountedApart() {
    let skill = DirectionSkill(scores: [1, 0, -2, 3, 0, -1], returns: [0.1, 0.2, -0.1, 0, 0, 0.3])
    #expect(
      skill.matrix
        == BinaryClassification(truePositives: 1, trueNegatives: 1, falseNegatives: 1))
    #expect(skill.noSignalCount == 1 && skill.zeroReturnCount == 2)
    #expect(skill.classes[actual: 1, predicted: 2] == 1 && skill.classes.support(of: 2) == 3)
    // Scores of ups 1, 0, -1 against that of the down, -2.
    #expect(skill.areaUnderROC == 1 && skill.averagePrecision == 1)
    #expect(DirectionSkill(scores: [1, 1], returns: [0.1, 0.2]).areaUnderROC == nil)
    #expect(DirectionSkill(scores: [1, 1], returns: [0.1, -0.2]).areaUnderROC == 0.5)
    #expect(DirectionSkill(scores: [1, 1], returns: [0.1, -0.2]).informationCoefficient == nil)
  }

  @Test func tiesShareTheirRank() {
    #expect(RankingSkill.averageRanks([3, 1, 3, 2, 3]) == [4, 1, 4, 2, 4])
    #expect(RankingSkill.averageRanks([]) == [])
    let precision = RankingSkill.averagePrecision(
      scores: [2, 2, 1], outcomes: [true, false, true])
    #expect(agrees(precision!, 7.0 / 12, within: 1e-15))
  }

  @Test func aProbabilityOnAnEdgeBelongsAboveIt() throws {
    let said = [0, 0.1, 0.3, 0.6, 0.7, 0.9, 1]
    let found = try #require(
      ProbabilityCalibration(probabilities: said, outcomes: said.map { $0 > 0.5 }))
    #expect(found.bins.map(\.index) == [0, 1, 3, 6, 7, 9])
    #expect(found.bins.map(\.count) == [1, 1, 1, 1, 1, 2])
    #expect(ProbabilityCalibration(probabilities: [], outcomes: []) == nil)
    let sure = try #require(ProbabilityCalibration(probabilities: [0, 1], outcomes: [true, true]))
    #expect(sure.logLoss.isFinite && sure.logLoss > 18 && sure.brier == 0.5)
    #expect(sure.brierSkill == nil && sure.uncertainty == 0)
  }

  @Test func aLoneDistributionIsJudged() throws {
    let one = try #require(
      DistributionCalibration(means: [0.01], deviations: [0.02], outcomes: [0.01]))
    #expect(one.coverage.allSatisfy { $0.share == 1 } && one.transformMean == 0.5)
    #expect(one.uniformity.statistic == 0.5 && one.conformal90 == nil)
    #expect(agrees(one.meanRankedScore, 0.02 * 0.23369497725510907, within: 1e-15))
    let zeros = [Double](repeating: 0, count: 18)
    let ones = zeros.map { _ in 1.0 }
    let half = try #require(
      DistributionCalibration(means: zeros, deviations: ones, outcomes: zeros))
    #expect(half.conformal90?.quantileIndex == 9 && half.conformal90?.testShare == 1)
    #expect(DistributionCalibration(means: [], deviations: [], outcomes: []) == nil)
  }

  @Test func severalClasses() {
    let matrix = ConfusionMatrix(
      classes: ["down", "flat", "up"], actual: [0, 0, 1, 2, 2, 2], predicted: [0, 2, 1, 2, 2, 0])
    #expect(matrix.accuracy == 4.0 / 6 && matrix.majorityAccuracy == 0.5 && matrix.count == 6)
    #expect(matrix.precision(of: 0) == 0.5 && matrix.recall(of: 2) == 2.0 / 3)
    #expect(matrix.f1(of: 1) == 1 && matrix.predictions(of: 2) == 3)
    #expect(agrees(matrix.macroF1!, (0.5 + 1 + 2.0 / 3) / 3, within: 1e-15))
    #expect(agrees(matrix.weightedF1!, (2 * 0.5 + 1 + 3 * 2.0 / 3) / 6, within: 1e-15))
    #expect(ConfusionMatrix(classes: ["a", "b"]).macroF1 == nil)
  }
}

@testable import BacktestCore
import BacktestEvidence
@testable import BacktestPolicies
import Foundation
import TestSupport
import Testing

/// Intervals about predicted returns, learnt from how far earlier ones missed.
struct ConformalTests {
  private static let regression = "{\"kind\": \"regression\", \"unit\": \"log_return\"}"

  private static func rule(
    _ method: ConformalIntervals.Method, level: Double, from count: Int, rate: Double = 0.005
  ) -> ConformalIntervals {
    var rule = ConformalIntervals(method)
    (rule.level, rule.calibrationCount, rule.rate) = (level, count, rate)
    return rule
  }

  /// The intervals about means of zero while a price follows log returns.
  private static func intervals(
    _ rule: ConformalIntervals, _ returns: [Double], deviations: [Double]? = nil
  ) throws -> [ForecastInterval?] {
    var calibration = ConformalCalibration(rule)
    var price = 100.0
    calibration.observe(close: price)
    return try returns.enumerated().map { row, change in
      let prediction = PolicyPrediction(expectedReturn: 0, deviation: deviations?[row])
      let interval = try calibration.interval(about: prediction)
      price *= exp(change)
      calibration.observe(close: price)
      return interval
    }
  }

  /// Of three errors the median is the half-width at 50 %: (3 + 1) x 0.5 = 2.
  @Test func splitKeepsTheFirstErrors() throws {
    let found = try Self.intervals(
      Self.rule(.split, level: 0.5, from: 3), [0.03, -0.01, 0.02, 0.5, 0.6, 0])
    #expect(found[..<3].allSatisfy { $0 == nil })
    for interval in found[3...] {
      let interval = try #require(interval)
      #expect(abs(interval.upper - 0.02) < 1e-12 && interval.lower == -interval.upper)
      #expect(interval.level == 0.5)
    }
  }

  /// Errors count in units of the deviation, and widths are in those of the next one.
  @Test func errorsAreDividedByTheDeviation() throws {
    let found = try Self.intervals(
      Self.rule(.split, level: 0.5, from: 3), [0.03, -0.01, 0.04, 0, 0],
      deviations: [0.01, 0.01, 0.02, 0.05, 0.1])
    #expect(abs(try #require(found[3]).upper - 0.1) < 1e-12)
    #expect(abs(try #require(found[4]).upper - 0.2) < 1e-12)
  }

  /// At a rate of 0.25, a miss at 50 % takes the next level from 0.5 to 0.625 and three hits take
  /// it down by 0.125 each; the latest three errors count.
  @Test func adaptiveFollowsTheMisses() throws {
    let found = try Self.intervals(
      Self.rule(.adaptive, level: 0.5, from: 3, rate: 0.25),
      [0.01, 0.02, 0.03, 0.05, 0.01, 0.01, 0.01, 0.01, 0.01])
    let widths = found.dropFirst(3).map { $0?.upper ?? .nan }
    // {1 2 3}: place 2. Missed: 0.625 of {2 3 5}: place 2.5, so 3. Held: 0.5 of {3 5 1}: place 2.
    // Held: 0.375 of {5 1 1}: place 1.5, so 2. Held: 0.25 of {1 1 1}: place 1.
    for (width, expected) in zip(widths, [0.02, 0.05, 0.03, 0.01, 0.01]) {
      #expect(abs(width - expected) < 1e-12, "\(widths)")
    }
  }

  /// The bound of Gibbs and Candès: over T intervals the share of misses differs from the stated
  /// one by at most (max(a, 1 - a) + rate) / (rate x T), whatever the returns.
  @Test(arguments: [0.8, 0.9])
  func adaptiveKeepsItsLevelThroughAnyChange(_ level: Double) throws {
    var random = Randomness(seed: 11, stream: "conformal-test")
    // Calm, a storm that grows, and then twenty times the first calm's returns.
    let returns = (0..<6_000).map { (row: Int) -> Double in
      let size: Double = row < 2_000 ? 0.001 : row < 4_000 ? 0.0001 * Double(row - 1_990) : 0.02
      return (random.nextUnit() - 0.5) * size
    }
    let rate = 0.02
    let found = try Self.intervals(
      Self.rule(.adaptive, level: level, from: 100, rate: rate), returns)
    let judged = zip(found, returns).compactMap { interval, value in
      interval.map { !($0.lower...$0.upper).contains(value) }
    }
    #expect(judged.count == 5_900)
    let share = Double(judged.count { $0 }) / Double(judged.count)
    #expect(abs(share - (1 - level)) <= (level + rate) / (rate * Double(judged.count)))
    // Widths of calm returns fail in the storm, which is what makes the test one.
    let kept = try Self.intervals(Self.rule(.split, level: level, from: 100), returns)
    let missed = zip(kept, returns).count { interval, value in
      interval.map { !($0.lower...$0.upper).contains(value) } ?? false
    }
    #expect(Double(missed) / 5_900 > 2 * (1 - level))
  }

  /// Of errors with one distribution, split intervals hold the stated share: four standard errors.
  @Test func splitHoldsItsLevelWhereNothingChanges() throws {
    var random = Randomness(seed: 5, stream: "conformal-test")
    let returns = (0..<12_000).map { _ in random.nextUnit() - 0.5 }
    let found = try Self.intervals(Self.rule(.split, level: 0.9, from: 2_000), returns)
    let held = zip(found, returns).count { interval, value in
      interval.map { ($0.lower...$0.upper).contains(value) } ?? false
    }
    let error = (0.09 / 2_000 + 0.09 / 10_000).squareRoot()
    #expect(abs(Double(held) / 10_000 - 0.9) < 4 * error)
  }

  @Test func sizesAndAbstentionsFollowTheInterval() throws {
    var options = PolicyOptions()
    options.conformal = Self.rule(.split, level: 0.5, from: 1)
    options.sizing = .interval
    // The return after the first forecast is ln 1.01, its error that; prices stay then.
    let error = log(1.01)
    let means = [0, error / 2, -error / 4, 2 * error]
    let closes = [100.0, 101, 101, 101, 101]
    func weights() throws -> ([Double], BacktestResult) {
      let policy = ScriptedPolicy(
        means.map { .predict(PolicyPrediction(expectedReturn: $0)) } + [.refuse("the end")])
      let result = try PolicyStrategyTests.run(
        policy, try .scripted(output: Self.regression), [try PolicyStrategyTests.market(closes)],
        options)
      return (policy.log.seen.dropFirst().map { $0[0] }, result)
    }
    let (sizes, result) = try weights()
    for (size, expected) in zip(sizes, [0, 0.5, -0.25, 1]) { #expect(abs(size - expected) < 1e-9) }
    #expect(result.forecasts.map { $0.interval != nil } == [false, true, true, true])
    let intervals = try #require(ForecastEvaluation(result)?.whole.intervals.first)
    // 0 lies in the first two intervals and not in the third, and each has both edges.
    #expect(intervals.count == 3 && intervals.level == 0.5)
    #expect(abs(intervals.share - 2.0 / 3) < 1e-12 && intervals.unboundedCount == 0)
    #expect(abs((intervals.meanWidth ?? 0) - 2 * error) < 1e-9)
    #expect(intervals.lowestShare == nil)
    options.sizing = nil
    options.conformal?.abstainsAtZero = true
    #expect(try weights().0 == [0, 0, 0, 1])
  }

  @Test func intervalsHaveToFitThePolicy() throws {
    var options = PolicyOptions()
    let regression = try PolicyManifest.scripted(output: Self.regression)
    options.sizing = .interval
    #expect(options.problem(for: regression)?.contains("'conformal'") == true)
    options.sizing = nil
    options.conformal = Self.rule(.split, level: 0.99, from: 98)
    #expect(options.problem(for: regression)?.contains("from 99 forecasts or more") == true)
    options.conformal?.calibrationCount = 99
    #expect(options.problem(for: regression) == nil)
    options.conformal?.level = 1
    #expect(options.problem(for: regression)?.contains("between 0 and 1, not at 1.0") == true)
    options.conformal = ConformalIntervals(.adaptive)
    #expect(options.problem(for: try .weighing())?.contains("predicts no return") == true)
  }

  @Test func aForecastWithoutAReturnIsARefusal() throws {
    var options = PolicyOptions()
    options.conformal = ConformalIntervals(.split)
    let result = try PolicyStrategyTests.run(
      ScriptedPolicy([.predict(PolicyPrediction(signal: 1)), .refuse("the end")]),
      try .scripted(output: Self.regression), [try PolicyStrategyTests.market([100, 100])], options)
    #expect(result.notes.first?.text.contains("no expected return") == true)
  }
}

import BacktestCore
import Glibc
import TestSupport
import Testing

@testable import BacktestEvidence

/// What samplers propose, judged on functions whose best place is known.
struct ParameterSamplerTests {
  private static let space = SearchSpace([
    .init(name: "x", .number(from: -5, to: 10, isLogarithmic: false)),
    .init(name: "rate", .number(from: 1e-5, to: 1, isLogarithmic: true)),
    .init(name: "count", .integer(from: 1, to: 60, step: 1, isLogarithmic: false)),
    .init(name: "kind", .choice(["a", "b", "c"].map { .choice($0) })),
  ])

  /// Best, at 0, where x is 2, rate 0.01, count 20 and kind b.
  private static func value(_ values: [ParameterValue]) -> Double {
    guard case .number(let x) = values[0], case .number(let rate) = values[1],
      case .integer(let count) = values[2], case .choice(let kind) = values[3]
    else { return -.infinity }
    let decades = log10(rate / 0.01)
    let parts = [(x - 2) / 5, decades, Double(count - 20) / 20, kind == "b" ? 0 : 1]
    return -parts.reduce(0) { $0 + $1 * $1 }
  }

  private func best(_ sampler: some ParameterSampler, trials: Int) throws -> Double {
    var history: [TuningTrial] = []
    for number in 0..<trials {
      let values = try #require(try sampler.ask(number, attempt: 0, history))
      var trial = TuningTrial(number: number, values: values)
      trial.folds = [Self.value(values)]
      history.append(trial)
    }
    return history.compactMap(\.value).max() ?? -.infinity
  }

  /// The estimator comes closer than chance for nearly every seed, and by much in the median.
  @Test func theEstimatorLearns() throws {
    var wins = 0
    var (learnt, drawn): ([Double], [Double]) = ([], [])
    let seeds = TestBuild.isOptimised ? 20 : 8
    for seed in 0..<seeds {
      let estimator = ParzenSampler(Self.space, seed: UInt64(seed), isBetterHigher: true)
      learnt.append(try best(estimator, trials: 100))
      drawn.append(try best(RandomSampler(Self.space, seed: UInt64(seed)), trials: 100))
      wins += learnt[seed] > drawn[seed] ? 1 : 0
    }
    #expect(wins * 4 >= seeds * 3, "\(wins) of \(seeds)")
    let (middle, chance) = (learnt.sorted()[seeds / 2], drawn.sorted()[seeds / 2])
    #expect(middle > chance / 2, "\(middle)")
  }

  /// Of choices by their shares with one count more for each: the one good trial of ten took a, of
  /// the others seven did. (1 + 1) / 3 over (7 + 1) / 11 is 0.92 for a; (0 + 1) / 3 over
  /// (2 + 1) / 11 is 1.22 for b.
  @Test func aChoiceThatFewHaveTriedIsProposed() throws {
    let space = SearchSpace([.init(name: "kind", .choice([.choice("a"), .choice("b")]))])
    let history = (0..<10).map { number in
      var trial = TuningTrial(number: number, values: [.choice(number < 8 ? "a" : "b")])
      trial.folds = [number == 0 ? 1 : 0]
      return trial
    }
    for seed in 0..<16 {
      let sampler = ParzenSampler(space, seed: UInt64(seed), isBetterHigher: true)
      #expect(try sampler.ask(10, attempt: 0, history) == [.choice("b")])
    }
  }

  /// The same seed proposes the same, and another seed does not.
  @Test func proposalsFollowFromTheSeed() throws {
    let one = ParzenSampler(Self.space, seed: 7, isBetterHigher: true)
    #expect(try best(one, trials: 40) == best(one, trials: 40))
    let other = ParzenSampler(Self.space, seed: 8, isBetterHigher: true)
    #expect(try best(one, trials: 40) != best(other, trials: 40))
  }

  /// Every value can be proposed, within the bounds, and about as often as its scale says.
  @Test func rangesAreCovered() throws {
    let ranges: [SearchSpace.Range] = [
      .integer(from: 3, to: 11, step: 2, isLogarithmic: false),
      .integer(from: 1, to: 9, step: 1, isLogarithmic: true),
      .choice([.boolean(true), .boolean(false)]),
    ]
    for range in ranges {
      var counts: [ParameterValue: Int] = [:]
      for step in 0..<10_000 { counts[range.value(at: Double(step) / 10_000), default: 0] += 1 }
      #expect(counts.count == range.count)
      for value in counts.keys {
        #expect(range.value(at: range.position(of: value)) == value, "\(value)")
      }
      if case .integer(_, _, _, false) = range {
        #expect(counts.values.allSatisfy { (1_990...2_010).contains($0) }, "\(counts)")
      }
      if case .integer(_, _, _, true) = range {
        // From 0.5 to 1.5 is longer on a logarithmic scale than from 8.5 to 9.5.
        #expect(counts[.integer(1), default: 0] > 5 * counts[.integer(9), default: 0])
      }
    }
  }

  @Test func theGridHasEveryCombinationOnce() throws {
    let space = SearchSpace([
      .init(name: "fast", .integer(from: 2, to: 8, step: 3, isLogarithmic: false)),
      .init(name: "kind", .choice([.choice("a"), .choice("b")])),
    ])
    let grid = try GridSampler(space)
    let all = try (0..<7).map { try grid.ask($0, attempt: 0, [])?.map(\.description) }
    #expect(
      all == [["2", "a"], ["2", "b"], ["5", "a"], ["5", "b"], ["8", "a"], ["8", "b"], nil])
    #expect(throws: EvidenceError.self) { _ = try GridSampler(Self.space) }
  }

  private func trial(_ number: Int, _ folds: [Double]) -> TuningTrial {
    var trial = TuningTrial(number: number, values: [.integer(number)])
    trial.folds = folds
    return trial
  }

  @Test func whatIsEndedEarly() {
    let earlier = (0..<6).map { trial($0, [Double($0), Double($0), Double($0)]) }
    // The median of 0 to 5 is 2.5.
    for (mean, ends) in [(2.4, true), (2.5, false), (2.6, false)] {
      #expect(TrialPruner.median.ends(mean, after: 2, earlier, isBetterHigher: true) == ends)
      #expect(!TrialPruner.none.ends(mean, after: 2, earlier, isBetterHigher: true))
    }
    #expect(TrialPruner.median.ends(2.6, after: 2, earlier, isBetterHigher: false))
    #expect(!TrialPruner.median.ends(0, after: 2, Array(earlier.prefix(4)), isBetterHigher: true))
    // With seven, the best two go on; only after 1, 3, 9, … folds.
    for (mean, ends) in [(5.5, false), (4.5, false), (3.5, true)] {
      #expect(TrialPruner.asha.ends(mean, after: 3, earlier, isBetterHigher: true) == ends)
      #expect(!TrialPruner.asha.ends(mean, after: 2, earlier, isBetterHigher: true))
    }
    #expect(!TrialPruner.asha.ends(0, after: 1, Array(earlier.prefix(1)), isBetterHigher: true))
  }
}

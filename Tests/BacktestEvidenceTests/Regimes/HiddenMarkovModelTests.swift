@testable import BacktestCore
@testable import BacktestEvidence
import Foundation
import TestSupport
import Testing

/// 100 x log returns of the S&P 500 between two dates, both included.
func logReturns(from: String = "", through: String = "9999") throws -> [Double] {
  let prices = try RegimePrices("sp500.csv")
  let closes = zip(prices.dates, prices.closes).filter { $0.0 >= from && $0.0 <= through }
    .map(\.1)
  return zip(closes.dropFirst(), closes).map { 100 * log($0 / $1) }
}

struct HiddenMarkovModelTests {
  private func given(_ oracle: RegimeOracle) -> HiddenMarkovModel {
    HiddenMarkovModel(
      start: oracle["startprob"].list.map { $0.number! },
      transition: oracle["transition"].list.map { $0.list.map { $0.number! } },
      means: oracle["means"].list.map { $0.number! },
      variances: oracle["variances"].list.map { $0.number! })
  }

  private func isClose(_ a: Double, _ b: Double?, _ relative: Double = 1e-9) -> Bool {
    abs(a - (b ?? .nan)) <= relative * abs(b ?? .nan)
  }

  @Test func givenParametersReproduceTheOracle() throws {
    let oracle = try RegimeOracle("32_hmm_fixed_params.json")
    let values = try logReturns(from: "2008-01-02", through: "2009-12-31")
    #expect(values.count == oracle["n"].integer)
    let model = given(oracle["params"])
    #expect(isClose(model.logLikelihood(of: values), oracle["loglik"].number))
    let path = model.viterbi(values)
    #expect(isClose(path.logProbability, oracle["viterbi_logprob"].number))
    var runs: [[Int]] = []
    for state in path.states {
      if runs.last?[0] == state { runs[runs.count - 1][1] += 1 } else { runs.append([state, 1]) }
    }
    #expect(runs == oracle["viterbi_runs"].list.map { $0.list.map { $0.integer! } })
    let (filtered, smoothed) = (model.filtered(values)[1], model.smoothed(values)[1])
    for row in [0, 1, 50, 100, 200, 300, 400, 503] {
      #expect(isClose(filtered[row], oracle["filtered_p1"]["\(row)"].number), "filtered \(row)")
      #expect(isClose(smoothed[row], oracle["smoothed_p1"]["\(row)"].number), "smoothed \(row)")
    }
    let (next, wanted) = (model.afterOneStep(on: values), given(oracle["after_one_em"]))
    let pairs = zip(
      next.start + next.transition.joined() + next.means + next.variances,
      wanted.start + wanted.transition.joined() + wanted.means + wanted.variances)
    for (found, expected) in pairs { #expect(isClose(found, expected)) }
    #expect(
      isClose(next.logLikelihood(of: values), oracle["after_one_em"]["loglik"].number))
  }

  /// Two states fitted to all returns.
  private static let twoStates = Result { try HiddenMarkovModel.fit(logReturns()) }

  @Test(arguments: [2, 3]) func fitIsThatOfTheOracle(states: Int) throws {
    let oracle = try RegimeOracle("10_hmm.json")["sp500"]["k\(states)"]
    let values = try logReturns()
    #expect(values.count == 5_030)
    let fit =
      try states == 2 ? Self.twoStates.get() : HiddenMarkovModel.fit(values, states: states)
    let expected = try #require(oracle["log_likelihood"].number)
    #expect(abs(fit.logLikelihood - expected) < 1e-3, "\(fit.logLikelihood)")
    #expect(fit.hasConverged && !fit.isAtVarianceFloor && fit.startLogLikelihoods.count == 12)
    #expect(abs(fit.model.logLikelihood(of: values) - fit.logLikelihood) < 1e-9)
    for state in 0..<states {
      let variance = oracle["variances_pct2"].list[state].number
      #expect(abs(fit.model.means[state] - oracle["means_pct"].list[state].number!) < 1e-3)
      #expect(isClose(fit.model.variances[state], variance, 1e-3))
      for next in 0..<states {
        let wanted = oracle["transition"].list[state].list[next].number!
        #expect(abs(fit.model.transition[state][next] - wanted) < 1e-4)
      }
    }
    #expect(fit.model.parameterCount == oracle["n_params"].integer)
    #expect(abs(fit.aic - oracle["aic"].number!) < 2e-3)
    #expect(abs(fit.bic - oracle["bic"].number!) < 2e-3)
    let path = fit.model.viterbi(values).states
    let counts = (0..<states).map { state in path.count { $0 == state } }
    for (count, other) in zip(counts, oracle["viterbi_counts"].list) {
      #expect(abs(count - other.integer!) <= 5)
    }
  }

  @Test func statesOfEveryBarAreThoseOfTheOracle() throws {
    let values = try logReturns()
    let model = try Self.twoStates.get().model
    let table = try Fixture.table("oracles/10_hmm_states_sp500.csv").dropFirst()
    #expect(table.count == values.count)
    let (path, smoothed) = (model.viterbi(values).states, model.smoothed(values)[1])
    var differences = 0
    for (row, expected) in table.enumerated() {
      if path[row] != Int(expected[1]) { differences += 1 }
      #expect(abs(smoothed[row] - Double(expected[2])!) < 1e-3, "\(expected)")
    }
    #expect(differences <= 5)
  }

  @Test func whatCannotBeFittedIsRefused() throws {
    #expect(throws: EvidenceError.tooFewValues(19, needed: 20, for: "2 hidden states")) {
      try HiddenMarkovModel.fit((0..<19).map { Double($0) })
    }
    #expect(throws: EvidenceError.valuesAllEqual("hidden states")) {
      try HiddenMarkovModel.fit([Double](repeating: 0.1, count: 100))
    }
    #expect(throws: EvidenceError.notFinite(what: "value", row: 3)) {
      try HiddenMarkovModel.fit([1, 2, 3, .nan] + [Double](repeating: 1, count: 40))
    }
    let flat = try HiddenMarkovRegimes().analysis(closes: [Double](repeating: 7, count: 700))
    #expect(flat.fit == nil && flat.absence == .valuesAllEqual("hidden states"))
    #expect(flat.labels.causal.allSatisfy { $0 == nil } && flat.labels.count == 700)
    #expect(try HiddenMarkovRegimes().labels(closes: []).count == 0)
  }

  /// Half of the values are zero: without a floor the likelihood of their state has no bound.
  @Test func aStateThatCollapsesEndsAtTheFloor() throws {
    var random = Randomness(seed: 3)
    let values = (0..<400).map { row in
      row / 50 % 2 == 0 ? 0 : random.nextUnit() + random.nextUnit() - 1
    }
    let fit = try HiddenMarkovModel.fit(values)
    #expect(fit.isAtVarianceFloor && fit.model.variances[0] == fit.varianceFloor)
    #expect(fit.logLikelihood.isFinite && fit.bic.isFinite)
    #expect(fit.model.viterbi(values).states[10] == 0)
    #expect(try HiddenMarkovModel.fit(values) == fit)
    // A value far beyond all others is no number that overflows.
    let outlier = try HiddenMarkovModel.fit(values + [1e6])
    #expect(outlier.logLikelihood.isFinite)
    #expect(outlier.model.filtered(values + [1e6])[1].allSatisfy { $0.isFinite })
  }
}

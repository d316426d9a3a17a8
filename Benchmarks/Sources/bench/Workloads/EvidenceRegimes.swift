import BacktestKit

extension EvidenceStatistics {
  /// A hidden Markov model of two states, 12 starts, on returns whose deviation changes about every
  /// 60 days.
  static func hiddenMarkovModel(_ sample: EvidenceSample, repeats: Int) throws -> Measurement {
    var random = NormalStream(seed: 10)
    var isTurbulent = false
    let values = sample.returns.map { value in
      if abs(random.next()) > 2.4 { isTurbulent.toggle() }
      return 100 * value * (isTurbulent ? 1.8 : 0.7)
    }
    return try seconds("hmm_2_states_12_starts", repeats: repeats) {
      let fit = try HiddenMarkovModel.fit(values, states: 2, starts: 12, seed: 1)
      return [("log_likelihood", fit.logLikelihood), ("steps", Double(fit.stepCount))]
    }
  }
}

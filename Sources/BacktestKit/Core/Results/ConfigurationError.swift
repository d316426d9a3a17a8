/// A value of a configuration with which nothing can be run.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// What is wrong, what was expected, and what was found.
  public var description: String

  init(_ description: String) { self.description = description }
}

extension BacktestConfiguration {
  /// Checks the values that no type keeps from being nonsense, and that they fit a universe.
  ///
  /// An engine stops the program at what this finds, so a program whose values come from outside
  /// checks them first. A study is checked by its runner.
  /// - Complexity: O(instruments), under weights accounting O(bars).
  /// - Throws: the first value that cannot be.
  public func validate(for universe: Universe) throws(ConfigurationError) {
    if let problem = problem(instrumentCount: universe.count) { throw ConfigurationError(problem) }
    guard !accounting.placesOrders else { return }
    for series in universe.series {
      if let row = series.close.firstIndex(where: { !($0 > 0) }) {
        throw ConfigurationError(
          "accounting by weights needs closes above zero, but \(series.instrument.symbol) closes "
            + "at \(series.close[row]) on \(series.closeTimes[row].utcDate); account by orders")
      }
    }
  }

  /// What is wrong with the values themselves; `nil` when nothing is.
  func problem(instrumentCount: Int) -> String? {
    let leverage = account.funding.leverage
    let longest = TimeSpan.hours(1_000_000)
    if !(account.initialCash > 0 && account.initialCash.isFinite) {
      return "account.initialCash must be above 0 and finite, not \(account.initialCash)"
    }
    if !(leverage > 0 && leverage.isFinite) {
      return "account.funding: a leverage must be above 0 and finite, not \(leverage)"
    }
    if let share = execution.participation, !(share > 0 && share <= 1) {
      return "execution.participation must be above 0 and at most 1, not \(share); nil is no limit"
    }
    if execution.latency < .zero || execution.latency > longest {
      return "execution.latency must be from 0 to a million hours, not "
        + "\(execution.latency.nanoseconds) ns"
    }
    if case .through(let ticks) = execution.limitFill, ticks < 0 {
      return "execution.limitFill: through must be 0 ticks or more, not \(ticks)"
    }
    if !(riskFreeRate > -1 && riskFreeRate.isFinite) {
      return "riskFreeRate must be above -1 and finite, not \(riskFreeRate)"
    }
    if let warmup, warmup < 0 { return "warmup must be 0 bars or more, not \(warmup)" }
    return weightsProblem(instrumentCount: instrumentCount)
  }

  private func weightsProblem(instrumentCount: Int) -> String? {
    guard case .weights(let fee, let initial) = accounting else { return nil }
    if !(fee >= 0 && fee.isFinite) {
      return "accounting: a fee must be 0 or more and finite, not \(fee)"
    }
    let weights = initial.values(count: instrumentCount)
    if weights.count != instrumentCount {
      return "accounting: \(instrumentCount) instruments need as many initial weights, not "
        + "\(weights.count)"
    }
    return weights.allSatisfy(\.isFinite) ? nil : "accounting: initial weights must be finite"
  }
}

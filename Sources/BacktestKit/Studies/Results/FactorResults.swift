import BacktestCore
import BacktestEvidence
import BacktestFiles
internal import Glibc

extension StudyOutcome {
  /// What factors explain of the run's returns; `nil` where the study names none, or too few dates
  /// have returns of both.
  var factorRegression: FactorRegression? {
    guard let factors = market.factors else { return nil }
    let pairs = factors.paired(with: metrics.sample, rate: study.configuration.riskFreeRate)
    return try? FactorRegression(
      pairs.excess, on: Array(zip(factors.names, pairs.factors)), lags: study.factors?.lags)
  }
}

extension FactorReturns {
  /// The returns of a run less the risk-free ones, and those of the factors over the same days.
  ///
  /// A run whose points are days apart is compared with the factors' returns of all those days,
  /// compounded; days on which no factor has a return are left out.
  ///
  /// - Parameter rate: the annual risk-free rate where the file has none.
  func paired(
    with sample: ReturnsSample, rate: Double
  ) -> (excess: [Double], factors: [[Double]]) {
    var excess: [Double] = []
    var columns = [[Double]](repeating: [], count: returns.count)
    let points = sample.lastOfEachDate
    var next = 0
    for (before, point) in zip(points, points.dropFirst()) {
      while next < dates.count, dates[next] <= before.date { next += 1 }
      let first = next
      while next < dates.count, dates[next] <= point.date { next += 1 }
      guard first < next else { continue }
      func compounded(_ values: [Double]) -> Double {
        values[first..<next].reduce(1) { $0 * (1 + $1) } - 1
      }
      let days = Double(point.date.daysSinceEpoch - before.date.daysSinceEpoch)
      let free = riskFree.map(compounded) ?? pow(1 + rate, days / 365.25) - 1
      excess.append(point.wealth / before.wealth - 1 - free)
      for index in returns.indices { columns[index].append(compounded(returns[index])) }
    }
    return (excess, columns)
  }
}

extension ReturnsSample {
  /// The last point of each date.
  fileprivate var lastOfEachDate: [(date: CivilDate, wealth: Double)] {
    guard let pointDates else { return [] }
    return pointDates.indices.compactMap { index in
      let isLast = index + 1 == pointDates.count || pointDates[index + 1] != pointDates[index]
      return isLast ? (pointDates[index], wealth[index]) : nil
    }
  }
}

extension FactorRegression {
  /// As `result.json` has it under `factors`.
  var json: JSONValue {
    func row(_ coefficient: Coefficient) -> JSONValue {
      [
        "name": .text(coefficient.name), "value": .number(coefficient.value),
        "standard-error": .number(coefficient.standardError),
        "t": .number(coefficient.statistic), "p-value": .number(coefficient.pValue),
        "contribution": .number(coefficient.contribution),
      ]
    }
    return [
      "returns": .integer(count), "lags": .integer(lags), "r-squared": .number(rSquared),
      "adjusted-r-squared": .number(adjustedRSquared),
      "coefficients": .list([row(alpha)] + factors.map(row)),
    ]
  }
}

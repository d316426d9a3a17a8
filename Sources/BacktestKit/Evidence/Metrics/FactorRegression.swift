internal import Glibc

/// What of the returns of an account factors explain: a linear regression with standard errors that
/// allow for residuals that vary in size and are correlated over time.
///
///     let regression = try FactorRegression(
///       excessReturns, on: [("market", market), ("size", size)])
///     print(regression.alpha.value, regression.alpha.pValue)
///
/// > W. K. Newey, K. D. West, "A Simple, Positive Semi-Definite, Heteroskedasticity and
/// > Autocorrelation Consistent Covariance Matrix", Econometrica 55(3), 1987.
public struct FactorRegression: Hashable, Sendable {
  /// The constant and its uncertainty, per period.
  public let alpha: Coefficient
  /// The factors and their coefficients.
  public let factors: [Coefficient]
  /// The share of variance that the factors explain.
  public let rSquared: Double
  /// The same, corrected for the number of factors.
  public let adjustedRSquared: Double
  /// The number of returns.
  public let count: Int
  /// Over how many lags residuals may be correlated.
  public let lags: Int

  /// A coefficient of the regression.
  public struct Coefficient: Hashable, Sendable {
    /// The factor's name; `alpha` for the constant.
    public var name: String
    /// The estimate.
    public var value: Double
    /// Its standard error by Newey and West, with Bartlett weights.
    public var standardError: Double
    /// The estimate over its error.
    public var statistic: Double { value / standardError }
    /// The probability of a statistic at least this far from 0, of either sign, if the coefficient
    /// is 0; by the normal distribution.
    public var pValue: Double { erfc(abs(statistic) / 2.0.squareRoot()) }
    /// The part of the mean return that it explains: the value times the mean of the factor.
    public var contribution: Double
  }

  /// A regression of returns on factors over the same periods.
  ///
  /// - Parameters:
  ///   - returns: returns of the account less the risk-free rate, as fractions.
  ///   - factors: the name and the returns of each factor.
  ///   - lags: over how many lags residuals may be correlated; `nil` takes
  ///     `floor(4 (n / 100)^(2/9))`.
  ///   - correctsForFewReturns: whether variances are multiplied by n / (n - k).
  /// - Throws: ``FactorRegressionError``.
  public init(
    _ returns: [Double], on factors: [(name: String, values: [Double])], lags: Int? = nil,
    correctsForFewReturns: Bool = false
  ) throws(FactorRegressionError) {
    let size = factors.count + 1
    guard factors.allSatisfy({ $0.values.count == returns.count }) else { throw .unequalLengths }
    guard returns.count > size else { throw .tooFewReturns(returns.count, needed: size + 1) }
    let columns = [Array(repeating: 1, count: returns.count)] + factors.map(\.values)
    guard let fit = LeastSquares(returns, on: columns) else { throw .dependentFactors }
    let n = Double(returns.count)
    let used = lags ?? Int(4 * pow(n / 100, 2.0 / 9))
    let scale = correctsForFewReturns ? n / (n - Double(size)) : 1
    let covariance = fit.robustCovariance(columns: columns, lags: used)
    func coefficient(_ place: Int, _ name: String) -> Coefficient {
      Coefficient(
        name: name, value: fit.coefficients[place],
        standardError: (scale * covariance[place * size + place]).squareRoot(),
        contribution: fit.coefficients[place] * columns[place].compensatedSum { $0 } / n)
    }
    alpha = coefficient(0, "alpha")
    self.factors = factors.enumerated().map { coefficient($0.offset + 1, $0.element.name) }
    let total = Dispersion(returns).squares
    rSquared = total > 0 ? 1 - fit.squaredResiduals / total : 0
    adjustedRSquared = 1 - (1 - rSquared) * (n - 1) / (n - Double(size))
    count = returns.count
    self.lags = used
  }
}

/// Why there is no regression.
public enum FactorRegressionError: Error, Hashable, CustomStringConvertible {
  /// Factors of another length than the returns.
  case unequalLengths
  /// No more returns than coefficients.
  case tooFewReturns(Int, needed: Int)
  /// A factor is constant, or a combination of others.
  case dependentFactors

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .unequalLengths: "each factor needs one value for each return"
    case .tooFewReturns(let count, let needed):
      "\(count) common returns are too few for the regression; give at least \(needed)"
    case .dependentFactors:
      "a factor is constant or a combination of the others; leave it out"
    }
  }
}

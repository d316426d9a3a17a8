internal import Glibc

/// The standard normal distribution.
package enum NormalDistribution {
  /// The density at `x`.
  package static func density(_ x: Double) -> Double {
    exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
  }

  /// The probability of a value at or below `x`, with full relative accuracy in the lower tail.
  package static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }

  /// The value below which lies the probability `p`; infinite at 0 and 1, not a number outside.
  ///
  /// A rational start (error below 5e-4) is refined by Halley's method on the lower tail, where the
  /// error function keeps its relative accuracy; the upper half follows by symmetry, since 1 - p is
  /// exact there.
  /// > M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 26.2.23.
  package static func quantile(_ p: Double) -> Double {
    guard p > 0, p < 1 else {
      return p == 0 ? -Double.infinity : p == 1 ? Double.infinity : Double.nan
    }
    if p > 0.5 { return -quantile(1 - p) }
    let t = (-2 * log(p)).squareRoot()
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328)
    let denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    var x = numerator / denominator - t
    for _ in 0..<3 {
      let step = (cumulative(x) - p) / density(x)
      x -= step / (1 + 0.5 * x * step)
    }
    return x
  }
}

/// The chi-square distribution.
package enum ChiSquareDistribution {
  /// The probability of a value above `x`.
  ///
  /// - Precondition: `degreesOfFreedom` is positive.
  package static func upperTail(_ x: Double, degreesOfFreedom: Int) -> Double {
    precondition(degreesOfFreedom > 0, "a chi-square variable has at least one degree of freedom")
    return regularizedUpperGamma(Double(degreesOfFreedom) / 2, x / 2)
  }
}

/// The regularised upper incomplete gamma function Q(a, x), from 1 at x = 0 down to 0.
///
/// The power series of its complement below a + 1, the continued fraction above, so that each
/// converges quickly and the far tail keeps its relative accuracy.
/// > M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964, 6.5.29 and 6.5.31.
///
/// - Precondition: `a` is positive and finite.
func regularizedUpperGamma(_ a: Double, _ x: Double) -> Double {
  precondition(a > 0 && a.isFinite, "the shape is positive")
  if x.isNaN { return x }
  if x <= 0 { return 1 }
  if x == .infinity { return 0 }
  let logScale = a * log(x) - x - lgamma(a).0
  return x < a + 1
    ? 1 - exp(logScale) * lowerGammaSeries(a, x)
    : exp(logScale) * upperGammaFraction(a, x)
}

/// The sum of x^k / (a (a+1) ... (a+k)) over k.
private func lowerGammaSeries(_ a: Double, _ x: Double) -> Double {
  var term = 1 / a
  var sum = term
  var divisor = a
  while term > sum * 0x1p-54 {
    divisor += 1
    term *= x / divisor
    sum += term
  }
  return sum
}

/// The continued fraction 1/(x+1-a - 1(1-a)/(x+3-a - 2(2-a)/(x+5-a - ...))), evaluated forward.
private func upperGammaFraction(_ a: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  var partial = x + 1 - a
  var forward = 1 / tiny
  var backward = 1 / partial
  var value = backward
  // Terms needed grow with the root of a; the limit only guards against a value that oscillates
  // in its last bit.
  for k in 1...100_000 {
    let coefficient = -Double(k) * (Double(k) - a)
    partial += 2
    let below = partial + coefficient * backward
    backward = 1 / (abs(below) < tiny ? tiny : below)
    let above = partial + coefficient / forward
    forward = abs(above) < tiny ? tiny : above
    let factor = forward * backward
    value *= factor
    if abs(factor - 1) <= 0x1p-52 { break }
  }
  return value
}

/// The exponential function and its relatives, lane by lane.
///
/// All rest on e^r = (G + r) / (G - r) with the even function G(r) = r coth(r/2), a short
/// polynomial once multiples of ln 2 are taken off, so a quotient of exponentials costs one
/// division.
/// Infinities, signed zeros and subnormal numbers are as in exact arithmetic, and what is not a
/// number stays so. The error is below 4 units in the last place, which a test holds.
///
/// They do not come from the C library because its results differ between systems and it takes one
/// number at a time.
extension VectorLanes {
  /// e^x.
  @inline(__always) package func exponential() -> Self {
    let range = Self.exponentialRange
    let limited = limited(atMost: range.upperBound).limited(atLeast: range.lowerBound)
    let (bits, r) = limited.reducedByPowersOfTwo()
    let quotient = (r + r) / (Self(repeating: 2) + (r.cothExcess() - r))
    let (first, second) = Self.powerOfTwoInHalves(bits)
    return ((quotient + Self(repeating: 1)) * first) * second
  }

  /// e^x - 1 for x at or below 0; above, 0.
  @inline(__always) func negativeExponentialMinusOne() -> Self {
    let down = limited(atMost: 0).limited(atLeast: -2 * Self.tangentLimit)
    let (bits, r) = down.reducedByPowersOfTwo()
    let excess = r.cothExcess()
    let power = Self.powerOfTwo(bits, plus: 0)
    let (less, more) = (power - Self(repeating: 1), power + Self(repeating: 1))
    return ((less + less) + (excess * less + r * more)) / (Self(repeating: 2) + (excess - r))
  }

  /// tanh x = (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x.
  @inline(__always) package func hyperbolicTangent() -> Self {
    let magnitude = absolute.limited(atMost: Self.tangentLimit)
    let (bits, r) = (magnitude * Self(repeating: -2)).reducedByPowersOfTwo()
    let excess = r.cothExcess()
    let power = Self.powerOfTwo(bits, plus: 0)
    let (less, more) = (Self(repeating: 1) - power, Self(repeating: 1) + power)
    // G = 2 + excess is taken apart: 2 * less is exact, and 0 next to x = 0.
    let numerator = (less + less) + (excess * less - r * more)
    let denominator = (more + more) + (excess * more - r * less)
    return (numerator / denominator).withSign(of: self)
  }

  /// 1 / (1 + e^-x), from e^-|x| so that nothing overflows.
  @inline(__always) func logistic() -> Self {
    let down = negativeAbsolute.limited(atLeast: Self.exponentialRange.lowerBound)
    let (bits, r) = down.reducedByPowersOfTwo()
    let excess = r.cothExcess()
    let one = Self(repeating: 2) + (excess - r)
    let power = Self.powerOfTwo(bits, plus: Self.safeShift)
    let other = ((Self(repeating: 2) + (excess + r)) * power) * Self(repeating: Self.shiftBack)
    return one.replaced(by: other, whereNegative: self) / (one + other)
  }
}

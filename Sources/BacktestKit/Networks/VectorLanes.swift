/// Several floating point numbers that are computed on at once, one a lane.
///
/// No operation mixes lanes and none is fused, so results do not depend on how wide the
/// processor's registers are. The operators are requirements because those that the standard
/// library has for all vectors go lane by lane.
package protocol VectorLanes: SIMD, BitwiseCopyable where Scalar: BinaryFloatingPoint {
  /// The bits of the lanes as whole numbers.
  associatedtype Bits

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self

  /// The lanes without their signs.
  var absolute: Self { get }
  /// The lanes, all with a sign.
  var negativeAbsolute: Self { get }
  /// The lanes, which have no signs, with those of others.
  func withSign(of other: Self) -> Self
  /// The lanes, but none above the limit; what is not a number stays.
  func limited(atMost limit: Scalar) -> Self
  /// The lanes, but none below the limit; what is not a number stays.
  func limited(atLeast limit: Scalar) -> Self
  /// The lanes, but those of another vector where `condition` is below 0.
  func replaced(by other: Self, whereNegative condition: Self) -> Self

  /// k, the whole number nearest to x / ln 2, as bits for the powers of two, and x - k ln 2.
  func reducedByPowersOfTwo() -> (bits: Bits, rest: Self)
  /// r coth(r/2) - 2 for |r| <= ln(2)/2.
  func cothExcess() -> Self
  /// 2^(k + offset), which is a normal number.
  static func powerOfTwo(_ bits: Bits, plus offset: Int) -> Self
  /// Two normal numbers whose product is 2^k.
  static func powerOfTwoInHalves(_ bits: Bits) -> (Self, Self)

  /// Below, the exponential is 0; above, it is infinite.
  static var exponentialRange: ClosedRange<Scalar> { get }
  /// From here on the hyperbolic tangent is 1.
  static var tangentLimit: Scalar { get }
  /// A shift of exponents that makes the smallest number normal and leaves 4 finite.
  static var safeShift: Int { get }
  /// 2^-safeShift.
  static var shiftBack: Scalar { get }
}

extension SIMD4<Double>: VectorLanes {
  package typealias Bits = SIMD4<UInt64>

  @inline(__always) private var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inline(__always) private static func number(_ bits: Bits) -> Self {
    unsafeBitCast(bits, to: Self.self)
  }

  @inline(__always) package var absolute: Self { Self.number(bits & Bits(repeating: ~(1 << 63))) }
  @inline(__always) package var negativeAbsolute: Self {
    Self.number(bits | Bits(repeating: 1 << 63))
  }

  @inline(__always) package func withSign(of other: Self) -> Self {
    Self.number(bits | (other.bits & Bits(repeating: 1 << 63)))
  }

  @inline(__always) package func limited(atMost limit: Double) -> Self {
    replacing(with: limit, where: self .> limit)
  }

  @inline(__always) package func limited(atLeast limit: Double) -> Self {
    replacing(with: limit, where: self .< limit)
  }

  @inline(__always) package func replaced(by other: Self, whereNegative condition: Self) -> Self {
    replacing(with: other, where: condition .< 0)
  }

  /// Adding 1.5 * 2^52 leaves the nearest whole number in the last bits. The logarithm is taken in
  /// two parts, of which the first has so few digits that its multiples are exact.
  @inline(__always) package func reducedByPowersOfTwo() -> (bits: Bits, rest: Self) {
    let shifter = Self(repeating: 0x1.8p52)
    let shifted = self * Self(repeating: 0x1.71547652b82fep+0) + shifter
    let k = shifted - shifter
    let high = self - k * Self(repeating: 0x1.62e42fee00000p-1)
    return (shifted.bits, high - k * Self(repeating: 0x1.a39ef35793c76p-33))
  }

  /// An interpolation at Chebyshev's points in the square; its error is below 8e-18.
  @inline(__always) package func cothExcess() -> Self {
    let s = self * self
    let first = Self(repeating: 0x1.5555555555553p-3) + s * Self(repeating: -0x1.6c16c16c0aa83p-9)
    let third = Self(repeating: 0x1.1566ab5b82902p-14) + s * Self(repeating: -0x1.bbd52fec5a3ebp-20)
    let fourth = s * s
    return s * (first + fourth * (third + fourth * Self(repeating: 0x1.63f123c24a857p-25)))
  }

  @inline(__always) package static func powerOfTwo(_ bits: Bits, plus offset: Int) -> Self {
    number((bits &<< 52) &+ Bits(repeating: UInt64(1023 + offset) &<< 52))
  }

  @inline(__always) package static func powerOfTwoInHalves(_ bits: Bits) -> (Self, Self) {
    let positive = bits &+ Bits(repeating: 4096 &- 0x4338_0000_0000_0000)
    let half = positive &>> 1
    let offset = 1023 - 2048
    let bias = Bits(repeating: UInt64(bitPattern: Int64(offset)))
    return (number((half &+ bias) &<< 52), number((positive &- half &+ bias) &<< 52))
  }

  package static var exponentialRange: ClosedRange<Double> { -746...710 }
  package static var tangentLimit: Double { 20 }
  package static var safeShift: Int { 1000 }
  package static var shiftBack: Double { 0x1p-1000 }
}

extension SIMD8<Float>: VectorLanes {
  package typealias Bits = SIMD8<UInt32>

  @inline(__always) private var bits: Bits { unsafeBitCast(self, to: Bits.self) }
  @inline(__always) private static func number(_ bits: Bits) -> Self {
    unsafeBitCast(bits, to: Self.self)
  }

  @inline(__always) package var absolute: Self { Self.number(bits & Bits(repeating: ~(1 << 31))) }
  @inline(__always) package var negativeAbsolute: Self {
    Self.number(bits | Bits(repeating: 1 << 31))
  }

  @inline(__always) package func withSign(of other: Self) -> Self {
    Self.number(bits | (other.bits & Bits(repeating: 1 << 31)))
  }

  @inline(__always) package func limited(atMost limit: Float) -> Self {
    replacing(with: limit, where: self .> limit)
  }

  @inline(__always) package func limited(atLeast limit: Float) -> Self {
    replacing(with: limit, where: self .< limit)
  }

  @inline(__always) package func replaced(by other: Self, whereNegative condition: Self) -> Self {
    replacing(with: other, where: condition .< 0)
  }

  @inline(__always) package func reducedByPowersOfTwo() -> (bits: Bits, rest: Self) {
    let shifter = Self(repeating: 0x1.8p23)
    let shifted = self * Self(repeating: 0x1.715476p+0) + shifter
    let k = shifted - shifter
    let high = self - k * Self(repeating: 0x1.62e400p-1)
    return (shifted.bits, high - k * Self(repeating: 0x1.7f7d1cp-20))
  }

  /// An interpolation at Chebyshev's points in the square; its error is below 2e-8.
  @inline(__always) package func cothExcess() -> Self {
    let s = self * self
    return s * (Self(repeating: 0x1.555546p-3) + s * Self(repeating: -0x1.6b0c5ep-9))
  }

  @inline(__always) package static func powerOfTwo(_ bits: Bits, plus offset: Int) -> Self {
    number((bits &<< 23) &+ Bits(repeating: UInt32(127 + offset) &<< 23))
  }

  @inline(__always) package static func powerOfTwoInHalves(_ bits: Bits) -> (Self, Self) {
    let positive = bits &+ Bits(repeating: 512 &- 0x4B40_0000)
    let half = positive &>> 1
    let offset = 127 - 256
    let bias = Bits(repeating: UInt32(bitPattern: Int32(offset)))
    return (number((half &+ bias) &<< 23), number((positive &- half &+ bias) &<< 23))
  }

  package static var exponentialRange: ClosedRange<Float> { -104...90 }
  package static var tangentLimit: Float { 10 }
  package static var safeShift: Int { 100 }
  package static var shiftBack: Float { 0x1p-100 }
}

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

  /// 1.0507… x above 0, 1.0507… * 1.6733… (e^x - 1) below.
  @inline(__always) func scaledExponentialLinear() -> Self {
    let below = negativeExponentialMinusOne() * Self(repeating: 1.6732632423543772)
    return replaced(by: below, whereNegative: self) * Self(repeating: 1.0507009873554805)
  }

  /// ln(1 + e^x) = max(x, 0) + ln(1 + u) with u = e^-|x|, and ln(1 + u) = 2 artanh(u / (2 + u)),
  /// whose series goes to the power of 35: the next term is below 10^-18. Above 20 it is x, as
  /// PyTorch defines it.
  @inline(__always) func softplus() -> Self {
    let u = negativeAbsolute.exponential()
    let s = u / (Self(repeating: 2) + u)
    let square = s * s
    var sum = Self(repeating: 1 / 35)
    for power in Swift.stride(from: 33, through: 1, by: -2) {
      sum = Self(repeating: 1 / Scalar(power)) + square * sum
    }
    let result = limited(atLeast: 0) + (s + s) * sum
    return result.replaced(by: self, whereNegative: Self(repeating: 20) - self)
  }

  /// x tanh(ln(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2).
  @inline(__always) func mish() -> Self {
    let power = limited(atMost: 2 * Self.tangentLimit).exponential()
    let n = power * (power + Self(repeating: 2))
    return self * (n / (n + Self(repeating: 2)))
  }
}

/// Several floating point numbers that are computed on at once, one a lane.
///
/// No operation mixes lanes and none is fused, so results do not depend on how wide the
/// processor's registers are. The operators are requirements because those that the standard
/// library has for all vectors go lane by lane.
protocol VectorLanes: SIMD, BitwiseCopyable where Scalar: KernelElement {
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self

  /// The lanes without their signs.
  var absolute: Self { get }
  /// The lanes, but none above the limit; what is not a number stays.
  func limited(atMost limit: Scalar) -> Self
  /// The lanes, but none below the limit; what is not a number stays.
  func limited(atLeast limit: Scalar) -> Self
  /// The lanes, but those of another vector where `condition` is below 0.
  func replaced(by other: Self, whereNegative condition: Self) -> Self
  /// e^x.
  func exponential() -> Self
  /// e^x - 1 for x at or below 0; above, 0.
  func negativeExponentialMinusOne() -> Self
}

extension SIMD4<Double>: VectorLanes {
  @inline(__always) var absolute: Self {
    unsafeBitCast(
      unsafeBitCast(self, to: SIMD4<UInt64>.self) & SIMD4<UInt64>(repeating: ~(1 << 63)),
      to: Self.self)
  }

  @inline(__always) func limited(atMost limit: Double) -> Self {
    replacing(with: limit, where: self .> limit)
  }

  @inline(__always) func limited(atLeast limit: Double) -> Self {
    replacing(with: limit, where: self .< limit)
  }

  @inline(__always) func replaced(by other: Self, whereNegative condition: Self) -> Self {
    replacing(with: other, where: condition .< 0)
  }
}

extension SIMD8<Float>: VectorLanes {
  @inline(__always) var absolute: Self {
    unsafeBitCast(
      unsafeBitCast(self, to: SIMD8<UInt32>.self) & SIMD8<UInt32>(repeating: ~(1 << 31)),
      to: Self.self)
  }

  @inline(__always) func limited(atMost limit: Float) -> Self {
    replacing(with: limit, where: self .> limit)
  }

  @inline(__always) func limited(atLeast limit: Float) -> Self {
    replacing(with: limit, where: self .< limit)
  }

  @inline(__always) func replaced(by other: Self, whereNegative condition: Self) -> Self {
    replacing(with: other, where: condition .< 0)
  }
}

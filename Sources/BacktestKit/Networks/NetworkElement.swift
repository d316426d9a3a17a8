/// A number that networks are computed in: `Double` or `Float`, and no other type.
public protocol NetworkElement: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
  /// Evaluates a network in the arithmetic of this type; call ``Network/evaluate(_:state:into:)``.
  static func evaluate(
    _ network: Network<Self>, _ input: UnsafeBufferPointer<Self>,
    state: inout Network<Self>.State, dropout: DropoutMasks<Self>?,
    into output: UnsafeMutableBufferPointer<Self>)

  /// Moves a window on in the arithmetic of this type; call ``SlidingNetwork/push(_:into:)``.
  static func push(
    _ row: UnsafeBufferPointer<Self>, to network: inout SlidingNetwork<Self>,
    into output: UnsafeMutableBufferPointer<Self>
  ) -> Bool
}

/// What a type of numbers brings for its kernels.
protocol KernelElement: NetworkElement {
  /// The numbers that are computed on at once, 32 bytes of them.
  associatedtype Lanes: VectorLanes where Lanes.Scalar == Self
}

// Generic code runs at full speed only where the compiler knows the type, which is here.
extension Double: NetworkElement, KernelElement {
  typealias Lanes = SIMD4<Double>

  /// Evaluates a network in double precision.
  public static func evaluate(
    _ network: Network<Double>, _ input: UnsafeBufferPointer<Double>,
    state: inout Network<Double>.State, dropout: DropoutMasks<Double>?,
    into output: UnsafeMutableBufferPointer<Double>
  ) { network.run(input, &state, dropout, output) }

  /// Moves a window on in double precision.
  public static func push(
    _ row: UnsafeBufferPointer<Double>, to network: inout SlidingNetwork<Double>,
    into output: UnsafeMutableBufferPointer<Double>
  ) -> Bool { network.run(row, output) }
}

extension Float: NetworkElement, KernelElement {
  typealias Lanes = SIMD8<Float>

  /// Evaluates a network in single precision.
  public static func evaluate(
    _ network: Network<Float>, _ input: UnsafeBufferPointer<Float>,
    state: inout Network<Float>.State, dropout: DropoutMasks<Float>?,
    into output: UnsafeMutableBufferPointer<Float>
  ) { network.run(input, &state, dropout, output) }

  /// Moves a window on in single precision.
  public static func push(
    _ row: UnsafeBufferPointer<Float>, to network: inout SlidingNetwork<Float>,
    into output: UnsafeMutableBufferPointer<Float>
  ) -> Bool { network.run(row, output) }
}

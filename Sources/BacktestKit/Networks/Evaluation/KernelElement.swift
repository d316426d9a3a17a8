internal import CNetworkKernels

/// How wide the registers are that the kernels use. All levels give the same bits.
enum KernelLevel: UInt32, CaseIterable, Sendable {
  case baseline, avx2, avx512
}

/// A type of numbers that there are kernels for.
protocol KernelElement: NetworkElement {
  /// The numbers that steps in Swift compute on at once, 32 bytes of them.
  associatedtype Lanes: VectorLanes where Lanes.Scalar == Self
  /// The kernels for the processor.
  static var kernels: UnsafePointer<network_kernels> { get }
  /// The kernels of a level; `nil` where the processor has not got it.
  static func kernels(at level: KernelLevel) -> UnsafePointer<network_kernels>?
}

extension Double: KernelElement {
  typealias Lanes = SIMD4<Double>

  nonisolated(unsafe) static let kernels: UnsafePointer<network_kernels> = best {
    Double.kernels(at: $0)
  }

  static func kernels(at level: KernelLevel) -> UnsafePointer<network_kernels>? {
    network_kernels_double(network_level(level.rawValue))
  }
}

extension Float: KernelElement {
  typealias Lanes = SIMD8<Float>

  nonisolated(unsafe) static let kernels: UnsafePointer<network_kernels> = best {
    Float.kernels(at: $0)
  }

  static func kernels(at level: KernelLevel) -> UnsafePointer<network_kernels>? {
    network_kernels_float(network_level(level.rawValue))
  }
}

private func best(
  _ kernels: (KernelLevel) -> UnsafePointer<network_kernels>?
) -> UnsafePointer<network_kernels> {
  guard let best = KernelLevel.allCases.reversed().lazy.compactMap(kernels).first else {
    preconditionFailure("every processor has the lowest level")
  }
  return best
}

internal import CNetworkKernels

// The functions of the kernels for a few numbers at a time, the same on every system.

extension SIMD4<Double> {
  /// e^x.
  package func exponential() -> Self { mapped(network_function_exponential) }
  /// e^x - 1 for x at or below 0; above, 0.
  func negativeExponentialMinusOne() -> Self { mapped(network_function_exponential_less_one) }
  /// tanh x.
  package func hyperbolicTangent() -> Self { mapped(network_function_tanh) }
  /// 1 / (1 + e^-x).
  func logistic() -> Self { mapped(network_function_sigmoid) }
}

extension SIMD8<Float> {
  /// e^x.
  func exponential() -> Self { mapped(network_function_exponential) }
  /// e^x - 1 for x at or below 0; above, 0.
  func negativeExponentialMinusOne() -> Self { mapped(network_function_exponential_less_one) }
  /// tanh x.
  func hyperbolicTangent() -> Self { mapped(network_function_tanh) }
  /// 1 / (1 + e^-x).
  func logistic() -> Self { mapped(network_function_sigmoid) }
}

extension SIMD where Scalar: KernelElement {
  fileprivate func mapped(_ function: network_function) -> Self {
    var lanes = self
    withUnsafeMutableBytes(of: &lanes) {
      Scalar.kernels.pointee.map(function, $0.baseAddress, scalarCount, 0, 0)
    }
    return lanes
  }
}

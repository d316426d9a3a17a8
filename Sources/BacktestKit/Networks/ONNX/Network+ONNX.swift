package import BacktestCheckpoints

extension Network {
  /// The network of an ONNX graph, for a batch of one observation.
  ///
  /// - Parameters:
  ///   - model: the graph with its weights.
  ///   - binding: which outputs are which heads, and what is carried from one evaluation to the
  ///     next.
  ///   - heads: the names of the heads that are wanted, evaluated on the same observation. Their
  ///     outputs follow each other.
  ///   - inputShape: the shape of an observation: `[features]`, or `[time, features]` for a window.
  ///   - largestWork: how many operations one evaluation may take.
  /// - Throws: `NetworkError` with the node that is not supported or does not fit.
  package init(
    _ model: ONNXModel, _ binding: GraphBinding, heads: [String], inputShape: [Int],
    largestWork: Int = 1 << 32
  ) throws(NetworkError) {
    program = try ONNXCompiler<Element>.program(
      model, binding, heads: heads, inputShape: inputShape,
      largestWork: largestWork)
  }
}

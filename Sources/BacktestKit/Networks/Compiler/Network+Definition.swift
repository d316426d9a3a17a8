public import BacktestCheckpoints

extension Network {
  /// The network of one head. Layers that it reuses from another head are part of it.
  ///
  /// - Parameters:
  ///   - definition: the heads and their layers.
  ///   - head: the name of the head that is wanted.
  ///   - weights: tensors by name; unused ones are ignored.
  ///   - inputShape: the shape of an observation: `[features]`, or `[time, features]` for a window,
  ///     oldest first.
  /// - Throws: `NetworkError` where a tensor is missing, has another shape than the layers need or
  ///   is not finite, or where layers do not fit together.
  public init(
    _ definition: NetworkDefinition, head: String, weights: TensorArchive, inputShape: [Int]
  ) throws(NetworkError) {
    try self.init(definition, heads: [head], weights: weights, inputShape: inputShape)
  }

  /// The network of several heads, evaluated in order on the same observation: a policy and the
  /// value that reuses its memory. Their outputs follow each other.
  ///
  /// - Throws: `NetworkError`, as for one head.
  public init(
    _ definition: NetworkDefinition, heads: [String], weights: TensorArchive, inputShape: [Int]
  ) throws(NetworkError) {
    try self.init(
      definition, heads: heads, weights: weights, inputShape: inputShape, reads: TensorReads())
  }

  /// The network of several heads, which also says which tensors it uses.
  package init(
    _ definition: NetworkDefinition, heads: [String], weights: TensorArchive, inputShape: [Int],
    reads: TensorReads
  ) throws(NetworkError) {
    var compiler = NetworkCompiler<Element>(definition, weights, reads: reads)
    program = try compiler.compile(heads: heads, inputShape: inputShape)
  }
}

/// The graph of an ONNX file: nodes, the names that connect them, and weights. It is data, and
/// nothing in it is executed.
///
/// Nodes are in an order in which each uses only names that are defined before it.
/// > Linux Foundation, *Open Neural Network Exchange: Intermediate Representation*.
package struct ONNXModel: Sendable {
  /// The version of the operator set, 13 to 21.
  package var opset: Int
  /// The nodes in order.
  package var nodes: [ONNXNode]
  /// What must be given, without initialisers.
  package var inputs: [ONNXValue]
  /// What can be asked for.
  package var outputs: [ONNXValue]
  /// The weights and other constants.
  package var initialisers: TensorArchive
  /// The program that wrote the file, such as `pytorch 2.13.0`; empty where it does not say.
  package var producer: String

  /// The oldest and newest operator sets that are read.
  package static let opsets = 13...21
}

/// A node of an ONNX graph.
package struct ONNXNode: Sendable {
  /// The operator, such as `Gemm`.
  package var operation: String
  /// The name of the node; often empty.
  package var name: String
  /// The names of its inputs; empty for an optional one that is left out.
  package var inputs: [String]
  /// The names of its outputs; empty for one that is not wanted.
  package var outputs: [String]
  /// Its attributes by name.
  package var attributes: [String: ONNXAttribute]
}

/// The value of an attribute.
package enum ONNXAttribute: Sendable {
  case integer(Int)
  case number(Double)
  case text(String)
  case integers([Int])
  case numbers([Double])
  case texts([String])
  case tensor(NamedTensor)
}

/// An input or output of an ONNX graph.
package struct ONNXValue: Sendable, Equatable {
  /// The name.
  package var name: String
  /// What its elements are.
  package var elementType: TensorElementType
  /// The lengths of its dimensions, `nil` for one that is not fixed; `nil` as a whole where the
  /// file does not say.
  package var shape: [Int?]?

  /// The name and the shape, such as `obs [?, 17]`.
  package var summary: String {
    let lengths = shape.map { $0.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") }
    return name + (lengths.map { " [\($0)]" } ?? "")
  }
}

/// The limits of a graph, checked before memory is allocated.
enum ONNXLimits {
  /// The nodes of a graph.
  static let nodes = 10_000
  /// The initialisers, inputs and outputs of a graph, each.
  static let values = 10_000
  /// The inputs or outputs of a node.
  static let connections = 1_024
  /// The attributes of a node.
  static let attributes = 64
  /// The numbers or texts in an attribute.
  static let attributeItems = 65_536
}

extension ONNXModel {
  /// Reads an ONNX file.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(path: String) throws(CheckpointError) {
    try self.init(bytes: try CheckpointFile.bytes(path), name: path)
  }

  /// Reads the bytes of an ONNX file; `name` is its name in messages.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(bytes: [UInt8], name: String) throws(CheckpointError) {
    self = try CheckpointError.inFile(name) { () throws(CheckpointError) in
      try ONNXReader.model(in: bytes[...], try CheckpointBudget(fileBytes: bytes.count))
    }
  }
}

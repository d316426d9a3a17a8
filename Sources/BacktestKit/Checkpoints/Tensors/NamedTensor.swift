/// A tensor of a checkpoint: its name, its shape and its elements in row-major order.
///
/// Elements keep the width of the file, so a large checkpoint takes no more memory than its file;
/// ``doubles()`` and ``floats()`` convert them.
public struct NamedTensor: Sendable, Equatable {
  /// The name, such as `action_net.weight`.
  public let name: String
  /// The length of each dimension, outermost first; empty for a single number.
  public let shape: [Int]
  /// What the elements are.
  public let elementType: TensorElementType
  /// The elements in row-major order, little-endian, `count * elementType.byteCount` bytes.
  let bytes: [UInt8]

  /// A tensor over bytes that were checked.
  package init(name: String, shape: [Int], elementType: TensorElementType, bytes: [UInt8]) {
    precondition(
      bytes.count == shape.reduce(1, *) * elementType.byteCount, "bytes that fill the shape")
    self.name = name
    self.shape = shape
    self.elementType = elementType
    self.bytes = bytes
  }

  /// The number of elements.
  public var count: Int { bytes.count / elementType.byteCount }
}

/// What the elements of a tensor are.
public enum TensorElementType: String, Sendable, CaseIterable {
  /// Binary floating point of 64 bits.
  case float64 = "F64"
  /// Binary floating point of 32 bits.
  case float32 = "F32"
  /// Binary floating point of 16 bits.
  case float16 = "F16"
  /// The upper half of a binary floating point number of 32 bits.
  case bfloat16 = "BF16"
  /// A signed integer of 64 bits.
  case int64 = "I64"
  /// A signed integer of 32 bits.
  case int32 = "I32"
  /// A signed integer of 16 bits.
  case int16 = "I16"
  /// A signed integer of 8 bits.
  case int8 = "I8"
  /// An unsigned integer of 8 bits.
  case uint8 = "U8"
  /// A byte that is 0 or 1.
  case boolean = "BOOL"

  /// The bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .boolean: 1
    }
  }
}

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
  package let elementType: TensorElementType
  /// The elements in row-major order, little-endian, `count * elementType.byteCount` bytes.
  let bytes: [UInt8]

  /// A tensor from bytes that were checked.
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
package enum TensorElementType: String, Sendable, CaseIterable {
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
  package var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .boolean: 1
    }
  }
}

extension NamedTensor {
  /// A tensor of 64-bit numbers.
  ///
  /// - Precondition: the values fill the shape.
  public init(name: String, shape: [Int], doubles: [Double]) {
    self.init(
      name: name, shape: shape, elementType: .float64,
      bytes: doubles.flatMap { littleEndianBytes($0.bitPattern) })
  }

  /// A tensor of 32-bit numbers.
  ///
  /// - Precondition: the values fill the shape.
  public init(name: String, shape: [Int], floats: [Float]) {
    self.init(
      name: name, shape: shape, elementType: .float32,
      bytes: floats.flatMap { littleEndianBytes($0.bitPattern) })
  }

  /// The elements in row-major order; integers beyond 2^53 are rounded, all others are exact.
  public func doubles() -> [Double] {
    bytes.withUnsafeBytes { raw in
      switch elementType {
      case .float64: raw.elements(UInt64.self).map { Double(bitPattern: $0) }
      case .float32: raw.elements(UInt32.self).map { Double(Float(bitPattern: $0)) }
      case .float16: raw.elements(UInt16.self).map { double(halfPattern: $0) }
      case .bfloat16:
        raw.elements(UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
      case .int64: raw.elements(Int64.self).map { Double($0) }
      case .int32: raw.elements(Int32.self).map { Double($0) }
      case .int16: raw.elements(Int16.self).map { Double($0) }
      case .int8: raw.elements(Int8.self).map { Double($0) }
      case .uint8: raw.elements(UInt8.self).map { Double($0) }
      case .boolean: raw.elements(UInt8.self).map { $0 == 0 ? 0 : 1 }
      }
    }
  }

  /// The elements in row-major order, rounded to 32 bits where they are wider.
  public func floats() -> [Float] {
    guard elementType == .float32 else { return doubles().map { Float($0) } }
    return bytes.withUnsafeBytes { raw in
      raw.elements(UInt32.self).map { Float(bitPattern: $0) }
    }
  }

  /// Whether no element is infinite or not a number.
  public var isFinite: Bool {
    // A number is finite unless all bits of its exponent are set. Nothing is copied for this check.
    bytes.withUnsafeBytes { raw in
      switch elementType {
      case .float64: raw.elements(UInt64.self).allSatisfy { $0 << 1 < 0xFFE0 << 48 }
      case .float32: raw.elements(UInt32.self).allSatisfy { $0 << 1 < 0xFF00 << 16 }
      case .float16: raw.elements(UInt16.self).allSatisfy { $0 << 1 < 0xF800 }
      case .bfloat16: raw.elements(UInt16.self).allSatisfy { $0 << 1 < 0xFF00 }
      case .int64, .int32, .int16, .int8, .uint8, .boolean: true
      }
    }
  }
}

private func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The value of a number of 16 bits: 1 sign bit, 5 of exponent, 10 of fraction.
private func double(halfPattern bits: UInt16) -> Double {
  let exponent = Int(bits >> 10) & 0x1F
  let fraction = Double(bits & 0x3FF) / 1024
  let magnitude: Double =
    switch exponent {
    case 0: fraction * 0x1p-14
    case 31: fraction == 0 ? .infinity : .nan
    default: (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  return bits & 0x8000 == 0 ? magnitude : -magnitude
}

extension UnsafeRawBufferPointer {
  /// The little-endian integers that fill the buffer, each read when it is asked for.
  fileprivate func elements<Integer: FixedWidthInteger>(
    _: Integer.Type
  ) -> LazyMapSequence<Range<Int>, Integer> {
    let width = MemoryLayout<Integer>.size
    return (0..<(count / width)).lazy.map { index in
      Integer(littleEndian: loadUnaligned(fromByteOffset: index * width, as: Integer.self))
    }
  }
}

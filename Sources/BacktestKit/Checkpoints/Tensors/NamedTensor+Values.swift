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

  /// The elements in row-major order; integers beyond 2^53 are rounded, all others exact.
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
    // A number is finite unless all bits of its exponent are set; nothing is copied to see that.
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

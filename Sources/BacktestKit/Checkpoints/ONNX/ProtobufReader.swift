/// Reads the fields of a message in the wire format of protocol buffers.
///
/// Groups, an old form of messages, are skipped. A message inside of another is returned as its
/// bytes, so reading never recurses.
/// > Google, *Protocol Buffers: Encoding*.
struct ProtobufReader {
  /// The content of a field.
  enum Content {
    case integer(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(ArraySlice<UInt8>)
  }

  /// A field of a message.
  struct Field {
    let number: Int
    let content: Content
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The next field; `nil` at the end.
  mutating func next() throws(CheckpointError) -> Field? {
    var openGroups: [Int] = []
    while position < bytes.endIndex {
      let key = try integer()
      let number = Int(key >> 3)
      try CheckpointError.unless(
        1..<(1 << 29) ~= number, "a field has the number \(number), expected 1 to 2^29 - 1",
        advice: ReexportAdvice.again)
      let content: Content
      switch key & 7 {
      case 0: content = .integer(try integer())
      case 1: content = .fixed64(try fixed(UInt64.self))
      case 2: content = .bytes(try run())
      case 3:
        try CheckpointError.unless(
          openGroups.count < CheckpointLimits.depth, "groups nest too deeply",
          advice: ReexportAdvice.again)
        openGroups.append(number)
        continue
      case 4:
        try CheckpointError.unless(
          openGroups.popLast() == number, "a group ends that did not begin",
          advice: ReexportAdvice.again)
        continue
      case 5: content = .fixed32(try fixed(UInt32.self))
      default:
        throw CheckpointError(
          problem: "field \(number) has the unknown wire type \(key & 7)",
          advice: ReexportAdvice.again)
      }
      if openGroups.isEmpty { return Field(number: number, content: content) }
    }
    try CheckpointError.unless(openGroups.isEmpty, "a group does not end", advice: truncated)
    return nil
  }

  /// A whole number of seven bits a byte, the lowest first.
  mutating func integer() throws(CheckpointError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.endIndex {
      let byte = UInt64(bytes[position])
      position += 1
      try CheckpointError.unless(
        shift < 63 || byte <= 1, "a number has more than 64 bits", advice: ReexportAdvice.again)
      value |= (byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw CheckpointError(problem: "the file ends inside of a number", advice: truncated)
  }

  /// Whether all bytes were read.
  var isAtEnd: Bool { position == bytes.endIndex }

  private mutating func fixed<Integer: FixedWidthInteger & UnsignedInteger>(
    _: Integer.Type
  ) throws(CheckpointError) -> Integer {
    let width = Integer.bitWidth / 8
    try CheckpointError.unless(
      bytes.endIndex - position >= width, "the file ends inside of a number", advice: truncated)
    let raw = bytes[position..<(position + width)]
    position += width
    return raw.reversed().reduce(0) { $0 << 8 | Integer($1) }
  }

  private mutating func run() throws(CheckpointError) -> ArraySlice<UInt8> {
    let count = try integer()
    try CheckpointError.unless(
      count <= UInt64(bytes.endIndex - position),
      "a part of \(count) bytes reaches past the end of what holds it", advice: truncated)
    let part = bytes[position..<(position + Int(count))]
    position += Int(count)
    return part
  }

  private var truncated: String { ReexportAdvice.again }
}

extension ProtobufReader.Field {
  /// The bytes of a message, a text or packed numbers.
  func bytes() throws(CheckpointError) -> ArraySlice<UInt8> {
    guard case .bytes(let bytes) = content else { throw otherType }
    return bytes
  }

  /// A text, at most as long as a tensor's name.
  func text() throws(CheckpointError) -> String {
    let bytes = try bytes()
    try CheckpointError.unless(
      bytes.count <= CheckpointLimits.nameBytes,
      "a name has \(bytes.count) bytes, more than \(CheckpointLimits.nameBytes)",
      advice: ReexportAdvice.again)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CheckpointError(problem: "a name is not UTF-8", advice: ReexportAdvice.again)
    }
    return text
  }

  /// A signed integer.
  func integer() throws(CheckpointError) -> Int {
    guard case .integer(let value) = content else { throw otherType }
    return Int(truncatingIfNeeded: value)
  }

  /// A number of 32 bits, as the number with its shortest decimal form: 1e-5 in a file is meant to
  /// be 1e-5, also where a network is computed in 64 bits.
  func float() throws(CheckpointError) -> Double {
    guard case .fixed32(let bits) = content else { throw otherType }
    return Self.decimal(Float(bitPattern: bits))
  }

  /// The integers of a repeated field, of which this field holds one, or some packed together.
  func integers() throws(CheckpointError) -> [Int] {
    switch content {
    case .integer(let value): return [Int(truncatingIfNeeded: value)]
    case .bytes(let bytes):
      var reader = ProtobufReader(bytes)
      var values: [Int] = []
      while !reader.isAtEnd { values.append(Int(truncatingIfNeeded: try reader.integer())) }
      return values
    default: throw otherType
    }
  }

  /// The bytes of the fixed-width numbers of a repeated field.
  func fixedBytes(width: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    func little(_ value: some FixedWidthInteger) -> ArraySlice<UInt8> {
      withUnsafeBytes(of: value.littleEndian) { ArraySlice(Array($0)) }
    }
    switch content {
    case .fixed32(let bits) where width == 4: return little(bits)
    case .fixed64(let bits) where width == 8: return little(bits)
    case .bytes(let bytes) where bytes.count.isMultiple(of: width): return bytes
    default: throw otherType
    }
  }

  /// The numbers of 32 bits of a repeated field, in their shortest decimal forms.
  func floats() throws(CheckpointError) -> [Double] {
    let bytes = try fixedBytes(width: 4)
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
      let bits = bytes[start..<(start + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return Self.decimal(Float(bitPattern: bits))
    }
  }

  private static func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

  private var otherType: CheckpointError {
    CheckpointError(
      problem: "field \(number) has another type than in ONNX", advice: ReexportAdvice.again)
  }
}

import BacktestFiles

/// Reads a tensor of an ONNX file.
struct ONNXTensorReader {
  private var name = ""
  private var shape: [Int] = []
  private var type = 0
  private var raw: ArraySlice<UInt8>?
  /// Elements in typed fields, as bytes of their width.
  private var typed: [UInt8] = []
  private var typedField: Int?
  private var integers: [Int] = []

  /// The tensor of a message. Elements are copied within the budget.
  static func tensor(
    _ message: ArraySlice<UInt8>, _ budget: CheckpointBudget, named fallback: String? = nil
  ) throws(CheckpointError) -> NamedTensor {
    var reader = ONNXTensorReader()
    var fields = ProtobufReader(message)
    while let field = try fields.next() { try reader.read(field, budget) }
    if reader.name.isEmpty, let fallback { reader.name = fallback }
    try TensorNameRule.check(reader.name)
    return try CheckpointError.inEntry(reader.name) { [reader] () throws(CheckpointError) in
      try reader.tensor(budget)
    }
  }

  private mutating func read(
    _ field: ProtobufReader.Field, _ budget: CheckpointBudget
  ) throws(CheckpointError) {
    switch field.number {
    case 1:
      if case .bytes(let bytes) = field.content, bytes.count > 10 * CheckpointLimits.rank {
        throw Self.rank
      }
      shape += try field.integers()
      if shape.count > CheckpointLimits.rank { throw Self.rank }
    case 2: type = try field.integer()
    case 3: throw CheckpointError(problem: "a tensor in segments, which is not read")
    case 4: try append(try field.fixedBytes(width: 4), from: 4, budget)
    case 5, 7:
      try useOnly(field.number)
      // One byte of the file may become an integer of eight.
      if case .bytes(let bytes) = field.content { try budget.take(8 * bytes.count) }
      integers += try field.integers()
    case 6: throw CheckpointError(problem: "a tensor of texts, which is not read")
    case 8: name = try field.text()
    case 9: raw = try field.bytes()
    case 10: try append(try field.fixedBytes(width: 8), from: 10, budget)
    case 11: throw CheckpointError(problem: "a tensor of unsigned integers, which is not read")
    case 13: throw Self.external
    case 14: if try field.integer() != 0 { throw Self.external }
    default: break
    }
  }

  private mutating func append(
    _ bytes: ArraySlice<UInt8>, from field: Int, _ budget: CheckpointBudget
  ) throws(CheckpointError) {
    try useOnly(field)
    try budget.take(bytes.count)
    typed += bytes
  }

  private mutating func useOnly(_ field: Int) throws(CheckpointError) {
    try CheckpointError.unless(
      typedField == nil || typedField == field, "a tensor has elements in two fields",
      advice: ReexportAdvice.again)
    typedField = field
  }

  private static let rank = CheckpointError(
    problem: "a tensor has more than \(CheckpointLimits.rank) dimensions",
    advice: ReexportAdvice.again)

  private static let external = CheckpointError(
    problem: "the elements are in another file (external data), which is not read",
    advice: "export into one file: torch.onnx.export(…, external_data=False)")

  private func tensor(_ budget: CheckpointBudget) throws(CheckpointError) -> NamedTensor {
    guard let element = Self.elementType(type) else {
      throw CheckpointError(
        problem: "has elements of type \(Self.name(of: type)), which are not read",
        advice: "export the model in float32 or float64")
    }
    try CheckpointError.unless(
      shape.allSatisfy { 0..<TensorLayout.lengthLimit ~= $0 }, "bad shape: \(shape)",
      advice: ReexportAdvice.again)
    let layout = try TensorLayout(rowMajor: shape)
    let bytes: ArraySlice<UInt8>
    if let raw {
      try CheckpointError.unless(
        typedField == nil, "a tensor has elements in two fields", advice: ReexportAdvice.again)
      bytes = raw
    } else {
      bytes = try typedElements(element, budget)[...]
    }
    try CheckpointError.unless(
      bytes.count == layout.count * element.byteCount,
      "shape does not match the elements: \(shape) of \(element.rawValue) in \(bytes.count) bytes",
      advice: ReexportAdvice.again)
    return try TensorView(
      elementType: element, layout: layout, bytes: bytes, isBigEndian: false
    ).tensor(name, budget)
  }

  /// The bytes of elements in the field that the format has for their type.
  private func typedElements(
    _ element: TensorElementType, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [UInt8] {
    let expected: Int
    switch element {
    case .float32: expected = 4
    case .float64: expected = 10
    case .int64: expected = 7
    default: expected = 5
    }
    try CheckpointError.unless(
      typedField == nil || typedField == expected,
      "has elements of \(element.rawValue) in the field of another type",
      advice: ReexportAdvice.again)
    if expected != 5, expected != 7 { return typed }
    let width = element.byteCount
    try budget.take(integers.count * width)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(integers.count * width)
    let bits = 8 * width
    // Numbers of 16 bits are stored as their bits, integers with their sign.
    let lowest = width == 8 ? Int.min : -(1 << (bits - 1))
    let highest = width == 8 ? Int.max : (1 << bits) - 1
    for value in integers {
      try CheckpointError.unless(
        lowest <= value && value <= highest,
        "the element \(value) does not fit \(element.rawValue)", advice: ReexportAdvice.again)
      for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    return bytes
  }

  /// The type of elements of a number in ONNX; `nil` where it is not read.
  static func elementType(_ number: Int) -> TensorElementType? {
    switch number {
    case 1: .float32
    case 2: .uint8
    case 3: .int8
    case 5: .int16
    case 6: .int32
    case 7: .int64
    case 9: .boolean
    case 10: .float16
    case 11: .float64
    case 16: .bfloat16
    default: nil
    }
  }

  /// The name of a type of elements, for messages.
  static func name(of number: Int) -> String {
    let names = [
      0: "undefined", 4: "uint16", 8: "string", 12: "uint32", 13: "uint64", 14: "complex64",
      15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
      20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1",
    ]
    return names[number] ?? "\(number)"
  }
}

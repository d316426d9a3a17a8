/// Where the elements of a tensor lie in a storage, counted in elements.
struct TensorLayout {
  let shape: [Int]
  private let strides: [Int]
  private let offset: Int
  /// The number of elements.
  let count: Int
  /// One past the last element that is used.
  let end: Int

  /// No length, stride or offset reaches this.
  static let lengthLimit = 1 << 40

  /// A layout of lengths, strides and an offset that are not negative.
  init(shape: [Int], strides: [Int], offset: Int) throws(CheckpointError) {
    try CheckpointError.unless(
      shape.count == strides.count, "shape and stride differ in rank: \(shape) and \(strides)")
    count = try Self.count(of: shape)
    var end = offset
    if count > 0 {
      for (length, stride) in zip(shape, strides) {
        let (reach, isTooFar) = stride.multipliedReportingOverflow(by: length - 1)
        let (sum, isTooLong) = end.addingReportingOverflow(reach)
        try CheckpointError.unless(
          !isTooFar && !isTooLong, "tensor reaches past its storage: strides \(strides)")
        end = sum
      }
      end += end < .max ? 1 : 0
    }
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.end = end
  }

  /// The layout of elements without gaps, the last index fastest.
  init(rowMajor shape: [Int]) throws(CheckpointError) {
    let strides = try Self.strides(of: shape.reversed())
    try self.init(shape: shape, strides: strides.reversed(), offset: 0)
  }

  /// The layout of elements without gaps, the first index fastest.
  init(columnMajor shape: [Int]) throws(CheckpointError) {
    try self.init(shape: shape, strides: try Self.strides(of: shape), offset: 0)
  }

  /// The number of elements of a shape. Lengths beside a zero are limited too, since products of
  /// them must not overflow anywhere.
  static func count(of shape: [Int]) throws(CheckpointError) -> Int {
    var product = 1
    for length in shape {
      let (next, overflows) = product.multipliedReportingOverflow(by: max(length, 1))
      try CheckpointError.unless(
        !overflows && next <= CheckpointLimits.elements,
        "tensors too large: shape \(shape) has more than 2^26 elements",
        advice: ReexportAdvice.safetensors)
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  private static func strides(of shape: [Int]) throws(CheckpointError) -> [Int] {
    // Also checks that the products below do not overflow.
    _ = try count(of: shape)
    var strides: [Int] = []
    var stride = 1
    for length in shape {
      strides.append(stride)
      stride *= max(length, 1)
    }
    return strides
  }
}

/// A tensor in its storage, not yet copied.
struct TensorView {
  let elementType: TensorElementType
  let layout: TensorLayout
  /// The storage.
  let bytes: ArraySlice<UInt8>
  let isBigEndian: Bool

  /// The number of bytes that the elements take once copied.
  var byteCount: Int { layout.count * elementType.byteCount }

  /// The elements in row-major order and little-endian.
  func tensor(_ name: String, _ budget: CheckpointBudget) throws(CheckpointError) -> NamedTensor {
    try budget.take(byteCount)
    let width = elementType.byteCount
    try CheckpointError.unless(
      layout.count == 0 || layout.end <= bytes.count / width,
      "storage shorter than declared: \(bytes.count) bytes, expected \(layout.end * width)")
    let elements = [UInt8](unsafeUninitializedCapacity: byteCount) { target, written in
      bytes.withUnsafeBytes { source in
        layout.copy(source, into: UnsafeMutableRawBufferPointer(target), width: width)
      }
      if isBigEndian, width > 1 {
        for start in Swift.stride(from: 0, to: byteCount, by: width) {
          target[start..<(start + width)].reverse()
        }
      }
      written = byteCount
    }
    if elementType == .boolean, let odd = elements.first(where: { $0 > 1 }) {
      throw CheckpointError(problem: "a boolean is \(odd), expected 0 or 1")
    }
    return NamedTensor(
      name: name, shape: layout.shape, elementType: elementType, bytes: elements)
  }
}

extension TensorLayout {
  /// Copies all elements, which lie inside of `source`, in row-major order.
  fileprivate func copy(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, width: Int
  ) {
    guard count > 0 else { return }
    // The longest tail of dimensions that lies without gaps is copied in one piece.
    var (piece, outer) = (1, shape.count)
    while outer > 0, shape[outer - 1] == 1 || strides[outer - 1] == piece {
      piece *= shape[outer - 1]
      outer -= 1
    }
    var index = [Int](repeating: 0, count: outer)
    var from = offset
    var written = 0
    while true {
      target.baseAddress?.advanced(by: written).copyMemory(
        from: source.baseAddress! + from * width, byteCount: piece * width)
      written += piece * width
      var dimension = outer - 1
      while dimension >= 0, index[dimension] == shape[dimension] - 1 {
        from -= index[dimension] * strides[dimension]
        index[dimension] = 0
        dimension -= 1
      }
      guard dimension >= 0 else { return }
      index[dimension] += 1
      from += strides[dimension]
    }
  }
}

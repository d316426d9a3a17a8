import BacktestFiles

/// Reads safetensors: the length of a header, the header in JSON, and the elements of all tensors
/// without gaps.
/// > Hugging Face, *Safetensors format*, 2022.
enum SafetensorsReader {
  /// The format allows 100 MB; a header of this size describes 80,000 tensors.
  private static let headerLimit = 8 << 20

  static func tensors(
    in bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    let view = BinaryView(bytes)
    try CheckpointError.unless(
      view.count >= 8, "too short for safetensors: \(view.count) bytes", advice: again)
    let length = view.integer(UInt64.self, at: 0) ?? .max
    let room = view.count - 8
    try CheckpointError.unless(
      length >= 2 && length <= min(room, headerLimit),
      "header length out of range: expected 2 to \(min(room, headerLimit)), found \(length)",
      advice: again)
    let header = bytes.dropFirst(8).prefix(length)
    try CheckpointError.unless(
      header.first == 0x7B, "header does not start with {", advice: again)
    let body = bytes.dropFirst(8 + length)
    try budget.takeDocument(header)
    return try tensors(try entries(of: header), in: body, budget)
  }

  private static var again: String { ReexportAdvice.safetensors }

  /// The entries of the header, tensors only.
  private static func entries(
    of header: ArraySlice<UInt8>
  ) throws(CheckpointError) -> [DocumentEntry] {
    let root: DocumentNode
    do {
      root = try JSONReader.read(Array(header), name: "header")
    } catch {
      throw CheckpointError(problem: error.problems[0].description, advice: again)
    }
    guard case .table(var entries) = root.content else {
      throw CheckpointError(problem: "header is not an object", advice: again)
    }
    if let index = entries.firstIndex(where: { $0.key == TensorNameRule.reserved }) {
      let isText: Bool
      if case .table(let extra) = entries.remove(at: index).value.content {
        isText = extra.allSatisfy { $0.value.kind == .text }
      } else {
        isText = false
      }
      try CheckpointError.unless(
        isText, "bad metadata: expected texts in \(TensorNameRule.reserved)", advice: again)
    }
    try CheckpointError.unless(!entries.isEmpty, "no tensors in it", advice: again)
    return entries
  }

  private static func tensors(
    _ entries: [DocumentEntry], in body: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    var totals = TensorTotals()
    var found: [(name: String, view: TensorView, range: Range<Int>)] = []
    for entry in entries {
      try TensorNameRule.check(entry.key)
      let (view, range) = try CheckpointError.inEntry(entry.key) { () throws(CheckpointError) in
        try tensor(entry.value, in: body)
      }
      try totals.add(view.layout.count, view.elementType)
      found.append((entry.key, view, range))
    }
    let order = found.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    for (name, _, range) in order {
      try CheckpointError.unless(
        range.lowerBound == end,
        "gap or overlap between tensors: \(quotedForMessage(name)) starts at byte "
          + "\(range.lowerBound), expected \(end)", advice: again)
      end = range.upperBound
    }
    try CheckpointError.unless(
      end == body.count, "unused bytes at the end: \(body.count - end)", advice: again)
    var tensors: [NamedTensor] = []
    for (name, view, _) in order {
      tensors.append(
        try CheckpointError.inEntry(name) { () throws(CheckpointError) in
          try view.tensor(name, budget)
        })
    }
    return tensors
  }

  private static func tensor(
    _ node: DocumentNode, in body: ArraySlice<UInt8>
  ) throws(CheckpointError) -> (TensorView, Range<Int>) {
    var type: TensorElementType?
    var shape: [Int]?
    var range: Range<Int>?
    guard case .table(let members) = node.content else { throw badEntry(node) }
    for member in members {
      switch member.key {
      case "dtype":
        guard case .text(let name) = member.value.content,
          let known = TensorElementType(rawValue: name)
        else {
          let known = TensorElementType.allCases.map(\.rawValue)
          throw CheckpointError(
            problem: "bad tensor entry: expected a dtype of \(listed(known, "or")), "
              + "found \(member.value.found)", advice: again)
        }
        type = known
      case "shape": shape = try dimensions(member.value)
      case "data_offsets":
        guard case .list(let ends) = member.value.content, ends.count == 2,
          case .integer(let start) = ends[0].content, case .integer(let end) = ends[1].content,
          0 <= start, start <= end, end <= body.count
        else {
          throw CheckpointError(
            problem: "offsets out of range: expected two whole numbers, the second not below the "
              + "first, up to \(body.count)", advice: again)
        }
        range = start..<end
      default: throw badEntry(node)
      }
    }
    guard let type, let shape, let range else { throw badEntry(node) }
    let layout = try TensorLayout(rowMajor: shape)
    try CheckpointError.unless(
      layout.count * type.byteCount == range.count,
      "shape does not match the byte range: \(shape) of \(type.rawValue) in \(range.count) bytes",
      advice: again)
    let bytes = body.dropFirst(range.lowerBound).prefix(range.count)
    return (
      TensorView(elementType: type, layout: layout, bytes: bytes, isBigEndian: false), range
    )
  }

  private static func badEntry(_ node: DocumentNode) -> CheckpointError {
    CheckpointError(
      problem: "bad tensor entry: expected dtype, shape and data_offsets, found \(node.found)",
      advice: again)
  }

  private static func dimensions(_ node: DocumentNode) throws(CheckpointError) -> [Int] {
    var shape: [Int] = []
    if case .list(let items) = node.content, items.count <= CheckpointLimits.rank {
      for item in items {
        guard case .integer(let length) = item.content, 0..<TensorLayout.lengthLimit ~= length
        else { break }
        shape.append(length)
      }
      if shape.count == items.count { return shape }
    }
    throw CheckpointError(
      problem: "bad shape: expected at most \(CheckpointLimits.rank) whole numbers from 0 to 2^40",
      advice: again)
  }
}

extension TensorArchive {
  /// The tensors as a safetensors file; the same archive always gives the same bytes.
  ///
  /// The tensors follow in the order of the archive, without gaps, after a header that is padded
  /// with spaces to a multiple of eight bytes.
  /// > Hugging Face, *Safetensors format*, 2022.
  package func safetensorsBytes() -> [UInt8] {
    var members: [JSONMember] = []
    var end = 0
    for tensor in tensors {
      let start = end
      end += tensor.bytes.count
      members.append(
        JSONMember(
          key: tensor.name,
          value: .table([
            JSONMember(key: "dtype", value: .text(tensor.elementType.rawValue)),
            JSONMember(key: "shape", value: .list(tensor.shape.map { .integer($0) })),
            JSONMember(key: "data_offsets", value: .list([.integer(start), .integer(end)])),
          ])))
    }
    var header = JSONWriter.bytes(of: .table(members))
    // The writer ends with a line feed, which becomes the first of the padding.
    header[header.count - 1] = 0x20
    header += repeatElement(0x20, count: (8 - header.count % 8) % 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    bytes += header
    for tensor in tensors { bytes += tensor.bytes }
    return bytes
  }
}

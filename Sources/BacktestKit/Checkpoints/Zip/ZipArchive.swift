import BacktestFiles

/// A zip archive in memory, read strictly.
///
/// The central directory and the local headers must agree, because archives that two readers see
/// differently are used to get past scanners. Sizes are checked before memory is allocated, and
/// checksums always.
/// > PKWARE, *.ZIP File Format Specification* 6.3.10, 2022.
struct ZipArchive {
  /// One file of the archive.
  struct Entry {
    /// The name, with `/` between folders.
    let name: String
    /// The position of the stored bytes in the archive.
    let data: Range<Int>
    /// The number of bytes when inflated.
    let size: Int
    let isDeflated: Bool
    let checksum: UInt32
  }

  /// The entries in the order of the central directory, with unique names.
  let entries: [Entry]
  private let positions: [String: Int]
  private let view: BinaryView
  private let budget: CheckpointBudget

  /// Reads the directory of an archive.
  init(_ bytes: ArraySlice<UInt8>, budget: CheckpointBudget) throws(CheckpointError) {
    var reader = try ZipDirectoryReader(bytes)
    entries = try reader.entries()
    view = BinaryView(bytes)
    self.budget = budget
    positions = Dictionary(uniqueKeysWithValues: zip(entries.map(\.name), entries.indices))
  }

  /// The entry of a name, or `nil`.
  subscript(name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// The bytes of an entry, inflated and with the right checksum.
  ///
  /// - Parameter limit: the most bytes that it may have, checked before anything is inflated.
  func read(
    _ entry: Entry, atMost limit: Int = CheckpointLimits.entryBytes
  ) throws(CheckpointError) -> ArraySlice<UInt8> {
    try CheckpointError.inEntry(entry.name) { () throws(CheckpointError) in
      try CheckpointError.unless(
        entry.size <= limit, "expands too far: \(entry.size) bytes, expected at most \(limit)",
        advice: ReexportAdvice.again)
      guard let raw = view.slice(at: entry.data.lowerBound, count: entry.data.count) else {
        throw CheckpointError(problem: "its data lie outside of the file")
      }
      let bytes = entry.isDeflated ? try inflated(raw, size: entry.size)[...] : raw
      let checksum = bytes.withUnsafeBytes { InflateStream.checksum(of: $0) }
      try CheckpointError.unless(
        checksum == entry.checksum,
        "CRC mismatch: the bytes are not the ones that were stored", advice: ReexportAdvice.again)
      return bytes
    }
  }

  private func inflated(_ raw: ArraySlice<UInt8>, size: Int) throws(CheckpointError) -> [UInt8] {
    let wrong = "inflated size differs from the declared size, \(size) bytes"
    // Deflate expands each byte to at most 1,032, so a larger claim is false.
    try CheckpointError.unless(
      !raw.isEmpty && size <= 1_032 * (raw.count + 1), wrong, advice: ReexportAdvice.again)
    // Trained weights hardly compress; what does is made to be expanded.
    try CheckpointError.unless(
      size <= CheckpointLimits.freeExpansion
        || size / raw.count <= CheckpointLimits.expansionFactor,
      "expands too far: \(raw.count) bytes to \(size)", advice: ReexportAdvice.again)
    try budget.take(size + 1)
    let stream = InflateStream(.none)
    var status = InflateStream.Status.goingOn
    var isExact = false
    // One byte more than declared, to notice a longer stream.
    let bytes = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, written in
      raw.withUnsafeBytes { source in
        let step = stream.inflate(source, into: UnsafeMutableRawBufferPointer(buffer))
        status = step.status
        isExact = step.written == size && step.read == source.count
        written = min(step.written, size)
      }
    }
    if case .damaged(let reason) = status {
      throw CheckpointError(
        problem: "cannot be inflated: \(reason)", advice: ReexportAdvice.again)
    }
    try CheckpointError.unless(
      status == .finished && isExact, wrong, advice: ReexportAdvice.again)
    return bytes
  }
}

/// Bytes of a file, read at positions that the file itself gives.
struct BinaryView {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  var count: Int { bytes.count }

  /// The bytes of a range; `nil` where a part of it is outside.
  func slice(at offset: Int, count: Int) -> ArraySlice<UInt8>? {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      return nil
    }
    let start = bytes.startIndex + offset
    return bytes[start..<(start + count)]
  }

  /// A little-endian integer; `nil` where it is outside the bytes or exceeds 63 bits.
  func integer<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type, at offset: Int
  ) -> Int? {
    guard let raw = slice(at: offset, count: Integer.bitWidth / 8) else { return nil }
    return Int(exactly: raw.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  func hasBytes(_ expected: [UInt8], at offset: Int) -> Bool {
    slice(at: offset, count: expected.count).map { $0.elementsEqual(expected) } ?? false
  }
}

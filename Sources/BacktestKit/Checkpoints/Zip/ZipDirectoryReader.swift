import BacktestFiles

/// Reads and checks the directory of a zip archive.
struct ZipDirectoryReader {
  private let view: BinaryView
  /// The position of the central directory, and the number of entries it claims.
  private let directory: Range<Int>
  private let claimedCount: Int
  private var spans: [Range<Int>] = []
  private var names: Set<String> = []
  private var nameBytes = 0

  private enum Signature {
    static let local: [UInt8] = [0x50, 0x4B, 3, 4]
    static let central: [UInt8] = [0x50, 0x4B, 1, 2]
    static let end: [UInt8] = [0x50, 0x4B, 5, 6]
    static let wideEnd: [UInt8] = [0x50, 0x4B, 6, 6]
    static let wideLocator: [UInt8] = [0x50, 0x4B, 6, 7]
  }

  /// Encryption, strong encryption, masked headers.
  private static let encryptionBits = 0x2041

  init(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    let view = BinaryView(bytes)
    let (directory, count) = try Self.end(of: view)
    self.view = view
    self.directory = directory
    claimedCount = count
  }

  /// All entries in the order of the directory.
  mutating func entries() throws(CheckpointError) -> [ZipArchive.Entry] {
    var entries: [ZipArchive.Entry] = []
    var position = directory.lowerBound
    for _ in 0..<claimedCount { entries.append(try entry(&position)) }
    try Self.require(
      position == directory.upperBound, "the central directory is longer than its entries")
    spans.sort { $0.lowerBound < $1.lowerBound }
    for (first, second) in zip(spans, spans.dropFirst()) {
      try Self.require(first.upperBound <= second.lowerBound, "overlapping entries")
    }
    return entries
  }

  private static func require(
    _ condition: Bool, _ problem: @autoclosure () -> String
  ) throws(CheckpointError) {
    try CheckpointError.unless(condition, problem(), advice: ReexportAdvice.again)
  }

  private static func number<Integer: FixedWidthInteger & UnsignedInteger>(
    _ type: Integer.Type, at offset: Int, of view: BinaryView
  ) throws(CheckpointError) -> Int {
    guard let value = view.integer(type, at: offset) else {
      throw CheckpointError(
        problem: "the zip directory points outside of the file", advice: ReexportAdvice.again)
    }
    return value
  }

  /// Finds the directory by the record at the end of the file. An archive stored inside this one
  /// ends in such a record too, so only the one whose comment ends with the file counts.
  private static func end(of view: BinaryView) throws(CheckpointError) -> (Range<Int>, Int) {
    try require(view.count >= 22, "too short for a zip archive: \(view.count) bytes")
    // Backwards from the last position where the record could begin, complete or cut off.
    var end = view.count - 4
    let lowest = max(0, view.count - 22 - 0xFFFF)
    while end >= lowest, !view.hasBytes(Signature.end, at: end) { end -= 1 }
    try require(
      end >= lowest && end + 22 <= view.count,
      "no end-of-central-directory record: cut short, or not a zip archive")
    let comment = try number(UInt16.self, at: end + 20, of: view)
    try require(end + 22 + comment == view.count, "bytes after the end record: the file is cut")
    let disks = [
      try number(UInt16.self, at: end + 4, of: view),
      try number(UInt16.self, at: end + 6, of: view),
    ]
    let here = try number(UInt16.self, at: end + 8, of: view)
    var count = try number(UInt16.self, at: end + 10, of: view)
    var size = try number(UInt32.self, at: end + 12, of: view)
    var start = try number(UInt32.self, at: end + 16, of: view)
    try require(disks == [0, 0] && here == count, "a zip archive over several disks")
    var limit = end
    let needsWide = count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF
    if view.hasBytes(Signature.wideLocator, at: end - 20) {
      // PyTorch always writes the wide record; the narrow one must agree with it or be empty.
      let wide = try wideEnd(of: view, before: end - 20)
      try require(
        [
          (count, wide.count, 0xFFFF), (size, wide.size, 0xFFFF_FFFF),
          (start, wide.start, 0xFFFF_FFFF),
        ]
        .allSatisfy { $0.0 == $0.1 || $0.0 == $0.2 }, "two end records that disagree")
      (count, size, start, limit) = wide
    } else {
      try require(!needsWide, "zip64 locator missing")
    }
    try require(count <= CheckpointLimits.entries, "too many entries: \(count)")
    try require(
      start <= limit && size == limit - start, "central directory out of range or misplaced")
    return (start..<limit, count)
  }

  /// Reads the end record for numbers of more than 32 bits.
  private static func wideEnd(
    of view: BinaryView, before locator: Int
  ) throws(CheckpointError) -> (count: Int, size: Int, start: Int, record: Int) {
    let record = try number(UInt64.self, at: locator + 8, of: view)
    try require(
      record <= locator - 56 && view.hasBytes(Signature.wideEnd, at: record), "bad zip64 record")
    let disks = [
      try number(UInt32.self, at: record + 16, of: view),
      try number(UInt32.self, at: record + 20, of: view),
    ]
    let here = try number(UInt64.self, at: record + 24, of: view)
    let count = try number(UInt64.self, at: record + 32, of: view)
    try require(disks == [0, 0] && here == count, "a zip archive over several disks")
    let size = try number(UInt64.self, at: record + 40, of: view)
    return (count, size, try number(UInt64.self, at: record + 48, of: view), record)
  }
}

// One entry
extension ZipDirectoryReader {
  private struct Sizes {
    var compressed: Int
    var plain: Int
    var header: Int
  }

  private mutating func entry(_ position: inout Int) throws(CheckpointError) -> ZipArchive.Entry {
    let start = position
    try Self.require(
      start + 46 <= directory.upperBound && view.hasBytes(Signature.central, at: start),
      "bad central entry")
    let flags = try short(start + 8)
    let method = try short(start + 10)
    let (nameCount, extraCount) = (try short(start + 28), try short(start + 30))
    position = start + 46 + nameCount + extraCount + (try short(start + 32))
    try Self.require(position <= directory.upperBound, "central entry out of range")
    guard let rawName = view.slice(at: start + 46, count: nameCount) else {
      throw CheckpointError(problem: "central entry out of range")
    }
    try Self.require(
      nameCount <= CheckpointLimits.entryNameBytes,
      "an entry name has \(nameCount) bytes, more than \(CheckpointLimits.entryNameBytes)")
    nameBytes += nameCount
    try Self.require(
      nameBytes <= CheckpointLimits.allEntryNameBytes, "the names of the entries are too long")
    let name = try self.name(rawName)
    let disk = try short(start + 34)
    var sizes = Sizes(
      compressed: try long(start + 20), plain: try long(start + 24), header: try long(start + 42))
    let checksum = try long(start + 16)
    let extra = start + 46 + nameCount
    return try CheckpointError.inEntry(name) { () throws(CheckpointError) in
      try widen(&sizes, extra: extra..<(extra + extraCount))
      try Self.require(flags & Self.encryptionBits == 0, "encrypted entry")
      let kinds = [9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz"]
      let kind = kinds[method].map { " (\($0))" } ?? ""
      try Self.require(
        method == 0 || method == 8,
        "compression method \(method)\(kind), not 0 (stored) or 8 (Deflate)")
      try Self.require(disk == 0, "an entry on another disk")
      try Self.require(
        max(sizes.plain, sizes.compressed) <= CheckpointLimits.entryBytes,
        "entry too large: \(max(sizes.plain, sizes.compressed)) bytes")
      try Self.require(
        method == 8 || sizes.plain == sizes.compressed, "stored entry with two sizes")
      let data = try local(
        sizes, name: rawName, flags: flags, method: method, checksum: checksum)
      return ZipArchive.Entry(
        name: name, data: data, size: sizes.plain, isDeflated: method == 8,
        checksum: UInt32(truncatingIfNeeded: checksum))
    }
  }

  /// Whether a part of a path is `..`; checked byte by byte, because archives hold many long names.
  private static func leadsUp(_ raw: ArraySlice<UInt8>) -> Bool {
    // The length of the part while it consists of dots only, and 3 for any other.
    var dots = 0
    for byte in raw {
      if byte == 0x2F {
        if dots == 2 { return true }
        dots = 0
      } else {
        dots = byte == 0x2E ? min(dots + 1, 3) : 3
      }
    }
    return dots == 2
  }

  private mutating func name(_ raw: ArraySlice<UInt8>) throws(CheckpointError) -> String {
    guard let name = String(validating: raw, as: UTF8.self) else {
      throw CheckpointError(problem: "entry name is not UTF-8", advice: ReexportAdvice.again)
    }
    let isSafe =
      !name.isEmpty && raw.first != 0x2F && !raw.contains(0x5C)
      && !raw.contains { $0 < 0x20 || $0 == 0x7F }
      && !Self.leadsUp(raw)
    try Self.require(isSafe, "unsafe entry name \(quotedForMessage(name))")
    try Self.require(
      names.insert(name).inserted, "duplicate entry name \(quotedForMessage(name))")
    return name
  }

  /// Replaces sizes of more than 32 bits with those of the zip64 field.
  private func widen(_ sizes: inout Sizes, extra: Range<Int>) throws(CheckpointError) {
    var position = extra.lowerBound
    var isWidened = false
    while position + 4 <= extra.upperBound {
      let (kind, count) = (try short(position), try short(position + 2))
      let end = position + 4 + count
      try Self.require(end <= extra.upperBound, "bad extra field")
      if kind == 1 {
        // Readers differ in which of two counts.
        try Self.require(!isWidened, "two zip64 extra fields")
        isWidened = true
        var field = position + 4
        for path in [\Sizes.plain, \Sizes.compressed, \Sizes.header]
        where sizes[keyPath: path] == 0xFFFF_FFFF {
          try Self.require(field + 8 <= end, "bad zip64 extra field")
          sizes[keyPath: path] = try Self.number(UInt64.self, at: field, of: view)
          field += 8
        }
      }
      position = end
    }
  }

  /// Checks the local header, and gives the position of the data behind it.
  private mutating func local(
    _ sizes: Sizes, name: ArraySlice<UInt8>, flags: Int, method: Int, checksum: Int
  ) throws(CheckpointError) -> Range<Int> {
    let limit = directory.lowerBound
    let start = sizes.header
    try Self.require(
      start <= limit - 30 && view.hasBytes(Signature.local, at: start), "bad local header")
    let ownFlags = try short(start + 6)
    let ownMethod = try short(start + 8)
    let nameCount = try short(start + 26)
    let data = start + 30 + nameCount + (try short(start + 28))
    var agrees =
      data <= limit && ownMethod == method && ownFlags & Self.encryptionBits == 0
      && ownFlags & 8 == flags & 8
      && view.slice(at: start + 30, count: nameCount)?.elementsEqual(name) == true
    // With bit 3 the header was written before the data and has no sizes and no checksum.
    if ownFlags & 8 == 0 {
      let ownChecksum = try long(start + 14)
      let (compressed, plain) = (try long(start + 18), try long(start + 22))
      agrees =
        agrees && ownChecksum == checksum
        && (compressed == sizes.compressed || compressed == 0xFFFF_FFFF)
        && (plain == sizes.plain || plain == 0xFFFF_FFFF)
    }
    try Self.require(agrees, "local header disagrees with the central directory")
    try Self.require(sizes.compressed <= limit - data, "entry data out of range")
    spans.append(start..<(data + sizes.compressed))
    return data..<(data + sizes.compressed)
  }

  private func short(_ offset: Int) throws(CheckpointError) -> Int {
    try Self.number(UInt16.self, at: offset, of: view)
  }

  private func long(_ offset: Int) throws(CheckpointError) -> Int {
    try Self.number(UInt32.self, at: offset, of: view)
  }
}

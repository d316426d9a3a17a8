extension TimeZoneTable {
  /// Reads a compiled file of the time zone database.
  ///
  /// Years after the last change of the file follow the rule in its last line.
  /// > A. Olson, P. Eggert and K. Murchison, "The Time Zone Information Format (TZif)", RFC 8536.
  ///
  /// - Throws: `TimeZoneError` where the bytes are no such file, or count leap seconds.
  package init(name: String, tzif bytes: [UInt8]) throws(TimeZoneError) {
    var reader = TZifReader(name: name, bytes: bytes)
    let first = try reader.header()
    var block: TZifReader.Block
    var rule: PosixClockRule?
    if first.version == 0 {
      block = try reader.block(first, timeSize: 4)
    } else {
      try reader.skipBlock(first, timeSize: 4)
      block = try reader.block(try reader.header(), timeSize: 8)
      rule = try reader.footer()
    }
    block.extend(by: rule)
    guard let table = TimeZoneTable(name: name, changes: block.changes, offsets: block.offsets)
    else { throw TZifReader.damaged(name, "its clock changes do not ascend") }
    self = table
  }
}

/// Reads the parts of a TZif file in order, and never beyond its end.
private struct TZifReader {
  let name: String
  let bytes: [UInt8]
  private var position = 0

  init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// The counts of a header.
  struct Header {
    var version: UInt8
    var universalCount, standardCount, leapCount, changeCount, typeCount, characterCount: Int
  }

  /// The clock changes of a block and the offsets before and after them.
  struct Block {
    var changes: [Int64] = []
    var offsets: [Int32]
  }

  static func damaged(_ name: String, _ reason: String) -> TimeZoneError {
    TimeZoneError(name, "cannot be read: \(reason); install the package tzdata again")
  }

  private mutating func take(_ count: Int) throws(TimeZoneError) -> ArraySlice<UInt8> {
    guard count <= bytes.count - position else {
      throw Self.damaged(name, "its file ends early")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func integer(_ size: Int) throws(TimeZoneError) -> Int64 {
    let word = try take(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return size == 4 ? Int64(Int32(truncatingIfNeeded: word)) : Int64(bitPattern: word)
  }

  mutating func header() throws(TimeZoneError) -> Header {
    guard try take(4).elementsEqual("TZif".utf8) else {
      throw Self.damaged(name, "its file is not in the TZif format")
    }
    let version = try take(16).first ?? 0
    var counts: [Int] = []
    for _ in 0..<6 {
      let count = try integer(4)
      // Bounds every product of counts and sizes far below an overflow.
      guard (0...100_000).contains(count) else {
        throw Self.damaged(name, "a count in its file is out of range")
      }
      counts.append(Int(count))
    }
    return Header(
      version: version, universalCount: counts[0], standardCount: counts[1], leapCount: counts[2],
      changeCount: counts[3], typeCount: counts[4], characterCount: counts[5])
  }

  mutating func skipBlock(_ header: Header, timeSize: Int) throws(TimeZoneError) {
    _ = try take(
      header.changeCount * (timeSize + 1) + header.typeCount * 6 + header.characterCount
        + header.leapCount * (timeSize + 4) + header.standardCount + header.universalCount)
  }

  mutating func block(_ header: Header, timeSize: Int) throws(TimeZoneError) -> Block {
    guard header.leapCount == 0 else {
      throw TimeZoneError(name, "counts leap seconds; name the zone without 'right/'")
    }
    guard header.typeCount > 0 else { throw Self.damaged(name, "its file has no local time") }
    var changes: [Int64] = []
    for _ in 0..<header.changeCount { changes.append(try integer(timeSize)) }
    let types = try take(header.changeCount).map(Int.init)
    var offsets: [Int32] = []
    for _ in 0..<header.typeCount {
      let offset = try integer(4)
      _ = try take(2)
      guard (-93_600...93_600).contains(offset) else {
        throw Self.damaged(name, "an offset from UTC in its file is out of range")
      }
      offsets.append(Int32(offset))
    }
    _ = try take(header.characterCount + header.standardCount + header.universalCount)
    var block = Block(offsets: [offsets[0]])
    for (change, type) in zip(changes, types) {
      guard type < offsets.count else {
        throw Self.damaged(name, "a clock change in its file has no offset")
      }
      // Changes of the name alone say nothing, and none matters that no timestamp can reach.
      if change < Timestamp.distantPast.nanoseconds / 1_000_000_000 {
        guard block.changes.isEmpty else {
          throw Self.damaged(name, "its clock changes do not ascend")
        }
        block.offsets = [offsets[type]]
      } else if change < Timestamp.distantFuture.nanoseconds / 1_000_000_000,
        offsets[type] != block.offsets.last
      {
        block.changes.append(change)
        block.offsets.append(offsets[type])
      }
    }
    return block
  }

  /// The rule between two line ends after the last block; `nil` where the line is empty.
  mutating func footer() throws(TimeZoneError) -> PosixClockRule? {
    guard try take(1).first == 0x0A, let end = bytes[position...].firstIndex(of: 0x0A) else {
      throw Self.damaged(name, "its last line is missing")
    }
    let text = bytes[position..<end]
    if text.isEmpty { return nil }
    guard text.count <= 100, let rule = PosixClockRule(text) else {
      throw Self.damaged(name, "the rule in its last line is invalid")
    }
    return rule
  }
}

extension TZifReader.Block {
  /// Adds the changes of a rule after the last one, as far as a timestamp reaches.
  mutating func extend(by rule: PosixClockRule?) {
    guard let rule else { return }
    guard let summer = rule.summer else {
      if changes.isEmpty { offsets = [rule.standardOffset] }
      return
    }
    let last = changes.last ?? .min
    let firstYear = changes.last.map {
      Int(CivilDate(daysSinceEpoch: Int($0.flooredQuotient(by: 86_400).quotient)).year)
    }
    for year in (firstYear ?? 1970)...2_262 {
      let begins = (summer.start.second(in: year) - Int64(rule.standardOffset), summer.offset)
      let ends = (summer.end.second(in: year) - Int64(summer.offset), rule.standardOffset)
      for (change, offset) in begins.0 < ends.0 ? [begins, ends] : [ends, begins]
      where change > last && offset != offsets.last {
        changes.append(change)
        offsets.append(offset)
      }
    }
  }
}

/// Reads the stamps of one file.
///
/// Stamps of one day follow one another, so the last date is remembered by its bytes.
struct CSVClock {
  /// How the stamps of this file are written, once that is known.
  enum Mode: Equatable {
    case undecided
    case iso
    case epoch(CSVMapping.EpochUnit)
    case pattern(CSVTimePattern)
  }

  private(set) var mode: Mode
  private let zone: CSVMapping.StampZone
  private let isUTC: Bool
  private var lastDateBytes: (UInt64, UInt16) = (0, 0)
  private var lastDateNanoseconds: Int64 = 0

  /// A clock for a format; `nil` where the pattern cannot be understood.
  init?(format: CSVMapping.TimeFormat, zone: CSVMapping.StampZone) {
    switch format {
    case .automatic: mode = .undecided
    case .iso: mode = .iso
    case .epoch(let unit): mode = .epoch(unit)
    case .pattern(let text):
      guard let pattern = CSVTimePattern(text) else { return nil }
      mode = .pattern(pattern)
    }
    self.zone = zone
    isUTC = zone.name == CSVMapping.StampZone.utc.name
  }

  /// Reads a whole field with all care; `nil` where it is no stamp of this file's format.
  mutating func read(_ text: UnsafeBufferPointer<UInt8>) -> CSVStamp? {
    switch mode {
    case .undecided: return decide(text)
    case .iso: return CSVTimeText.iso(text).flatMap(resolve)
    case .epoch(let unit): return CSVTimeText.epoch(text, unit: unit)
    case .pattern(let pattern): return pattern.read(text).flatMap(resolve)
    }
  }

  /// The first stamp decides how the others are read.
  private mutating func decide(_ text: UnsafeBufferPointer<UInt8>) -> CSVStamp? {
    if let stamp = CSVTimeText.iso(text).flatMap(resolve) {
      mode = .iso
      return stamp
    }
    guard let unit = CSVTimeText.epochUnit(text) else { return nil }
    mode = .epoch(unit)
    return CSVTimeText.epoch(text, unit: unit)
  }

  /// A stamp in UTC from what its text says, with the zone of the mapping where it names none.
  private func resolve(_ civil: CSVTimeText.Civil) -> CSVStamp? {
    let local = civil.seconds
    let east = civil.secondsEast ?? (isUTC ? 0 : zone.secondsEast(local))
    let (seconds, _) = local.subtractingReportingOverflow(Int64(east))
    // The years that 64 bits of nanoseconds hold, less a day at both ends for zones.
    guard (-9_223_200_000...9_223_200_000).contains(seconds), abs(east) <= 86_400 else {
      return nil
    }
    return CSVStamp(
      nanoseconds: seconds * 1_000_000_000 + civil.nanoseconds, secondsEast: Int32(east),
      hasTimeOfDay: civil.hasTimeOfDay)
  }

  /// Reads a stamp that ends with `separator`, in the plainest form of the file's format, and moves
  /// to that separator; `nil` where the form is not the plainest.
  ///
  /// - Precondition: eight zero bytes or more stand after the text.
  @inline(__always)
  mutating func scan(_ position: inout UnsafePointer<UInt8>, separator: UInt8) -> CSVStamp? {
    switch mode {
    case .iso:
      return scanISO(&position, separator: separator)
        ?? scanField(&position, separator: separator)
    case .epoch(let unit): return scanEpoch(&position, unit: unit, separator: separator)
    case .pattern: return scanField(&position, separator: separator)
    case .undecided: return nil
    }
  }

  @inline(__always)
  private mutating func scanISO(
    _ position: inout UnsafePointer<UInt8>, separator: UInt8
  ) -> CSVStamp? {
    let start = UnsafeRawPointer(position)
    let date = start.loadUnaligned(as: UInt64.self)
    let day = start.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    if date != lastDateBytes.0 || day != lastDateBytes.1 {
      guard let midnight = CSVTimeText.plainDate(position) else { return nil }
      lastDateBytes = (date, day)
      lastDateNanoseconds = midnight * 1_000_000_000
    }
    var next = position + 10
    var seconds: Int64 = 0
    let hasTimeOfDay = next.pointee != separator
    if hasTimeOfDay {
      guard next.pointee == 0x20 || next.pointee == 0x54 else { return nil }
      guard let inDay = CSVTimeText.plainTime(next + 1) else { return nil }
      seconds = inDay
      next += 9
      if next.pointee == 0x5A && isUTC { next += 1 }
      guard next.pointee == separator else { return nil }
    }
    position = next
    var nanoseconds = lastDateNanoseconds &+ seconds &* 1_000_000_000
    guard !isUTC else { return CSVStamp(nanoseconds: nanoseconds, hasTimeOfDay: hasTimeOfDay) }
    let east = zone.secondsEast(lastDateNanoseconds / 1_000_000_000 &+ seconds)
    guard abs(east) <= 86_400 else { return nil }
    nanoseconds &-= Int64(east) * 1_000_000_000
    return CSVStamp(
      nanoseconds: nanoseconds, secondsEast: Int32(east), hasTimeOfDay: hasTimeOfDay)
  }

  @inline(__always)
  private func scanEpoch(
    _ position: inout UnsafePointer<UInt8>, unit: CSVMapping.EpochUnit, separator: UInt8
  ) -> CSVStamp? {
    var next = position
    var count: Int64 = 0
    while case let digit = next.pointee &- 0x30, digit < 10 {
      count = count &* 10 &+ Int64(digit)
      next += 1
    }
    let digits = next - position
    guard digits > 0, digits < 19 || unit == .nanoseconds && digits == 19 && count > 0 else {
      return nil
    }
    let (nanoseconds, overflow) = count.multipliedReportingOverflow(by: unit.rawValue)
    guard next.pointee == separator, !overflow else { return nil }
    guard nanoseconds <= 9_223_200_000_000_000_000 else { return nil }
    position = next
    return CSVStamp(nanoseconds: nanoseconds, hasTimeOfDay: true)
  }

  /// Reads a field without quotes and control characters by the careful reader.
  @inline(never)
  private mutating func scanField(
    _ position: inout UnsafePointer<UInt8>, separator: UInt8
  ) -> CSVStamp? {
    var next = position
    while next.pointee != separator {
      guard next.pointee >= 0x20, next.pointee != 0x22 else { return nil }
      next += 1
    }
    guard next > position, position.pointee != 0x20, next[-1] != 0x20 else { return nil }
    let stamp = read(UnsafeBufferPointer(start: position, count: next - position))
    if stamp != nil { position = next }
    return stamp
  }
}

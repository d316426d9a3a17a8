import BacktestCore

/// Reads the stamps of one file.
///
/// Stamps of one day follow one another, so the last date is remembered by its bytes.
struct CSVTimestampParser {
  /// How the stamps of this file are written, once that is known.
  enum Mode: Equatable {
    case undecided
    case iso
    case epoch(CSVMapping.EpochUnit)
    case pattern(CSVTimestampPattern)
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
      guard let pattern = CSVTimestampPattern(text) else { return nil }
      mode = .pattern(pattern)
    }
    self.zone = zone
    isUTC = zone.name == CSVMapping.StampZone.utc.name
  }

  /// Reads any field; `nil` where it is no stamp of this file's format.
  mutating func read(_ text: UnsafeBufferPointer<UInt8>) -> CSVTimestamp? {
    switch mode {
    case .undecided: return decide(text)
    case .iso: return CSVTimestampText.iso(text).flatMap(resolve)
    case .epoch(let unit): return CSVTimestampText.epoch(text, unit: unit)
    case .pattern(let pattern): return pattern.read(text).flatMap(resolve)
    }
  }

  /// The first stamp decides how the others are read.
  private mutating func decide(_ text: UnsafeBufferPointer<UInt8>) -> CSVTimestamp? {
    if let stamp = CSVTimestampText.iso(text).flatMap(resolve) {
      mode = .iso
      return stamp
    }
    guard let unit = CSVTimestampText.epochUnit(text) else { return nil }
    mode = .epoch(unit)
    return CSVTimestampText.epoch(text, unit: unit)
  }

  /// What is wrong with a text that is no stamp, and what to do.
  func advice(for text: String) -> String {
    guard mode == .undecided, let number = Double(text), number.isFinite else {
      return "is not a time; say by 'time-format' how times are written"
    }
    // Day 25,569 of a spreadsheet is 1970-01-01.
    let days = number - 25_569
    let day = (1_000...200_000).contains(number) ? CivilDate(daysSinceEpoch: Int(days)) : nil
    return "is not a time"
      + (day.map { ", but may be the day \($0) of a spreadsheet: write it as a date" }
        ?? "; write it as a date")
      + ", or set 'time-format', such as epoch-s for seconds since 1970"
  }

  /// A stamp in UTC from what its text says, with the zone of the mapping where it names none.
  private func resolve(_ civil: CSVTimestampText.Civil) -> CSVTimestamp? {
    let local = civil.seconds
    let east = civil.secondsEast ?? (isUTC ? 0 : zone.secondsEast(local))
    let (seconds, _) = local.subtractingReportingOverflow(Int64(east))
    // The years that 64 bits of nanoseconds hold, less a day at both ends for zones.
    guard (-9_223_200_000...9_223_200_000).contains(seconds), abs(east) <= 86_400 else {
      return nil
    }
    return CSVTimestamp(
      nanoseconds: seconds * 1_000_000_000 + civil.nanoseconds, secondsEast: Int32(east),
      hasTimeOfDay: civil.hasTimeOfDay)
  }

  /// Reads a stamp that ends with `separator`, in the plainest form of the file's format, and moves
  /// to that separator; `nil` where the form is not the plainest.
  ///
  /// - Precondition: at least eight zero bytes follow the text.
  @inline(__always)
  mutating func scan(_ position: inout UnsafePointer<UInt8>, separator: UInt8) -> CSVTimestamp? {
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
  ) -> CSVTimestamp? {
    let start = UnsafeRawPointer(position)
    let date = start.loadUnaligned(as: UInt64.self)
    let day = start.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    if date != lastDateBytes.0 || day != lastDateBytes.1 {
      guard let midnight = CSVTimestampText.plainDate(position) else { return nil }
      lastDateBytes = (date, day)
      lastDateNanoseconds = midnight * 1_000_000_000
    }
    var next = position + 10
    var seconds: Int64 = 0
    let hasTimeOfDay = next.pointee != separator
    if hasTimeOfDay {
      guard next.pointee == 0x20 || next.pointee == 0x54 else { return nil }
      guard let inDay = CSVTimestampText.plainTime(next + 1) else { return nil }
      seconds = inDay
      next += 9
      if next.pointee == 0x5A && isUTC { next += 1 }
      guard next.pointee == separator else { return nil }
    }
    position = next
    var nanoseconds = lastDateNanoseconds &+ seconds &* 1_000_000_000
    guard !isUTC else { return CSVTimestamp(nanoseconds: nanoseconds, hasTimeOfDay: hasTimeOfDay) }
    let east = zone.secondsEast(lastDateNanoseconds / 1_000_000_000 &+ seconds)
    guard abs(east) <= 86_400 else { return nil }
    nanoseconds &-= Int64(east) * 1_000_000_000
    return CSVTimestamp(
      nanoseconds: nanoseconds, secondsEast: Int32(east), hasTimeOfDay: hasTimeOfDay)
  }

  @inline(__always)
  private func scanEpoch(
    _ position: inout UnsafePointer<UInt8>, unit: CSVMapping.EpochUnit, separator: UInt8
  ) -> CSVTimestamp? {
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
    return CSVTimestamp(nanoseconds: nanoseconds, hasTimeOfDay: true)
  }

  /// Reads a field without quotes and control characters by the careful reader.
  @inline(never)
  private mutating func scanField(
    _ position: inout UnsafePointer<UInt8>, separator: UInt8
  ) -> CSVTimestamp? {
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

/// Dates and times in text, as integers.
enum CSVTimestampText {
  /// What a text says of an instant.
  struct Civil: Equatable {
    /// Whole seconds from 1970-01-01T00:00:00 as the clock shows.
    var seconds: Int64
    /// Nanoseconds after them.
    var nanoseconds: Int64 = 0
    /// How far the clock is east of UTC; `nil` where the text does not say.
    var secondsEast: Int?
    /// Whether the text has a time of day.
    var hasTimeOfDay = false
  }

  /// Seconds from 1970 to the midnight of `YYYY-MM-DD` at `start`, or `nil`.
  static func plainDate(_ start: UnsafePointer<UInt8>) -> Int64? {
    guard start[4] == 0x2D, start[7] == 0x2D else { return nil }
    var isDigits = true
    func pair(_ offset: Int) -> Int {
      let (tens, units) = (start[offset] &- 0x30, start[offset + 1] &- 0x30)
      if tens > 9 || units > 9 { isDigits = false }
      return Int(tens) * 10 + Int(units)
    }
    let (year, month, day) = (pair(0) * 100 + pair(2), pair(5), pair(8))
    guard isDigits, (1678...2261).contains(year) else { return nil }
    return CivilDate(year: year, month: month, day: day).map { Int64($0.daysSinceEpoch) * 86_400 }
  }

  /// The seconds of `HH:MM:SS` at `start`, or `nil`.
  @inline(__always)
  static func plainTime(_ start: UnsafePointer<UInt8>) -> Int64? {
    let word = UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    // Colons in bytes 2 and 5, and what is left of the digits after taking '0' off each.
    let digits = word ^ 0x3030_3A30_303A_3030
    guard digits & 0xF0F0_FFF0_F0FF_F0F0 == 0 else { return nil }
    @inline(__always)
    func byte(_ index: UInt64) -> Int64 { Int64(truncatingIfNeeded: digits >> (8 * index) & 0xFF) }
    let (hours, minutes, seconds) = (
      byte(0) * 10 + byte(1), byte(3) * 10 + byte(4), byte(6) * 10 + byte(7)
    )
    guard hours < 24, minutes < 60, seconds < 60, byte(1) < 10, byte(4) < 10, byte(7) < 10 else {
      return nil
    }
    return hours * 3_600 + minutes * 60 + seconds
  }

  /// Reads a whole ISO 8601 text, also with `/` or `.` in its date: `YYYY-MM-DD` or `YYYYMMDD`,
  /// then
  /// perhaps a time of day with or without colons, then perhaps a zone. Between a date and a time
  /// written in digits alone no separator is needed: `202001310930`.
  static func iso(_ text: UnsafeBufferPointer<UInt8>) -> Civil? {
    var cursor = CSVFieldCursor(text)
    guard let year = cursor.digits(4) else { return nil }
    // A year first is no less clear before a slash or a point: 2024/01/31, 2024.01.31.
    let mark = [0x2D, 0x2F, 0x2E].first { cursor.skip($0) }
    let isExtended = mark != nil
    guard let month = cursor.digits(2), mark.map({ cursor.skip($0) }) ?? true,
      let day = cursor.digits(2), (1678...2261).contains(year),
      let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    var civil = Civil(seconds: Int64(date.daysSinceEpoch) * 86_400)
    if cursor.isAtEnd { return civil }
    // Digits alone could also be a count; only those of the usual centuries are a date.
    let mayRunOn = !isExtended && (1900...2199).contains(year)
    guard cursor.skip(0x54) || cursor.skip(0x20) || mayRunOn,
      readTimeOfDay(&cursor, into: &civil)
    else { return nil }
    if cursor.isAtEnd { return civil }
    _ = cursor.skip(0x20)
    guard let zone = cursor.zone(), cursor.isAtEnd else { return nil }
    civil.secondsEast = zone
    return civil
  }

  private static func readTimeOfDay(_ cursor: inout CSVFieldCursor, into civil: inout Civil) -> Bool
  {
    guard let hours = cursor.digits(2), hours < 24 else { return false }
    let hasColons = cursor.skip(0x3A)
    guard let minutes = cursor.digits(2), minutes < 60 else { return false }
    civil.hasTimeOfDay = true
    civil.seconds += Int64(hours * 3_600 + minutes * 60)
    guard hasColons ? cursor.skip(0x3A) : cursor.isAtDigit else { return true }
    guard let seconds = cursor.digits(2), seconds < 60 else { return false }
    civil.seconds += Int64(seconds)
    if cursor.skip(0x2E) || cursor.skip(0x2C) {
      guard let fraction = cursor.fraction() else { return false }
      civil.nanoseconds = fraction
    }
    return true
  }

  /// The unit of a count since 1970 that falls between 1973 and 2286 for what it is most likely in;
  /// `nil` where the text is no such count. Short numbers are more likely days of a spreadsheet
  /// than seconds of 1970.
  static func epochUnit(_ text: UnsafeBufferPointer<UInt8>) -> CSVMapping.EpochUnit? {
    let digits = text.prefix { $0 != 0x2E }.drop { $0 == 0x2D }
    guard digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
    switch digits.count {
    case 9...11: return .seconds
    case 12...14: return .milliseconds
    case 15...17: return .microseconds
    case 18...19: return .nanoseconds
    default: return nil
    }
  }

  /// Reads a whole count since 1970, of seconds also with a fraction.
  static func epoch(
    _ text: UnsafeBufferPointer<UInt8>, unit: CSVMapping.EpochUnit
  ) -> CSVTimestamp? {
    var cursor = CSVFieldCursor(text)
    let isNegative = cursor.skip(0x2D)
    guard let count = cursor.integer() else { return nil }
    let (whole, overflow) = count.multipliedReportingOverflow(by: unit.rawValue)
    var fraction: Int64 = 0
    if !cursor.isAtEnd {
      guard cursor.skip(0x2E), let part = cursor.fraction(), cursor.isAtEnd else { return nil }
      // Only zeros may follow the point of a unit finer than seconds.
      guard unit == .seconds || part == 0 else { return nil }
      fraction = part
    }
    guard !overflow, whole <= 9_223_200_000_000_000_000 else { return nil }
    let nanoseconds = whole + fraction
    return CSVTimestamp(nanoseconds: isNegative ? -nanoseconds : nanoseconds, hasTimeOfDay: true)
  }
}

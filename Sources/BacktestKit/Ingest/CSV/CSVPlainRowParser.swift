import BacktestCore

/// What one column of a file means.
enum CSVRole: Int, CaseIterable {
  // The raw values of the numbers are their places in `CSVRow.numbers`.
  case open, high, low, close, adjustedClose, volume
  case time, timeOfDay, symbol, ignored

  /// Whether its fields are numbers.
  var isNumber: Bool { rawValue <= CSVRole.volume.rawValue }

  /// The key of a study's `data.columns` that names its column; `nil` where there is none.
  var key: String? {
    switch self {
    case .adjustedClose: "adjusted-close"
    case .timeOfDay, .ignored: nil
    default: "\(self)"
    }
  }

  /// The name in messages.
  var label: String {
    switch self {
    case .adjustedClose: "adjusted close"
    case .timeOfDay: "time of day"
    default: "\(self)"
    }
  }
}

/// The values of one record.
struct CSVRow: BitwiseCopyable {
  /// When, as a stamp.
  var stamp = CSVTimestamp()
  /// First price.
  var open = Double.nan
  /// Highest price.
  var high = Double.nan
  /// Lowest price.
  var low = Double.nan
  /// Last price.
  var close = Double.nan
  /// Last price adjusted for splits and dividends.
  var adjustedClose = Double.nan
  /// Units traded.
  var volume = Double.nan
}

extension CSVRow {
  /// The number of a role.
  subscript(role: CSVRole) -> Double {
    get {
      switch role {
      case .open: open
      case .high: high
      case .low: low
      case .close: close
      case .adjustedClose: adjustedClose
      case .volume: volume
      case .time, .timeOfDay, .symbol, .ignored: .nan
      }
    }
    set {
      switch role {
      case .open: open = newValue
      case .high: high = newValue
      case .low: low = newValue
      case .close: close = newValue
      case .adjustedClose: adjustedClose = newValue
      case .volume: volume = newValue
      case .time, .timeOfDay, .symbol, .ignored: break
      }
    }
  }
}

/// A stamp as it was read.
struct CSVTimestamp: BitwiseCopyable, Equatable {
  /// Nanoseconds since 1970 in UTC.
  var nanoseconds: Int64 = 0
  /// How far the clock that was read is east of UTC, in seconds.
  var secondsEast: Int32 = 0
  /// Whether the text has a time of day.
  var hasTimeOfDay = false
}

/// Reads rows of plain text without libcsv: no quotes, no blanks around fields, decimal numbers
/// that one exact division makes, stamps in their plainest form, `\n` or `\r\n` at the end.
///
/// It leaves a row to the parser of record at the first byte that is anything else.
struct CSVPlainRowParser: ~Copyable {
  let separator: UInt8
  private let roles: UnsafeMutableBufferPointer<CSVRole>
  private let shared: [(role: CSVRole, from: CSVRole)]
  private let powers: UnsafeMutablePointer<Double>
  // One place a number role, in the order of their raw values.
  private let numbers: UnsafeMutablePointer<Double>

  init(header: CSVHeader, separator: UInt8) {
    self.separator = separator
    shared = header.shared
    roles = .allocate(capacity: header.roles.count)
    _ = roles.initialize(fromContentsOf: header.roles)
    powers = .allocate(capacity: DecimalText.powersOfTen.count)
    powers.initialize(from: DecimalText.powersOfTen, count: DecimalText.powersOfTen.count)
    numbers = .allocate(capacity: CSVRole.volume.rawValue + 1)
    numbers.initialize(repeating: .nan, count: CSVRole.volume.rawValue + 1)
  }

  deinit {
    roles.deallocate()
    powers.deallocate()
    numbers.deallocate()
  }

  /// Reads one row and moves past its ending; `false` leaves `position` where it was.
  ///
  /// - Parameters:
  ///   - position: The first byte of a record.
  ///   - row: Where the values go.
  ///   - symbol: Where the symbol's bytes go, if the file has symbols.
  /// - Precondition: 32 zero bytes follow the text.
  @inline(__always)
  func read(
    _ position: inout UnsafePointer<UInt8>, clock: inout CSVTimestampParser, row: inout CSVRow,
    symbol: inout UnsafeBufferPointer<UInt8>
  ) -> Bool {
    var next = position
    let last = roles.count - 1
    var column = 0
    while column <= last {
      switch roles[column] {
      case .time:
        let ending: UInt8 = column == last ? 0x0A : separator
        guard let stamp = clock.scan(&next, separator: ending) else { return false }
        row.stamp = stamp
      case .symbol:
        let start = next
        guard skipField(&next), next > start, start.pointee != 0x20, next[-1] != 0x20 else {
          return false
        }
        symbol = UnsafeBufferPointer(start: start, count: next - start)
      case .timeOfDay: return false
      case .ignored:
        guard skipField(&next) else { return false }
      case let role:
        guard let number = DecimalText.scanSimple(&next, powers: powers) else { return false }
        numbers[role.rawValue] = number
      }
      if column < last {
        guard next.pointee == separator else { return false }
        next += 1
      }
      column += 1
    }
    if next.pointee == 0x0D { next += 1 }
    guard next.pointee == 0x0A else { return false }
    position = next + 1
    fill(&row)
    return true
  }

  @inline(__always)
  private func fill(_ row: inout CSVRow) {
    if !shared.isEmpty {
      for (role, source) in shared { numbers[role.rawValue] = numbers[source.rawValue] }
    }
    row.open = numbers[0]
    row.high = numbers[1]
    row.low = numbers[2]
    row.close = numbers[3]
    row.adjustedClose = numbers[4]
    row.volume = numbers[5]
  }

  /// Moves to the end of a field without quotes and control characters.
  @inline(__always)
  private func skipField(_ next: inout UnsafePointer<UInt8>) -> Bool {
    while case let byte = next.pointee, byte != separator {
      if byte < 0x20 { return byte == 0x0A || byte == 0x0D }
      if byte == 0x22 { return false }
      next += 1
    }
    return true
  }
}

extension ExchangeCalendar {
  /// The exchanges whose sessions BacktestKit knows, by their market identifier codes (ISO 10383).
  public enum Exchange: String, Hashable, Sendable, CaseIterable {
    /// Equity futures of the Chicago Mercantile Exchange, from 17:00 to 17:00, 1990 to 2030.
    case cmes = "CMES"
    /// Australian Securities Exchange, 1990 to 2030.
    case xasx = "XASX"
    /// Xetra, the exchange in Frankfurt, 1990 to 2030.
    case xetr = "XETR"
    /// Hong Kong Stock Exchange, 1990 to 2030.
    case xhkg = "XHKG"
    /// London Stock Exchange, 1990 to 2030.
    case xlon = "XLON"
    /// Euronext Paris, 1990 to 2030.
    case xpar = "XPAR"
    /// Shanghai Stock Exchange, 1991 to 2026.
    case xshg = "XSHG"
    /// SIX Swiss Exchange, 1990 to 2030.
    case xswx = "XSWX"
    /// Tokyo Stock Exchange, 1997 to 2030.
    case xtks = "XTKS"
    /// Toronto Stock Exchange, 1990 to 2030.
    case xtse = "XTSE"
  }

  /// The calendar of an exchange, read from the table that comes with BacktestKit.
  public init(_ exchange: Exchange) {
    var reader = ExchangeTableReader(name: exchange.rawValue)
    self.init(reader.rules())
  }
}

/// Reads the rules of one calendar from the table.
///
/// - Precondition: the table is as `script/calendars` writes it, which a test holds.
private struct ExchangeTableReader {
  private var words: ArraySlice<Substring>

  init(name: String) {
    let text = ExchangeCalendarTable.text.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    let start = text.firstRange(of: "calendar \(name) ")!.lowerBound
    let rest = text[start...].dropFirst()
    let end = rest.firstRange(of: "calendar ")?.lowerBound ?? rest.endIndex
    words = text[start..<end].split { $0 == " " || $0 == "\n" }[...]
  }

  mutating func rules() -> ExchangeCalendarRules {
    let head = words.prefix(5).map(String.init)
    words = words.dropFirst(5)
    let (first, last) = (Int(head[3])!, Int(head[4])!)
    let sessionsPerYear = Double(words.removeFirst())!
    let regular = regularHours()
    var rules = ExchangeCalendarRules(
      name: head[1], zone: clock(head[2]),
      coverage: CivilDate(unchecked: first, 1, 1)...CivilDate(unchecked: last, 12, 31),
      regular: regular)
    rules.sessionsPerYear = sessionsPerYear
    words.removeFirst()
    rules.closed = Set(days())
    while words.first == "special" {
      words.removeFirst()
      let hours = hours(words.removeFirst())
      for day in days() { rules.special[day] = hours }
    }
    return rules
  }

  private mutating func regularHours() -> [(from: Int, hours: ExchangeCalendarRules.LocalHours)] {
    var result: [(from: Int, hours: ExchangeCalendarRules.LocalHours)] = []
    words.removeFirst()
    while words.first != "clock" {
      let date = Int(words.removeFirst())!
      let from = CivilDate(unchecked: date / 10_000, date / 100 % 100, date % 100).daysSinceEpoch
      result.append((from, hours(words.removeFirst())))
    }
    return result
  }

  /// `0900/1130/1230/1500`: the open, perhaps the lunch break, and the close.
  private func hours(_ text: Substring) -> ExchangeCalendarRules.LocalHours {
    let minutes = text.split(separator: "/").map { part in
      let clock = Int(part)!
      return clock / 100 * 60 + clock % 100
    }
    let pause = minutes.count == 4 ? minutes[1]..<minutes[2] : nil
    return .init(open: minutes[0], close: minutes.last!, pause: pause)
  }

  /// The offsets that alternate, and the dates on which they do. A change counts from the midnight
  /// of its date, since no session lies between it and the hour at which clocks are changed.
  private mutating func clock(_ name: String) -> TimeZoneTable {
    words.removeFirst()
    var minutes: [Int32] = []
    while words.first != "closed", words.first?.first != "y" {
      minutes.append(Int32(words.removeFirst())!)
    }
    let dates = days()
    let offsets = (0...dates.count).map { minutes[$0 % minutes.count] * 60 }
    let changes = dates.indices.map { index in
      Int64(dates[index]) * 86_400 - Int64(max(offsets[index], offsets[index + 1]))
    }
    return TimeZoneTable(name: name, changes: changes, offsets: offsets)!
  }

  /// Days since 1970 from years and the months and days in them, up to the next word of the table.
  private mutating func days() -> [Int] {
    var (days, year) = ([Int](), 0)
    while let word = words.first {
      if word.first == "y" {
        year = Int(word.dropFirst())!
      } else if let date = Int(word) {
        days.append(CivilDate(unchecked: year, date / 100, date % 100).daysSinceEpoch)
      } else {
        break
      }
      words.removeFirst()
    }
    return days
  }
}

extension TradingCalendar where Self == ExchangeCalendar {
  /// Equity futures of the Chicago Mercantile Exchange.
  public static var cmes: ExchangeCalendar { ExchangeCalendar(.cmes) }
  /// The Australian Securities Exchange.
  public static var xasx: ExchangeCalendar { ExchangeCalendar(.xasx) }
  /// Xetra, the exchange in Frankfurt.
  public static var xetr: ExchangeCalendar { ExchangeCalendar(.xetr) }
  /// The Hong Kong Stock Exchange.
  public static var xhkg: ExchangeCalendar { ExchangeCalendar(.xhkg) }
  /// The London Stock Exchange.
  public static var xlon: ExchangeCalendar { ExchangeCalendar(.xlon) }
  /// Euronext Paris.
  public static var xpar: ExchangeCalendar { ExchangeCalendar(.xpar) }
  /// The Shanghai Stock Exchange.
  public static var xshg: ExchangeCalendar { ExchangeCalendar(.xshg) }
  /// The SIX Swiss Exchange.
  public static var xswx: ExchangeCalendar { ExchangeCalendar(.xswx) }
  /// The Tokyo Stock Exchange.
  public static var xtks: ExchangeCalendar { ExchangeCalendar(.xtks) }
  /// The Toronto Stock Exchange.
  public static var xtse: ExchangeCalendar { ExchangeCalendar(.xtse) }
}

/// How the columns and stamps of a CSV file are to be understood.
///
/// Every name left `nil` is found by common aliases without regard to case, blanks, points and
/// underscores: `Adj Close`, `adj_close` and `AdjustedClose` are one.
///
///     var mapping = CSVMapping()
///     mapping.time = "Trade Date"
///     mapping.timeFormat = .pattern("dd/MM/yyyy")
///
/// One column may serve several prices, so a file of closes is read by mapping `open`, `high` and
/// `low` to its close too.
public struct CSVMapping: Sendable {
  /// The column of stamps.
  public var time: String?
  /// The column of times of day, where `time` is one of dates: the stamp is both with a blank
  /// between them. It is found by itself in a file with columns `date` and `time`.
  public var timeOfDay: String?
  /// The column of first prices.
  public var open: String?
  /// The column of highest prices.
  public var high: String?
  /// The column of lowest prices.
  public var low: String?
  /// The column of last prices.
  public var close: String?
  /// The column of units traded; a file without one gives NaN volumes.
  public var volume: String?
  /// The column of adjusted closes, read only for adjusted prices.
  public var adjustedClose: String?
  /// The column of symbols; a file without one holds one instrument.
  public var symbol: String?
  /// The names of the columns of a file without a header line; `nil` reads them from the file.
  public var headers: [String]?
  /// The character between fields, one byte in UTF-8; `nil` takes the one of `,`, `;`, tab and `|`
  /// that is most frequent in the first line.
  public var separator: Character?
  /// How stamps are written.
  public var timeFormat: TimeFormat = .automatic
  /// Which end of a bar an intraday stamp means.
  public var timestamps: StampMeaning = .open
  /// The zone of stamps that do not name one.
  public var zone: StampZone = .utc

  /// A mapping that finds everything by itself.
  public init() {}

  /// How stamps are written.
  public enum TimeFormat: Hashable, Sendable {
    /// ISO 8601, or a count since 1970 whose unit follows from its size.
    case automatic
    /// ISO 8601: `2020-01-31`, `20200131`, `2020-01-31 09:30`, `2020-01-31T09:30:00.5-05:00`,
    /// `20200131 093000`, `202001310930`.
    case iso
    /// A count since 1970-01-01T00:00:00Z.
    case epoch(EpochUnit)
    /// A pattern of `yyyy yy MMM MM M dd d HH H hh h mm m ss s SSS a Z`, other characters standing
    /// for themselves and letters in `'quotes'`: `dd/MM/yyyy HH:mm`. `MMM` is an English month,
    /// `S` a fraction of a second, `a` AM or PM, `Z` an offset such as `Z`, `+0530` or `-05:00`.
    case pattern(String)
  }

  /// The unit of a count since 1970.
  public enum EpochUnit: Int64, Hashable, Sendable, CaseIterable {
    /// Seconds.
    case seconds = 1_000_000_000
    /// Thousandths of a second.
    case milliseconds = 1_000_000
    /// Millionths of a second.
    case microseconds = 1_000
    /// Nanoseconds.
    case nanoseconds = 1
  }

  /// Which end of a bar a stamp means.
  public enum StampMeaning: String, Hashable, Sendable {
    /// The instant at which the bar begins.
    case open
    /// The instant at which the bar ends.
    case close
  }
}

extension CSVMapping {
  /// Whether a character can stand between fields: one byte that is no part of numbers, times,
  /// names or quotes.
  package static func isSeparator(_ character: Character) -> Bool {
    character.isASCII && !character.isLetter && !character.isNumber
      && !"\"'.-+:\n\r\0".contains(character)
  }

  /// Whether a pattern says where the parts of a time are.
  package static func isTimePattern(_ text: String) -> Bool { CSVTimestampPattern(text) != nil }

  /// All that decides how bytes become bars, as text; equal mappings have equal text.
  var canonicalText: String {
    let names = [time, timeOfDay, open, high, low, close, volume, adjustedClose, symbol]
    var parts = names.map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }
    parts.append(headers.map { $0.map { "\($0.utf8.count):\($0)" }.joined(separator: ",") } ?? "-")
    parts.append(separator.map(String.init) ?? "-")
    switch timeFormat {
    case .automatic: parts.append("automatic")
    case .iso: parts.append("iso")
    case .epoch(let unit): parts.append("epoch \(unit.rawValue)")
    case .pattern(let pattern): parts.append("pattern \(pattern)")
    }
    parts += [timestamps.rawValue, zone.name + zone.version]
    return parts.joined(separator: "\u{1F}")
  }
}

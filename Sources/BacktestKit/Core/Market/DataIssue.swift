/// One thing that a data-quality check found, with its place.
public struct DataIssue: Hashable, Sendable {
  /// What was found.
  public var code: Code
  /// The file, as the user named it.
  public var file: String
  /// The line in the file, from 1; `nil` where the whole file is meant.
  public var line: Int?
  /// The column in the file, from 1; `nil` where the whole row is meant.
  public var column: Int?
  /// The finding in words, with the values.
  public var message: String
  /// What a repair did; `nil` when nothing was changed.
  public var repair: Repair?
  /// How many bars or sessions it covers: the missing ones of a gap, or a run of like bars.
  public var count: Int
  /// The close of the bar at which it was found; `nil` where that is not known.
  package var time: Timestamp?

  /// An issue from its parts.
  package init(
    code: Code, file: String, line: Int? = nil, column: Int? = nil, message: String,
    repair: Repair? = nil,
    count: Int = 1
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.repair = repair
    self.count = count
  }

  /// The kinds of finding.
  public enum Code: String, Sendable, CaseIterable {
    /// A price that is not a number, or is missing.
    case notANumber = "E_DATA_NAN"
    /// A high below the low.
    case highBelowLow = "E_DATA_HIGH_LOW"
    /// An open or close outside low and high.
    case outsideRange = "E_DATA_RANGE"
    /// A price at or below zero.
    case nonPositivePrice = "E_DATA_PRICE"
    /// A negative volume.
    case negativeVolume = "E_DATA_VOLUME"
    /// A time that occurs twice.
    case duplicateTime = "E_DATA_DUPLICATE"
    /// A time before the one above it.
    case outOfOrder = "E_DATA_ORDER"
    /// A file that cannot be opened or read to its end, or that is not text.
    case unreadableFile = "E_DATA_FILE"
    /// Columns that are missing from the header, or named twice.
    case badHeader = "E_DATA_HEADER"
    /// A row with too few or too many fields, or with stray quotes.
    case malformedRow = "E_DATA_ROW"
    /// A field that should hold a number and does not.
    case badNumber = "E_DATA_NUMBER"
    /// A time that cannot be read, or a date that does not exist.
    case badTime = "E_DATA_TIME"
    /// Times that do not fit one timeframe.
    case badTimeframe = "E_DATA_TIMEFRAME"
    /// A bar of a year for which the calendar knows no sessions.
    case beyondCalendar = "E_DATA_CALENDAR"
    /// A bar on a day or at an hour on which the calendar has no trading.
    case outsideCalendar = "W_DATA_CALENDAR"
    /// Sessions of the calendar without a bar.
    case gap = "W_DATA_GAP"
    /// A bar with no volume in a series that has volumes.
    case zeroVolume = "W_DATA_ZERO_VOLUME"
    /// A series whose volumes are all zero; they count as not given.
    case noVolume = "W_DATA_NO_VOLUME"
    /// A close more than 40 % away from the one before it.
    case jump = "W_DATA_JUMP"

    /// Whether data with such a finding is refused unless a repair is asked for.
    public var isError: Bool { rawValue.hasPrefix("E_") }

    /// Whether `quality: repair` can do something about it.
    package var isRepairable: Bool {
      switch self {
      case .notANumber, .highBelowLow, .outsideRange, .nonPositivePrice, .negativeVolume,
        .duplicateTime, .outOfOrder:
        true
      default: false
      }
    }
  }

  /// What `quality: repair` did about an issue.
  public enum Repair: String, Sendable {
    /// The row was left out.
    case dropped
    /// Prices were held from the row before, with no volume.
    case held
    /// High and low were widened to contain open and close, or exchanged.
    case fixed
  }
}

extension DataIssue: CustomStringConvertible {
  /// `file:line:column: CODE: message`, and the repair if there was one; a place that is not known
  /// is left out.
  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    if line != nil, let column { text += ":\(column)" }
    text += ": \(code.rawValue): \(message)"
    if let repair { text += " (\(repair.rawValue))" }
    return text
  }
}

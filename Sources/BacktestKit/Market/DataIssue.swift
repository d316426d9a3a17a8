/// One thing that a data-quality check found, with its place.
public struct DataIssue: Hashable, Sendable {
  /// What was found.
  public var code: Code
  /// The file, as the user named it.
  public var file: String
  /// The line in the file, from 1.
  public var line: Int
  /// The column in the file, from 1; 0 where the whole row is meant.
  public var column: Int
  /// The finding in words, with the values.
  public var message: String
  /// What a repair did; `nil` when nothing was changed.
  public var repair: Repair?

  /// An issue from its parts.
  public init(
    code: Code, file: String, line: Int, column: Int, message: String, repair: Repair? = nil
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.repair = repair
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
    /// A time that stands twice.
    case duplicateTime = "E_DATA_DUPLICATE"
    /// A time before the one above it.
    case outOfOrder = "E_DATA_ORDER"
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

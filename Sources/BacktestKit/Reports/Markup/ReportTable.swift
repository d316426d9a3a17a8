public import BacktestCore

/// The content of a table cell.
public enum ReportCell: Hashable, Sendable {
  /// Plain text.
  case text(String)
  /// A number, shown in the format of its column.
  case number(Double)
  /// No value, with the reason why there is none.
  case missing(String)
  /// A calendar day.
  case date(CivilDate)
  /// An instant in UTC, to the minute.
  case time(Timestamp)
  /// A day and a time of day in the zone that the heading names, such as `2018-12-31 16:00`.
  case moment(String)
  /// Text that leads to another file, whose path is relative to the page.
  case link(String, to: String)

  /// A number, or the reason why there is none.
  public static func number(_ value: Double?, else reason: String) -> ReportCell {
    guard let value, value.isFinite else { return .missing(reason) }
    return .number(value)
  }

  /// Whether it is a date or an instant, which must not be broken over two lines.
  fileprivate var isTime: Bool {
    switch self {
    case .date, .time, .moment: true
    case .text, .number, .missing, .link: false
    }
  }

  /// The cell as plain text, numbers in the format of their column.
  package func text(as format: NumberFormat) -> String {
    switch self {
    case .text(let text), .link(let text, _), .moment(let text): text
    case .number(let value): format.text(value)
    case .missing: NumberFormat.missing
    case .date(let date): date.description
    case .time(let time): time.tableText
    }
  }
}

extension ReportCell: ExpressibleByStringLiteral {
  /// Plain text.
  public init(stringLiteral value: String) { self = .text(value) }
}

/// A table with a caption, whose header stays in sight and whose numbers line up.
///
///     ReportTable(
///       caption: "Metrics", columns: [.text("Metric"), .number("Strategy", as: .ratio)],
///       rows: [["Sharpe ratio", .number(1.2)], ["Sortino ratio", .missing("no losing bar")]])
public struct ReportTable: ReportBlock {
  /// How a column is headed and shown.
  public struct Column: Hashable, Sendable {
    /// The heading.
    public var title: String
    /// How numbers are shown.
    public var format: NumberFormat
    /// Whether the column is aligned to the right, as numbers are.
    public var isNumeric: Bool
    /// Whether negative numbers are coloured as losses and positive ones as gains.
    public var isSigned: Bool
    /// What the column means, shown when the reader points at the heading.
    public var definition: String?
    /// Whether the column holds sentences, which are unreadable when they are squeezed.
    public var isProse = false
    /// Where a program finds the figures of the column in the result, below that of their row.
    var key: String?

    /// A column of sentences.
    public static func prose(_ title: String, definition: String? = nil) -> Column {
      var column = text(title, definition: definition)
      column.isProse = true
      return column
    }

    /// The same column, whose figures have a place in the result.
    func at(_ key: String) -> Column {
      var column = self
      column.key = key
      return column
    }

    /// A column of text or dates.
    public static func text(_ title: String, definition: String? = nil) -> Column {
      Column(
        title: title, format: .ratio, isNumeric: false, isSigned: false, definition: definition)
    }

    /// A column of numbers.
    public static func number(
      _ title: String, as format: NumberFormat, isSigned: Bool = false, definition: String? = nil
    ) -> Column {
      Column(
        title: title, format: format, isNumeric: true, isSigned: isSigned, definition: definition)
    }
  }

  /// How much of a long table is shown.
  public struct Limit: Hashable, Sendable {
    /// The rows shown; the rest is counted.
    public var rowCount: Int
    /// The file that has all rows.
    public var file: String

    /// At most `rowCount` rows, the others being in `file`.
    public init(rowCount: Int, file: String) {
      self.rowCount = rowCount
      self.file = file
    }
  }

  /// What the table shows; read aloud with it.
  public var caption: String
  /// The columns, left to right.
  public var columns: [Column]
  /// The rows; each has one cell for each column.
  public var rows: [[ReportCell]]
  /// Where to cut, for tables that may be long.
  public var limit: Limit?
  /// Whether the table is folded away until the reader asks for it.
  public var isFolded: Bool
  /// Where a program that reads the page finds the figures of each row in the result, such as
  /// `metrics.sharpe`; empty where nobody asks.
  var rowKeys: [String] = []
  /// How many rows were left out after those given.
  var omittedCount = 0
  private var rowCount: Int { rows.count + omittedCount }

  /// A table from its parts.
  public init(
    caption: String, columns: [Column], rows: [[ReportCell]], limit: Limit? = nil,
    isFolded: Bool = false
  ) {
    precondition(rows.allSatisfy { $0.count == columns.count }, "a cell for each column")
    self.caption = caption
    self.columns = columns
    self.rows = rows
    self.limit = limit
    self.isFolded = isFolded
  }

  /// Writes the table in a frame that scrolls sideways where the page is too narrow for it.
  public func write(to writer: inout MarkupWriter) {
    guard isFolded else { return writeTable(to: &writer) }
    writer.element("details") { writer in
      let rows = NumberText.count(rowCount, "row")
      writer.element("summary", text: "\(caption) (\(rows))")
      writeTable(to: &writer)
    }
  }

  private func writeTable(to writer: inout MarkupWriter) {
    let shown = min(rows.count, limit?.rowCount ?? rows.count)
    let frame: KeyValuePairs<StaticString, String> = [
      "class": shown > 30 ? "scroll tall" : shown > 20 ? "scroll" : "scroll keep", "role": "region",
      "tabindex": "0",
      "aria-label": caption,
    ]
    writer.element("div", frame) { writer in
      writer.element("table") { writer in
        writer.element("caption", text: caption)
        writer.element("thead") { $0.element("tr") { writeHeader(to: &$0) } }
        writer.element("tbody") { writer in
          for (i, row) in rows.prefix(shown).enumerated() {
            let key: KeyValuePairs<StaticString, String> =
              rowKeys.isEmpty ? [:] : ["data-key": rowKeys[i]]
            writer.element("tr", key) { write(row, to: &$0) }
          }
        }
      }
    }
    if let limit, rowCount > shown {
      let more = NumberFormat.integer.text(Double(rowCount - shown))
      let word = rowCount - shown == 1 ? "row" : "rows"
      writer.element("p", ["class": "more"], text: "\(more) more \(word) in \(limit.file)")
    }
  }

  private func writeHeader(to writer: inout MarkupWriter) {
    for column in columns {
      writer.markup(column.isNumeric ? "<th scope=\"col\"" : "<th scope=\"col\" class=\"t\"")
      if let definition = column.definition {
        writer.markup(" title=\"")
        writer.text(definition)
        writer.markup("\"")
      }
      if let key = column.key {
        writer.markup(" data-key=\"")
        writer.text(key)
        writer.markup("\"")
      }
      writer.markup(">")
      writer.text(column.title)
      writer.markup("</th>")
    }
  }

  private func write(_ row: [ReportCell], to writer: inout MarkupWriter) {
    for (i, (cell, column)) in zip(row, columns).enumerated() {
      // The first cell of a row names it. Most others are numbers, so these need no class.
      let isName = i == 0 && !column.isNumeric
      writer.markup(isName ? "<th scope=\"row\"" : "<td")
      if column.isNumeric {
        writer.markup(numberClass(of: cell, in: column))
      } else if cell.isTime {
        writer.markup(" class=\"d\"")
      } else if column.isProse {
        writer.markup(" class=\"w\"")
      } else if !isName {
        writer.markup(" class=\"t\"")
      }
      writer.markup(">")
      write(cell, format: column.format, to: &writer)
      writer.markup(isName ? "</th>" : "</td>")
    }
  }

  private func numberClass(of cell: ReportCell, in column: Column) -> StaticString {
    guard column.isSigned, case .number(let value) = cell, value != 0 else {
      return ""
    }
    return value < 0 ? " class=\"loss\"" : " class=\"gain\""
  }

  private func write(_ cell: ReportCell, format: NumberFormat, to writer: inout MarkupWriter) {
    switch cell {
    case .text(let text), .moment(let text): writer.text(text)
    case .number(let value): writer.text(value, as: format)
    case .missing(let reason):
      writer.element("abbr", ["title": reason], text: NumberFormat.missing)
    case .date(let date): writer.text(date.description)
    case .time(let time): writer.text(time.tableText)
    case .link(let text, let path):
      writer.element("a", ["href": ReportLink.reference(path)], text: text)
    }
  }
}

/// A path as the address of a link.
enum ReportLink {
  /// The path with everything escaped that means something in an address, so that no name of a
  /// folder becomes one.
  static func reference(_ path: String) -> String {
    var text = path.hasPrefix("/") || path.hasPrefix("../") ? "" : "./"
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}

extension Timestamp {
  /// Date and minute in UTC as a table shows it: `2018-12-31 21:00`; only the date at midnight.
  var tableText: String {
    let date = utcDate
    let minutes = (self - date.midnight).nanoseconds / 60_000_000_000
    guard minutes > 0 else { return date.description }
    return "\(date) \(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
  }
}

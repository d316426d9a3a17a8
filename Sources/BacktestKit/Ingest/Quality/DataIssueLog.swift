import BacktestCore

/// Findings of one file as they come up, with a limit on how many are kept word for word.
struct DataIssueLog {
  /// How many findings of one code are kept; those beyond only count.
  static let limit = 2_000

  let file: String
  private(set) var issues: [DataIssue] = []
  private var counts: [DataIssue.Code: Int] = [:]
  private var overflow: [DataIssue.Code: DataIssue] = [:]
  /// Whether a finding stands that no repair can cure.
  private(set) var hasErrors = false

  init(file: String) { self.file = file }

  /// Notes a finding.
  mutating func add(
    _ code: DataIssue.Code, line: Int, column: Int = 0, _ message: @autoclosure () -> String,
    repair: DataIssue.Repair? = nil, count: Int = 1
  ) {
    if code.isError && repair == nil { hasErrors = true }
    let seen = counts[code, default: 0]
    counts[code] = seen + 1
    guard seen < DataIssueLog.limit else {
      let rest = DataIssue(
        code: code, file: file, line: 0, column: 0, message: "", repair: repair, count: 0)
      overflow[code, default: rest].count += count
      return
    }
    issues.append(
      DataIssue(
        code: code, file: file, line: line, column: column, message: message(), repair: repair,
        count: count))
  }

  /// All findings by line, and one for each code whose limit was passed.
  var finished: [DataIssue] {
    var all = issues.enumerated().sorted { a, b in
      (a.element.line, a.offset) < (b.element.line, b.offset)
    }.map(\.element)
    for code in DataIssue.Code.allCases {
      guard var rest = overflow[code] else { continue }
      rest.message = "\(rest.count) more of this kind"
      all.append(rest)
    }
    return all
  }
}

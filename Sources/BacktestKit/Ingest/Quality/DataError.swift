public import BacktestCore

/// Market data that cannot be used: every finding with its place, up to a limit.
///
/// The description has one line a finding and a last one that says what to do.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// How many findings are kept.
  static let limit = 20

  /// The first findings, at most 20, in the order of the file.
  public var issues: [DataIssue]
  /// How many there were in all.
  public var issueCount: Int

  /// An error of one or more findings.
  ///
  /// - Precondition: `issues` is not empty.
  init(_ issues: [DataIssue]) {
    precondition(!issues.isEmpty, "an error has at least one finding")
    issueCount = issues.reduce(0) { $0 + $1.count }
    self.issues = Array(issues.prefix(DataError.limit))
  }

  /// An error of one finding.
  init(
    _ code: DataIssue.Code, file: String, line: Int = 0, column: Int = 0, _ message: String
  ) {
    self.init([DataIssue(code: code, file: file, line: line, column: column, message: message)])
  }

  /// The findings, a line each, and what to do.
  public var description: String {
    var lines = issues.map(\.description)
    let more = issueCount - issues.count
    if more > 0 { lines.append("and \(more) more") }
    if issues.allSatisfy({ $0.code.isRepairable }) {
      lines.append("correct the file, or set `quality: repair`")
    }
    return lines.joined(separator: "\n")
  }
}

import BacktestKit

/// Finds the first session of each calendar month among those it is shown.
struct MonthlySchedule: Sendable {
  private var last: CivilDate?

  /// Whether a session is the first that it is shown of its month.
  mutating func isFirstOfMonth(_ session: CivilDate) -> Bool {
    defer { last = session }
    return last.map { ($0.year, $0.month) != (session.year, session.month) } ?? true
  }
}

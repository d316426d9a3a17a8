import BacktestCore
import BacktestEvidence
import Testing

/// Returns by date from elsewhere.
struct DatedReturnsTests {
  private static let dates = ["2024-01-02", "2024-01-03", "2024-01-04"].map { CivilDate($0)! }

  @Test func datesAndReturnsStayTogether() throws {
    let returns = try DatedReturns("Fund", dates: Self.dates, returns: [0.01, -0.02, 0.03])
    #expect(returns.dates == Self.dates && returns.returns == [0.01, -0.02, 0.03])
    // Days of the exchange in New York, a day apart.
    #expect(returns.timeframe == .session && returns.calendar.name == "XNYS")
  }

  @Test func whatIsNotATableOfReturnsIsRefused() {
    func error(_ dates: [CivilDate], _ returns: [Double]) -> EvidenceError? {
      do throws(EvidenceError) {
        _ = try DatedReturns("Fund", dates: dates, returns: returns)
        return nil
      } catch { return error }
    }
    let dates = Self.dates
    #expect(
      error(dates, [0.01, 0.02])
        == .lengthMismatch(what: "dates of returns", expected: 2, found: 3))
    #expect(error([], []) == .tooFewValues(0, needed: 1, for: "a report of returns"))
    #expect(error(dates, [0, .nan, 0]) == .notFinite(what: "return", row: 1))
    #expect(
      error(dates, [0, 0, -1.01])
        == .invalidRate(what: "the return of 2024-01-04", value: -1.01))
    #expect(error(dates, [0, 0, -1]) == nil)
    #expect(error([dates[0], dates[0]], [0, 0]) == .repeatedDate(row: 1))
    #expect(error([dates[1], dates[0]], [0, 0]) == .datesNotAscending(row: 1))
  }
}

@testable import BacktestCore
@testable import BacktestEvidence
import TestSupport
import Foundation
import Testing

/// A column of prices with its dates.
struct PriceColumn {
  var dates: [CivilDate] = []
  var prices: [Double] = []

  /// The prices of a file from one date to another, both included.
  init(
    _ file: String, column: String = "adj_close", from: String = "0001-01-01",
    to: String = "9999-12-31"
  ) throws {
    let table = try Fixture.table(file)
    let place = try #require(table[0].firstIndex { $0 == column })
    for row in table.dropFirst() where String(row[0]) >= from && String(row[0]) <= to {
      dates.append(try #require(CivilDate(String(row[0]))))
      prices.append(try #require(Double(row[place])))
    }
  }

  func sample(
    riskFree: RiskFreeRate = .zero, minimumAcceptableReturn: Double = 0
  ) throws -> ReturnsSample {
    try ReturnsSample(
      equity: prices, pointDates: dates, barsPerYear: 252, riskFree: riskFree,
      minimumAcceptableReturn: minimumAcceptableReturn)
  }
}

typealias JSONObject = [String: Any]

extension Fixture {
  /// The object at the top of a JSON file.
  static func json(_ name: String) throws -> JSONObject {
    let value = try JSONSerialization.jsonObject(with: Data(bytes(name)))
    return try #require(value as? JSONObject)
  }
}

/// Whether two numbers agree within a relative tolerance.
func agrees(_ found: Double?, _ expected: Double, relative: Double) -> Bool {
  guard let found else { return false }
  return found == expected || abs(found - expected) <= relative * abs(expected)
}

@testable import BacktestCore
import TestSupport
import Foundation
import Testing

/// Daily closes of a price file, with times at the end of each day.
struct RegimePrices {
  let dates: [String]
  let times: [Timestamp]
  let closes: [Double]

  var returns: [Double] { zip(closes.dropFirst(), closes).map { $0 / $1 - 1 } }

  init(_ file: String) throws {
    let table = try Fixture.table("prices/\(file)")
    let column = try #require(table[0].firstIndex(of: "adj_close"))
    dates = table.dropFirst().map { String($0[0]) }
    times = dates.map { CivilDate($0)!.midnight + .days(1) }
    closes = table.dropFirst().map { Double($0[column])! }
  }
}

/// A value of a JSON fixture, walked by keys.
struct RegimeOracle {
  private let value: Any

  init(_ file: String) throws {
    value = try JSONSerialization.jsonObject(with: Data(Fixture.bytes("oracles/\(file)")))
  }

  private init(value: Any) { self.value = value }

  subscript(key: String) -> RegimeOracle { RegimeOracle(value: (value as! [String: Any])[key]!) }
  var list: [RegimeOracle] { (value as! [Any]).map { RegimeOracle(value: $0) } }
  var text: String { value as! String }
  var integer: Int? { (value as? NSNumber)?.intValue }
  var number: Double? { (value as? NSNumber)?.doubleValue }
}

/// Whether two numbers agree to a part in ten thousand million.
func agrees(_ a: Double?, _ b: Double?) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= 1e-10 * abs(b)
}

import Foundation
import Testing

/// A value of a JSON file of reference values, walked by keys.
package struct OracleValue {
  private let value: Any

  package init(_ file: String) throws {
    value = try JSONSerialization.jsonObject(with: Data(Fixture.bytes("oracles/\(file)")))
  }

  package init(text: String) throws {
    value = try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  private init(value: Any) { self.value = value }

  package subscript(key: String) -> OracleValue {
    OracleValue(value: (value as! [String: Any])[key]!)
  }

  package var keys: [String] { (value as! [String: Any]).keys.sorted() }
  package var list: [OracleValue] { (value as! [Any]).map { OracleValue(value: $0) } }
  package var numbers: [Double] { list.map(\.number) }
  package var text: String { value as! String }
  package var integer: Int { (value as! NSNumber).intValue }
  package var number: Double { (value as! NSNumber).doubleValue }
}

/// Adjusted closes of a price fixture in a span of dates, both included.
package struct AdjustedCloses {
  package let dates: [String]
  package let closes: [Double]

  package var returns: [Double] { zip(closes.dropFirst(), closes).map { $0 / $1 - 1 } }

  package init(_ symbol: String, from first: String, to last: String) throws {
    let table = try Fixture.table("prices/\(symbol).csv")
    let column = try #require(table[0].firstIndex(of: "adj_close"))
    let rows = table.dropFirst().filter { $0[0] >= first && $0[0] <= last }
    dates = rows.map { String($0[0]) }
    closes = rows.map { Double($0[column])! }
  }
}

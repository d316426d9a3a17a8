@testable import BacktestCore
@testable import BacktestEvidence
import Foundation
import TestSupport
import Synchronization
import Testing

/// A value of a JSON fixture, walked by keys and positions.
struct StatisticsOracle {
  let value: Any

  init(_ file: String) throws {
    value = try JSONSerialization.jsonObject(with: Data(Fixture.bytes("oracles/\(file)")))
  }

  private init(value: Any) { self.value = value }

  subscript(key: String) -> StatisticsOracle {
    StatisticsOracle(value: (value as! [String: Any])[key]!)
  }
  subscript(place: Int) -> StatisticsOracle { list[place] }

  var keys: [String] { (value as! [String: Any]).keys.sorted() }
  var list: [StatisticsOracle] { (value as! [Any]).map { StatisticsOracle(value: $0) } }
  var numbers: [Double] { list.map(\.number) }
  var number: Double { (value as! NSNumber).doubleValue }
  var text: String { value as! String }
  func has(_ key: String) -> Bool { (value as? [String: Any])?[key] != nil }
  var isNull: Bool { value is NSNull }
}

/// The daily returns of crossovers of two averages of a price series: decided at a close, earned on
/// the next bar, from the bar on which the slowest average exists.
struct CrossoverReturns {
  /// Those that a test has asked for before.
  private static let known = Mutex<[String: CrossoverReturns]>([:])

  /// The returns of buying and holding.
  let market: [Double]
  /// The returns of each pair, fast first.
  let columns: [[Double]]

  /// The returns of pairs, computed once.
  init(
    _ file: String = "prices/sp500.csv", from: String = "1999-01-04", to: String = "2018-12-31",
    fast: [Int] = [5, 10, 15, 20, 25, 30, 40, 50],
    slow: [Int] = [60, 80, 100, 120, 150, 180, 200, 250], short: Bool = false
  ) throws {
    let key = "\(file) \(from) \(to) \(fast) \(slow) \(short)"
    if let known = Self.known.withLock({ $0[key] }) {
      self = known
      return
    }
    try self.init(computing: file, from: from, to: to, fast: fast, slow: slow, short: short)
    let found = self
    Self.known.withLock { $0[key] = found }
  }

  private init(
    computing file: String, from: String, to: String, fast: [Int], slow: [Int], short: Bool
  ) throws {
    let table = try Fixture.table(file)
    let place = try #require(table[0].firstIndex(of: "adj_close"))
    let prices = table.dropFirst()
      .filter { String($0[0]) >= from && String($0[0]) <= to }
      .map { Double($0[place])! }
    let first = (fast + slow).max()! - 1
    let returns = (1..<prices.count).map { prices[$0] / prices[$0 - 1] - 1 }
    market = Array(returns[first...])
    func averages(_ length: Int) -> [Double] {
      (first..<prices.count - 1).map { row in
        prices[row - length + 1...row].reduce(0, +) / Double(length)
      }
    }
    let means = Dictionary(uniqueKeysWithValues: Set(fast + slow).map { ($0, averages($0)) })
    let held = market
    columns = fast.flatMap { fast in
      slow.map { slow in
        zip(zip(means[fast]!, means[slow]!), held).map { pair, earned in
          pair.0 > pair.1 ? earned : short ? -earned : 0
        }
      }
    }
  }
}

/// Whether two numbers agree within a relative tolerance.
func isNear(_ found: Double?, _ expected: Double, relative: Double) -> Bool {
  guard let found, found.isFinite else { return false }
  return abs(found - expected) <= relative * max(abs(expected), 1e-300)
}

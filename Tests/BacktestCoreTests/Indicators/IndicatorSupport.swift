import TestSupport
import BacktestCore
import Testing

/// Bars, and for some of their rows what indicators must give there.
struct IndicatorReference {
  var bars: [Bar]
  /// The row of each line of the reference.
  var rows: [Int]
  /// The reference by column name; `nil` where undefined.
  var columns: [String: [Double?]] = [:]

  /// A daily price file, and a reference that names its dates.
  init(_ prices: String, _ reference: String) throws {
    let daily = try Fixture.table("prices/" + prices).dropFirst()
    bars = try daily.map { row in
      try IndicatorBars.bar([1, 2, 3, 4, 6].map { try #require(Double(row[$0])) })
    }
    let rowOfDate = Dictionary(uniqueKeysWithValues: daily.enumerated().map { ($1[0], $0) })
    let table = try Fixture.table("oracles/" + reference)
    rows = try table.dropFirst().map { try #require(rowOfDate[$0[0]]) }
    read(table)
  }

  /// A reference whose first five columns are its own bars.
  init(ownBarsIn reference: String) throws {
    let table = try Fixture.table("oracles/" + reference)
    bars = try table.dropFirst().map { row in
      try IndicatorBars.bar(row.prefix(5).map { try #require(Double($0)) })
    }
    rows = Array(bars.indices)
    read(table)
  }

  private mutating func read(_ table: [[Substring]]) {
    for (place, name) in table[0].enumerated() {
      columns[String(name)] = table.dropFirst().map { Double($0[place]) }
    }
  }

  /// Records an issue for each value that differs, and gives the number of values compared.
  func compare(_ subject: IndicatorColumns, tolerance: (Double) -> Double) throws -> Int {
    let values = subject.values(bars)
    var compared = 0
    for (part, name) in subject.names.enumerated() {
      let reference = try #require(columns[name], "no column \(name)")
      for (row, expected) in zip(rows, reference) {
        let actual = values[row]?[part]
        if let expected, let actual, abs(actual - expected) <= tolerance(expected) {
          compared += 1
        } else if expected != nil || actual != nil {
          let (given, wanted) = (String(describing: actual), String(describing: expected))
          Issue.record("\(name), bar \(row): \(given), not \(wanted)")
        }
      }
    }
    return compared
  }
}

/// Bars for tests that do not look at time.
enum IndicatorBars {
  /// A bar of open, high, low, close and volume.
  static func bar(_ prices: [Double]) -> Bar {
    Bar(
      openTime: Timestamp(seconds: 0), closeTime: Timestamp(seconds: 86_400), open: prices[0],
      high: prices[1], low: prices[2], close: prices[3], volume: prices[4])
  }

  /// A bar whose prices are all `price`.
  static func flat(_ price: Double, volume: Double = 100) -> Bar {
    bar([price, price, price, price, volume])
  }
}

/// An indicator with its parameters, and the reference columns that it must equal.
struct IndicatorColumns: Sendable, CustomTestStringConvertible {
  var names: [String]
  var warmupLength: Int
  /// The values in the order of the names, one row a bar; `nil` where undefined.
  var values: @Sendable ([Bar]) -> [[Double]?]
  /// The same, while before each bar a copy is made and fed with other bars.
  var valuesBesideCopies: @Sendable ([Bar], _ others: [Bar]) -> [[Double]?]

  var testDescription: String { names.joined(separator: ", ") }

  init<I: Indicator>(
    _ names: [String], _ indicator: I, input: @escaping @Sendable (Bar) -> I.Input,
    parts: @escaping @Sendable (I.Output) -> [Double]
  ) {
    self.names = names
    warmupLength = indicator.warmupLength
    values = { bars in indicator.values(over: bars.map(input)).map { $0.map(parts) } }
    valuesBesideCopies = { bars, others in
      var original = indicator
      return bars.map { bar in
        var copy = original
        for other in others { copy.update(input(other)) }
        original.update(input(bar))
        return original.value.map(parts)
      }
    }
  }

  /// An indicator that takes bars.
  static func bars<I: Indicator>(
    _ names: [String], _ indicator: I, _ parts: @escaping @Sendable (I.Output) -> [Double]
  ) -> IndicatorColumns where I.Input == Bar {
    IndicatorColumns(names, indicator, input: { $0 }, parts: parts)
  }

  /// An indicator that takes closes.
  static func closes<I: Indicator>(
    _ names: [String], _ indicator: I, _ parts: @escaping @Sendable (I.Output) -> [Double]
  ) -> IndicatorColumns where I.Input == Double {
    IndicatorColumns(names, indicator, input: { $0.close }, parts: parts)
  }

  static func bars<I: Indicator>(_ name: String, _ indicator: I) -> IndicatorColumns
  where I.Input == Bar, I.Output == Double { bars([name], indicator) { [$0] } }

  static func closes<I: Indicator>(_ name: String, _ indicator: I) -> IndicatorColumns
  where I.Input == Double, I.Output == Double { closes([name], indicator) { [$0] } }
}

/// SplitMix64, for series that are the same in every run.
struct IndicatorRandom {
  var state: UInt64

  mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From -1 up to 1.
  mutating func symmetric() -> Double { Double(bits() >> 11) * 0x1p-52 - 1 }

  /// From 0 up to `count`.
  mutating func below(_ count: Int) -> Int { Int(bits() % UInt64(count)) }
}

@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport

/// Observations over whole markets, and the numbers that other programs observed.
enum Observed {
  /// What a policy of the fixtures observes.
  static func definition(_ name: String) throws -> ObservationDefinition {
    try PolicyManifest(path: Fixture.path("policies/\(name)")).observation
  }

  /// The observations at each instant of a feed, `nil` where the builder waits.
  ///
  /// - Parameters:
  ///   - symbols: the policy's assets; all of the feed unless given.
  ///   - state: the account before the decision of an instant.
  static func rows(
    _ definition: ObservationDefinition, _ feed: Feed, symbols: [String]? = nil,
    state: (Int) -> PolicyAccountState? = { _ in nil },
    predictor: (PredictionFeature) throws(PolicyError) -> ObservedPredictor =
      ObservationBuilder.noPredictor
  ) throws -> [[Double]?] {
    let symbols = symbols ?? feed.universe.series.map(\.instrument.symbol)
    let instruments = symbols.compactMap { feed.universe.instrument($0) }
    var builder = try ObservationBuilder(
      definition, instruments: instruments, symbols: symbols, predictor: predictor)
    let empty = PolicyAccountState(assetCount: symbols.count)
    var numbers = [Double](repeating: 0, count: builder.count)
    return feed.instants.indices.map { instant in
      let state = state(instant) ?? empty
      builder.update(BarSlice(feed: feed, instant: instant), state: state)
      let status = numbers.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
      return status == .ready ? numbers : nil
    }
  }

  /// A feed of one series.
  static func feed(_ series: BarSeries...) throws -> Feed { Feed(try Universe(series)) }

  /// The one-asset state in which a weight was stated last.
  static func stated(_ weight: Double) -> PolicyAccountState {
    var state = PolicyAccountState(assetCount: 1)
    state.assets[0].targetWeight = weight
    return state
  }

  /// Lists of numbers under a key of a fixture's oracle.
  static func oracle(_ name: String, _ key: String) throws -> [[Double]] {
    let document = try JSONReader.read(
      try Fixture.bytes("policies/\(name)/oracle.json"), name: "oracle.json")
    guard case .table(let entries) = document.content,
      case .list(let rows)? = entries.first(where: { $0.key == key })?.value.content
    else { throw Fixture.Missing(name: key) }
    return rows.map { row in
      guard case .list(let items) = row.content else { return [] }
      return items.map { item in
        switch item.content {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: .nan
        }
      }
    }
  }

  /// The first date of a rollout and a column of it.
  static func rollout(_ name: String, _ columns: [String]) throws -> (String, [[Double]]) {
    let table = try Fixture.table("policies/\(name)/rollout.csv")
    let positions = columns.map { column in table[0].firstIndex { $0 == column }! }
    return (
      String(table[1][0]), table.dropFirst().map { row in positions.map { Double(row[$0])! } }
    )
  }

  /// The largest difference of two lists of the same length.
  static func difference(_ a: some Collection<Double>, _ b: some Collection<Double>) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }
}

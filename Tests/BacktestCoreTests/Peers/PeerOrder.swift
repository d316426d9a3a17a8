@testable import BacktestCore
import TestSupport

/// One line of the list that script/compare-peers gives to other engines.
struct PeerOrder {
  var number: Int
  var kind: Kind
  /// The row of the S&P 500 at whose close it is placed.
  var row: Int
  var quantity: Double
  var stop: Double?
  var limit: Double?
  var loss: Double?
  var profit: Double?
  var trail: Order.Trail?
  /// Of two that cancel each other, whether the stop is submitted first.
  var isStopFirst: Bool

  /// How many bars an order lives before it is cancelled, and what it opened is closed.
  static let life = 10
  /// From one order's row to the last at which anything of it can happen.
  static let span = 14

  enum Kind: String, CaseIterable {
    case stop
    case limit
    case stopLimit = "stop-limit"
    case oneCancelsOther = "one-cancels-other"
    case bracket
    case trailing
  }

  var isBuy: Bool { quantity > 0 }

  /// Whether what it opened is closed after its life.
  var opensToClose: Bool { kind == .bracket || kind == .trailing }

  /// An order that opens what the bracket or the trailing stop protects.
  var entry: Order {
    Order(
      .first, quantity: quantity,
      kind: stop.map { .stop($0) } ?? limit.map { .limit($0) } ?? .market)
  }

  /// The exits of a bracket: the stop-loss, then the take-profit.
  var exits: [Order] {
    [Order.Kind.stop(loss!), .limit(profit!)].map {
      Order(.first, quantity: -quantity, kind: $0, reduceOnly: true)
    }
  }

  /// The stop of a position that the order has opened, behind a close.
  func trailStop(behind close: Double) -> Double { trail!.stop(behind: close, isBuy: !isBuy) }

  /// All lines; the dates are those of the S&P 500.
  static func list() throws -> [PeerOrder] {
    var rows: [Substring: Int] = [:]
    for (row, line) in try Fixture.table("prices/sp500.csv").dropFirst().enumerated() {
      rows[line[0]] = row
    }
    return try Fixture.table("peers/orders.csv").dropFirst().map { line in
      PeerOrder(
        number: Int(line[0])!, kind: Kind(rawValue: String(line[1]))!, row: rows[line[2]]!,
        quantity: Double(line[3])!, stop: Double(line[4]), limit: Double(line[5]),
        loss: Double(line[6]), profit: Double(line[7]),
        trail: line[8].last == "%"
          ? .percent(Double(line[8].dropLast())!) : Double(line[8]).map { .amount($0) },
        isStopFirst: line[9] == "stop")
    }
  }
}

/// What an engine made of an order, or a part of it.
struct PeerFill: CustomStringConvertible {
  var date: String
  var quantity: Double
  var price: Double

  var description: String { "\(date) \(quantity) at \(price)" }

  /// The same day and units, and the same price but for a last digit.
  func isSame(as other: PeerFill) -> Bool {
    date == other.date && quantity == other.quantity && agrees(price, other.price, within: 1e-14)
  }

  /// The fills of an engine by the number of their order, each order's in order of time.
  static func list(of peer: Peer) throws -> [Int: [PeerFill]] {
    var fills: [Int: [PeerFill]] = [:]
    for line in try Fixture.table("peers/orders_\(peer)_fills.csv").dropFirst() {
      fills[Int(line[0])!, default: []].append(
        PeerFill(date: String(line[2]), quantity: Double(line[3])!, price: Double(line[4])!))
    }
    return fills
  }
}

/// Another engine.
enum Peer: String, CaseIterable {
  case backtrader, backtesting

  /// Its name in the document.
  var title: String { self == .backtesting ? "backtesting.py" : rawValue }

  /// The equity with which its run of a kind of orders ended; `nil` where it has no such orders.
  func equity(of kind: PeerOrder.Kind) throws -> Double? {
    try Fixture.table("peers/orders_\(self)_equity.csv").first { $0[0] == kind.rawValue }
      .flatMap { Double($0[1]) }
  }
}

extension [PeerFill] {
  func isSame(as other: [PeerFill]) -> Bool {
    count == other.count && zip(self, other).allSatisfy { $0.isSame(as: $1) }
  }
}

@testable import BacktestCore
import TestSupport
import Testing

/// Several hundred orders of each kind on the S&P 500, against what other engines made of them.
///
/// Each fill is the same, or a named rule of the other engine makes it so.
struct PeerOrderTests {
  private static let cash = 1e8
  private static let series = Result { try MarketBuilder.standardAndPoors500() }
  private static let orders = Result { try PeerOrder.list() }

  @Test func eachDifferenceHasAName() throws {
    var rows: [String] = []
    for peer in Peer.allCases {
      let fills = try PeerFill.list(of: peer)
      for kind in PeerOrder.Kind.allCases {
        guard let equity = try peer.equity(of: kind) else { continue }
        let comparison = try compare(kind, with: fills, of: peer)
        #expect(comparison.unexplained.prefix(3) == [], "\(peer) \(kind)")
        // Where its rules are taken over, the money comes out the same, too.
        #expect(agrees(comparison.equity, equity, within: 1e-12), "\(peer) \(kind)")
        rows.append(comparison.row(peer, kind))
      }
    }
    try check(rows)
  }

  /// What a comparison found.
  private struct Comparison {
    var orders = 0
    var fills = 0
    var same = 0
    var named: [PeerRule: Int] = [:]
    var unexplained: [String] = []
    /// At the end, under the other engine's rules.
    var equity: Double

    func row(_ peer: Peer, _ kind: PeerOrder.Kind) -> String {
      let names = PeerRule.allCases.compactMap { rule in
        named[rule].map { "\($0) `\(rule.rawValue)`" }
      }
      let differences = names.isEmpty ? "none" : names.joined(separator: ", ")
      return "| \(peer.title) | \(kind.rawValue) | \(orders) | \(fills) | \(same) | "
        + "\(differences) | \(unexplained.count) |"
    }
  }

  private func compare(
    _ kind: PeerOrder.Kind, with theirs: [Int: [PeerFill]], of peer: Peer
  ) throws -> Comparison {
    let orders = try Self.orders.get().filter { $0.kind == kind }
    let series = try Self.series.get()
    let ours = try fills(of: orders, on: series)
    var comparison = Comparison(equity: ours.equity)
    for order in orders {
      let (native, wanted) = (ours.fills[order.number] ?? [], theirs[order.number] ?? [])
      comparison.orders += 1
      comparison.fills += wanted.count
      if native.isSame(as: wanted) {
        comparison.same += 1
        continue
      }
      let explanation = try PeerRule.explanations(of: peer, for: kind).first { rule in
        try alone(order, under: rule, on: series).isSame(as: wanted)
      }
      guard let explanation else {
        comparison.unexplained.append("order \(order.number): \(native), but \(wanted)")
        continue
      }
      comparison.named[explanation, default: 0] += 1
      let last = series.close[series.count - 1]
      comparison.equity += value(wanted, at: last) - value(native, at: last)
    }
    return comparison
  }

  /// What fills came to at a last price.
  private func value(_ fills: [PeerFill], at last: Double) -> Double {
    fills.reduce(0) { $0 + $1.quantity * (last - $1.price) }
  }

  /// What this engine makes of orders, by their number, and the equity at the end.
  private func fills(
    of orders: [PeerOrder], on series: BarSeries, offset: Int = 0, under rule: PeerRule? = nil,
    path: ExecutionRules.IntrabarPath = .pessimistic
  ) throws -> (fills: [Int: [PeerFill]], equity: Double) {
    let byRow = Dictionary(uniqueKeysWithValues: orders.map { ($0.row - offset, $0) })
    var placed: [Int: PeerOrder] = [:]
    for (row, order) in byRow {
      placed[row] = order
      placed[row]!.row = row
    }
    var configuration = BacktestConfiguration()
    configuration.account.initialCash = Self.cash
    configuration.account.funding = .margin(leverage: 10)
    configuration.execution.intrabarPath = path
    let result = Backtest(
      PeerOrderTrader(placed, rule: rule), on: try Universe([series]),
      configuration: configuration
    ).run()
    var fills: [Int: [PeerFill]] = [:]
    for fill in result.fills {
      let row = (Int(fill.row) - PeerOrder.span...Int(fill.row)).last { placed[$0] != nil }!
      fills[placed[row]!.number, default: []].append(
        PeerFill(date: "\(fill.time.utcDate)", quantity: fill.quantity, price: fill.price))
    }
    return (fills, result.equity.last!)
  }

  /// What this engine makes of one order under a rule of another.
  private func alone(
    _ order: PeerOrder, under rule: PeerRule, on series: BarSeries
  ) throws -> [PeerFill] {
    let rows = order.row - 1...order.row + PeerOrder.span
    let part = try MarketBuilder.series(
      rows.map { (series.open[$0], series.high[$0], series.low[$0], series.close[$0]) },
      volume: nil, times: rows.map { (series.openTimes[$0], series.closeTimes[$0]) },
      timeframe: series.timeframe, instrument: series.instrument, calendar: series.calendar)
    // The price goes up to the stop of a purchase, and on to its take-profit.
    let path: ExecutionRules.IntrabarPath =
      rule != .profitBehindEntry
      ? .pessimistic : order.isBuy ? .openHighLowClose : .openLowHighClose
    var fills =
      try fills(of: [order], on: part, offset: rows.lowerBound, under: rule, path: path)
      .fills[order.number] ?? []
    if rule == .fillsAtStop {
      for index in fills.indices { fills[index].price = order.stop! }
    }
    return fills
  }

  /// The document has the counts; where it differs, what it should be is written into `Reports/`.
  private func check(_ rows: [String]) throws {
    let name = "PeerComparison.md"
    let text = try Fixture.text("../Documentation/" + name)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let first = try #require(lines.firstIndex { $0.hasPrefix("| engine | orders") }) + 2
    let last = lines[first...].firstIndex { !$0.hasPrefix("|") } ?? lines.endIndex
    guard Array(lines[first..<last]) != rows else { return }
    lines.replaceSubrange(first..<last, with: rows)
    let wanted = lines.joined(separator: "\n")
    try PlainFile.write(Array(wanted.utf8), to: Fixture.path("../Reports/" + name))
    Issue.record("Documentation/\(name) has other counts: mv Reports/\(name) Documentation/")
  }
}

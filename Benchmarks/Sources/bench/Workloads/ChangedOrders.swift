import BacktestKit

/// W14: changes and cancellations in a book of 100 orders and of 100,000. The time is that of the
/// step that carries them out, less that of a step without any.
struct ChangedOrders: Workload {
  static let name = "W14"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    let large = data.isSmoke ? 1_000 : 100_000
    let series = try SeededMarket.dailyBars(count: 20)
    let feed = Feed(try Universe([series]))
    return Change.allCases.flatMap { change in
      let few = nanoseconds(change, in: 100, on: feed, repeats: repeats)
      let many = nanoseconds(change, in: large, on: feed, repeats: repeats)
      return [(100, few), (large, many)].map { count, nanoseconds in
        let cpu = nanoseconds.cpu
        var measurement = Measurement(
          metric: "ns", value: nanoseconds.wall, cpuValue: cpu, time: nanoseconds)
        measurement.engine = "backtestkit_\(change.rawValue)_of_\(count)"
        measurement.extras = [("over_100", cpu / few.cpu)]
        return measurement
      }
    }
  }

  private enum Change: String, CaseIterable {
    case modifyPrice = "modify_price"
    case makeSmaller = "make_smaller"
    case makeLarger = "make_larger"
    case cancel
  }

  /// The time of one change in billionths of a second, the median of the repeats.
  private func nanoseconds(
    _ change: Change, in count: Int, on feed: Feed, repeats: Int
  ) -> ProcessTime {
    var times: [ProcessTime] = (0..<repeats).map { _ in
      // A small book is made and changed more often, so that both have as many changes to time.
      let rounds = change == .cancel ? max(1, 20_000 / count) : 1
      var total = ProcessTime.zero
      for _ in 0..<rounds { total = total + time(change, in: count, on: feed) }
      return total / Double(rounds)
    }
    times.sort { $0.cpu < $1.cpu }
    return times[times.count / 2] / 1e-9
  }

  /// The seconds that one change takes.
  private func time(_ change: Change, in count: Int, on feed: Feed) -> ProcessTime {
    var configuration = BacktestConfiguration.workload
    configuration.account.initialCash = 1e12
    var engine = Engine(feed: feed, configuration: configuration)
    _ = engine.advance()
    let orders = (0..<count).map { number in
      engine.trading.submit(
        Order(
          InstrumentID(0), quantity: 1_000, kind: .limit(1 + Double(number % 100) / 100)))
    }
    for _ in 0..<3 { _ = engine.advance() }
    let plain = step(&engine)
    // Two changes of each order: the log of the first has made room for that of the second.
    let changes = change == .cancel ? count : max(count, 100_000)
    for number in 0..<changes {
      let order = orders[number % count]
      let turn = Double(number / count)
      switch change {
      case .modifyPrice: engine.trading.modify(order, limit: 2 + turn / 1e6)
      case .makeSmaller: engine.trading.modify(order, quantity: max(1, 999 - turn))
      case .makeLarger: engine.trading.modify(order, quantity: 1_001 + turn)
      case .cancel: engine.trading.cancel(order)
      }
    }
    let whole = step(&engine)
    return (whole - plain) / Double(changes)
  }

  private func step(_ engine: inout Engine) -> ProcessTime {
    let start = ProcessTime.now
    _ = engine.advance()
    return ProcessTime.now - start
  }
}

internal import Synchronization

/// The tables of a run that follow from what it wrote down: each is made when it is first read, and
/// copies of a result share it.
package final class RunTables: Sendable {
  private let source: Source
  private let made: Mutex<Made>

  /// What the tables are made from.
  private enum Source: Sendable {
    /// All of them are known.
    case nothing
    case records(RunRecords)
    /// Those of another run, whose round trips all end.
    case ended(RunTables)
  }

  /// The tables that were made so far.
  private struct Made: Sendable {
    var trades: [RoundTrip]?
    var outcomes: [OrderOutcome]?
    var orderEvents: [OrderEvent]?
    var ledger: [LedgerEntry]?
  }

  /// Tables that are known already.
  package init(
    trades: [RoundTrip], outcomes: [OrderOutcome], orderEvents: [OrderEvent], ledger: [LedgerEntry]
  ) {
    source = .nothing
    made = Mutex(
      Made(trades: trades, outcomes: outcomes, orderEvents: orderEvents, ledger: ledger))
  }

  /// The tables of a run.
  init(_ records: RunRecords) {
    source = .records(records)
    made = Mutex(Made())
  }

  private init(ending tables: RunTables) {
    source = .ended(tables)
    made = Mutex(Made())
  }

  /// These tables, with open round trips closed at their marks.
  package func endingOpenTrades() -> RunTables { RunTables(ending: self) }

  var trades: [RoundTrip] {
    rows(\.trades) {
      switch source {
      case .nothing: []
      case .records(let records): records.trades
      case .ended(let tables): tables.trades.map(\.endedAtMark)
      }
    }
  }

  var outcomes: [OrderOutcome] {
    rows(\.outcomes) {
      switch source {
      case .nothing: []
      case .records(let records): records.log.outcomes()
      case .ended(let tables): tables.outcomes
      }
    }
  }

  var orderEvents: [OrderEvent] {
    rows(\.orderEvents) {
      switch source {
      case .nothing: []
      case .records(let records): records.orderEvents
      case .ended(let tables): tables.orderEvents
      }
    }
  }

  var ledger: [LedgerEntry] {
    rows(\.ledger) {
      switch source {
      case .nothing: []
      case .records(let records): records.ledger
      case .ended(let tables): tables.ledger
      }
    }
  }

  private func rows<Row: Sendable>(
    _ table: WritableKeyPath<Made, [Row]?>, _ make: () -> [Row]
  ) -> [Row] {
    made.withLock { made in
      if let rows = made[keyPath: table] { return rows }
      let rows = make()
      made[keyPath: table] = rows
      return rows
    }
  }
}

/// What a run wrote down, as far as tables are made from it.
struct RunRecords: Sendable {
  var log: RunLog
  /// Round trips that were open at the end.
  var openTrades: [BookedTrade]
  var feed: Feed
  /// The currency of the account.
  var currency: String
  /// When the run ended.
  var end: Timestamp
  var plan: ExecutionPlan

  var trades: [RoundTrip] { BookedTrade.roundTrips(log.trades + openTrades, on: feed) }
  var orderEvents: [OrderEvent] { log.events(delay: plan.latency(of:), end: end) }
  var ledger: [LedgerEntry] { log.ledger(of: feed.universe, currency: currency) }
}

extension RoundTrip {
  /// The round trip, ended at its mark where it is open.
  fileprivate var endedAtMark: RoundTrip {
    guard isOpen else { return self }
    var trip = self
    (trip.isOpen, trip.isMarked) = (false, true)
    return trip
  }
}

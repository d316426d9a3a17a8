import BacktestCore
import BacktestFiles

/// The seats of one policy in a universe.
struct PolicyPanel: Sendable {
  var seats: ContiguousArray<PolicySeat>
  var refusals = RefusalLog()
  /// Whether the first decision is near or past.
  private(set) var hasBegun = false

  init(_ seats: ContiguousArray<PolicySeat>) { self.seats = seats }

  /// Bars before the first observation of each seat is complete.
  var warmup: Int { seats.reduce(0) { max($0, $1.builder.warmup - 1) } }

  /// Brings policies to the start of an episode.
  mutating func start(followsStatements: Bool) {
    for seat in seats.indices {
      seats[seat].policy.reset()
      seats[seat].followsStatements = followsStatements
    }
  }

  /// Takes over what the account holds before the first decision.
  mutating func begin(_ trading: TradingContext) {
    hasBegun = true
    for seat in seats.indices { seats[seat].begin(trading) }
  }
}

/// Counts refusals, and writes down the first.
struct RefusalLog: Sendable {
  /// How many there were.
  private(set) var count = 0
  private static let noted = 20

  mutating func note(
    _ refusal: PolicyRefusal, by seat: PolicySeat, _ trading: inout TradingContext
  ) {
    count += 1
    let isLast = seat.hasStopped && seat.options.onRefusal != .stop
    trading.countRefusal(
      of: seat.name, refusal.reason,
      effect: seat.options.onRefusal.effect + (isLast ? ", and it was asked no more" : ""))
    guard count <= Self.noted else { return }
    let rule = seat.hasStopped ? "it is asked no more" : "\(seat.options.onRefusal.rawValue)"
    trading.note(
      "\(seat.name) did not decide on \(listed(seat.symbols, "and")): \(refusal.reason) (\(rule))"
        + (count == Self.noted ? "; further refusals are counted only" : ""))
  }
}

extension PolicyOptions.RefusalRule {
  /// What became of positions, in words.
  fileprivate var effect: String {
    switch self {
    case .flat: "positions were closed"
    case .hold: "positions were kept"
    case .stop: "positions were closed for good"
    }
  }
}

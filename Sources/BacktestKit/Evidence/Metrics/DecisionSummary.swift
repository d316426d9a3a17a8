package import BacktestCore

/// What a policy decided about one instrument: how often each way, and how often it changed its
/// mind.
///
///     for summary in DecisionSummary.all(of: result) { print(summary.total.longShare) }
package struct DecisionSummary: Sendable {
  /// The instrument.
  package let instrument: InstrumentID
  /// Whether units to trade were decided, rather than shares of equity to hold.
  package let isOfUnits: Bool
  /// All decisions.
  package private(set) var total = Tally()
  /// Those of each year, by the session date, ascending.
  package private(set) var years: [(year: Int, tally: Tally)] = []
  /// How often each action was taken, ascending; empty where actions are not choices.
  package private(set) var actions: [(action: Int, count: Int)] = []
  /// How many decisions wanted something else than the one before, or traded, where units were
  /// decided.
  package private(set) var changeCount = 0

  /// Decisions by their direction.
  package struct Tally: Sendable, Equatable {
    /// Those that wanted a long position, or bought.
    package var long = 0
    /// Those that wanted none, or traded nothing.
    package var flat = 0
    /// Those that wanted a short position, or sold.
    package var short = 0
    /// All of them.
    package var count: Int { long + flat + short }

    fileprivate mutating func add(_ wanted: Double) {
      if wanted > 0 { long += 1 } else if wanted < 0 { short += 1 } else { flat += 1 }
    }
  }

  /// The most different actions that are counted one by one.
  private static let actionLimit = 64

  /// A summary for each instrument about which something was decided, in universe order.
  package static func all(of result: BacktestResult) -> [DecisionSummary] {
    var decisions = [[DecisionRecord]](repeating: [], count: result.universe.count)
    for decision in result.decisions { decisions[Int(decision.instrument.index)].append(decision) }
    return decisions.indices.filter { !decisions[$0].isEmpty }.map { index in
      DecisionSummary(InstrumentID(index), decisions[index], in: result.universe)
    }
  }

  private init(_ instrument: InstrumentID, _ decisions: [DecisionRecord], in universe: Universe) {
    self.instrument = instrument
    isOfUnits = decisions[0].units != nil
    let calendar = universe[instrument].calendar
    var counts: [Int: Int] = [:]
    var before: Double?
    for decision in decisions {
      let wanted = decision.targetWeight ?? decision.units ?? 0
      total.add(wanted)
      let date = calendar?.sessionDate(of: decision.time) ?? decision.time.utcDate
      if years.last?.year != Int(date.year) { years.append((Int(date.year), Tally())) }
      years[years.count - 1].tally.add(wanted)
      if isOfUnits ? wanted != 0 : before.map({ $0 != wanted }) ?? false { changeCount += 1 }
      before = wanted
      if let action = decision.action.flatMap(Int.init(exactly:)) {
        counts[action, default: 0] += 1
      }
    }
    let chosen = decisions.allSatisfy { $0.action.flatMap(Int.init(exactly:)) != nil }
    guard chosen, counts.count <= Self.actionLimit else { return }
    actions = counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

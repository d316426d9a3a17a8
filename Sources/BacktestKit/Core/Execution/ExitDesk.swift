/// The exits of a run: what the rules say, and how far each position has come under them.
struct ExitDesk: Sendable {
  let rules: ExitRules
  /// The limits that take profits, in order.
  let targets: [PartialExit]
  /// What no such limit closes, as a share of a position.
  private let untargeted: Double
  private let needsRange: Bool
  /// By instrument.
  var positions: [HeldPosition]
  /// By instrument, the shares that the limits still have to close.
  private var shares: [Double]
  private var ranges: [RunningRange]

  /// A position under the rules.
  struct HeldPosition: Sendable {
    /// 1 for long, -1 for short, 0 where nothing is held.
    var side = 0.0
    /// Units held, signed.
    var quantity = 0.0
    /// The average true range when it was opened, in units of the day.
    var range = Double.nan
    /// What a distance in money is divided by for the splits since.
    var units = 1.0
    /// Whether its stop has moved to the average entry price.
    var isAtBreakEven = false
    /// The row inside which it was opened or added to, or -1: its high and low may lie before.
    var insideRow = -1
    /// The row at whose close it was opened, or -1: that bar is not held.
    var closeRow = -1
    var barsHeld = 0
    var sessionsHeld = 0
    var lastSession: CivilDate?
    /// On which side an exit has traded since the strategy last decided; 0 for none.
    var exitedSide = 0.0
    /// The target from which an exit has traded away; none where all targets are traded.
    var spent = PositionTarget(.none, 0)
    /// The number of the last target that the decision under way states for it.
    var lastRequest = -1
    /// Whether no target but 0 is traded any more.
    var isOver = false
    /// Whether it has been held for as long as it may, at the close under way.
    var isOverdue = false
  }

  init(_ rules: ExitRules, instrumentCount: Int) {
    self.rules = rules
    targets = rules.profitTargets
    let rest = 1 - targets.reduce(0) { $0 + $1.share }
    untargeted = rest > 1e-12 ? rest : 0
    needsRange = rules.needsRange
    positions = Array(repeating: HeldPosition(), count: instrumentCount)
    shares = Array(repeating: 0, count: instrumentCount * targets.count)
    ranges = Array(repeating: RunningRange(rules.rangeBars), count: instrumentCount)
  }

  /// Begins a position.
  mutating func begin(_ change: PositionChange, side: Double, _ series: SeriesColumns) {
    let instrument = change.instrument
    let before = positions[instrument]
    positions[instrument] = HeldPosition()
    positions[instrument].side = side
    positions[instrument].exitedSide = before.exitedSide
    positions[instrument].spent = before.spent
    positions[instrument].isOver = before.isOver
    guard side != 0 else { return }
    if change.isAtClose { positions[instrument].closeRow = change.knownRow }
    for place in targets.indices {
      shares[instrument * targets.count + place] = targets[place].share
    }
    guard needsRange else { return }
    ranges[instrument].advance(to: change.knownRow, of: instrument, series)
    positions[instrument].range =
      ranges[instrument].average / series.scale(of: max(0, change.knownRow))
  }

  /// A distance in price units.
  func span(_ distance: ExitDistance, of instrument: Int, from price: Double) -> Double {
    switch distance {
    case .percent(let percent): price * (percent / 100)
    case .amount(let amount): amount / positions[instrument].units
    case .averageTrueRanges(let multiple): multiple * positions[instrument].range
    }
  }

  /// A distance as that of a trailing stop.
  func trail(_ distance: ExitDistance, of instrument: Int) -> Order.Trail {
    if case .percent(let percent) = distance { return .percent(percent) }
    return .amount(span(distance, of: instrument, from: 0))
  }

  /// A limit has closed units of a position.
  mutating func take(
    _ units: Double, of instrument: Int, target place: Int, completesOrder: Bool, left: Double
  ) {
    let first = instrument * targets.count
    let total = shares[first..<(first + targets.count)].reduce(untargeted, +)
    let share = shares[first + place]
    let taken = units + left > 0 ? units / (units + left) * total : share
    shares[first + place] = completesOrder ? 0 : max(0, share - taken)
  }

  /// How many units of so many held, unsigned, a limit closes: its share of what the others leave.
  ///
  /// Sums are rounded to lots and not the parts, so that the parts are all of it together.
  func units(
    ofTarget place: Int, of instrument: Int, held: Double, _ series: SeriesColumns
  ) -> Double {
    let first = instrument * targets.count
    let total = shares[first..<(first + targets.count)].reduce(untargeted, +)
    guard total > 0, shares[first + place] > 0 else { return 0 }
    let before = shares[first..<(first + place)].reduce(0, +)
    func part(_ sum: Double) -> Double {
      sum >= total * (1 - 1e-12) ? held : series.roundedDownToLot(held * (sum / total))
    }
    return part(before + shares[first + place]) - part(before)
  }

  /// Each unit of an instrument has become so many.
  mutating func split(_ instrument: Int, by ratio: Double) {
    positions[instrument].range /= ratio
    positions[instrument].units *= ratio
    positions[instrument].quantity *= ratio
    if positions[instrument].spent.measure == .quantity {
      positions[instrument].spent.value *= ratio
    }
  }
}

/// What has happened to a position.
struct PositionChange {
  var instrument: Int
  /// The price at which it happened.
  var reference: Double
  /// The last row that was closed by then.
  var knownRow: Int
  /// The time from which exits count.
  var time: Timestamp
  /// Whether it happened inside a bar.
  var isInside = false
  /// Whether it happened at the close of a bar.
  var isAtClose = false
  /// The order that filled, and what is known of it; `nil` where no order did.
  var cause: Cause?

  /// An order that filled.
  struct Cause {
    var order: Order
    var fill: Fill
    /// Which limit of several it was.
    var place: Int
    /// What the slippage model knew when it became live.
    var returnDeviation: Double
    var meanVolume: Double
    var spread: Double
  }
}

/// Wilder's average of the true range, which is followed only as far as somebody asks.
///
/// Until there are enough bars it is the mean of the true ranges so far; with one bar, its range.
private struct RunningRange: Sendable {
  private let period: Double
  private var range = TrueRange()
  private var nextRow = 0
  private var count = 0.0
  /// In units of the series' first bar.
  private(set) var average = 0.0

  init(_ period: Int) { self.period = Double(period) }

  /// Takes the bars up to a row.
  mutating func advance(to row: Int, of instrument: Int, _ series: SeriesColumns) {
    while nextRow <= row {
      let bar = series.bar(instrument, nextRow).continuous
      nextRow += 1
      if let range = range.update(bar) {
        if count == 0 { average = 0 }
        count = min(count + 1, period)
        average += (range - average) / count
      } else if count == 0 {
        average = bar.high - bar.low
      }
    }
  }
}

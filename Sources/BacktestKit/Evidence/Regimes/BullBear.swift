public import BacktestCore

/// Bull and bear markets by the rule of 20 %, on closes.
///
/// A bear market begins at the last high before a fall of at least the threshold, a bull market at
/// the last low before such a rise; of equal extremes the first counts. In hindsight a phase runs
/// from turn to turn, and the bar of the turn still belongs to the phase that it ends. At the time
/// a phase is known only from the first close that meets the threshold, its confirmation.
///
/// The first phase is settled by whichever threshold is met first from the extremes since the first
/// bar. Without any turn no bar has a label.
///
///     let turns = try BullBear().turns(closes: closes, times: times)
///     for turn in turns { print(turn.kind, turn.time, turn.move ?? .nan) }
public struct BullBear: RegimeClassifier {
  /// The least fall or rise, as a fraction of the extreme before it.
  public let threshold: Double

  /// The rule with a threshold between 0 and 1, neither included.
  public init(threshold: Double = 0.2) {
    precondition(threshold > 0 && threshold < 1, "a threshold lies between 0 and 1")
    self.threshold = threshold
  }

  /// `bull/bear 20 %`.
  public var name: String {
    let percent = (threshold * 1e6).rounded() / 1e4
    let text = percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
    return "bull/bear \(text) %"
  }

  /// `bear`, `bull`.
  public var labelNames: [String] { ["bear", "bull"] }

  /// A high or low from which the market turned by at least the threshold.
  public struct Turn: Sendable, Equatable {
    /// Whether it was a high or a low.
    public enum Kind: String, Sendable {
      /// The high before a bear market.
      case peak
      /// The low before a bull market.
      case trough
    }

    /// Whether it was a high or a low.
    public var kind: Kind
    /// The bar of the extreme, counted from 0.
    public var row: Int
    /// When that bar closed.
    public var time: Timestamp
    /// Its close.
    public var close: Double
    /// The first bar whose close met the threshold: from here on the turn was known.
    public var confirmedRow: Int
    /// When that bar closed.
    public var confirmedTime: Timestamp
    /// The return from this turn to the next; `nil` for the last one.
    public var move: Double?
    /// Bars from this turn to the next; `nil` for the last one.
    public var barsToNext: Int?
  }

  /// The turns of a series, in order; peaks and troughs alternate.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive, or times that are not as many.
  public func turns(closes: [Double], times: [Timestamp]) throws(EvidenceError) -> [Turn] {
    guard closes.count == times.count else {
      throw .unequalLengths(closes: closes.count, times: times.count)
    }
    let found = try phases(closes).turns
    return found.indices.map { i in
      let turn = found[i]
      let next = i + 1 < found.count ? found[i + 1].row : nil
      return Turn(
        kind: turn.phaseAfter == .bear ? .peak : .trough, row: turn.row, time: times[turn.row],
        close: closes[turn.row], confirmedRow: turn.confirmedRow,
        confirmedTime: times[turn.confirmedRow],
        move: next.map { closes[$0] / closes[turn.row] - 1 }, barsToNext: next.map { $0 - turn.row }
      )
    }
  }

  /// Labels each bar; times are not needed and may be empty.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func labels(
    closes: [Double], times: [Timestamp] = []
  ) throws(EvidenceError) -> RegimeLabels {
    let (turns, causal) = try phases(closes)
    var descriptive = [Int?](repeating: nil, count: closes.count)
    for (i, turn) in turns.enumerated() {
      // Nothing comes before the first bar, so a turn there ends no phase.
      let begins = turn.row == 0 ? 0 : turn.row + 1
      let ends = i + 1 < turns.count ? turns[i + 1].row + 1 : closes.count
      for row in begins..<ends { descriptive[row] = turn.phaseAfter.rawValue }
    }
    if let first = turns.first, first.row > 0 {
      for row in 0...first.row { descriptive[row] = first.phaseAfter.opposite.rawValue }
    }
    return RegimeLabels(
      names: labelNames, descriptive: descriptive, causal: causal.map { $0?.rawValue })
  }

  private func phases(
    _ closes: [Double]
  ) throws(EvidenceError) -> (turns: [MarketPhaseTurn], known: [MarketPhase?]) {
    try EvidenceError.check(closes: closes)
    var tracker = MarketPhaseTracker(threshold: threshold)
    var turns: [MarketPhaseTurn] = []
    var known: [MarketPhase?] = []
    known.reserveCapacity(closes.count)
    for close in closes {
      if let turn = tracker.update(close) { turns.append(turn) }
      known.append(tracker.phase)
    }
    return (turns, known)
  }
}

/// The two directions of a market; raw values are labels.
private enum MarketPhase: Int {
  case bear = 0
  case bull = 1

  var opposite: MarketPhase { self == .bear ? .bull : .bear }
}

/// A confirmed extreme.
private struct MarketPhaseTurn {
  var row: Int
  var confirmedRow: Int
  var phaseAfter: MarketPhase
}

/// The state of the rule after some closes: the phase, once known, and the extremes that may become
/// turns.
private struct MarketPhaseTracker {
  private let least: Double
  private(set) var phase: MarketPhase?
  private var row = -1
  private var high = (row: 0, close: -Double.infinity)
  private var low = (row: 0, close: Double.infinity)

  /// From 100 to 80 is a fall of 20 %, though 80 / 100 - 1 comes out a little above -0.2; hence the
  /// allowance for rounding.
  init(threshold: Double) { least = threshold - 1e-12 }

  /// Takes the next close and gives the turn that it confirms.
  mutating func update(_ close: Double) -> MarketPhaseTurn? {
    row += 1
    if close > high.close { high = (row, close) }
    if close < low.close { low = (row, close) }
    if phase != .bear, close / high.close - 1 <= -least {
      phase = .bear
      low = (row, close)
      return MarketPhaseTurn(row: high.row, confirmedRow: row, phaseAfter: .bear)
    }
    if phase != .bull, close / low.close - 1 >= least {
      phase = .bull
      high = (row, close)
      return MarketPhaseTurn(row: low.row, confirmedRow: row, phaseAfter: .bull)
    }
    return nil
  }
}

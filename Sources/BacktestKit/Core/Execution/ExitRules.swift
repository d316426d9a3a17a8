/// Exits that the run attaches to every position, however the strategy opened it.
///
///     configuration.exits.stopLoss = .percent(5)
///     configuration.exits.takeProfit = .averageTrueRanges(4)
///     configuration.exits.timeExit = .bars(20)
///
/// An exit is a reduce-only order that rests in the market from the fill of the entry on, and that
/// the strategy neither sees nor changes. Its price is a distance from the average entry price of
/// the position. It follows the position: one that grows moves the exits to its new average and its
/// new size, one that shrinks makes them smaller, one that is reversed gets exits for its new side,
/// and one that is closed ends them.
public struct ExitRules: Hashable, Sendable {
  /// How far the price may go against a position before a stop closes it.
  public var stopLoss: ExitDistance?
  /// How far the price has to go in favour of a position before a limit closes what `scaleOut`
  /// leaves of it.
  public var takeProfit: ExitDistance?
  /// How far a stop stays behind the best price since the position was opened.
  public var trailingStop: ExitDistance?
  /// The gain at which a stop moves to the average entry price, seen at the closes of bars.
  public var breakEven: ExitDistance?
  /// After which time a market order closes a position.
  public var timeExit: HoldingLimit?
  /// Limits that close parts of a position, in order.
  public var scaleOut: [PartialExit] = []
  /// The bars of Wilder's average of the true range.
  public var rangeBars = 14
  /// When a target is traded again from which an exit has traded away.
  public var reentry = ReentryRule.newTarget

  /// Rules without exits.
  public init() {}

  /// Whether there is any exit.
  package var isActive: Bool {
    stopLoss != nil || takeProfit != nil || trailingStop != nil || breakEven != nil
      || timeExit != nil || !scaleOut.isEmpty
  }

  /// Whether any distance is in average true ranges.
  package var needsRange: Bool { distances.contains { $0.1?.needsRange ?? false } }

  /// Whether a position has to be looked at from close to close.
  var watchesCloses: Bool { breakEven != nil || timeExit != nil }

  /// The limits that take profits, nearest parts first, the rest of the position last.
  var profitTargets: [PartialExit] {
    let rest = 1 - scaleOut.reduce(0) { $0 + $1.share }
    guard let takeProfit, rest > 1e-12 else { return scaleOut }
    return scaleOut + [PartialExit(at: takeProfit, share: rest)]
  }

  /// All distances, by name.
  private var distances: [(String, ExitDistance?)] {
    [
      ("a stop-loss", stopLoss), ("a take-profit", takeProfit), ("a trailing stop", trailingStop),
      ("break-even", breakEven),
    ] + scaleOut.enumerated().map { ("partial exit \($0 + 1)", $1.distance) }
  }

  /// What is wrong with the values themselves; `nil` when nothing is.
  package var problem: String? {
    for (name, distance) in distances {
      if let distance, !distance.isSound {
        return "the distance of \(name) must be above 0 and finite, not \(distance.text)"
      }
    }
    for (name, distance) in [("a stop-loss", stopLoss), ("a trailing stop", trailingStop)] {
      if case .percent(let percent) = distance, percent >= 100 {
        return "the distance of \(name) must be below 100 %, not \(NumberText.exact(percent)) %"
      }
    }
    if let part = scaleOut.first(where: { !($0.share > 0 && $0.share <= 1) }) {
      return "the share of a partial exit must be above 0 and at most 1, not \(part.share)"
    }
    let sum = scaleOut.reduce(0) { $0 + $1.share }
    if sum > 1 + 1e-12 {
      return "the shares of partial exits sum to \(NumberText.exact(sum)), which is above 1"
    }
    if takeProfit != nil, sum > 1 - 1e-12 {
      return
        "a take-profit closes what partial exits leave, but their shares sum to 1; leave one of "
        + "the two out"
    }
    if scaleOut.count > 100 { return "there are \(scaleOut.count) partial exits; 100 are allowed" }
    if let timeExit, timeExit.count < 1 {
      return "a time exit comes after 1 or more, not \(timeExit.count)"
    }
    if rangeBars < 1 { return "an average true range is over 1 bar or more, not \(rangeBars)" }
    return nil
  }
}

/// How far an exit lies from a price.
public enum ExitDistance: Hashable, Sendable {
  /// A percentage of the price: `.percent(5)` is 5 %.
  case percent(Double)
  /// So much money per unit. A split while the position is held divides it.
  case amount(Double)
  /// A multiple of the average true range of the bars that were closed when the position was
  /// opened; it stays the same until the position is closed.
  case averageTrueRanges(Double)

  /// The number.
  var number: Double {
    switch self {
    case .percent(let number), .amount(let number), .averageTrueRanges(let number): number
    }
  }

  /// Whether it needs the average true range.
  var needsRange: Bool { if case .averageTrueRanges = self { true } else { false } }

  var isSound: Bool { number > 0 && number.isFinite }

  /// As a study gives it: `5%`, `2.5` or `3 atr`.
  package var text: String {
    switch self {
    case .percent(let percent): NumberText.exact(percent) + "%"
    case .amount(let amount): NumberText.exact(amount)
    case .averageTrueRanges(let multiple): NumberText.exact(multiple) + " atr"
    }
  }

  /// As a sentence has it.
  var phrase: String {
    switch self {
    case .percent(let percent): NumberText.exact(percent) + " %"
    case .amount(let amount): NumberText.exact(amount) + " in price units"
    case .averageTrueRanges(let multiple):
      NumberText.exact(multiple) + " x the average true range"
    }
  }

  /// A distance as a study gives it; `nil` where it is none.
  package init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    guard let number = Double(digits) else { return nil }
    switch unit {
    case "%": self = .percent(number)
    case "": self = .amount(number)
    case "atr": self = .averageTrueRanges(number)
    default: return nil
    }
    if !isSound { return nil }
  }
}

/// How long a position may be held.
public enum HoldingLimit: Hashable, Sendable {
  /// So many closed bars, that of the entry included unless it was entered at its close.
  case bars(Int)
  /// So many sessions of its calendar that have ended, that of the entry included.
  case sessions(Int)

  var count: Int {
    switch self {
    case .bars(let count), .sessions(let count): count
    }
  }

  /// As a study gives it: `20 bars` or `5 sessions`.
  package var text: String {
    switch self {
    case .bars(let count): NumberText.count(count, "bar")
    case .sessions(let count): NumberText.count(count, "session")
    }
  }

  /// A limit as a study gives it; `nil` where it is none.
  package init?(_ text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000).contains(count) else {
      return nil
    }
    switch parts[1] {
    case "bar", "bars": self = .bars(count)
    case "session", "sessions": self = .sessions(count)
    default: return nil
    }
  }
}

/// A limit that closes a part of a position.
public struct PartialExit: Hashable, Sendable {
  /// How far it lies from the average entry price.
  public var distance: ExitDistance
  /// The share of the position that it closes, above 0 and at most 1.
  public var share: Double

  /// A limit at a distance for a share of the position.
  public init(at distance: ExitDistance, share: Double) {
    self.distance = distance
    self.share = share
  }
}

/// When a target is traded again from which an exit has traded away.
///
/// It holds for targets, which state what a position shall be. Orders are always carried out.
public enum ReentryRule: String, Hashable, Sendable, CaseIterable {
  /// Once the strategy states a different target.
  case newTarget = "new-target"
  /// Once the strategy has stated 0, or a target of the other side.
  case newDirection = "new-direction"
  /// At the next close, without a word of the strategy.
  case atOnce = "at-once"
  /// Never: no target but 0 is traded in the instrument any more.
  case never
}

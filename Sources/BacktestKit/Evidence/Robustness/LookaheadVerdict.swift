public import BacktestCore

/// What a look-ahead analysis found.
///
///     let verdict = try LookaheadProof(definition, parameters, on: universe).run()
///     if let leak = verdict.violations.first { print(leak) }
public struct LookaheadVerdict: Sendable {
  /// What was examined, such as the name of the strategy.
  public let subject: String
  /// The cuts, in order of time.
  public let cuts: [Cut]
  /// The seed that chose the cuts and shuffled the bars after them.
  public let seed: UInt64
  /// Whether the strategy asked for the same at the same times where all bars after the first cut
  /// were others, so that it decides by something else than bars: the date, or what it reads from
  /// elsewhere.
  public let ignoresBars: Bool

  /// One cut: what was known at its instant should not depend on what came afterwards.
  public struct Cut: Sendable {
    /// The close of the last bar that is known.
    public let time: Timestamp
    /// The number of moments up to the cut that were compared, of both changes together.
    public let momentCount: Int
    /// What differed, one entry for each change of the bars after the cut that made a difference.
    public let violations: [LookaheadViolation]
  }

  init(subject: String, cuts: [Cut], seed: UInt64, ignoresBars: Bool = false) {
    self.subject = subject
    self.cuts = cuts
    self.seed = seed
    self.ignoresBars = ignoresBars
  }

  /// What it means that a strategy ignores bars.
  package static let ignoredBars =
    "what it asks for stays the same when all later bars are replaced, so it decides by something "
    + "else than bars, which this analysis cannot see"

  /// Whether something that was known at a cut depends on what came afterwards.
  public var hasLookahead: Bool { cuts.contains { !$0.violations.isEmpty } }

  /// Everything that differed, in order of the cuts.
  public var violations: [LookaheadViolation] { cuts.flatMap(\.violations) }

  /// The difference that says most: the first of those that are farthest from their cuts.
  public var clearest: LookaheadViolation? {
    violations.max { ($0.reach, $1.cut) < ($1.reach, $0.cut) }
  }

  /// What a look-ahead analysis cannot see, one sentence each.
  public static let limits = [
    "Only the bars are changed: what a strategy reads from elsewhere, such as files or its own "
      + "program, stays the same.",
    "Prices that were adjusted or corrected after the fact hold later knowledge in every bar.",
    "A list of instruments that was drawn up in hindsight stays as it is.",
    "A policy's weights and the numbers in its manifest are not trained again.",
    "A leak that changes nothing at the chosen cuts is not seen; more cuts see more.",
  ]
}

/// Something known at a cut that depends on what came afterwards.
public struct LookaheadViolation: Hashable, Sendable {
  /// The close of the last bar that was known.
  public let cut: Timestamp
  /// What was done to the bars after the cut.
  public let change: LookaheadChange
  /// When the first difference showed; `nil` where it showed before the first bar.
  public let time: Timestamp?
  /// How many instants at which bars close lie between the first difference and the cut.
  public let reach: Int
  /// What differs.
  public internal(set) var kind: Kind
  /// The symbol of the instrument concerned; `nil` where no single one is.
  public let symbol: String?
  /// What there is with all bars.
  public let withAllBars: String
  /// What there is with the changed bars.
  public let withChangedBars: String
  /// What such a difference usually comes from.
  public let explanation: String

  /// What can differ.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Whether the strategy can be made, or how many bars it warms up for.
    case construction
    /// When the strategy is asked.
    case schedule
    /// A trade that was reported to the strategy.
    case fill
    /// What the account is worth.
    case account
    /// A number that a policy observes.
    case observation
    /// A forecast.
    case forecast
    /// What a policy wants.
    case decision
    /// A remark.
    case note
    /// An order.
    case order
    /// A stated target.
    case target
    /// A withdrawn order.
    case cancellation
    /// A timer.
    case timer
    /// A value of a feature or a regime.
    case value
  }
}

extension LookaheadViolation: CustomStringConvertible {
  /// One line: the cut, the moment, and both values.
  public var description: String {
    let place = symbol.map { " of \($0)" } ?? ""
    let moment = time.map { "at \($0)" } ?? "before the first bar"
    return "cut \(cut), bars after it \(change.rawValue): \(moment) the \(kind.rawValue)\(place) "
      + "is \(withAllBars) with all bars, and \(withChangedBars) without knowing what came later"
  }
}

/// Why a look-ahead analysis could not be made.
public enum LookaheadError: Error, Hashable, CustomStringConvertible {
  /// The strategy cannot run on the universe.
  case strategy(StrategyError)
  /// A value of the configuration cannot be.
  case configuration(ConfigurationError)
  /// No bars are left to cut after the warm-up.
  case tooFewBars(available: Int, warmup: Int)
  /// Two runs over the same bars differ, so that a difference proves nothing.
  case notReproducible(time: Timestamp?, first: String, second: String)
  /// The feature cannot be computed.
  case feature(String)

  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .strategy(let error): "\(error)"
    case .configuration(let error): "\(error)"
    case .tooFewBars(let available, let warmup):
      "a look-ahead analysis needs a bar before and after each cut, but there are "
        + "\(NumberText.count(available, "bar")) and the warm-up takes "
        + "\(NumberText.grouped(warmup)); give more bars or a shorter warm-up"
    case .notReproducible(let time, let first, let second):
      "two runs over the same bars differ \(time.map { "at \($0)" } ?? "before the first bar")"
        // Where one of them went on to other bars, both asked for the same so far.
        + (first == second ? "" : ": \(first) and \(second)")
        + "; seed the strategy's randomness, and let nothing outlive a run"
    case .feature(let reason): reason
    }
  }
}

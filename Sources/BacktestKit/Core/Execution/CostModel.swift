/// A model of what trading costs.
///
/// A model of your own goes by its type's name in reports and result files. It says more where it
/// describes itself:
///
///     struct OpenSpread: SlippageModel {
///       var points = 5.0
///       func fraction(for trade: ProspectiveTrade) -> Double { points / 10_000 }
///       func description(in currency: String) -> CostDescription {
///         CostDescription(
///           model: "open-spread", values: ["points": points],
///           sentence: "\(points) basis points of the price.")
///       }
///     }
public protocol CostModel: Sendable {
  /// What reports and result files say of the model.
  ///
  /// - Parameter currency: the currency of the account, ISO 4217, for models that charge money.
  func description(in currency: String) -> CostDescription
}

extension CostModel {
  /// The type's name, without values.
  public func description(in currency: String) -> CostDescription {
    CostDescription(model: "\(Self.self)", sentence: "\(Self.self), a model defined in code.")
  }
}

/// What a cost model says of itself.
public struct CostDescription: Hashable, Sendable {
  /// The name of the model; for one that studies can name, its key there: `basis-points`.
  public var model: String
  /// Its numbers by name, in order; the names are those of a study's keys where it has them.
  public var values: [Value]
  /// What it charges, as one sentence of a report.
  public var sentence: String
  /// What it takes of the traded value as a fraction, where that is all it does.
  public var share: Double?

  /// A number of a model.
  public struct Value: Hashable, Sendable {
    /// What the number is called.
    public var name: String
    /// The number.
    public var number: Double
  }

  /// A description from its parts.
  public init(
    model: String, values: KeyValuePairs<String, Double> = [:], sentence: String,
    share: Double? = nil
  ) {
    self.model = model
    self.values = values.map { Value(name: $0.key, number: $0.value) }
    self.sentence = sentence
    self.share = share
  }
}

/// A cost model as studies name it: by a key of the table `slippage` or `commission`.
package struct CostModelDefinition<Model> {
  /// A number of the model.
  package struct Key {
    /// The key.
    package var name: String
    /// What it means, as one sentence for documents.
    package var help: String
    /// A value for documents.
    package var example: String
    /// The value where it is not given; `nil` for the key that chooses the model.
    package var fallback: Double?
  }

  /// The key that chooses the model, which is also the model's name, and those that go with it. All
  /// their numbers are 0 or more.
  package var keys: [Key]
  /// The model of these numbers, in the order of the keys.
  package var make: ([Double]) -> Model

  init(
    _ name: String, _ help: String, example: String, _ others: [Key] = [],
    make: @escaping ([Double]) -> Model
  ) {
    keys = [Key(name: name, help: help, example: example)] + others
    self.make = make
  }
}

/// The rules of a run as the hot path reads them: plain values behind one reference, so that none
/// of the models is copied, and the usual models of costs as the numbers that they are.
final class ExecutionPlan: Sendable {
  let marketFill: ExecutionRules.MarketFill
  let limitFill: ExecutionRules.LimitFill
  let improvesOnGaps: Bool
  let intrabarPath: ExecutionRules.IntrabarPath
  /// Whether trailing stops move with the prices inside a bar.
  let trailsIntrabar: Bool
  let participation: Double?
  let latency: TimeSpan
  /// The most that a random delay adds to the latency, and its seed.
  let latencyJitter: TimeSpan
  private let latencySeed: UInt64
  /// Whether orders need no time to become live.
  let isAtOnce: Bool
  let staleAfter: TimeSpan?
  let sizing: ExecutionRules.TargetSizing
  let shortfall: ExecutionRules.ShortfallRule
  /// Whether anybody asks what has been traded in a bar before.
  let countsVolume: Bool
  /// Whether the slippage model asks for what is known when an order becomes live.
  let needsHistory: Bool
  /// The models, and the one number that each of the usual ones comes to; NaN for the others.
  private let slippage: any SlippageModel
  private let slippageFraction: Double
  private let commission: any CommissionModel
  private let commissionShare: Double

  init(_ rules: ExecutionRules) {
    marketFill = rules.marketFill
    limitFill = rules.limitFill
    improvesOnGaps = rules.improvesOnGaps
    intrabarPath = rules.intrabarPath
    trailsIntrabar = rules.trail == .intrabar
    participation = rules.participation
    latency = rules.latency
    latencyJitter = rules.latencyJitter
    latencySeed = rules.latencySeed
    isAtOnce = rules.latency == .zero && rules.latencyJitter == .zero
    staleAfter = rules.staleAfter
    sizing = rules.sizing
    shortfall = rules.shortfall
    needsHistory = rules.slippage.needsHistory
    slippage = rules.slippage
    commission = rules.commission
    slippageFraction =
      switch rules.slippage {
      case is NoSlippage: 0
      case let fixed as BasisPointSlippage: fixed.basisPoints * 1e-4
      default: .nan
      }
    countsVolume = rules.participation != nil || slippageFraction.isNaN
    let share = rules.commission as? BasisPointCommission
    commissionShare = share.map { $0.basisPoints * 1e-4 } ?? .nan
  }

  /// The time from an order's submission until it is live. A random delay is drawn by the order's
  /// number, so that no order shifts the delay of another.
  @inline(__always)
  func latency(of order: OrderID) -> TimeSpan {
    latencyJitter == .zero ? latency : randomLatency(of: order)
  }

  @inline(never)
  private func randomLatency(of order: OrderID) -> TimeSpan {
    var random = Randomness(seed: latencySeed, stream: "latency")
    random.skip(Int(order.number))
    let delay = random.nextInteger(below: Int(latencyJitter.nanoseconds) + 1)
    return TimeSpan(nanoseconds: latency.nanoseconds + Int64(delay))
  }

  /// The fraction of the reference price by which a trade is worse than it.
  @inline(__always)
  func slippage(for trade: @autoclosure () -> ProspectiveTrade) -> Double {
    slippageFraction.isNaN ? slippage.fraction(for: trade()) : slippageFraction
  }

  /// The commission on all that an order has traded so far.
  @inline(__always)
  func commission(on progress: OrderProgress) -> Double {
    commissionShare.isNaN
      ? commission.total(for: progress) : progress.notional * commissionShare
  }
}

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

  /// A number of a model, or several that belong together.
  public struct Value: Hashable, Sendable {
    /// What it is called.
    public var name: String
    /// The numbers: one, or those of a list.
    public var numbers: [Double]
    /// Whether it is a list.
    public var isList: Bool

    /// A number by its name.
    public init(name: String, number: Double) {
      (self.name, numbers, isList) = (name, [number], false)
    }

    /// A list by its name.
    public init(name: String, numbers: [Double]) {
      (self.name, self.numbers, isList) = (name, numbers, true)
    }

    /// As a study gives it: `0.005`, `[0.0035, 0.002]`.
    package var text: String {
      let text = numbers.map { NumberText.plain($0) }.joined(separator: ", ")
      return isList ? "[\(text)]" : text
    }
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

/// The numbers of a cost model in the order of its keys.
package struct CostNumbers: Sendable {
  private let values: [[Double]]

  /// Numbers in the order of the keys; an empty list for one that is not given.
  package init(_ values: [[Double]]) { self.values = values }

  /// The number of a key.
  subscript(key: Int) -> Double { values[key].first ?? .nan }

  /// The numbers of a key that is a list.
  func list(_ key: Int) -> [Double] { values[key] }
}

/// A cost model as studies name it: by a key of the table `slippage`, `commission` or `taxes`.
package struct CostModelDefinition<Model> {
  /// A number of the model.
  package struct Key {
    /// The key.
    package var name: String
    /// What it means, as one sentence for documents.
    package var help: String
    /// A value for documents.
    package var example: String
    /// The value where it is not given; `nil` where it has to be, or there is none.
    package var fallback: Double?
    /// The numbers that it accepts.
    package var bounds = NumberBounds.notNegative
    /// Whether it is a list of numbers.
    package var isList = false
    /// Whether it has to be given where it has no fallback.
    package var isRequired = true
  }

  /// The key that chooses the model, which is also the model's name, and those that go with it.
  package var keys: [Key]
  /// What is wrong with numbers that each key accepts by itself; `nil` where nothing is.
  package var problem: (CostNumbers) -> String?
  /// The model of these numbers.
  package var make: (CostNumbers) -> Model

  init(
    _ name: String, _ help: String, example: String, _ others: [Key] = [], isList: Bool = false,
    bounds: NumberBounds = .notNegative,
    problem: @escaping (CostNumbers) -> String? = { _ in nil },
    make: @escaping (CostNumbers) -> Model
  ) {
    keys =
      [Key(name: name, help: help, example: example, bounds: bounds, isList: isList)] + others
    self.problem = problem
    self.make = make
  }
}

/// What a trade of so many units costs.
struct TradeCost: BitwiseCopyable {
  /// The price, slippage included.
  var price: Double
  /// The price of a unit in account currency.
  var unitPrice: Double
  /// What the order has traded with it.
  var progress: OrderTally
  /// The commission of the order with it, and what it adds.
  var totalCommission: Double
  var commission: Double
  /// Stamp duty or sell tax.
  var tax: Double
  /// What converting the money to account currency costs.
  var conversion: Double
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
  /// Whether a slippage model asks for what is known when an order becomes live.
  let needsHistory: Bool
  /// Whether a commission model asks what an order made, or what was traded in the month.
  let followsFees: Bool
  /// The number that slippage and commission each come to where they are the same share of every
  /// trade and nothing is taxed; NaN otherwise.
  private let slippageFraction: Double
  private let commissionShare: Double
  /// The quoted spreads of each instrument, where a model asks for them.
  private let quotedSpreads: [ReferenceSeries?]
  /// The models of each instrument.
  private let costs: ContiguousArray<TradingCostModels>

  init(_ rules: ExecutionRules, on universe: Universe) {
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
    costs = ContiguousArray(universe.series.map { rules.costModels(for: $0) })
    needsHistory = costs.contains { $0.slippage.needsHistory || $0.slippage.spreadSource != nil }
    quotedSpreads =
      costs.contains { $0.slippage.spreadSource == .quotes }
      ? universe.series.map { universe.quotedSpread(of: $0.instrument) } : []
    followsFees = costs.contains { $0.commission.dependsOnHistory }
    let isUniform = rules.instrumentCosts.isEmpty
    slippageFraction = isUniform ? rules.slippage.constantFraction : .nan
    commissionShare =
      isUniform && rules.taxes.isEmpty ? rules.commission.constantShare : .nan
    countsVolume = rules.participation != nil || slippageFraction.isNaN
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
  func slippage(for trade: @autoclosure () -> ProspectiveTrade, of instrument: Int) -> Double {
    slippageFraction.isNaN
      ? costs[instrument].slippage.fraction(for: trade()) : slippageFraction
  }

  /// The commission on so much money, where it is the same share of every trade and nothing is
  /// taxed; `nil` otherwise.
  @inline(__always)
  func uniformCommission(on notional: Double) -> Double? {
    if commissionShare.isNaN { return nil }
    return commissionShare == 0 ? 0 : notional * commissionShare
  }

  /// What trading an instrument costs.
  @inline(__always)
  func costs(of instrument: Int) -> TradingCostModels { costs[instrument] }

  /// The slippage model of an instrument.
  func slippage(of instrument: InstrumentID) -> any SlippageModel {
    costs[Int(instrument.index)].slippage
  }

  /// The spread of an instrument that was quoted last at an instant; `nil` before the first.
  func quotedSpread(of instrument: Int, at time: Timestamp) -> Double? {
    guard let quotes = quotedSpreads[instrument] else { return nil }
    let known = quotes.knownCount(at: time)
    return known == 0 ? nil : quotes.values[known - 1]
  }

  /// Bars of an instrument in a session.
  func barsPerSession(of instrument: Int) -> Double { costs[instrument].barsPerSession }
}

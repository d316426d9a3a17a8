/// What kind of account trades.
public struct AccountRules: Hashable, Sendable {
  /// The capital at the start, in account currency.
  public var initialCash: Double
  /// The currency of the account, ISO 4217.
  public var currency: String
  /// What happens to money in other currencies, where instruments are in them; `nil` converts each
  /// fill without cost.
  public var foreignExchange: ForeignExchangeRules?
  /// How much exposure equity carries.
  public var funding: Funding
  /// What borrowing costs and idle cash earns; `nil` charges and pays nothing.
  public var financing: FinancingRules?

  /// How much exposure equity carries.
  public enum Funding: Hashable, Sendable {
    /// What is bought is paid in full, and short positions cannot be opened.
    case cash
    /// Long and short up to equity times the leverage.
    case margin(leverage: Double)
    /// Long and short as far as equity covers what positions ask for, by rates; equity below
    /// maintenance is a margin call.
    case requirements(MarginRules)

    /// Exposure over equity at the most; where instruments have rates, that of the lower rate for
    /// instruments for which nothing else is said.
    public var leverage: Double {
      switch self {
      case .cash: 1
      case .margin(let leverage): leverage
      case .requirements(let margin):
        1 / min(margin.rates.initialLong, margin.rates.initialShort)
      }
    }

    /// The margin rules, where there are some.
    public var margin: MarginRules? {
      if case .requirements(let margin) = self { margin } else { nil }
    }
  }

  /// An account; by default one million dollars of cash.
  public init(
    initialCash: Double = 1_000_000, currency: String = "USD", funding: Funding = .cash,
    financing: FinancingRules? = nil
  ) {
    self.initialCash = initialCash
    self.currency = currency
    self.funding = funding
    self.financing = financing
  }
}

/// What turns decisions into equity.
///
///     configuration.accounting = .weights(fee: 0.0005, initialWeights: .equal)
public enum AccountingRule: Hashable, Sendable {
  /// An account with cash and positions: decisions become orders, orders become fills.
  case orders
  /// An account that is a vector of weights, as the environments have it in which policies are
  /// trained.
  ///
  /// From the close of one instant to the next, equity is multiplied by
  /// `1 + sum(w x (close / close before - 1)) - fee x sum(|w - w before|)`, where `w` are the
  /// weights last stated and `w before` those stated before them, not what they have drifted to.
  /// There are no orders, fills or lots, and no limit on the weights. Decisions trade at the very
  /// close on which they were made.
  ///
  /// - Parameters:
  ///   - fee: money for each unit of money by which weights change, as a fraction; at least 0.
  ///   - initialWeights: what the first statement changes. They are held from the first decision on
  ///     where it states nothing else.
  case weights(fee: Double, initialWeights: InitialWeights = .zero)

  /// The weights before the first decision, as shares of equity.
  public enum InitialWeights: Hashable, Sendable, ExpressibleByArrayLiteral {
    /// Nothing is held.
    case zero
    /// Of `n` instruments each has 1 / n.
    case equal
    /// One weight for each instrument, in universe order.
    case each([Double])

    /// One weight for each instrument, in universe order.
    public init(arrayLiteral weights: Double...) { self = .each(weights) }

    /// A weight for each of so many instruments.
    func values(count: Int) -> [Double] {
      switch self {
      case .zero: Array(repeating: 0, count: count)
      case .equal: Array(repeating: 1 / Double(count), count: count)
      case .each(let weights): weights
      }
    }
  }

  /// Whether decisions become orders, with fills, costs and lots.
  package var placesOrders: Bool { self == .orders }
}

/// One instrument in an account of weights.
@usableFromInline
package struct HeldWeight: BitwiseCopyable, Hashable, Sendable {
  /// The share of equity that was last stated.
  @usableFromInline var stated: Double
  /// The stated share for whose change the fee was charged last.
  @usableFromInline var charged: Double
  /// What the share has become with the prices since.
  @usableFromInline package var drifted: Double
  /// The return of the price over the step under way.
  @usableFromInline var priceReturn = 0.0

  init(_ weight: Double) {
    stated = weight
    charged = weight
    drifted = weight
  }

  /// States a share from now on.
  @inlinable @inline(__always)
  mutating func state(_ weight: Double) {
    stated = weight
    drifted = weight
  }

  /// What it earns of equity over the step under way.
  @inlinable @inline(__always)
  var profit: Double { stated * priceReturn }

  /// The change of the stated share that is charged.
  @inlinable @inline(__always)
  var change: Double { abs(stated - charged) }

  /// Ends the step, in which equity was multiplied by `growth`.
  @inlinable @inline(__always)
  mutating func drift(_ growth: Double) {
    charged = stated
    drifted = growth > 0 ? stated * (1 + priceReturn) / growth : 0
  }
}

/// What an account of weights holds: shares of equity that earn from one close to the next.
///
/// From a close to the next, equity is multiplied by `1 + sum(w x return) - fee x sum(|change of
/// w|)`, as in the environments in which policies are trained.
@usableFromInline
package struct WeightVector: Hashable, Sendable {
  /// Money for each unit of money by which weights change, as a fraction.
  let fee: Double
  private var weights: ContiguousArray<HeldWeight>
  /// The sum of the absolute weights that earn.
  private(set) var exposure = 0.0
  /// The instant of the first decision, at whose close the weights begin to earn.
  private var firstInstant = 0

  package init(fee: Double, initialWeights: [Double]) {
    self.fee = fee
    weights = ContiguousArray(initialWeights.map(HeldWeight.init))
  }

  /// What one step does to equity, each part as a share of it.
  @usableFromInline
  package struct Step {
    /// What the weights earned.
    @usableFromInline let profit: Double
    /// The sum of the absolute changes of weights that are charged.
    @usableFromInline let change: Double
    /// The factor by which equity grows.
    @usableFromInline package let growth: Double

    @inlinable @inline(__always)
    init(profit: Double, change: Double, fee: Double) {
      (self.profit, self.change) = (profit, change)
      growth = 1 + profit - fee * change
    }
  }

  package subscript(instrument: Int) -> HeldWeight { weights[instrument] }

  /// Whether no weight is stated.
  var isFlat: Bool { weights.allSatisfy { $0.stated == 0 } }

  /// The weights earn from the close of an instant on.
  mutating func begin(at instant: Int) { firstInstant = instant }

  /// States the weight of an instrument from now on.
  package mutating func state(_ instrument: Int, weight: Double) {
    weights[instrument].state(weight)
  }

  /// Takes the stated weights into exposure: they earn from now on.
  mutating func expose() { exposure = weights.withUnsafeBufferPointer(Self.exposure(of:)) }

  /// The sum of absolute weights that were stated.
  @inline(__always)
  static func exposure(of weights: UnsafeBufferPointer<HeldWeight>) -> Double {
    var sum = 0.0
    for index in 0..<weights.count { sum += abs(weights[index].stated) }
    return sum
  }

  /// Takes the stated weights into exposure, unless the first decision is still to come: a timer
  /// may go off before it.
  mutating func expose(at instant: Int) {
    if instant >= firstInstant { expose() }
  }

  /// Goes from one close to the next; `nil` where the weights do not earn yet.
  mutating func step(_ columns: UnsafePointer<SeriesColumns>, at instant: Int) -> Step? {
    if instant == firstInstant { expose() }
    guard instant > firstInstant else { return nil }
    let fee = fee
    return weights.withUnsafeMutableBufferPointer {
      Self.step($0, columns, at: instant, fee: fee)
    }
  }

  /// Goes from one close to the next, at the closes of an instant.
  @inline(__always)
  static func step(
    _ weights: UnsafeMutableBufferPointer<HeldWeight>, _ columns: UnsafePointer<SeriesColumns>,
    at instant: Int, fee: Double
  ) -> Step {
    for index in 0..<weights.count {
      let row = columns[index].row(at: instant)
      // Without a bar there is no return; the next one spans the gap.
      weights[index].priceReturn = row > 0 ? columns[index].closeReturn(row) : 0
    }
    return step(weights, fee: fee)
  }

  /// The same on one grid, whose rows are the instants, after its first.
  @inline(__always)
  static func step(
    _ weights: UnsafeMutableBufferPointer<HeldWeight>, _ columns: UnsafePointer<SeriesColumns>,
    atRow row: Int, fee: Double
  ) -> Step {
    for index in 0..<weights.count { weights[index].priceReturn = columns[index].closeReturn(row) }
    return step(weights, fee: fee)
  }

  /// Goes from one close to the next, with a price return of each instrument.
  package mutating func step(_ priceReturns: ContiguousArray<Double>) -> Step {
    let fee = fee
    return weights.withUnsafeMutableBufferPointer { weights in
      for index in weights.indices { weights[index].priceReturn = priceReturns[index] }
      return Self.step(weights, fee: fee)
    }
  }

  @inline(__always)
  private static func step(
    _ weights: UnsafeMutableBufferPointer<HeldWeight>, fee: Double
  ) -> Step {
    var (profit, change) = (0.0, 0.0)
    for index in 0..<weights.count {
      profit += weights[index].profit
      change += weights[index].change
    }
    let step = Step(profit: profit, change: change, fee: fee)
    for index in 0..<weights.count { weights[index].drift(step.growth) }
    return step
  }

  /// Gives up all weights; returns the sum of the absolute changes.
  mutating func liquidate() -> Double {
    let change = weights.reduce(0) { $0 + abs($1.stated) }
    for index in weights.indices { weights[index] = HeldWeight(0) }
    exposure = 0
    return change
  }
}

extension WeightVector {
  /// Copies the weights to where they change for a while.
  func lend(to memory: UnsafeMutablePointer<HeldWeight>) {
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      memory.update(from: start, count: weights.count)
    }
  }

  /// Takes weights back that were lent.
  mutating func takeBack(_ lent: UnsafeBufferPointer<HeldWeight>) {
    weights.replaceSubrange(weights.indices, with: lent)
    expose()
  }
}

extension SeriesColumns {
  /// The simple return from the close of the row before.
  @inlinable @inline(__always)
  func closeReturn(_ row: Int) -> Double {
    let before = close[row - 1]
    precondition(before > 0, "weights accounting needs closes above zero")
    return close[row] / before - 1
  }
}

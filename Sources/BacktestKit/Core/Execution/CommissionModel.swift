/// What an order has traded so far, the fill at hand included.
public struct OrderProgress: Sendable, BitwiseCopyable {
  /// Units filled, positive.
  public var quantity: Double
  /// Money traded: the sum of price x units x multiplier, positive.
  public var notional: Double
  /// The number of fills.
  public var fillCount: Int
  /// Whether the order buys.
  public var isBuy = true
  /// The units that rested in the book and did not cross the spread: those of limit orders that
  /// filled inside a bar. 0 unless the model depends on history.
  public var makerQuantity = 0.0
  /// The money traded with these units; 0 unless the model depends on history.
  public var makerNotional = 0.0
  /// Units that the account traded before the order's first fill in its calendar month, UTC, under
  /// the same model; 0 unless the model depends on history.
  public var monthQuantity = 0.0
  /// The money traded with these units; 0 unless the model depends on history.
  public var monthNotional = 0.0

  /// Progress from its parts.
  public init(quantity: Double, notional: Double, fillCount: Int) {
    self.quantity = quantity
    self.notional = notional
    self.fillCount = fillCount
  }
}

/// What the broker charges.
///
/// A model states the commission of an order as a whole, and each fill is charged what has been
/// added since the fill before, so that a minimum per order is paid once however many fills it
/// takes.
public protocol CommissionModel: CostModel {
  /// The commission in account currency on all that an order has traded so far; never decreasing
  /// in what was traded.
  func total(for order: OrderProgress) -> Double
  /// Whether the model reads what an order made or what was traded in the month, which runs keep
  /// only where it does.
  var dependsOnHistory: Bool { get }
}

extension CommissionModel {
  /// `false` unless the model says otherwise.
  public var dependsOnHistory: Bool { false }

  /// The share of every trade that the model comes to; NaN where it is no such share.
  var constantShare: Double {
    switch self {
    case is NoCommission: 0
    case let share as BasisPointCommission: share.basisPoints * 1e-4
    default: .nan
    }
  }
}

/// No commission.
package struct NoCommission: CommissionModel, Hashable {
  /// The model.
  package init() {}
  /// Always 0.
  package func total(for order: OrderProgress) -> Double { 0 }
  /// `none`.
  package func description(in currency: String) -> CostDescription {
    CostDescription(model: "none", sentence: "None.", share: 0)
  }
}

/// A share of the money traded, slippage included.
public struct BasisPointCommission: CommissionModel, Hashable {
  /// Hundredths of a percent.
  public var basisPoints: Double
  /// A model of so many basis points.
  public init(basisPoints: Double) { self.basisPoints = basisPoints }
  /// `notional x basisPoints / 10,000`.
  public func total(for order: OrderProgress) -> Double { order.notional * (basisPoints * 1e-4) }
  /// `basis-points`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "basis-points", values: ["basis-points": basisPoints],
      sentence:
        "\(NumberText.basisPoints(basisPoints)) of the traded value, slippage included.",
      share: basisPoints / 1e4)
  }
}

/// A price per unit with a minimum per order and a maximum share of its value.
public struct PerShareCommission: CommissionModel, Hashable {
  /// Money per unit.
  public var perShare: Double
  /// The least that an order costs, unless the maximum is less.
  public var minimumPerOrder: Double
  /// The most that an order costs, in percent of the money traded.
  public var maximumPercent: Double
  /// A model of a price per unit, a minimum per order and a maximum in percent of its value.
  public init(
    perShare: Double, minimumPerOrder: Double = 0, maximumPercent: Double = .infinity
  ) {
    self.perShare = perShare
    self.minimumPerOrder = minimumPerOrder
    self.maximumPercent = maximumPercent
  }
  /// The larger of `quantity x perShare` and the minimum, as far as the maximum goes.
  public func total(for order: OrderProgress) -> Double {
    bounded(
      order.quantity * perShare, order, minimum: minimumPerOrder, maximumPercent: maximumPercent)
  }
  /// `per-share`.
  public func description(in currency: String) -> CostDescription {
    var description = CostDescription(
      model: "per-share", values: ["per-share": perShare, "minimum-per-order": minimumPerOrder],
      sentence: "\(NumberText.exact(perShare)) \(currency) per unit"
        + boundsText(currency, minimum: minimumPerOrder, maximumPercent: maximumPercent) + ".")
    if maximumPercent < .infinity {
      description.values.append(.init(name: "maximum-percent", number: maximumPercent))
    }
    return description
  }
}

/// The commission of an order within its bounds. Where the maximum is below the minimum, the
/// maximum holds.
private func bounded(
  _ commission: Double, _ order: OrderProgress, minimum: Double, maximumPercent: Double
) -> Double {
  let least = max(commission, minimum)
  return maximumPercent < .infinity ? min(least, order.notional * maximumPercent / 100) : least
}

private func boundsText(_ currency: String, minimum: Double, maximumPercent: Double) -> String {
  (minimum > 0 ? ", at least \(NumberText.exact(minimum)) \(currency) per order" : "")
    + (maximumPercent < .infinity
      ? ", at most \(NumberText.exact(maximumPercent)) % of the traded value" : "")
}

/// A price per contract, the broker's and the exchange's.
public struct PerContractCommission: CommissionModel, Hashable {
  /// Money per contract for the broker.
  public var perContract: Double
  /// Money per contract for the exchange, its clearing and the regulator.
  public var exchangeFee: Double
  /// A model of two prices per contract.
  public init(perContract: Double, exchangeFee: Double = 0) {
    self.perContract = perContract
    self.exchangeFee = exchangeFee
  }
  /// `quantity x (perContract + exchangeFee)`.
  public func total(for order: OrderProgress) -> Double {
    order.quantity * (perContract + exchangeFee)
  }
  /// `per-contract`.
  public func description(in currency: String) -> CostDescription {
    let exchange =
      exchangeFee > 0
      ? " and \(NumberText.exact(exchangeFee)) \(currency) of exchange fees" : ""
    return CostDescription(
      model: "per-contract", values: ["per-contract": perContract, "exchange-fee": exchangeFee],
      sentence: "\(NumberText.exact(perContract)) \(currency)\(exchange) per contract.")
  }
}

/// One share of the money traded for what rested in the book, and another for what crossed the
/// spread.
///
/// A limit order that fills inside a bar rested. Market orders, triggered stops, and everything
/// that fills at an open or a close crossed the spread: a bar does not tell, so the higher rate is
/// assumed.
public struct MakerTakerCommission: CommissionModel, Hashable {
  /// Hundredths of a percent of what rested; negative for a rebate.
  public var makerBasisPoints: Double
  /// Hundredths of a percent of what crossed the spread.
  public var takerBasisPoints: Double
  /// A model of two shares.
  public init(makerBasisPoints: Double, takerBasisPoints: Double) {
    self.makerBasisPoints = makerBasisPoints
    self.takerBasisPoints = takerBasisPoints
  }
  /// Each part of the notional at its rate.
  public func total(for order: OrderProgress) -> Double {
    order.makerNotional * (makerBasisPoints * 1e-4)
      + (order.notional - order.makerNotional) * (takerBasisPoints * 1e-4)
  }
  /// `true`.
  public var dependsOnHistory: Bool { true }
  /// `taker`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "taker", values: ["taker": takerBasisPoints, "maker": makerBasisPoints],
      sentence:
        "\(NumberText.basisPoints(makerBasisPoints)) of the value of limit orders that fill "
        + "inside a bar, \(NumberText.basisPoints(takerBasisPoints)) of all other trades.")
  }
}

/// Rates that fall with what the account has traded in the month.
///
/// Each unit pays the rate of the tier that the month's volume has reached with it. Months are
/// those of UTC; an order belongs to the month and the volume of its first fill. A run begins with
/// no volume.
public struct TieredCommission: CommissionModel, Hashable {
  /// What the rates are of, and what the volume of a month is counted in.
  public var measure: Measure
  /// The rate of each tier.
  public var rates: [Double]
  /// The volume at which each tier begins, ascending, the first 0.
  public var beginnings: [Double]
  /// The rates of what rested in the book, as in `MakerTakerCommission`; `nil` where they are the
  /// same.
  public var makerRates: [Double]?
  /// The least that an order costs, unless the maximum is less.
  public var minimumPerOrder: Double
  /// The most that an order costs, in percent of the money traded.
  public var maximumPercent: Double

  /// What rates are of.
  public enum Measure: Hashable, Sendable {
    /// Money per unit; volume in units.
    case perShare
    /// Hundredths of a percent of the money traded; volume in money.
    case basisPoints
  }

  /// A model of rates by volume.
  ///
  /// - Precondition: there is one beginning for each rate, from 0 on and ascending.
  public init(
    _ measure: Measure, rates: [Double], from beginnings: [Double], makerRates: [Double]? = nil,
    minimumPerOrder: Double = 0, maximumPercent: Double = .infinity
  ) {
    precondition(
      Self.areTiers(rates, from: beginnings) && makerRates.map { $0.count == rates.count } ?? true,
      "one beginning for each rate, from 0 on and ascending")
    self.measure = measure
    self.rates = rates
    self.beginnings = beginnings
    self.makerRates = makerRates
    self.minimumPerOrder = minimumPerOrder
    self.maximumPercent = maximumPercent
  }

  /// Whether lists make tiers.
  package static func areTiers(_ rates: [Double], from beginnings: [Double]) -> Bool {
    rates.count == beginnings.count && beginnings.first == 0
      && zip(beginnings, beginnings.dropFirst()).allSatisfy { $0 < $1 }
  }

  /// The rates over the tiers through which the order leads, within the bounds.
  public func total(for order: OrderProgress) -> Double {
    let isMoney = measure == .basisPoints
    let before = isMoney ? order.monthNotional : order.monthQuantity
    let traded = isMoney ? order.notional : order.quantity
    var charge = sum(rates, from: before, traded)
    if let makerRates, traded > 0 {
      let share = (isMoney ? order.makerNotional : order.makerQuantity) / traded
      charge = charge * (1 - share) + sum(makerRates, from: before, traded) * share
    }
    return bounded(
      isMoney ? charge * 1e-4 : charge, order, minimum: minimumPerOrder,
      maximumPercent: maximumPercent)
  }

  /// What so much volume costs after so much.
  private func sum(_ rates: [Double], from before: Double, _ volume: Double) -> Double {
    var sum = 0.0
    for tier in rates.indices {
      let end = tier + 1 < beginnings.count ? beginnings[tier + 1] : .infinity
      let inside = min(end, before + volume) - max(beginnings[tier], before)
      if inside > 0 { sum += rates[tier] * min(inside, volume) }
    }
    return sum
  }

  /// `true`.
  public var dependsOnHistory: Bool { true }

  /// `per-share-tiers` or `basis-point-tiers`.
  public func description(in currency: String) -> CostDescription {
    let isMoney = measure == .basisPoints
    let unit = isMoney ? "basis points of the traded value" : "\(currency) per unit"
    func list(_ rates: [Double]) -> String {
      rates.map { NumberText.exact($0) }.joined(separator: ", ")
    }
    let maker =
      makerRates.map { " (\(list($0)) for limit orders that fill inside a bar)" } ?? ""
    var description = CostDescription(
      model: isMoney ? "basis-point-tiers" : "per-share-tiers", values: [:],
      sentence: "\(list(rates)) \(unit)\(maker) from a volume of \(list(beginnings)) "
        + "\(isMoney ? currency : "units") in a month"
        + boundsText(currency, minimum: minimumPerOrder, maximumPercent: maximumPercent) + ".")
    description.values.append(.init(name: description.model, numbers: rates))
    description.values.append(.init(name: "tiers-from", numbers: beginnings))
    if let makerRates {
      description.values.append(.init(name: "maker-tiers", numbers: makerRates))
    }
    if minimumPerOrder > 0 {
      description.values.append(.init(name: "minimum-per-order", number: minimumPerOrder))
    }
    if maximumPercent < .infinity {
      description.values.append(.init(name: "maximum-percent", number: maximumPercent))
    }
    return description
  }
}

/// The same price for every order that trades at all.
public struct PerOrderCommission: CommissionModel, Hashable {
  /// Money per order.
  public var amount: Double
  /// A model of a price per order.
  public init(amount: Double) { self.amount = amount }
  /// The amount.
  public func total(for order: OrderProgress) -> Double { amount }
  /// `per-order`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "per-order", values: ["per-order": amount],
      sentence: "\(NumberText.exact(amount)) \(currency) per order.")
  }
}

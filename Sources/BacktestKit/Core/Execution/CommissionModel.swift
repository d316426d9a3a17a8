/// What an order has traded so far, the fill at hand included.
public struct OrderProgress: Sendable, BitwiseCopyable {
  /// Units filled, positive.
  public var quantity: Double
  /// Money traded: the sum of price x units x multiplier, positive.
  public var notional: Double
  /// The number of fills.
  public var fillCount: Int

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

/// A price per unit with a minimum per order.
public struct PerShareCommission: CommissionModel, Hashable {
  /// Money per unit.
  public var perShare: Double
  /// The least that an order costs.
  public var minimumPerOrder: Double
  /// A model of a price per unit and a minimum per order.
  public init(perShare: Double, minimumPerOrder: Double = 0) {
    self.perShare = perShare
    self.minimumPerOrder = minimumPerOrder
  }
  /// The larger of `quantity x perShare` and the minimum.
  public func total(for order: OrderProgress) -> Double {
    max(order.quantity * perShare, minimumPerOrder)
  }
  /// `per-share`.
  public func description(in currency: String) -> CostDescription {
    let least =
      minimumPerOrder > 0
      ? ", at least \(NumberText.exact(minimumPerOrder)) \(currency) per order" : ""
    return CostDescription(
      model: "per-share",
      values: ["per-share": perShare, "minimum-per-order": minimumPerOrder],
      sentence: "\(NumberText.exact(perShare)) \(currency) per unit\(least).")
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

extension CostModelDefinition<any CommissionModel> {
  /// The models that studies can name under `commission`.
  package static var commission: [CostModelDefinition] {
    [
      CostModelDefinition("basis-points", "Basis points of the traded value.", example: "1") {
        BasisPointCommission(basisPoints: $0[0])
      },
      CostModelDefinition(
        "per-share", "Money per unit, in account currency.", example: "0.005",
        [
          Key(
            name: "minimum-per-order", help: "The least that an order costs, with `per-share`.",
            example: "1", fallback: 0)
        ]
      ) { PerShareCommission(perShare: $0[0], minimumPerOrder: $0[1]) },
      CostModelDefinition("per-order", "Money per order, in account currency.", example: "5") {
        PerOrderCommission(amount: $0[0])
      },
    ]
  }
}

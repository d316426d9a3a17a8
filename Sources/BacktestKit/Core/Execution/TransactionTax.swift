/// A tax or levy on trades that the state or a regulator charges beside the broker's commission.
///
/// A model states the tax on an order as a whole, and each fill is charged what has been added
/// since the fill before, so that a maximum per order holds however many fills it takes. It says 0
/// for the side that it does not tax.
///
///     struct FinancialTransactionTax: TransactionTax {
///       func total(for order: OrderProgress) -> Double { order.notional * 0.0001 }
///     }
public protocol TransactionTax: CostModel {
  /// The tax in account currency on all that an order has traded so far; never decreasing in what
  /// was traded. Of the progress it may read quantity, notional and side.
  func total(for order: OrderProgress) -> Double
}

/// A share of the money paid for purchases, such as the stamp duty on shares in the United Kingdom.
public struct StampDuty: TransactionTax, Hashable {
  /// Hundredths of a percent.
  public var basisPoints: Double
  /// A duty of so many basis points.
  public init(basisPoints: Double) { self.basisPoints = basisPoints }
  /// `notional x basisPoints / 10,000` on purchases.
  public func total(for order: OrderProgress) -> Double {
    order.isBuy ? order.notional * (basisPoints * 1e-4) : 0
  }
  /// `stamp-duty`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "stamp-duty", values: ["stamp-duty": basisPoints],
      sentence: "\(NumberText.basisPoints(basisPoints)) of the value of purchases.")
  }
}

/// A share of the money received for sales, such as the Section 31 fee in the United States.
public struct SellTax: TransactionTax, Hashable {
  /// Hundredths of a percent.
  public var basisPoints: Double
  /// A tax of so many basis points.
  public init(basisPoints: Double) { self.basisPoints = basisPoints }
  /// `notional x basisPoints / 10,000` on sales.
  public func total(for order: OrderProgress) -> Double {
    order.isBuy ? 0 : order.notional * (basisPoints * 1e-4)
  }
  /// `sell-tax`.
  public func description(in currency: String) -> CostDescription {
    CostDescription(
      model: "sell-tax", values: ["sell-tax": basisPoints],
      sentence: "\(NumberText.basisPoints(basisPoints)) of the value of sales.")
  }
}

/// Money for each unit sold up to a maximum per order, such as FINRA's trading activity fee.
public struct PerShareSellTax: TransactionTax, Hashable {
  /// Money per unit.
  public var perShare: Double
  /// The most that an order costs.
  public var maximumPerOrder: Double
  /// A tax of so much money per unit.
  public init(perShare: Double, maximumPerOrder: Double = .infinity) {
    self.perShare = perShare
    self.maximumPerOrder = maximumPerOrder
  }
  /// The smaller of `quantity x perShare` and the maximum, on sales.
  public func total(for order: OrderProgress) -> Double {
    order.isBuy ? 0 : min(order.quantity * perShare, maximumPerOrder)
  }
  /// `sell-tax-per-share`.
  public func description(in currency: String) -> CostDescription {
    let isLimited = maximumPerOrder < .infinity
    let most =
      isLimited ? ", at most \(NumberText.exact(maximumPerOrder)) \(currency) per order" : ""
    var description = CostDescription(
      model: "sell-tax-per-share", values: ["sell-tax-per-share": perShare],
      sentence: "\(NumberText.exact(perShare)) \(currency) per unit sold\(most).")
    if isLimited {
      description.values.append(.init(name: "sell-tax-maximum", number: maximumPerOrder))
    }
    return description
  }
}

extension CostModelDefinition<any TransactionTax> {
  /// The taxes that studies can name under `taxes`.
  package static var taxes: [CostModelDefinition] {
    [
      CostModelDefinition(
        "stamp-duty", "Basis points of the value of purchases.", example: "50"
      ) { StampDuty(basisPoints: $0[0]) },
      CostModelDefinition("sell-tax", "Basis points of the value of sales.", example: "10") {
        SellTax(basisPoints: $0[0])
      },
      CostModelDefinition(
        "sell-tax-per-share", "Money per unit sold, in account currency.", example: "0.000166",
        [
          Key(
            name: "sell-tax-maximum", help: "The most that an order pays of `sell-tax-per-share`.",
            example: "8.3", fallback: .infinity)
        ]
      ) { PerShareSellTax(perShare: $0[0], maximumPerOrder: $0[1]) },
    ]
  }
}

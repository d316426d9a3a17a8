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

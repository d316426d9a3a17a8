/// The numbers that a key accepts.
package struct NumberBounds: Hashable, Sendable {
  private var lowest = -Double.infinity
  private var highest = Double.infinity
  private var includesLowest = true

  /// Every finite number.
  package static let any = NumberBounds()
  /// Numbers above 0.
  package static let positive = NumberBounds(lowest: 0, includesLowest: false)
  /// Numbers of 0 and above.
  package static let notNegative = atLeast(0)
  /// Numbers from 0 to 1.
  package static let fraction = within(0...1)
  /// Numbers above 0 and at most 1.
  package static let share = NumberBounds(lowest: 0, highest: 1, includesLowest: false)

  /// Numbers of `lowest` and above.
  package static func atLeast(_ lowest: Double) -> NumberBounds { NumberBounds(lowest: lowest) }

  /// Numbers of a range, its ends included.
  package static func within(_ range: ClosedRange<Double>) -> NumberBounds {
    NumberBounds(lowest: range.lowerBound, highest: range.upperBound)
  }

  private init(
    lowest: Double = -.infinity, highest: Double = .infinity, includesLowest: Bool = true
  ) {
    self.lowest = lowest
    self.highest = highest
    self.includesLowest = includesLowest
  }

  /// Whether a number is finite and inside.
  package func contains(_ value: Double) -> Bool {
    value.isFinite && value <= highest && (includesLowest ? value >= lowest : value > lowest)
  }

  /// The finite number inside that is nearest to 0 or, with an open end, 1.
  package var placeholder: Double {
    contains(0) ? 0 : contains(1) ? 1 : max(lowest, min(highest, 0))
  }

  /// What comes after `a number` in a message: ` from 0 to 1`.
  package var phrase: String {
    let (low, high) = (NumberText.plain(lowest), NumberText.plain(highest))
    return switch (lowest.isFinite, highest.isFinite) {
    case (false, false): ""
    case (true, false): includesLowest ? " of at least \(low)" : " above \(low)"
    case (false, true): " of at most \(high)"
    case (true, true): includesLowest ? " from \(low) to \(high)" : " above \(low), at most \(high)"
    }
  }
}

/// The numbers that a key accepts.
package struct DocumentBounds: Sendable {
  private var lowest = -Double.infinity
  private var highest = Double.infinity
  private var includesLowest = true

  /// Every finite number.
  package static let any = DocumentBounds()
  /// Numbers above 0.
  package static let positive = DocumentBounds(lowest: 0, includesLowest: false)
  /// Numbers of 0 and above.
  package static let notNegative = atLeast(0)
  /// Numbers from 0 to 1.
  package static let fraction = within(0...1)

  /// Numbers of `lowest` and above.
  package static func atLeast(_ lowest: Double) -> DocumentBounds { DocumentBounds(lowest: lowest) }

  /// Numbers of a range, its ends included.
  package static func within(_ range: ClosedRange<Double>) -> DocumentBounds {
    DocumentBounds(lowest: range.lowerBound, highest: range.upperBound)
  }

  /// Whether a number is finite and inside.
  package func contains(_ value: Double) -> Bool {
    value.isFinite && value <= highest && (includesLowest ? value >= lowest : value > lowest)
  }

  /// The finite number inside that is nearest to 0 or, with an open end, 1.
  var placeholder: Double { contains(0) ? 0 : contains(1) ? 1 : max(lowest, min(highest, 0)) }

  /// What comes after `a number` in a message: ` from 0 to 1`.
  package var phrase: String {
    switch (lowest.isFinite, highest.isFinite) {
    case (false, false): ""
    case (true, false): includesLowest ? " of at least \(short(lowest))" : " above \(short(lowest))"
    case (false, true): " of at most \(short(highest))"
    case (true, true): " from \(short(lowest)) to \(short(highest))"
    }
  }

  private func short(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

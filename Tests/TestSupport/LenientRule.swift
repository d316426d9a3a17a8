package import BacktestEvidence

extension GateRule.Check {
  /// A bound that every number of a quantity passes, but for one at the end of its range.
  package static func lenient(_ name: String, of part: GateRule.Part = .value) -> GateRule.Check {
    let quantity = GateQuantity.find(name)
    let range = quantity?.range ?? -.infinity...(.infinity)
    if quantity?.higherIsBetter == false, range.upperBound.isFinite {
      return .bound(name, of: part, maximum: range.upperBound.nextDown)
    }
    return .bound(name, of: part, minimum: range.lowerBound.nextUp)
  }
}

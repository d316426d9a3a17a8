/// A sum that carries the rounding error of each addition, so that its own error does not grow with
/// the number of terms.
///
/// > A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen",
/// > Z. Angew. Math. Mech. 54, 1974.
struct CompensatedSum {
  private var total = 0.0
  private var lost = 0.0

  /// The sum so far.
  var value: Double { total + lost }

  /// Adds a term.
  @inline(__always)
  mutating func add(_ term: Double) {
    let next = total + term
    // What the addition lost, exactly, whichever of the two is larger (Knuth, vol. 2, 4.2.2).
    let part = next - total
    lost += (total - (next - part)) + (term - part)
    total = next
  }
}

extension Sequence {
  /// The sum of one number per element, with compensated rounding errors.
  func compensatedSum(_ term: (Element) -> Double) -> Double {
    var sum = CompensatedSum()
    for element in self { sum.add(term(element)) }
    return sum.value
  }
}

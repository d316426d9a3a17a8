import BacktestCore

/// Where a run is cut.
struct LookaheadCuts {
  /// Instants of the feed, ascending.
  let instants: [Int]

  /// All instants where they are few; else one of each of so many equal parts of the run.
  ///
  /// In every second part it is an instant at which the strategy asked for something, where there
  /// is one: who knows the next bar trades just before it, and a strategy that trades seldom would
  /// hide such a leak from instants chosen blindly.
  ///
  /// - Parameters:
  ///   - candidates: the instants that can be cut at.
  ///   - asked: those at which the strategy asked for something, ascending.
  init(_ count: Int, among candidates: Range<Int>, asked: [Int], seed: UInt64) {
    guard candidates.count > count else {
      instants = Array(candidates)
      return
    }
    var random = Randomness(seed: seed, stream: "lookahead/cuts")
    var rest = asked[...]
    instants = (0..<count).map { part in
      let first = candidates.lowerBound + candidates.count * part / count
      let end = candidates.lowerBound + candidates.count * (part + 1) / count
      rest = rest.drop { $0 < first }
      let here = rest.prefix { $0 < end }
      guard part.isMultiple(of: 2), !here.isEmpty else {
        return first + random.nextInteger(below: end - first)
      }
      return here[here.startIndex + random.nextInteger(below: here.count)]
    }
  }
}

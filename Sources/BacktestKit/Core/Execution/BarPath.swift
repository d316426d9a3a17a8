/// The way that prices are assumed to take through a bar: from the open to one extreme, to the
/// other, and to the close. `pessimistic` is no real path: all stops come before all limits.
struct BarPath {
  let bar: Bar
  let isReal: Bool
  private let risesFirst: Bool
  /// Whether it is that of a finer bar: orders wait for its open, and fill there as they do where a
  /// bar opens.
  private let isFiner: Bool

  init(_ rule: ExecutionRules.IntrabarPath, through bar: Bar, isFiner: Bool = false) {
    self.bar = bar
    self.isFiner = isFiner
    isReal = rule != .pessimistic
    risesFirst =
      switch rule {
      case .pessimistic, .openLowHighClose: false
      case .openHighLowClose: true
      case .nearestExtremeFirst: bar.high - bar.open < bar.open - bar.low
      }
  }

  /// The place of an order that is met where the bar opens: before all others.
  func start(of candidate: MatchCandidate) -> PathPosition {
    guard isReal else {
      return PathPosition(leg: candidate.isAdverse || isFiner ? 0 : 1, progress: -1)
    }
    return start
  }

  /// The place of the open on a real path.
  var start: PathPosition { position(of: bar.open, on: 0) }

  /// Whether prices rise on a leg.
  func isRising(_ leg: Int) -> Bool { (leg == 1) != risesFirst }

  /// The price at which a leg ends.
  func end(of leg: Int) -> Double { leg == 2 ? bar.close : isRising(leg) ? bar.high : bar.low }

  /// Where a leg comes to a price.
  func position(of price: Double, on leg: Int) -> PathPosition {
    PathPosition(leg: leg, progress: isRising(leg) ? price : -price)
  }

  /// The price at a place of a real path.
  func price(at position: PathPosition) -> Double {
    isRising(position.leg) ? position.progress : -position.progress
  }

  /// Where the path first comes to an order that rests since the open and is reached at a price.
  func position(of candidate: MatchCandidate, reachedAt price: Double) -> PathPosition {
    guard isReal else {
      return PathPosition(
        leg: candidate.isAdverse ? 0 : 1, progress: abs(candidate.reference - bar.open))
    }
    return position(of: price, on: isRising(0) == candidate.isReachedRising ? 0 : 1)
  }
}

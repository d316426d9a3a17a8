public import BacktestCore

/// In which regime each bar lay, as known afterwards and as known at the time.
///
/// Both lists have one element a bar; a label is a position in `names`. Descriptive labels look
/// ahead: they describe the past and must never feed a decision.
public struct RegimeLabels: Sendable, Equatable {
  /// The regimes, such as `bear` and `bull`.
  public let names: [String]
  /// The regime of each bar in hindsight, from the whole series; `nil` where it cannot be told. The
  /// label of bar t covers the return from the close of bar t-1 to that of bar t.
  public let descriptive: [Int?]
  /// The regime that was known at the close of each bar, from that bar and earlier ones; `nil`
  /// until one is known. It may be used from the next bar on.
  public let causal: [Int?]

  /// Labels from lists of equal length whose elements are positions in `names`.
  public init(names: [String], descriptive: [Int?], causal: [Int?]) {
    precondition(descriptive.count == causal.count, "both kinds of labels have one a bar")
    let isKnown = { (label: Int?) in label.map(names.indices.contains) ?? true }
    precondition(
      descriptive.allSatisfy(isKnown) && causal.allSatisfy(isKnown), "a label without a name")
    self.names = names
    self.descriptive = descriptive
    self.causal = causal
  }

  /// The number of bars.
  public var count: Int { descriptive.count }

  /// The label under which a return that ended within bar `row` is counted: the bar's own in
  /// hindsight, or the one that was known at the close of the bar before it.
  public func label(ofReturnIn row: Int, _ knowledge: RegimeKnowledge) -> Int? {
    switch knowledge {
    case .descriptive: descriptive[row]
    case .causal: row > 0 ? causal[row - 1] : nil
    }
  }

  /// The share of bars with both labels on which hindsight and the knowledge of the time agree;
  /// `nil` when no bar has both.
  public var agreement: Double? {
    var both = 0
    var equal = 0
    for case (let then?, let now?) in zip(causal, descriptive) {
      both += 1
      equal += then == now ? 1 : 0
    }
    return both > 0 ? Double(equal) / Double(both) : nil
  }

  /// For each instant, the row of the labelled bar within which it lies: the first bar that closes
  /// at or after it. `nil` before the first close and after the last, where no bar can be told.
  ///
  /// This joins returns of one series, such as an equity curve of 15-minute points, to labels of
  /// another, such as daily bars of an index.
  ///
  /// - Parameters:
  ///   - times: instants in ascending order.
  ///   - closeTimes: when each labelled bar closed, ascending.
  public static func rows(of times: [Timestamp], among closeTimes: [Timestamp]) -> [Int?] {
    var row = 0
    return times.map { time in
      while row < closeTimes.count, closeTimes[row] < time { row += 1 }
      guard row < closeTimes.count, row > 0 || closeTimes[0] == time else { return nil }
      return row
    }
  }
}

/// Whether regimes are told in hindsight or as they were known at the time.
public enum RegimeKnowledge: String, Sendable, CaseIterable {
  /// In hindsight: the return of a bar belongs to the label of that bar.
  case descriptive
  /// At the time: the return of a bar belongs to the label known at the close of the bar before.
  case causal
}

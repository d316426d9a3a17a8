public import BacktestCore

/// Classifies the bars of a price series by market regime.
///
/// Every conformer keeps one promise: the causal label of a bar depends on that bar and earlier
/// ones only, so that labels of a series cut short equal those of the whole series, bit for bit.
///
///     let analysis = try RegimeAnalysis(result, series: spx, classifier: BullBear())
///     for part in analysis.causal { print(part.name, part.share, part.sharpe ?? .nan) }
public protocol RegimeClassifier: Sendable {
  /// What the classifier is called in tables: `bull/bear 20 %`.
  var name: String { get }
  /// The names of the labels, which are positions in this list.
  var labelNames: [String] { get }
  /// Labels each bar.
  ///
  /// - Parameters:
  ///   - closes: closing prices, finite and above zero.
  ///   - times: when each bar closed, ascending, as many as there are closes.
  /// - Throws: `EvidenceError` when the prices cannot be used.
  func labels(closes: [Double], times: [Timestamp]) throws(EvidenceError) -> RegimeLabels
}

extension RegimeClassifier {
  /// Labels each bar of a series by its closes.
  ///
  /// - Throws: `EvidenceError` when the prices cannot be used.
  public func labels(for bars: BarSeries) throws(EvidenceError) -> RegimeLabels {
    try labels(for: RegimeSeries(bars))
  }
}

extension EvidenceError {
  /// Throws unless every close is a positive number.
  static func check(closes: [Double]) throws(EvidenceError) {
    if let row = closes.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .unusableClose(row: row, value: closes[row])
    }
  }
}

/// The regime of each bar, in hindsight and as known at the time.
///
/// Both lists have one element a bar; a label is a position in `names`. Descriptive labels look
/// ahead: they describe the past and must never feed a decision.
public struct RegimeLabels: Sendable, Equatable {
  /// The regimes, such as `bear` and `bull`.
  public let names: [String]
  /// The regime of each bar in hindsight, from the whole series; `nil` where it is unknown. The
  /// label of bar t covers the return from the close of bar t-1 to that of bar t.
  public let descriptive: [Int?]
  /// The regime that was known at the close of each bar, from that bar and earlier ones; `nil`
  /// until one is known. It may be used from the next bar on.
  public let causal: [Int?]
  /// Whether labels were known at the time at all. Labels of hindsight alone have no causal ones,
  /// and no strategy or feature takes them: see `KnownRegimes`.
  public let isKnownAtTheTime: Bool

  /// Labels from lists of equal length whose elements are positions in `names`.
  public init(
    names: [String], descriptive: [Int?], causal: [Int?], isKnownAtTheTime: Bool = true
  ) {
    precondition(descriptive.count == causal.count, "both kinds of labels have one a bar")
    let isKnown = { (label: Int?) in label.map(names.indices.contains) ?? true }
    precondition(
      descriptive.allSatisfy(isKnown) && causal.allSatisfy(isKnown), "a label without a name")
    self.names = names
    self.descriptive = descriptive
    self.causal = causal
    self.isKnownAtTheTime = isKnownAtTheTime
  }

  /// Labels of hindsight, of which nothing was known at the time.
  public init(names: [String], hindsight: [Int?]) {
    self.init(
      names: names, descriptive: hindsight,
      causal: [Int?](repeating: nil, count: hindsight.count), isKnownAtTheTime: false)
  }

  /// The number of bars.
  public var count: Int { descriptive.count }

  /// The label under which a return that ended within bar `row` is counted: the bar's own in
  /// hindsight, or the one that was known at the close of the bar before it.
  package func label(ofReturnIn row: Int, _ knowledge: RegimeKnowledge) -> Int? {
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
  /// at or after it. `nil` before the first close and after the last.
  ///
  /// This joins returns of one series, such as an equity curve of 15-minute points, to labels of
  /// another, such as daily bars of an index.
  ///
  /// - Parameters:
  ///   - times: instants in ascending order.
  ///   - closeTimes: when each labelled bar closed, ascending.
  package static func rows(of times: [Timestamp], among closeTimes: [Timestamp]) -> [Int?] {
    var row = 0
    return times.map { time in
      while row < closeTimes.count, closeTimes[row] < time { row += 1 }
      guard row < closeTimes.count, row > 0 || closeTimes[0] == time else { return nil }
      return row
    }
  }
}

/// Whether regimes are seen in hindsight or as known at the time.
package enum RegimeKnowledge: String, Sendable, CaseIterable {
  /// In hindsight: the return of a bar belongs to the label of that bar.
  case descriptive
  /// At the time: the return of a bar belongs to the label known at the close of the bar before.
  case causal
}

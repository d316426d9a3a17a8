public import BacktestCore

/// Low, middle and high volatility by thirds of its distribution.
///
/// Volatility at a bar is the standard deviation (ddof 1) of the last `window` simple returns,
/// times the root of the bars in a year. Cuts are the quantiles 1/3 and 2/3 of type 7 (linear
/// between order statistics; R. Hyndman and Y. Fan, 1996); a value on a cut belongs below it. In
/// hindsight the cuts are those of the whole series; at the time they are those of the values up to
/// and including the bar, once there are `minimumHistory` of them.
///
///     let volatility = try VolatilityTerciles().analysis(of: bars)
///     print(volatility.cuts?.lower ?? .nan, volatility.labels.agreement ?? .nan)
public struct VolatilityTerciles: RegimeClassifier {
  /// How many returns a volatility is taken from; at least 2.
  public let window: Int
  /// How many volatilities must be known before a bar has a causal label; at least 1.
  public let minimumHistory: Int
  /// Bars in a year, by which volatility is annualised; `nil` takes it from the calendar of a bar
  /// series, and leaves volatility per bar where there is none. Labels do not depend on it.
  public let barsPerYear: Double?

  /// A classifier over a window of returns.
  public init(window: Int = 21, minimumHistory: Int = 252, barsPerYear: Double? = nil) {
    precondition(window >= 2 && minimumHistory >= 1 && (barsPerYear ?? 1) > 0)
    self.window = window
    self.minimumHistory = minimumHistory
    self.barsPerYear = barsPerYear
  }

  /// `volatility terciles 21`.
  public var name: String { "volatility terciles \(window)" }
  /// `low`, `middle`, `high`.
  public var labelNames: [String] { ["low", "middle", "high"] }

  /// Volatilities with the cuts between their thirds and the labels that follow.
  public struct Analysis: Sendable {
    /// The volatility known at the close of each bar; `nil` on the first `window` bars.
    public let volatility: [Double?]
    /// The bars in a year by which it is annualised; `nil` where it is per bar.
    public let barsPerYear: Double?
    /// The cuts of the whole series; `nil` without any volatility.
    public let cuts: Cuts?
    /// The label of each bar.
    public let labels: RegimeLabels
  }

  /// The bounds between thirds, in units of volatility.
  public struct Cuts: Sendable, Equatable {
    /// Up to this volatility is low.
    public var lower: Double
    /// Above this volatility is high.
    public var upper: Double

    /// The label of a volatility: 0 low, 1 middle, 2 high.
    func label(of volatility: Double) -> Int {
      volatility <= lower ? 0 : volatility <= upper ? 1 : 2
    }
  }

  /// Measures and labels the bars of a series, annualised by its calendar.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func analysis(of bars: BarSeries) throws(EvidenceError) -> Analysis {
    let calendar = bars.calendar.map { bars.timeframe.barsPerYear(in: $0) }
    return try analysis(closes: Array(bars.continuous.close), barsPerYear: barsPerYear ?? calendar)
  }

  /// Measures and labels bars by their closes.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func analysis(closes: [Double]) throws(EvidenceError) -> Analysis {
    try analysis(closes: closes, barsPerYear: barsPerYear)
  }

  /// Labels each bar; times are not needed and may be empty.
  ///
  /// - Throws: `EvidenceError` for closes that are not positive.
  public func labels(
    closes: [Double], times: [Timestamp] = []
  ) throws(EvidenceError) -> RegimeLabels {
    try analysis(closes: closes).labels
  }

  private func analysis(
    closes: [Double], barsPerYear: Double?
  ) throws(EvidenceError) -> Analysis {
    try EvidenceError.check(closes: closes)
    let values = volatilities(closes, scale: (barsPerYear ?? 1).squareRoot())
    let unknown = [Int?](repeating: nil, count: closes.count - values.count)
    let cuts = TercileRanks.cuts(ofSorted: values.sorted())
    let descriptive = values.map { value in cuts?.label(of: value) }
    return Analysis(
      volatility: unknown.map { _ in nil } + values, barsPerYear: barsPerYear, cuts: cuts,
      labels: RegimeLabels(
        names: labelNames, descriptive: unknown + descriptive, causal: unknown + causal(values)))
  }

  /// The volatility at bar `window` and each after it. Each window is summed afresh, so that a
  /// value does not depend on where the series begins.
  private func volatilities(_ closes: [Double], scale: Double) -> [Double] {
    guard closes.count > window else { return [] }
    let returns = (1..<closes.count).map { closes[$0] / closes[$0 - 1] - 1 }
    return (0...(returns.count - window)).map { first in
      let last = first + window
      var sum = 0.0
      for i in first..<last { sum += returns[i] }
      let mean = sum / Double(window)
      var squares = 0.0
      for i in first..<last { squares += (returns[i] - mean) * (returns[i] - mean) }
      return (squares / Double(window - 1)).squareRoot() * scale
    }
  }

  private func causal(_ values: [Double]) -> [Int?] {
    var ranks = TercileRanks(values)
    return values.indices.map { i in
      ranks.insert(i)
      return i + 1 >= minimumHistory ? ranks.cuts.label(of: values[i]) : nil
    }
  }
}

/// The thirds of a growing set of values.
///
/// All values are given beforehand and ordered once; a tree of counts (P. Fenwick, 1994) over that
/// order tells which of them are in the set. Inserting and asking take O(log n), and an answer
/// depends on the inserted values alone.
struct TercileRanks {
  private let sorted: [Double]
  private let place: [Int]
  private var tree: [Int]
  private var count = 0
  private let topStep: Int

  /// An empty set that may take each of these values once.
  init(_ values: [Double]) {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var place = [Int](repeating: 0, count: values.count)
    for (position, index) in order.enumerated() { place[index] = position }
    self.place = place
    sorted = order.map { values[$0] }
    tree = [Int](repeating: 0, count: values.count + 1)
    var step = 1
    while step * 2 <= values.count { step *= 2 }
    topStep = step
  }

  /// Puts the value with this index into the set.
  mutating func insert(_ index: Int) {
    var node = place[index] + 1
    while node < tree.count {
      tree[node] += 1
      node += node & -node
    }
    count += 1
  }

  /// The quantiles 1/3 and 2/3 of the values in the set, which must not be empty.
  var cuts: VolatilityTerciles.Cuts { TercileRanks.cuts(count: count, value: value(rank:)) }

  /// The quantiles 1/3 and 2/3 of ascending values; `nil` without values.
  static func cuts(ofSorted values: [Double]) -> VolatilityTerciles.Cuts? {
    values.isEmpty ? nil : cuts(count: values.count) { values[$0] }
  }

  /// The value of a rank, counted from 0, among those in the set.
  private func value(rank: Int) -> Double {
    var (position, remaining, step) = (0, rank + 1, topStep)
    while step > 0 {
      if position + step < tree.count, tree[position + step] < remaining {
        position += step
        remaining -= tree[position]
      }
      step /= 2
    }
    return sorted[position]
  }

  /// Type-7 quantiles; whole ranks are found in integers, so that a cut which is a value of the set
  /// is that value exactly.
  private static func cuts(count: Int, value: (Int) -> Double) -> VolatilityTerciles.Cuts {
    func cut(_ third: Int) -> Double {
      let (rank, rest) = ((count - 1) * third).quotientAndRemainder(dividingBy: 3)
      let below = value(rank)
      return rest == 0 ? below : below + (value(rank + 1) - below) * (Double(rest) / 3)
    }
    return VolatilityTerciles.Cuts(lower: cut(1), upper: cut(2))
  }
}

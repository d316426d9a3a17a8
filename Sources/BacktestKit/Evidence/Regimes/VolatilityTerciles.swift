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
    let order = values.sortedPositions()
    let cuts = values.isEmpty ? nil : Cuts(of: values.count) { values[Int(order[$0])] }
    let descriptive = values.map { value in cuts?.label(of: value) }
    return Analysis(
      volatility: unknown.map { _ in nil } + values, barsPerYear: barsPerYear, cuts: cuts,
      labels: RegimeLabels(
        names: labelNames, descriptive: unknown + descriptive,
        causal: unknown + causal(values, order)))
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

  /// The labels by the cuts of the values up to and including each.
  ///
  /// Values are taken away from the last to the first, so that the ranks of the cuts move by a step
  /// or two at a time.
  private func causal(_ values: [Double], _ order: [Int32]) -> [Int?] {
    var labels = [Int?](repeating: nil, count: values.count)
    guard values.count >= minimumHistory else { return labels }
    var places = [Int32](repeating: 0, count: values.count)
    for (place, row) in order.enumerated() { places[Int(row)] = Int32(place) }
    var known = ShrinkingTerciles(sorted: order.map { values[Int($0)] })
    for row in stride(from: values.count - 1, through: minimumHistory - 1, by: -1) {
      labels[row] = known.cuts.label(of: values[row])
      known.remove(Int(places[row]))
    }
    return labels
  }
}

extension VolatilityTerciles.Cuts {
  /// The quantiles 1/3 and 2/3, type 7, of `count` ascending values.
  fileprivate init(of count: Int, value: (_ rank: Int) -> Double) {
    func cut(_ third: Int) -> Double {
      let place = TercilePlace(third, of: count)
      return place.isWhole
        ? value(place.rank) : place.between(value(place.rank), value(place.rank + 1))
    }
    self.init(lower: cut(1), upper: cut(2))
  }
}

/// Where a cut lies among ascending values: whole ranks are found in integers, so that a cut which
/// is a value is that value exactly.
private struct TercilePlace {
  let rank: Int
  private let rest: Int

  init(_ third: Int, of count: Int) {
    (rank, rest) = ((count - 1) * third).quotientAndRemainder(dividingBy: 3)
  }

  var isWhole: Bool { rest == 0 }

  func between(_ below: Double, _ above: Double) -> Double {
    below + (above - below) * (Double(rest) / 3)
  }
}

/// The thirds of a set of values that are taken away one after the other, each in constant time.
private struct ShrinkingTerciles {
  private let sorted: [Double]
  /// The neighbours of each place that are still there.
  private var next: [Int32]
  private var previous: [Int32]
  private var count: Int
  /// The places of the values at or below the two cuts, and their ranks.
  private var lower: (place: Int, rank: Int)
  private var upper: (place: Int, rank: Int)

  /// All of some ascending values, at least one.
  init(sorted: [Double]) {
    self.sorted = sorted
    count = sorted.count
    next = sorted.indices.map { Int32($0) + 1 }
    previous = sorted.indices.map { Int32($0) - 1 }
    let (first, second) = (TercilePlace(1, of: count).rank, TercilePlace(2, of: count).rank)
    lower = (first, first)
    upper = (second, second)
  }

  /// The quantiles 1/3 and 2/3 of the values that are left.
  var cuts: VolatilityTerciles.Cuts {
    VolatilityTerciles.Cuts(lower: cut(1, at: lower.place), upper: cut(2, at: upper.place))
  }

  private func cut(_ third: Int, at place: Int) -> Double {
    let fraction = TercilePlace(third, of: count)
    return fraction.isWhole
      ? sorted[place] : fraction.between(sorted[place], sorted[Int(next[place])])
  }

  /// Takes the value at a place of the whole order away; the last one may stay.
  mutating func remove(_ place: Int) {
    guard count > 1 else { return }
    count -= 1
    leave(place, &lower)
    leave(place, &upper)
    let (before, after) = (Int(previous[place]), Int(next[place]))
    if before >= 0 { next[before] = Int32(after) }
    if after < sorted.count { previous[after] = Int32(before) }
    move(&lower, to: TercilePlace(1, of: count).rank)
    move(&upper, to: TercilePlace(2, of: count).rank)
  }

  /// Finds a cut another place where its own is taken away, and the rank that it has then.
  private func leave(_ place: Int, _ cut: inout (place: Int, rank: Int)) {
    if place < cut.place {
      cut.rank -= 1
    } else if place == cut.place {
      let after = Int(next[place])
      cut = after < sorted.count ? (after, cut.rank) : (Int(previous[place]), cut.rank - 1)
    }
  }

  private func move(_ cut: inout (place: Int, rank: Int), to rank: Int) {
    while cut.rank < rank { cut = (Int(next[cut.place]), cut.rank + 1) }
    while cut.rank > rank { cut = (Int(previous[cut.place]), cut.rank - 1) }
  }
}

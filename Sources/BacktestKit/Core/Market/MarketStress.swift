/// A change of a market's bars: what if it had fallen, gapped, halted or moved as one.
///
///     let crash = MarketStress(.shock(-0.2), from: CivilDate("2008-10-15"))
///     let wild = MarketStress(.volatility(2))
///     let market = try universe.stressed(by: [crash, wild], seed: 7)
///
/// Changes leave symbols, volumes and the times of the bars that remain alone. What is random comes
/// from one stream for each change and symbol, so that adding an instrument changes no other. A
/// universe remembers what was changed, and every result says so.
public struct MarketStress: Hashable, Sendable {
  /// What is changed.
  public var change: Change
  /// The instruments that it changes; `nil` is all.
  public var symbols: [String]?
  /// The first session that it changes; `nil` is the first of the data.
  public var from: CivilDate?
  /// The last session that it changes; `nil` is the last of the data.
  public var through: CivilDate?

  /// What can be changed about bars.
  public enum Change: Hashable, Sendable {
    /// Prices are multiplied by 1 + this from the open of the first session on; after the last one
    /// they are again what they were. Above -1.
    case shock(Double)
    /// Logarithmic returns deviate from their mean by this multiple, and so do open, high and low
    /// from the price that they follow. At least 0.
    case volatility(Double)
    /// So many opens of each instrument, chosen at random, lie away from the close before by this
    /// fraction more than they did, and all later prices with them. A negative size falls; a
    /// positive one rises or falls, each equally likely. From -1 to 1, without the ends and 0.
    case gaps(count: Int, size: Double)
    /// Each bar is left out with this probability, each instrument for itself. From 0 to 1, without
    /// the 1.
    case missingBars(Double)
    /// Returns move toward the mean of all instruments' returns until nothing else is left at 1,
    /// and keep the mean and the deviation that each instrument had. From 0 to 1.
    case correlation(Double)
    /// There are no bars: orders wait, and what is held keeps its mark.
    case halt
  }

  /// A change of some instruments between two sessions, both included.
  public init(
    _ change: Change, of symbols: [String]? = nil, from: CivilDate? = nil,
    through: CivilDate? = nil
  ) {
    self.change = change
    self.symbols = symbols
    self.from = from
    self.through = through
  }

  /// What is changed, as a report says it: `prices x 0.8 from 2008-10-15 on`.
  public var text: String {
    let number = NumberText.exact
    let what =
      switch change {
      case .shock(let size): "prices x \(number(1 + size))"
      case .volatility(let multiple): "volatility x \(number(multiple))"
      case .gaps(let count, let size):
        "\(NumberText.count(count, "gap")) of \(size < 0 ? "-" : "")"
          + "\(NumberText.percent(abs(size))) in each instrument"
      case .missingBars(let share): "\(NumberText.percent(share)) of bars missing"
      case .correlation(let weight):
        weight == 1 ? "correlations of 1" : "returns moved by \(number(weight)) toward their mean"
      case .halt: "no trading"
      }
    let names = symbols.map { " of \(NumberText.list($0, limit: 6))" } ?? ""
    let when =
      switch (from, through) {
      case (nil, nil): ""
      case (let from?, nil): " from \(from) on"
      case (nil, let through?): " until \(through)"
      case (let from?, let through?):
        from == through ? " on \(from)" : " from \(from) to \(through)"
      }
    return what + names + when
  }

  /// What is wrong with the numbers; `nil` where nothing is.
  package var problem: String? {
    if let from, let through, through < from { return "a change ends before it begins" }
    switch change {
    case .shock(let size) where !(size > -1 && size.isFinite):
      return "a shock must be a finite fraction above -1, not \(size)"
    case .volatility(let multiple) where !(multiple >= 0 && multiple.isFinite):
      return "a multiple of volatility must be finite and at least 0, not \(multiple)"
    case .gaps(let count, let size) where count < 1 || !(abs(size) < 1) || size == 0:
      return "gaps need a count of at least 1 and a size between -1 and 1 that is not 0"
    case .missingBars(let share) where !(share >= 0 && share < 1):
      return "the share of missing bars must be at least 0 and below 1, not \(share)"
    case .correlation(let weight) where !(weight >= 0 && weight <= 1):
      return "a correlation must be from 0 to 1, not \(weight)"
    default: return nil
    }
  }
}

extension Universe {
  /// The same instruments with changed bars, one change after the other.
  ///
  /// - Parameters:
  ///   - changes: what is changed.
  ///   - seed: the seed of what is random.
  /// - Throws: `MarketError` where a number is none that a change can have, a symbol is not in the
  ///   universe, prices are not above zero, no bar lies in the time of a change, a series is left
  ///   without bars, or prices leave the numbers that there are.
  /// - Complexity: O(bars) for each change.
  public func stressed(by changes: [MarketStress], seed: UInt64) throws(MarketError) -> Universe {
    if let one = series.first(where: { $0.detail != nil }), !changes.isEmpty {
      throw MarketError(
        symbol: one.instrument.symbol,
        "a change of the market does not change finer bars; leave one of the two out")
    }
    var universe = self
    for (index, change) in changes.enumerated() {
      universe = try universe.stressed(by: change, stream: "stress/\(index)", seed: seed)
    }
    return universe
  }

  private func stressed(
    by stress: MarketStress, stream: String, seed: UInt64
  ) throws(MarketError) -> Universe {
    if let problem = stress.problem { throw MarketError(problem) }
    let known = series.map(\.instrument.symbol)
    if let unknown = stress.symbols?.first(where: { !known.contains($0) }) {
      throw MarketError(
        "a change of the market names '\(unknown)', which is not in the data; known are "
          + NearestName.list(known, near: unknown))
    }
    var windows: [StressedWindow] = []
    for one in series where stress.symbols?.contains(one.instrument.symbol) ?? true {
      windows.append(try StressedWindow(one, stress))
    }
    if windows.allSatisfy(\.rows.isEmpty) {
      throw MarketError("no bar lies in the time of a change: \(stress.text)")
    }
    if case .correlation(let weight) = stress.change {
      try StressedWindow.correlate(&windows, weight: weight)
    } else {
      for index in windows.indices {
        var random = Randomness(
          seed: seed, stream: "\(stream)/\(windows[index].series.instrument.symbol)")
        try windows[index].apply(stress.change, &random)
      }
    }
    var changed: [String: BarSeries] = [:]
    for window in windows {
      changed[window.series.instrument.symbol] = try window.changedSeries()
    }
    var universe = try Universe(series.map { changed[$0.instrument.symbol] ?? $0 })
      .carrying(self)
    universe.changes = self.changes + [stress.text]
    return universe
  }
}

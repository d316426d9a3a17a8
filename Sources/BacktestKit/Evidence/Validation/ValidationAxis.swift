import BacktestCore

/// The bars of one market over which a cross-validation is cut.
///
/// Where calendar and timeframe are the same for all instruments, every instant is a bar; else the
/// last of each session is, as for the metrics of a run.
struct ValidationAxis: Sendable {
  /// The market's name; empty where there is one.
  let name: String
  /// The market.
  let feed: Feed
  /// The instants of the feed at which equity is measured: the base point, and one for each bar.
  let points: [Int]
  /// The session date of each bar.
  let dates: [CivilDate]
  /// The objective, annualised by this market's calendars.
  let evaluator: ObjectiveEvaluator
  /// The longest warm-up of all candidates on it.
  let warmup: Int
  /// Indicator values that the runs share.
  let sharedSeries: SharedSeries

  /// The number of bars.
  var count: Int { dates.count }

  /// The bars from an instant of the feed on.
  init(
    name: String, feed: Feed, skip: Int, warmup: Int, objective: String, riskFree: Double
  ) throws(EvidenceError) {
    self.name = name
    self.feed = feed
    self.warmup = warmup
    sharedSeries = SharedSeries(feed)
    let universe = feed.universe
    let sessions = UniverseSessions(universe)
    evaluator = try ObjectiveEvaluator(
      objective, barsPerYear: sessions.barsPerYear ?? sessions.perYear, riskFree: riskFree)
    let instants = (skip - 1)..<feed.instants.count
    let days = instants.map { universe.sessionDate(of: feed.instants[$0]) }
    guard sessions.barsPerYear == nil else {
      points = Array(instants)
      dates = Array(days.dropFirst())
      return
    }
    let last = days.indices.filter { $0 + 1 == days.count || days[$0] != days[$0 + 1] }
    points = last.map { instants.lowerBound + $0 }
    dates = last.dropFirst().map { days[$0] }
  }

  /// The instants of the feed that lie within some bars.
  func instants(of bars: Range<Int>) -> Range<Int> {
    (points[bars.lowerBound] + 1)..<(points[bars.upperBound] + 1)
  }

  /// The returns of a run over some bars, and the row at which it lost everything.
  func measured(_ run: BacktestResult, over bars: Range<Int>) -> MeasuredReturns {
    let equity = run.curve.equity
    var returns: [Double] = []
    returns.reserveCapacity(bars.count)
    var ruinedRow: Int?
    var before = equity[0]
    for bar in bars {
      let value = equity[points[bar + 1] - points[bars.lowerBound]]
      if ruinedRow == nil, value <= 0 {
        ruinedRow = returns.count
        returns.append(-1)
      } else {
        returns.append(ruinedRow == nil ? value / before - 1 : 0)
      }
      before = value
    }
    return MeasuredReturns(returns: returns, ruinedRow: ruinedRow)
  }
}

/// The returns of one run, as a job keeps them.
struct MeasuredReturns: Sendable, Equatable {
  /// One a bar; 0 after everything was lost.
  var returns: [Double]
  /// The row at which everything was lost.
  var ruinedRow: Int?
}

extension MeasuredReturns {
  /// As bytes: the row of ruin or -1, then the returns, all little-endian.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + returns.count * 8)
    func append(_ bits: UInt64) {
      withUnsafeBytes(of: bits.littleEndian) { bytes += $0 }
    }
    append(UInt64(bitPattern: Int64(ruinedRow ?? -1)))
    for value in returns { append(value.bitPattern) }
    return bytes
  }

  /// The returns of so many bars from their bytes; `nil` where they are others.
  init?(bytes: [UInt8], count: Int) {
    guard bytes.count == 8 + count * 8 else { return nil }
    func bits(_ place: Int) -> UInt64 {
      bytes.withUnsafeBytes {
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
      }
    }
    let row = Int64(bitPattern: bits(0))
    ruinedRow = row < 0 ? nil : Int(row)
    returns = (0..<count).map { Double(bitPattern: bits($0 + 1)) }
  }
}

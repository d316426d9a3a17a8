public import BacktestCore

/// The same trades in other orders: how deep the account might have fallen by the luck of their
/// sequence.
///
///     let reshuffle = try TradeReshuffle(result)
///     let drawdowns = reshuffle.permuted(draws: 2_000, seed: 7).maxDrawdowns
///
/// Each trade is a return on the account. Permuted, they compound to the same total in every order,
/// and only the path differs; drawn with replacement, the total differs as well. Both see the
/// account at exits alone, so a fall within a trade is hidden.
public struct TradeReshuffle: Hashable, Sendable {
  /// The return of each trade on the account, in order of exit.
  public let returns: [Double]

  /// A reshuffle of trades that followed one another.
  ///
  /// - Throws: `EvidenceError.notFinite` for a return that is no number.
  public init(returns: [Double]) throws(EvidenceError) {
    if let row = returns.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(what: "trade return", row: row)
    }
    self.returns = returns
  }

  /// A reshuffle of the closed trades of a run, each with its profit over the account's value
  /// before its entry.
  ///
  /// - Throws: `EvidenceError.overlappingTrades` when two are open at one time: their profits
  ///   depend on each other, and no order of them could have happened.
  public init(_ result: BacktestResult) throws(EvidenceError) {
    let closed = result.trades.filter { !$0.isOpen }
    let byEntry = closed.sorted { ($0.entryTime, $0.exitTime) < ($1.entryTime, $1.exitTime) }
    for (one, next) in zip(byEntry, byEntry.dropFirst()) where next.entryTime < one.exitTime {
      throw .overlappingTrades(result.universe.sessionDate(of: next.entryTime))
    }
    let times = result.curve.times
    var point = 0
    var returns: [Double] = []
    for trade in byEntry {
      while point + 1 < times.count, times[point + 1] < trade.entryTime { point += 1 }
      let equity = result.curve.equity[point]
      returns.append(equity > 0 ? trade.profit / equity : 0)
    }
    try self.init(returns: returns)
  }

  /// The product of 1 + r over all trades, less 1: the total of every permutation.
  public var totalReturn: Double { Self.path(returns).total }

  /// The deepest fall in the order as it was, from the start or a peak at an exit.
  public var maxDrawdown: Double { Self.path(returns).drawdown }

  /// Orders of the same trades, each equally likely.
  ///
  /// - Precondition: at least one draw.
  public func permuted(draws: Int = 2_000, seed: UInt64 = 0, threads: Int? = nil) -> ReshuffledPaths
  {
    paths(draws, seed, threads, stream: "permutation") { order, random in
      for place in order.indices.dropLast() {
        order.swapAt(place, place + random.nextInteger(below: order.count - place))
      }
    }
  }

  /// As many trades drawn with replacement.
  ///
  /// - Precondition: at least one draw.
  public func drawnWithReplacement(
    draws: Int = 2_000, seed: UInt64 = 0, threads: Int? = nil
  ) -> ReshuffledPaths {
    let returns = returns
    return paths(draws, seed, threads, stream: "replacement") { order, random in
      for place in order.indices {
        order[place] = returns[random.nextInteger(below: returns.count)]
      }
    }
  }

  private func paths(
    _ draws: Int, _ seed: UInt64, _ threads: Int?, stream: String,
    _ draw: @Sendable (inout [Double], inout Randomness) -> Void
  ) -> ReshuffledPaths {
    precondition(draws > 0, "a distribution needs at least one draw")
    let returns = returns
    let piece = 50
    let values = parallelMap(count: (draws + piece - 1) / piece, threads: threads) { index in
      var random = Randomness(seed: seed, stream: "trades/\(stream)/\(index)")
      return (0..<min(piece, draws - index * piece)).map { _ in
        var order = returns
        draw(&order, &random)
        return Self.path(order)
      }
    }.flatMap(\.self)
    return ReshuffledPaths(
      maxDrawdowns: values.map(\.drawdown).sorted(), totalReturns: values.map(\.total).sorted(),
      actualDrawdown: maxDrawdown)
  }

  private static func path(_ returns: [Double]) -> (total: Double, drawdown: Double) {
    let path = returns.withUnsafeBufferPointer { CompoundedPath($0) }
    return (path.growth - 1, path.maxDrawdown)
  }
}

/// Where reshuffled trades led.
public struct ReshuffledPaths: Hashable, Sendable {
  /// The deepest fall of each draw, deepest first.
  public let maxDrawdowns: [Double]
  /// The total return of each draw, ascending.
  public let totalReturns: [Double]
  /// The deepest fall in the order as it was.
  public let actualDrawdown: Double

  /// The share of draws that fell at least as deep as the trades did in their own order.
  public var shareAsDeep: Double {
    Double(maxDrawdowns.count { $0 <= actualDrawdown }) / Double(maxDrawdowns.count)
  }

  /// The share of draws that ended with a loss.
  public var shareOfLosses: Double {
    Double(totalReturns.count { $0 < 0 }) / Double(totalReturns.count)
  }

  /// The drawdown below which lies a share of the draws, type 7: 0.05 for a bad case.
  ///
  /// - Precondition: the share lies between 0 and 1.
  public func drawdown(_ share: Double) -> Double { maxDrawdowns.sortedQuantile(share) }

  /// The total return below which lies a share of the draws, type 7.
  ///
  /// - Precondition: the share lies between 0 and 1.
  public func totalReturn(_ share: Double) -> Double { totalReturns.sortedQuantile(share) }
}

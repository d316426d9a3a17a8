internal import Glibc

extension Engine {
  /// Phase 1: for each bar that closes now, in universe order, resting orders are matched along
  /// its path; then what is held is valued at the close.
  mutating func closeBars() {
    // What fills inside a bar is converted at a rate that was known before its close.
    if hasCurrencies { moveRates(through: Timestamp(nanoseconds: clock.nanoseconds - 1)) }
    if trading.broker.isIdle {
      valuation = closeAccount()
    } else {
      matchBars()
      valuation = trading.account.valuation
    }
    if hasCurrencies { moveRates(through: clock) }
  }

  /// Values everything at the exchange rates known at a time.
  @inline(never)
  mutating func moveRates(through time: Timestamp) {
    guard trading.account.moveRates(through: time) else { return }
    valuation = trading.account.valuation
    trading.account.checkInvariants()
  }

  /// Values what is held at the closes of the instant, where no order waits.
  @inline(__always)
  mutating func closeAccount() -> Valuation {
    let closed = trading.account.close(trading.broker.market.columns, at: instant)
    if closed.charge != 0 { charge(closed.charge) }
    trading.account.checkInvariants()
    return closed.valuation
  }

  /// Each instrument's resting orders are matched before its close is known to the account, and
  /// after those of the instruments before it.
  @inline(never)
  private mutating func matchBars() {
    for instrument in 0..<feed.instrumentCount {
      let row = trading.broker.market.closingRow(of: instrument)
      guard row >= 0 else { continue }
      if trading.broker.book.hasLiveOrders(instrument) {
        trading.broker.matchBar(
          of: instrument, row: row, account: &trading.account, log: &log)
      }
      guard trading.account.quantity(of: instrument) != 0 else { continue }
      let close = trading.broker.market.columns[instrument].close[row]
      trading.account.markToClose(instrument, close: close, row: row)
    }
    if hasCurrencies { moveRates(through: clock) }
    if trading.broker.waitsForClose, !trading.broker.isIdle {
      trading.broker.matchCloses(account: &trading.account, log: &log)
    }
    trading.account.checkInvariants()
  }

  @inline(never)
  private mutating func charge(_ amount: Double) {
    log.record(LedgerEntry(time: clock, kind: .commission, amount: -amount))
  }

  /// At the base point: the account that was handed over takes the place of the initial cash.
  @inline(never)
  mutating func takeOverAccount() {
    guard var inherited else { return }
    inherited.beginDecisions(at: firstDecision)
    inherited.contracts?.beginRun()
    trading.account = inherited
    if hasCurrencies { moveRates(through: clock) }
    valuation = trading.account.valuation
    points.set(0, equity: valuation.equity, grossExposure: valuation.grossExposure)
    guard trading.broker.attachesExits else { return }
    for instrument in trading.account.positions.indices
    where trading.account.quantity(of: instrument) != 0 {
      attachExits(instrument)
    }
  }

  /// At the last close of a window: what is held is given up there, with costs, as far as the
  /// bar's volume allows.
  @inline(never)
  mutating func closeWindow() {
    let charged = trading.account.liquidateStatements()
    if charged != 0 { charge(charged) }
    for instrument in trading.account.positions.indices
    where trading.account.quantity(of: instrument) != 0 {
      closePosition(of: instrument)
    }
    valuation = trading.account.valuation
  }
}

extension Engine {
  /// Takes the equity point of the instant, after everything that happened at it.
  @inline(__always)
  mutating func takeEquityPoint() {
    needsEquityPoint = false
    if closesEndedSeries { closeEndedSeries() }
    if log.fills.count != valuedFills { valuation = trading.account.valuation }
    guard valuation.isSound else { return endEarly() }
    points.set(
      instant - firstPoint, equity: valuation.equity, grossExposure: valuation.grossExposure)
  }

  /// Points are kept from the last one on, where a run forgets what is behind it.
  @inline(never)
  mutating func forgetPoints() {
    points.set(
      0, equity: points.equity[points.count - 1],
      grossExposure: points.grossExposure[points.count - 1])
    firstPoint += points.count - 1
  }

  /// Ends the run: equity is gone, or beyond the numbers that there are.
  @inline(never)
  mutating func endEarly() {
    valuation.isFinite ? ruin() : overflow()
  }

  /// Ends the run: equity is not a finite number any more. Positions close without costs at the
  /// closes before those that led there, and the curve stays at what they come to.
  @inline(never)
  private mutating func overflow() {
    overflowedAt = clock
    quietEnd = 0
    let row = instant - firstPoint
    let before =
      row > 0 ? points.equity[row - 1] : inherited?.equity ?? trading.account.rules.initialCash
    trading.broker.rejectAll(.overflow, log: &log)
    for instrument in trading.account.positions.indices {
      closePosition(of: instrument, at: lastPrice(before: instrument))
    }
    trading.account.settle(orElse: before)
    for row in max(0, row)..<points.count {
      points.set(row, equity: trading.account.cash, grossExposure: 0)
    }
    stage = .finished
  }

  /// The last price of a position before this instant: an earlier close since it was opened, or
  /// its average entry price.
  private func lastPrice(before instrument: Int) -> Double {
    let position = trading.account.positions[instrument]
    let closing = trading.broker.market.closingRow(of: instrument)
    let row = closing < 0 ? trading.lastRow(instrument) : closing - 1
    guard row >= Int(position.entryRow) else { return position.averagePrice }
    return feed.columns[instrument].close[row]
  }

  /// Closes a position, if there is one, by a fill without costs at a price.
  mutating func closePosition(
    of instrument: Int, at price: Double, isIntrabar: Bool = true
  ) {
    let position = trading.account.positions[instrument]
    guard !position.isFlat else { return }
    trade(-position.quantity, of: instrument, at: price, isIntrabar: isIntrabar)
  }

  /// Books a fill without costs at a price.
  mutating func trade(
    _ quantity: Double, of instrument: Int, at price: Double, isIntrabar: Bool
  ) {
    trading.account.mark(instrument, at: price)
    let order = internalOrder(InstrumentID(instrument), quantity: quantity)
    let fill = Fill(
      order: order.assignedID, instrument: order.instrument, isIntrabar: isIntrabar, time: clock,
      row: Int32(truncatingIfNeeded: max(0, trading.lastRow(instrument))), quantity: order.quantity,
      reference: price, price: price, slippage: 0, commission: 0)
    trading.account.book(fill, conversionCost: 0, trades: &log.trades)
    log.fills.append(fill)
    if hasCurrencies { log.conversions.append(trading.account.conversion(of: instrument, cost: 0)) }
    if trading.broker.attachesExits { attachExits(instrument) }
  }

  /// Ends the run: equity is gone. Positions close at their marks without costs, the debt is
  /// written off, and the curve stays at zero.
  @inline(never)
  mutating func ruin() {
    ruinedAt = clock
    quietEnd = 0
    // An engine that went back has left points of another way behind.
    for row in max(0, instant - firstPoint)..<points.count {
      points.set(row, equity: 0, grossExposure: 0)
    }
    trading.broker.rejectAll(.ruined, log: &log)
    for instrument in trading.account.positions.indices {
      closePosition(of: instrument, at: trading.account.positions[instrument].mark)
    }
    trading.account.settlePayments(through: .distantFuture) { log.record($0) }
    log.record(
      LedgerEntry(
        time: clock, kind: .deficitWrittenOff, amount: trading.account.writeOffDeficit()))
    trading.account.checkInvariants()
    stage = .finished
  }

  /// Closes positions whose series has its last bar at this instant, before the run's end.
  private mutating func closeEndedSeries() {
    guard instant + 1 < endInstant else { return }
    for instrument in trading.account.positions.indices {
      let row = trading.broker.market.closingRow(of: instrument)
      guard trading.account.quantity(of: instrument) != 0,
        row == feed.columns[instrument].count - 1
      else { continue }
      closePosition(of: instrument)
    }
  }
}

/// The points of an equity curve under construction: two columns of a length known beforehand.
///
/// A value whose columns lie in memory that copies share: `own()` makes it the single owner before
/// any number of points is written, so that writing one checks for nothing but its row.
@usableFromInline
struct EquityColumns: Sendable {
  @usableFromInline var storage: Storage
  @usableFromInline nonisolated(unsafe) var equity: UnsafeMutablePointer<Double>
  @usableFromInline nonisolated(unsafe) var grossExposure: UnsafeMutablePointer<Double>
  @usableFromInline let count: Int

  init(count: Int) {
    storage = Storage(count: count)
    self.count = count
    equity = storage.equity
    grossExposure = storage.grossExposure
  }

  /// Makes this value the single owner of its columns.
  @inlinable @inline(__always)
  mutating func own() {
    if !isKnownUniquelyReferenced(&storage) { copyStorage() }
  }

  @usableFromInline @inline(never)
  mutating func copyStorage() {
    storage = Storage(copying: storage)
    equity = storage.equity
    grossExposure = storage.grossExposure
  }

  /// Writes the point in a row.
  ///
  /// - Precondition: `own()` came before.
  mutating func set(_ row: Int, equity: Double, grossExposure: Double) {
    precondition(row >= 0 && row < count, "a point outside the curve")
    setKnown(row, equity: equity, grossExposure: grossExposure)
  }

  /// Writes the point in a row that is known to lie within the curve.
  @inlinable @inline(__always)
  mutating func setKnown(_ row: Int, equity: Double, grossExposure: Double) {
    assert(row >= 0 && row < count && isKnownUniquelyReferenced(&storage))
    self.equity[row] = equity
    self.grossExposure[row] = grossExposure
  }

  /// The first points as columns, sharing memory until the next point is written.
  func columns(_ count: Int) -> (equity: Column<Double>, grossExposure: Column<Double>) {
    let storage = storage
    let owner = ColumnStorage { _ = storage }
    return (
      Column(storage: owner, start: UnsafePointer(storage.equity), count: count),
      Column(storage: owner, start: UnsafePointer(storage.grossExposure), count: count)
    )
  }

  /// The memory; only its single owner writes to it.
  @usableFromInline
  final class Storage: @unchecked Sendable {
    let count: Int
    let equity: UnsafeMutablePointer<Double>
    let grossExposure: UnsafeMutablePointer<Double>

    init(count: Int) {
      self.count = count
      equity = allocated(2 * count)
      grossExposure = equity + count
    }

    init(copying other: Storage) {
      count = other.count
      equity = allocated(2 * count)
      grossExposure = equity + count
      equity.initialize(from: other.equity, count: 2 * count)
    }

    deinit { free(equity) }
  }
}

/// Memory for so many numbers, not yet written: each point is, before the columns that hold it are
/// handed out.
private func allocated(_ count: Int) -> UnsafeMutablePointer<Double> {
  let byteCount = max(count, 1) * MemoryLayout<Double>.stride
  guard let memory = malloc(byteCount) else {
    preconditionFailure("out of memory for an equity curve of \(count / 2) points")
  }
  adviseLargePages(memory, byteCount: byteCount)
  return memory.bindMemory(to: Double.self, capacity: max(count, 1))
}

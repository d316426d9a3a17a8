import BacktestCore

extension CSVBarTiming {
  /// Open and close times of bars of `seconds`, clipped to the hours of their sessions.
  func applyIntraday(to builder: inout CSVBarBuilder, seconds: Int) -> Column<Timestamp>? {
    var walk = CSVSessionWalk(calendar: calendar, length: Int64(seconds) * 1_000_000_000)
    let count = builder.count
    var misfit: Int?
    let closeTimes = Column<Timestamp>(count: count) { closes in
      for row in 0..<count {
        let stamp = builder.stamps.start[row]
        let bar = meaning == .open ? walk.move(opening: stamp) : walk.move(closing: stamp)
        if !bar.followsDirectly || !bar.isInSession {
          if !bar.fits && misfit == nil { misfit = row }
          note(walk, row: row, &builder)
        }
        builder.stamps.start[row] = bar.open
        closes[row] = Timestamp(nanoseconds: bar.close)
      }
    }
    if let misfit {
      let time = Timestamp(nanoseconds: builder.stamps.start[misfit])
      return refuse(
        &builder, row: misfit,
        "\(time) is not a whole number of \(timeframe) bars after the "
          + "bar before; name the timeframe or correct the stamp")
    }
    return closeTimes
  }

  private func note(_ walk: CSVSessionWalk, row: Int, _ builder: inout CSVBarBuilder) {
    guard let calendar, let current = walk.current else { return }
    let line = Int(builder.lines.start[row])
    if !current.isInSession {
      builder.log.add(
        .outsideCalendar, line: line,
        "\(builder.symbol): \(Timestamp(nanoseconds: current.open)) is outside the hours of "
          + calendar.name)
    }
    let missing = walk.missingBars
    guard let previous = walk.previous, missing > 0 else { return }
    builder.log.add(
      .gap, line: line,
      "\(builder.symbol): \(missing) bar\(missing == 1 ? "" : "s") missing between "
        + "\(Timestamp(nanoseconds: previous.close)) and \(Timestamp(nanoseconds: current.open))",
      count: missing)
  }
}

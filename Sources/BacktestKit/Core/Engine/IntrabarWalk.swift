extension TradingContext {
  /// Executes what a bar reaches, in the order in which a path visits it.
  ///
  /// An exit whose entry fills inside the bar can only fill behind it: where the path comes to the
  /// exit after the entry, or comes back to it on the last leg to the close. Under `pessimistic`
  /// such a stop fills and such a limit does not.
  mutating func walk(
    _ candidates: ContiguousArray<MatchCandidate>, along path: IntrabarPath, at point: MatchPoint,
    plan: ExecutionPlan, log: inout RunLog
  ) {
    var passedExits = false
    for candidate in candidates {
      if waitsForEntry(candidate, at: point) {
        passedExits = true
      } else if path != .pessimistic || candidate.triggersStop
        || !exitsEntry(candidate, madeIn: point)
      {
        execute(behindEntry(candidate, at: point), at: point, plan: plan, log: &log)
      }
    }
    guard passedExits else { return }
    for candidate in candidates
    where exitsEntry(candidate, madeIn: point) && candidate.isRevisited(on: path, of: point.bar) {
      execute(behindEntry(candidate, at: point), at: point, plan: plan, log: &log)
    }
  }

  /// An exit that the market is beyond already when its entry fills trades where the market is.
  private func behindEntry(_ candidate: MatchCandidate, at point: MatchPoint) -> MatchCandidate {
    guard exitsEntry(candidate, madeIn: point) else { return candidate }
    var behind = candidate
    let mark = account.positions[point.instrument].mark
    behind.reference =
      candidate.isBuy == candidate.triggersStop
      ? max(candidate.reference, mark) : min(candidate.reference, mark)
    return behind
  }

  private func isExit(_ candidate: MatchCandidate) -> Bool {
    book.holds(candidate.order, in: candidate.slot) && book[candidate.slot].closesOnly
  }

  /// Whether a candidate is an exit of a position that is not there yet.
  private func waitsForEntry(_ candidate: MatchCandidate, at point: MatchPoint) -> Bool {
    guard isExit(candidate) else { return false }
    let position = account.positions[point.instrument]
    return position.closingPart(of: book[candidate.slot].remaining) == 0
  }

  /// Whether a candidate is an exit of a position that was opened inside this bar.
  private func exitsEntry(_ candidate: MatchCandidate, madeIn point: MatchPoint) -> Bool {
    let position = account.positions[point.instrument]
    return isExit(candidate) && !position.isFlat && position.insideRow == point.row
  }
}

extension MatchCandidate {
  /// Whether a path that has been at both extremes comes to this price again before the close;
  /// under `pessimistic` it is taken to come to every stop.
  fileprivate func isRevisited(on path: IntrabarPath, of bar: Bar) -> Bool {
    let endsRising: Bool
    switch path {
    case .pessimistic: return triggersStop
    case .openHighLowClose: endsRising = true
    case .openLowHighClose: endsRising = false
    case .nearestExtremeFirst: endsRising = bar.high - bar.open < bar.open - bar.low
    }
    // The market rises to a buy stop and a sell limit, and falls to the two others.
    let isReachedRising = isBuy == triggersStop
    guard isReachedRising == endsRising else { return false }
    return endsRising ? reference <= bar.close : reference >= bar.close
  }
}

extension Broker {
  /// Executes the candidates, which are what a bar reaches in the order in which a path visits it.
  ///
  /// An exit whose entry fills inside the bar can only fill behind it: where the path comes to the
  /// exit after the entry, or comes back to it on the last leg to the close. Under `pessimistic`
  /// such a stop fills and such a limit does not.
  mutating func walk(
    along path: IntrabarPath, at context: MatchContext, account: inout some BrokerAccount,
    log: inout RunLog
  ) {
    var passedExits = false
    for index in candidates.indices {
      let candidate = candidates[index]
      if waitsForEntry(candidate, account: account) {
        passedExits = true
      } else if path != .pessimistic || candidate.triggersStop
        || !exitsEntry(candidate, madeIn: context, account: account)
      {
        let behind = behindEntry(candidate, at: context, account: account)
        execute(behind, at: context, account: &account, log: &log)
      }
    }
    guard passedExits else { return }
    let bar = context.bar
    for index in candidates.indices {
      let candidate = candidates[index]
      guard exitsEntry(candidate, madeIn: context, account: account),
        candidate.isRevisited(on: path, of: bar)
      else { continue }
      let behind = behindEntry(candidate, at: context, account: account)
      execute(behind, at: context, account: &account, log: &log)
    }
  }

  /// An exit that the market is beyond already when its entry fills trades where the market is.
  private func behindEntry(
    _ candidate: MatchCandidate, at context: MatchContext, account: some BrokerAccount
  ) -> MatchCandidate {
    guard exitsEntry(candidate, madeIn: context, account: account) else { return candidate }
    var behind = candidate
    let mark = account.position(of: context.instrument).mark
    behind.reference =
      candidate.isBuy == candidate.triggersStop
      ? max(candidate.reference, mark) : min(candidate.reference, mark)
    return behind
  }

  private func isExit(_ candidate: MatchCandidate) -> Bool {
    book.holds(candidate.order, in: candidate.slot) && book[candidate.slot].closesOnly
  }

  /// Whether a candidate is an exit of a position that is not there yet.
  private func waitsForEntry(_ candidate: MatchCandidate, account: some BrokerAccount) -> Bool {
    guard isExit(candidate) else { return false }
    let instrument = Int(book[candidate.slot].order.instrument.index)
    return account.closingPart(of: book[candidate.slot].remaining, in: instrument) == 0
  }

  /// Whether a candidate is an exit of a position that was opened inside this bar.
  private func exitsEntry(
    _ candidate: MatchCandidate, madeIn context: MatchContext, account: some BrokerAccount
  ) -> Bool {
    guard isExit(candidate) else { return false }
    let position = account.position(of: context.instrument)
    return !position.isFlat && Int(position.insideRow) == context.row
  }
}

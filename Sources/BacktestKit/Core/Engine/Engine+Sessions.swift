extension Engine {
  /// Goes on to the next last close of a session, timer or the end; closes on the way are carried
  /// out without a decision.
  @inline(never)
  mutating func advanceThroughSession() -> Step {
    // A session that was decided is over.
    if instant >= 0, sessionEnds(at: instant) { sessionStart = instant + 1 }
    while true {
      let step = advanceThroughEvents()
      guard step == .bars, !sessionEnds(at: instant) else { return step }
    }
  }

  /// Whether no later bar belongs to the session of an instant.
  private func sessionEnds(at instant: Int) -> Bool {
    guard instant + 1 < feed.instants.count else { return true }
    return sessionDate(at: instant + 1) > sessionDate(at: instant)
  }

  /// The latest session of the bars that close at an instant, each by its own calendar.
  private func sessionDate(at instant: Int) -> CivilDate {
    let time = feed.instants[instant]
    var latest: CivilDate?
    for instrument in 0..<feed.instrumentCount where feed.row(of: instrument, at: instant) >= 0 {
      let calendar = feed.universe.series[instrument].calendar ?? AlwaysOpenCalendar()
      let date = calendar.sessionDate(of: time)
      latest = latest.map { max($0, date) } ?? date
    }
    return latest ?? time.utcDate
  }
}

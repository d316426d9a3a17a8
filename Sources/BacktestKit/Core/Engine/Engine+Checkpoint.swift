extension Engine {
  /// A moment of a run to which its engine can return.
  ///
  /// It holds what changes, and of everything that only grows just the length.
  public struct Checkpoint: Sendable {
    let trading: TradingContext
    let queue: EventQueue
    let lengths: RunLog.Lengths
    let noteCount: Int
    let forecastCount: Int
    let decisionCount: Int
    let stage: Stage
    let needsEquityPoint: Bool
    let reportedFills: Int
    let ruinedAt: Timestamp?
    let overflowedAt: Timestamp?
    let sessionStart: Int
    let moment: Moment
    /// How often the engine had gone back when this moment was taken.
    let rewindCount: Int
  }

  /// How far a run has come.
  struct Moment: Comparable, BitwiseCopyable, Sendable {
    var instant: Int
    var timersFired: Int

    static func < (a: Moment, b: Moment) -> Bool {
      (a.instant, a.timersFired) < (b.instant, b.timersFired)
    }
  }

  var moment: Moment { Moment(instant: instant, timersFired: timersFired) }

  /// This moment of the run.
  public func checkpoint() -> Checkpoint {
    var slim = trading
    slim.notes = []
    slim.forecasts = []
    slim.decisions = []
    return Checkpoint(
      trading: slim, queue: queue, lengths: log.lengths, noteCount: trading.notes.count,
      forecastCount: trading.forecasts.count, decisionCount: trading.decisions.count,
      stage: stage, needsEquityPoint: needsEquityPoint,
      reportedFills: reportedFills, ruinedAt: ruinedAt, overflowedAt: overflowedAt,
      sessionStart: sessionStart,
      moment: moment, rewindCount: rewinds.count)
  }

  /// Goes back to an earlier moment of this run.
  ///
  /// - Precondition: the engine, or the engine of which it is a copy, took the checkpoint on the
  ///   way to where it is now: what it went through since it last went back behind the checkpoint
  ///   is gone.
  public mutating func restore(_ checkpoint: Checkpoint) {
    let isOnTheWay =
      checkpoint.rewindCount <= rewinds.count
      && rewinds[checkpoint.rewindCount...].allSatisfy { $0 >= checkpoint.moment }
      && checkpoint.moment <= moment
    precondition(isOnTheWay, "a checkpoint of another run, or of a way that was left")
    let notes = Array(trading.notes.prefix(checkpoint.noteCount))
    // Taken out of the account before they are cut, records keep their room.
    var forecasts: [StrategyForecast] = []
    swap(&forecasts, &trading.forecasts)
    forecasts.removeLast(forecasts.count - checkpoint.forecastCount)
    var decisions: [DecisionRecord] = []
    swap(&decisions, &trading.decisions)
    decisions.removeLast(decisions.count - checkpoint.decisionCount)
    trading = checkpoint.trading
    trading.notes = notes
    trading.forecasts = forecasts
    trading.decisions = decisions
    queue = checkpoint.queue
    log.truncate(to: checkpoint.lengths)
    stage = checkpoint.stage
    needsEquityPoint = checkpoint.needsEquityPoint
    reportedFills = checkpoint.reportedFills
    hasUnreportedFills = reportedFills < log.fills.count
    ruinedAt = checkpoint.ruinedAt
    overflowedAt = checkpoint.overflowedAt
    sessionStart = checkpoint.sessionStart
    quietEnd = 0
    timersFired = checkpoint.moment.timersFired
    rewinds.append(checkpoint.moment)
    // The value at the last close belongs to the way that was left.
    valuation = trading.account.valuation
    valuedFills = log.fills.count
  }
}

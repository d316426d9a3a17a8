/// Who wants to know how far a run is.
struct RunProgress: Sendable {
  /// The number of instants between two reports.
  let interval: Int
  let report: @Sendable (_ done: Int, _ total: Int) -> Void
}

extension Engine {
  /// Has the number of instants replayed so far, and of all, reported now and then. The run stays
  /// the same to the bit.
  ///
  /// - Parameter interval: instants between two reports; `nil` takes one in 256 of the run, and
  ///   never more than 4,096.
  package mutating func reportProgress(
    every interval: Int? = nil, to report: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
  ) {
    let interval = interval ?? min(4_096, endInstant / 256)
    progress = RunProgress(interval: max(1, interval), report: report)
    nextReport = max(0, instant + 1)
    quietEnd = 0
  }

  /// Reports the instants before `next`.
  @inline(never)
  mutating func reportProgress(_ next: Int) {
    guard let progress else { return }
    progress.report(next, endInstant)
    nextReport = next + progress.interval
  }
}

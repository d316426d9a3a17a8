internal import Dispatch
internal import Glibc
internal import Synchronization

/// The results of independent pieces of work, in index order whatever the number of threads.
///
///     let sharpes = try parallelMap(count: candidates.count) { index throws(StudyError) in
///       try sharpe(of: candidates[index])
///     }
///
/// Threads take the next index as they become free, so that pieces may differ in length; each
/// piece should last much longer than a microsecond. A piece must not depend on another.
///
/// - Parameters:
///   - count: the number of pieces.
///   - threads: how many work at a time; `nil` takes one for each processor. With 1 all work is
///     done on the calling thread.
///   - progress: called after each piece with the number of pieces done, one call at a time and in
///     ascending order, on any thread.
///   - body: does the piece of an index.
/// - Throws: the error of the lowest index that failed; no piece is begun after a failure.
public func parallelMap<Value: Sendable, Failure: Error>(
  count: Int, threads: Int? = nil, progress: (@Sendable (_ done: Int) -> Void)? = nil,
  _ body: @Sendable (_ index: Int) throws(Failure) -> Value
) throws(Failure) -> [Value] {
  precondition(count >= 0 && threads ?? 1 >= 1, "work needs a count and at least one thread")
  let workers = min(threads ?? processorCount(), count)
  guard workers > 1 else {
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      values.append(try body(index))
      progress?(index + 1)
    }
    return values
  }
  let board = WorkBoard<Value, Failure>(count: count, progress: progress)
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    var done: [(index: Int, value: Value)] = []
    while let index = board.takeNext() {
      do throws(Failure) {
        done.append((index, try body(index)))
        board.reportDone()
      } catch {
        board.fail(index, error)
      }
    }
    board.handIn(done)
  }
  return try board.results()
}

/// The processors on which this process may run.
private func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

/// Who does what, shared by the threads of one map.
private final class WorkBoard<Value: Sendable, Failure: Error>: Sendable {
  private struct State: Sendable {
    var next = 0
    var doneCount = 0
    var values: [Value?]
    var failure: (index: Int, error: Failure)?
  }

  private let state: Mutex<State>
  private let progress: (@Sendable (Int) -> Void)?

  init(count: Int, progress: (@Sendable (Int) -> Void)?) {
    state = Mutex(State(values: Array(repeating: nil, count: count)))
    self.progress = progress
  }

  /// The next index, or `nil` when all are taken or one failed.
  ///
  /// Indices are given out in ascending order, so that all below one that failed get done, and the
  /// lowest failure does not depend on the threads.
  func takeNext() -> Int? {
    state.withLock { state in
      guard state.failure == nil, state.next < state.values.count else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  func reportDone() {
    guard let progress else { return }
    state.withLock { state in
      state.doneCount += 1
      progress(state.doneCount)
    }
  }

  func fail(_ index: Int, _ error: Failure) {
    state.withLock { state in
      if let known = state.failure, known.index < index { return }
      state.failure = (index, error)
    }
  }

  func handIn(_ done: [(index: Int, value: Value)]) {
    state.withLock { state in
      for one in done { state.values[one.index] = one.value }
    }
  }

  func results() throws(Failure) -> [Value] {
    let (values, failure) = state.withLock { ($0.values, $0.failure) }
    if let failure { throw failure.error }
    return values.map { $0! }
  }
}

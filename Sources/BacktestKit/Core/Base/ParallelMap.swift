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
  return try withoutActuallyEscaping(body) { body throws(Failure) in
    let board = WorkBoard(count: count, progress: progress, body)
    // A map inside a piece of another gets the threads that the outer one leaves idle.
    for _ in 1..<workers { DispatchQueue.global().async { board.work() } }
    board.work()
    return try board.results()
  }
}

/// The processors on which this process may run.
private func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

/// Who does what, shared by the threads of one map.
private final class WorkBoard<Value: Sendable, Failure: Error>: Sendable {
  typealias Body = @Sendable (_ index: Int) throws(Failure) -> Value

  private struct State: Sendable {
    /// `nil` once all pieces are done.
    var body: Body?
    var next = 0
    var doneCount = 0
    var values: [Value?]
    var failure: (index: Int, error: Failure)?

    var hasMore: Bool { failure == nil && next < values.count }
  }

  private let state: Mutex<State>
  private let progress: (@Sendable (Int) -> Void)?
  /// The threads that do pieces.
  private let workers = DispatchGroup()

  init(count: Int, progress: (@Sendable (Int) -> Void)?, _ body: @escaping Body) {
    state = Mutex(State(body: body, values: Array(repeating: nil, count: count)))
    self.progress = progress
  }

  /// Does pieces as long as there are more; nothing on a thread that comes too late.
  func work() {
    let isInTime = state.withLock { state in
      if state.hasMore { workers.enter() }
      return state.hasMore
    }
    guard isInTime else { return }
    doPieces()
    // From here on the thread holds nothing of the caller's.
    workers.leave()
  }

  private func doPieces() {
    guard let body = state.withLock({ $0.body }) else { return }
    var done: [(index: Int, value: Value)] = []
    while let index = takeNext() {
      do throws(Failure) {
        done.append((index, try body(index)))
        reportDone()
      } catch {
        fail(index, error)
      }
    }
    state.withLock { state in
      for one in done { state.values[one.index] = one.value }
    }
  }

  /// The next index, or `nil` when all are taken or one failed.
  ///
  /// Indices are given out in ascending order, so that all below one that failed get done, and the
  /// lowest failure does not depend on the threads.
  private func takeNext() -> Int? {
    state.withLock { state in
      guard state.hasMore else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  private func reportDone() {
    guard let progress else { return }
    state.withLock { state in
      state.doneCount += 1
      progress(state.doneCount)
    }
  }

  private func fail(_ index: Int, _ error: Failure) {
    state.withLock { state in
      if let known = state.failure, known.index < index { return }
      state.failure = (index, error)
    }
  }

  /// What all pieces gave, once the last is done.
  func results() throws(Failure) -> [Value] {
    workers.wait()
    let (values, failure) = state.withLock { state in
      state.body = nil
      return (state.values, state.failure)
    }
    if let failure { throw failure.error }
    return values.map { $0! }
  }
}

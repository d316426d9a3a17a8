package import BacktestEvidence
internal import Dispatch
internal import Synchronization

/// Takes trials from the threads that make them and stores them on a separate thread, so that no
/// run waits for the disk.
///
/// What waits to be written is bounded: where trials come faster than the disk takes them, their
/// threads wait. What has come while one transaction was written is the next one. After a failure
/// nothing more is stored.
package final class TrialRecorder: Sendable {
  /// The most trials that wait.
  private static let capacity = 2_048

  private let store: RunStore
  private let queue = DispatchQueue(label: "trials")
  private let room = DispatchSemaphore(value: capacity)
  private let state = Mutex(State())

  private struct State {
    var waiting: [ScopedTrial] = []
    var isWriting = false
    var failure: RunStoreError?
  }

  /// A recorder into a store.
  package init(_ store: RunStore) { self.store = store }

  /// What a job tells of its trials.
  package func observer(_ scope: TrialScope) -> TrialObserver {
    { trial in self.append(ScopedTrial(scope, trial)) }
  }

  private func append(_ trial: ScopedTrial) {
    room.wait()
    let begins = state.withLock { state in
      guard state.failure == nil else {
        room.signal()
        return false
      }
      state.waiting.append(trial)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if begins { queue.async { self.write() } }
  }

  /// Writes until nothing waits.
  private func write() {
    while true {
      let batch = state.withLock { state in
        let batch = state.waiting
        state.waiting = []
        state.isWriting = !batch.isEmpty
        return batch
      }
      guard !batch.isEmpty else { return }
      do throws(RunStoreError) {
        try store.append(batch)
      } catch {
        state.withLock { $0.failure = $0.failure ?? error }
      }
      for _ in batch { room.signal() }
    }
  }

  /// Waits until all trials are stored.
  ///
  /// - Throws: the first failure since the recorder was made; trials that came after it are not
  ///   stored.
  package func finish() throws(RunStoreError) {
    queue.sync {}
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }
}

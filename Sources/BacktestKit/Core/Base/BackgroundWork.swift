internal import Dispatch
internal import Synchronization

/// Work that goes on beside its caller until its value is needed.
///
///     let page = BackgroundWork { report.bytes() }
///     try writeTables(to: &folder)
///     try folder.write(page.value, to: "report.html")
package final class BackgroundWork<Value: Sendable>: Sendable {
  private struct State: Sendable {
    /// `nil` once a thread does it.
    var work: (@Sendable () -> Value)?
    var value: Value?
  }

  private let state: Mutex<State>
  private let isUnderWay = DispatchGroup()

  /// Has the work begun as soon as a thread is free.
  package init(_ work: @escaping @Sendable () -> Value) {
    state = Mutex(State(work: work))
    DispatchQueue.global().async { [self] in begin() }
  }

  /// What the work gives. The caller does it where no other thread has begun.
  package var value: Value {
    begin()
    isUnderWay.wait()
    return state.withLock { $0.value! }
  }

  private func begin() {
    let work = state.withLock { state in
      defer { state.work = nil }
      if state.work != nil { isUnderWay.enter() }
      return state.work
    }
    guard let work else { return }
    let value = work()
    state.withLock { $0.value = value }
    isUnderWay.leave()
  }
}

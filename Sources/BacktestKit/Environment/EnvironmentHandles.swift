import Synchronization

/// The environments that C code holds by number.
///
/// A number holds a place and a count that no other number has, so that a number of the past, or
/// one that was guessed, is noticed.
final class EnvironmentHandles: Sendable {
  /// The only table of the process: a number from C says nothing about where to look it up.
  static let all = EnvironmentHandles()

  private let state = Mutex(State())

  private struct State: Sendable {
    var environments: [HeldEnvironments?] = []
    /// The count of the number that each place was given last.
    var counts: [Int64] = []
    var lastCount: Int64 = 0
  }

  /// Holds environments; gives their number, which is above 0.
  func add(_ environments: HeldEnvironments) -> Int64 {
    state.withLock { state in
      let free = state.environments.firstIndex { $0 == nil }
      let place = free ?? state.environments.count
      if free == nil {
        state.environments.append(nil)
        state.counts.append(0)
      }
      state.environments[place] = environments
      state.lastCount += 1
      state.counts[place] = state.lastCount
      return state.lastCount << 20 | Int64(place)
    }
  }

  /// The environments of a number; `nil` where they were closed or never were.
  func find(_ handle: Int64) -> HeldEnvironments? {
    state.withLock { state in
      place(of: handle, state).flatMap { state.environments[$0] }
    }
  }

  /// Lets go of environments; `false` where there are none.
  func remove(_ handle: Int64) -> Bool {
    let removed: HeldEnvironments? = state.withLock { state in
      guard let place = place(of: handle, state) else { return nil }
      let held = state.environments[place]
      state.environments[place] = nil
      return held
    }
    return removed != nil
  }

  private func place(of handle: Int64, _ state: borrowing State) -> Int? {
    let place = Int(handle & (1 << 20 - 1))
    guard handle > 0, place < state.counts.count, state.counts[place] == handle >> 20 else {
      return nil
    }
    return place
  }
}

/// Environments that one thread at a time uses.
final class HeldEnvironments: @unchecked Sendable {
  private let lock = Mutex(())
  // Only touched with the lock.
  private let batch: EnvironmentBatch
  private var lastError = ""

  init(_ batch: sending EnvironmentBatch) { self.batch = batch }

  /// What went wrong last.
  var error: String { lock.withLock { _ in lastError } }

  /// Works with the environments; `nil` where that failed, whose reason is kept.
  func use<Value>(
    _ work: (EnvironmentBatch) throws(EnvironmentError) -> Value
  ) -> Value? {
    lock.withLock { _ in
      do throws(EnvironmentError) {
        return try work(batch)
      } catch {
        lastError = error.reason
        return nil
      }
    }
  }
}

/// Why environments could not be made or stepped.
struct EnvironmentError: Error {
  /// What is wrong and what to do.
  var reason: String

  init(_ reason: String) { self.reason = reason }

  /// Another error as one of an environment.
  static func wrapping<Value>(_ work: () throws -> Value) throws(EnvironmentError) -> Value {
    do {
      return try work()
    } catch let error as EnvironmentError {
      throw error
    } catch {
      throw EnvironmentError("\(error)")
    }
  }
}

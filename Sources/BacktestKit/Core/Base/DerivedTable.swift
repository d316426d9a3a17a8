internal import Synchronization

/// A table that is computed from others when it is first read.
package struct DerivedTable<Row: Sendable>: Sendable {
  private let storage: Storage

  /// A table that is known already.
  package init(_ rows: [Row]) { storage = Storage(.known(rows)) }

  /// A table that is computed once, by the first reader.
  init(_ derive: @escaping @Sendable () -> [Row]) { storage = Storage(.unknown(derive)) }

  /// The rows.
  var rows: [Row] { storage.rows }

  private enum State: Sendable {
    case known([Row])
    case unknown(@Sendable () -> [Row])
  }

  private final class Storage: Sendable {
    private let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    var rows: [Row] {
      state.withLock { state in
        switch state {
        case .known(let rows): return rows
        case .unknown(let derive):
          let rows = derive()
          state = .known(rows)
          return rows
        }
      }
    }
  }
}

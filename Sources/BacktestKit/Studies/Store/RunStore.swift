public import BacktestCore
import BacktestFiles
internal import Synchronization

/// Every run and every trial of a piece of work, in one file: what was tried, how it did, and what
/// was noted about it.
///
///     let store = try RunStore(path: ".backtestkit/runs.sqlite")
///     var runner = StudyRunner(study)
///     runner.store = store
///     let outcome = try runner.run()
///     print(outcome.trials.count?.counted ?? 0)
///     for run in try store.runs() { print(run.number, run.name, run.metrics["sharpe"] ?? .nan) }
///
/// The file is an SQLite database. Several processes may write to it at once, and one that is
/// killed leaves what it had stored. Identical runs and identical trials are stored once and
/// counted once.
public final class RunStore: Sendable {
  /// The file.
  public let path: String
  /// The time that is stored with what is added; `nil` stores none.
  let now: (@Sendable () -> Timestamp)?
  let state: Mutex<State>

  /// What one thread at a time may use.
  struct State: Sendable {
    let connection: SQLiteConnection
    var known = KnownRows()
  }

  /// Opens a store, which is made where it is missing, with the folder that it lies in.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - now: gives the time that is stored with what is added; without it no time is stored.
  /// - Throws: `RunStoreError` where the file cannot be used.
  public convenience init(
    path: String, now: (@Sendable () -> Timestamp)? = nil
  ) throws(RunStoreError) {
    try self.init(path, .create, now: now)
  }

  /// Opens a store that is there, to read it.
  package convenience init(reading path: String) throws(RunStoreError) {
    try self.init(path, nil, now: nil)
  }

  /// Opens a store that is there, to change it.
  package convenience init(
    changing path: String, now: (@Sendable () -> Timestamp)?
  ) throws(RunStoreError) {
    try self.init(path, .write, now: now)
  }

  /// - Parameter access: `nil` reads.
  private init(
    _ path: String, _ access: SQLiteConnection.Access?, now: (@Sendable () -> Timestamp)?
  ) throws(RunStoreError) {
    guard !path.utf8.contains(0), !path.isEmpty else {
      throw RunStoreError(path, .cannotOpen("this is no name of a file"))
    }
    if access == .create {
      try Self.makeFolder(of: path)
    } else if !fileExists(path) {
      throw RunStoreError(path, .missing)
    }
    // SQLite would take what is shorter than its header for a new file, and replace it.
    if let size = fileSize(path), (1..<RunStoreSchema.smallestFile).contains(size) {
      throw RunStoreError(path, .notAStore)
    }
    let connection: SQLiteConnection
    if let access {
      connection = try SQLiteConnection(path, access)
      try RunStoreSchema.prepare(connection, creates: access == .create)
    } else {
      connection = try Self.readingConnection(path)
    }
    self.path = path
    self.now = now
    state = Mutex(State(connection: connection))
  }

  private static func readingConnection(
    _ path: String
  ) throws(RunStoreError) -> SQLiteConnection {
    do throws(RunStoreError) {
      // A connection that may write tidies up the log at its end, which one that may not cannot.
      let connection = try SQLiteConnection(path, .write)
      try RunStoreSchema.prepare(connection, creates: false)
      try connection.execute("PRAGMA query_only = ON")
      return connection
    } catch {
      // What may only be read, and has no log beside it, is read as it is.
      switch error.problem {
      case .readOnly, .cannotOpen: break
      default: throw error
      }
      guard !fileExists("\(path)-wal"),
        let connection = try? SQLiteConnection(path, .readUnchanging),
        (try? RunStoreSchema.prepare(connection, creates: false)) != nil
      else { throw error }
      return connection
    }
  }

  private static func makeFolder(of path: String) throws(RunStoreError) {
    do throws(FileError) {
      _ = try FolderTree.make(folderPath(of: path))
    } catch {
      throw RunStoreError(path, .cannotOpen(error.reason))
    }
  }

  /// Does some work in one transaction.
  func change<Value: Sendable>(
    _ work: (inout State) throws(RunStoreError) -> Value
  ) throws(RunStoreError) -> Value {
    try state.withLock { (state) throws(RunStoreError) in
      var copy = state
      do throws(RunStoreError) {
        let value = try state.connection.transaction { () throws(RunStoreError) in
          try work(&copy)
        }
        state.known = copy.known
        return value
      } catch {
        // What was undone is known no more.
        state.known = KnownRows()
        throw error
      }
    }
  }

  /// Reads.
  func read<Value: Sendable>(
    _ work: (SQLiteConnection) throws(RunStoreError) -> Value
  ) throws(RunStoreError) -> Value {
    try state.withLock { (state) throws(RunStoreError) in try work(state.connection) }
  }
}

/// The numbers of rows that were stored or found before.
struct KnownRows: Sendable {
  /// The rows of the scope that was used last.
  var scope: (scope: TrialScope, family: Int, rules: Int, data: Int)?
  /// The axis that was used last.
  var axis: (dates: [CivilDate], digest: [UInt8], id: Int)?
  /// The metric names that were used last.
  var metricNames: (names: [String], id: Int)?
}

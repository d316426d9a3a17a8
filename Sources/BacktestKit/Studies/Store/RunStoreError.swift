import BacktestFiles

/// An unusable store of runs, and why.
public struct RunStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Problem: Hashable, Sendable {
    /// There is no store at this path.
    case missing
    /// The file or its folder cannot be opened or made; the system's words.
    case cannotOpen(String)
    /// Another process has kept it locked for longer than a user should wait.
    case locked
    /// The disk, or what may be used of it, is full.
    case full
    /// It may be read and not written.
    case readOnly
    /// It was written by a later version, which has another schema.
    case newerSchema(found: Int, known: Int)
    /// It is a file of another kind.
    case notAStore
    /// It is a store whose contents cannot be right; where and why.
    case damaged(String)
    /// Something was asked for that the store does not have, or cannot do.
    case invalid(String)
    /// What SQLite says about anything else.
    case failed(String)
  }

  /// The path of the store.
  public let path: String
  /// What is wrong.
  public let problem: Problem

  /// A problem of a store.
  package init(_ path: String, _ problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// One line: what is wrong, where, and what to do.
  public var description: String { "\(path): \(reason)" }

  private var reason: String {
    switch problem {
    case .missing: "there is no store of runs; runs are stored beside the study that was run"
    case .cannotOpen(let why): "the store of runs cannot be opened: \(Self.shown(why))"
    case .locked:
      "another process keeps the store of runs locked; try again when it is done"
    case .full: "the disk is full, so nothing more can be stored; free some space"
    case .readOnly: "the store of runs cannot be written, only read; check its permissions"
    case .newerSchema(let found, let known):
      "the store of runs has schema \(found), and this version knows those up to \(known); use a "
        + "later version of BacktestKit, or another store"
    case .notAStore: "this is no store of runs; name another file"
    case .damaged(let why):
      "the store of runs is damaged (\(Self.shown(why))); restore it from a copy, or move it away "
        + "and start another"
    case .invalid(let why): why
    case .failed(let why): "the store of runs failed: \(Self.shown(why))"
    }
  }

  /// Words that may repeat what the file holds, on one line.
  private static func shown(_ why: String) -> String { printable(why, limit: 300) }
}

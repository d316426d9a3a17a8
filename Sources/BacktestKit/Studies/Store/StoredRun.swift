public import BacktestCore
import BacktestFiles

/// A result as the store has it.
public struct StoredRun: Hashable, Sendable {
  /// The number by which commands name it; it is the store's own.
  public var number: Int
  /// What was done: `run`, `walk-forward`, `sweep` or another job.
  public var kind: String
  /// The title of the study.
  public var name: String
  /// The family of its trials.
  public var family: TrialFamily
  /// The hash of all fills and of equity.
  public var fingerprint: String
  /// The session of the base point.
  public var firstDate: CivilDate
  /// The session of the last return.
  public var lastDate: CivilDate
  /// The number of returns.
  public var returnCount: Int
  /// The rules in effect by key, such as `execution.fill` or `parameters.fast`.
  public var settings: [String: String]
  /// Metrics by name; those without a value are left out.
  public var metrics: [String: Double]
  /// The version of BacktestKit that made it.
  public var version: String
  /// The folder of its files, from the folder of the store; `nil` where none were written.
  public var folder: String?
  /// How often the same result was stored.
  public var timesSeen = 1
  /// When it was stored first.
  public var recordedAt: Timestamp?
  /// Its tags, by name.
  public var tags: [String] = []
  /// What was noted about it, in order of time.
  public var notes: [StoredNote] = []
}

/// What somebody wrote about a run or a family.
public struct StoredNote: Hashable, Sendable {
  /// The text.
  public var text: String
  /// When it was written.
  public var recordedAt: Timestamp?
}

/// A family as the store has it.
public struct StoredFamily: Hashable, Sendable {
  /// The number by which commands name it; it is the store's own.
  public var number: Int
  /// What its trials have in common.
  public var family: TrialFamily
  /// The number of different trials.
  public var trialCount: Int
  /// The number of different configurations among them.
  public var configurationCount: Int
  /// The number of trials that were removed from the count.
  public var forgottenCount: Int
  /// The number of results.
  public var runCount: Int
  /// What was noted about it, in order of time.
  public var notes: [StoredNote] = []
}

/// Which runs are meant. All conditions have to hold.
public struct RunFilter: Hashable, Sendable {
  /// Text that the family's strategy or one of its symbols has, or the family's number.
  public var family: String?
  /// A tag.
  public var tag: String?
  /// Text that the name has.
  public var name: String?
  /// The runs and trials stored before this moment.
  public var before: Timestamp?

  /// Every run.
  public init(
    family: String? = nil, tag: String? = nil, name: String? = nil, before: Timestamp? = nil
  ) {
    self.family = family
    self.tag = tag
    self.name = name
    self.before = before
  }

  /// Whether it leaves out anything at all.
  package var isEmpty: Bool { self == RunFilter() }
}

extension StoredRun {
  /// What makes two results the same.
  func digest(data: String) -> [UInt8] {
    var digest = ContentDigest()
    for part in [
      kind, name, family.strategy, family.symbolText, family.timeframe, fingerprint, data,
      Self.json(settings),
    ] {
      digest.update(text: part)
    }
    return digest.value.bytes
  }

  static func json(_ settings: [String: String]) -> String {
    line(settings.sorted { $0.key < $1.key }.map { JSONMember(key: $0, value: .text($1)) })
  }

  static func json(_ metrics: [String: Double]) -> String {
    line(metrics.sorted { $0.key < $1.key }.map { JSONMember(key: $0, value: .number($1)) })
  }

  private static func line(_ members: [JSONMember]) -> String {
    String(decoding: JSONWriter.line(of: .table(members)).dropLast(), as: UTF8.self)
  }
}

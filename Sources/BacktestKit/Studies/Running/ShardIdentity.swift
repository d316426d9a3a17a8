import BacktestCore
import BacktestFiles

/// What all shards of a job have in common: the job, the study with its data or the batch file, and
/// the program.
package struct ShardIdentity: Sendable {
  /// The schema of `shard.json`.
  static let schema = "backtestkit.shard/1"

  /// What is done.
  package let job: ShardedCommand
  /// The number of shards.
  package let shardCount: Int
  /// The number of units of all shards together.
  let unitCount: Int
  /// The version of BacktestKit, and the digest of the program's file.
  let version: String
  let program: String
  /// The digest of the study and its policies, and the study itself, or those of the batch file.
  let configuration: String
  let study: DocumentNode
  /// What is replaced in all studies of a batch besides what its file says.
  package let overrides: [String]
  /// The digests of the bars by symbol; none of a batch, whose entries have their own.
  let data: [Series]

  /// A series of bars and its digest.
  struct Series: Hashable, Sendable {
    var symbol: String
    var digest: String
  }

  /// The identity of a job that this program does.
  ///
  /// - Throws: `FileError` when the program's own file cannot be read.
  init(
    _ job: StudyCommand, _ study: Study, _ market: StudyMarket, shardCount: Int, unitCount: Int
  ) throws(FileError) {
    self.job = ShardedCommand(job)
    self.shardCount = shardCount
    self.unitCount = unitCount
    version = BacktestKitVersion.current
    program = try programDigest().hexadecimal
    configuration = study.configurationDigest.hexadecimal
    self.study = study.document
    overrides = []
    data = market.seriesDigests.map { Series(symbol: $0.symbol, digest: $0.digest.hexadecimal) }
  }

  /// The identity of a batch that this program does.
  ///
  /// - Throws: `FileError` when the program's own file cannot be read.
  init(_ plan: BatchPlan, overrides: [String], shardCount: Int) throws(FileError) {
    job = .batch
    self.shardCount = shardCount
    unitCount = plan.entryCount
    version = BacktestKitVersion.current
    program = try programDigest().hexadecimal
    study = plan.document
    self.overrides = overrides
    data = []
    var digest = ContentDigest()
    digest.update(text: JSONValue(study).canonicalStudy.text)
    for text in overrides { digest.update(text: text) }
    configuration = digest.value.hexadecimal
  }

  /// What a unit's result depends on.
  var key: ContentDigest.Value {
    var key = ContentDigest()
    for part in [job.rawValue, "\(unitCount)", version, program, configuration] {
      key.update(text: part)
    }
    for series in data { key.update(text: "\(series.symbol) \(series.digest)") }
    return key.value
  }
}

// What differs between two of them
extension ShardIdentity {
  /// What this differs in from another, in words; `nil` where both are of one job.
  ///
  /// - Parameters:
  ///   - name: how this is called, such as `shard 1`.
  ///   - otherName: how the other is called.
  func difference(from other: ShardIdentity, called name: String, _ otherName: String) -> String? {
    func two(_ what: String, _ own: String, _ others: String) -> String {
      "\(what) differs: \(own) in \(name), \(others) in \(otherName)"
    }
    if job != other.job {
      return two("the command", "'\(job.rawValue)'", "'\(other.job.rawValue)'")
    }
    if shardCount != other.shardCount {
      return two("the number of shards", "\(shardCount)", "\(other.shardCount)")
    }
    if version != other.version { return two("the version", version, other.version) }
    if program != other.program {
      return two("the build of the program", shortened(program), shortened(other.program))
    }
    if configuration != other.configuration {
      if overrides != other.overrides {
        return two(
          "what '--set' replaces", quotedForMessage(overrides.joined(separator: ", ")),
          quotedForMessage(other.overrides.joined(separator: ", ")))
      }
      guard let setting = firstDifference(from: other) else {
        return "the policy's manifest or weights differ between \(name) and \(otherName)"
      }
      let file = job == .batch ? "batch file" : "study"
      return two("the \(file)'s '\(setting.key)'", setting.own, setting.others)
    }
    guard data != other.data else { return nil }
    let changed = data.first { !other.data.contains($0) } ?? other.data.first { !data.contains($0) }
    let symbol = changed.map { " of \(quotedForMessage($0.symbol))" } ?? ""
    return "the bars\(symbol) differ between \(name) and \(otherName)"
  }

  /// The first key of the study whose value differs.
  private func firstDifference(
    from other: ShardIdentity
  ) -> (key: String, own: String, others: String)? {
    let own = ResultRecord.Setting.all(in: JSONValue(study).canonicalStudy)
    let others = ResultRecord.Setting.all(in: JSONValue(other.study).canonicalStudy)
    func value(_ key: String, _ settings: [ResultRecord.Setting]) -> String {
      settings.first { $0.key == key }.map { quotedForMessage($0.value.description) } ?? "not set"
    }
    for setting in own + others {
      let (mine, theirs) = (value(setting.key, own), value(setting.key, others))
      if mine != theirs { return (setting.key, mine, theirs) }
    }
    return nil
  }

  private func shortened(_ digest: String) -> String { String(digest.prefix(12)) }
}

// As shard.json has it
extension ShardIdentity {
  /// The members of `shard.json`, the study last.
  ///
  /// - Parameter shard: which of the shards it is.
  func json(
    shard: Int, isFinished: Bool, studyFolder: String, studyFile: String
  ) -> JSONValue {
    [
      "schema": .text(Self.schema), "command": .text(job.rawValue),
      "shards": .integer(shardCount), "shard": .integer(shard), "units": .integer(unitCount),
      "finished": .bool(isFinished), "version": .text(version), "program": .text(program),
      "configuration": .text(configuration),
      "data": .list(
        data.map { ["symbol": .text($0.symbol), "digest": .text($0.digest)] as JSONValue }),
      "set": .list(overrides.map { .text($0) }),
      "study-folder": .text(studyFolder), "study-file": .text(studyFile),
      "study": JSONValue(study).canonicalStudy,
    ]
  }

  /// The identity in a `shard.json`.
  init(_ table: inout DocumentTable, shardCount: Int) {
    job = table.value("command", .choice())
    self.shardCount = shardCount
    unitCount = table.value("units", .integer(.atLeast(1)))
    version = table.value("version", .text)
    program = table.value("program", .text)
    configuration = table.value("configuration", .text)
    data = table.sections("data") {
      Series(symbol: $0.value("symbol", .text), digest: $0.value("digest", .text))
    }
    overrides = table.optionalList("set", of: .text) ?? []
    let nothing = DocumentNode(content: .table([]), place: table.place)
    study = table.value("study", .anything(placeholder: nothing))
  }
}

// modules: Core Files Ingest Evidence Checkpoints Networks Policies Reports Studies
import Glibc

/// Throws a damaged run store at everything that reads or changes one.
///
/// The first byte chooses how it is damaged: bytes of a whole store are overwritten, values of rows
/// are replaced by SQL, or the input is the file. Whatever the store holds, each use of it ends
/// with figures or with one whole line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStore(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
  guard size > 0 else { return 0 }
  let input = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
  let path = fuzzFolder + "/runs.sqlite"
  for name in ["runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm", "copy.sqlite", "to.sqlite"] {
    unlink(fuzzFolder + "/" + name)
  }
  switch data[0] % 3 {
  case 0: write(overwritten(wholeStore, input), to: path)
  case 1:
    write(wholeStore, to: path)
    replaceValues(of: path, input)
  default: write(input, to: path)
  }
  use(path)
  return 0
}

/// A folder in memory.
private let fuzzFolder: String = {
  let folder = "/dev/shm/backtestkit-fuzz-\(getpid())"
  mkdir(folder, 0o700)
  return folder
}()

/// A store with trials, runs, notes and tags.
private let wholeStore: [UInt8] = {
  let path = fuzzFolder + "/whole.sqlite"
  do {
    do {
      let store = try RunStore(path: path)
      let trials = (0..<12).map { ScopedTrial(fuzzedScope, fuzzedTrial($0)) }
      try store.append(trials)
      for number in 1...2 {
        let run = StoredRun(
          number: 0, kind: "run", name: "run \(number)", family: fuzzedScope.family,
          fingerprint: "f\(number)", firstDate: CivilDate(daysSinceEpoch: 15_000),
          lastDate: CivilDate(daysSinceEpoch: 15_040), returnCount: 40,
          settings: ["parameters.fast": "5"], metrics: ["sharpe": 0.5], version: "1")
        try store.tag(run: try store.record(run, of: fuzzedScope), adding: ["tried"])
        try store.note("a note", run: number)
      }
    }
    return try FileBytes.read(path)
  } catch {
    preconditionFailure("no store to damage: \(error)")
  }
}()

private let fuzzedScope = TrialScope(
  family: TrialFamily(strategy: "crossover", symbols: ["AAA"], timeframe: "1d"),
  rules: ["cash": .integer(1)], data: ["digest": .text("one")])

private func fuzzedTrial(_ fast: Int) -> Trial {
  Trial(
    .sweep,
    parameters: StrategyParameters(values: [.init(name: "fast", value: .integer(fast))]),
    dates: (0..<40).map { CivilDate(daysSinceEpoch: 15_000 + $0) },
    returns: (0..<40).map { Float(($0 * 7 + fast) % 11) / 1_000 },
    metrics: ["sharpe": Double(fast)])
}

/// Bytes with others in their places: four of the input are a place and a value.
private func overwritten(_ bytes: [UInt8], _ input: [UInt8]) -> [UInt8] {
  var bytes = bytes
  for edit in stride(from: 0, to: input.count - 3, by: 4) {
    let place = Int(input[edit]) << 16 | Int(input[edit + 1]) << 8 | Int(input[edit + 2])
    bytes[place % bytes.count] = input[edit + 3]
  }
  return bytes
}

/// The columns whose values a reader trusts least.
private let columns = [
  "family.strategy", "family.symbols", "family.timeframe", "family.forgotten", "rules.content",
  "data.content", "axis.digest", "axis.count", "axis.days", "metric_names.names",
  "configuration.digest", "configuration.family", "configuration.rules",
  "configuration.parameters", "configuration.source", "trial.digest", "trial.family",
  "trial.configuration", "trial.data", "trial.axis", "trial.origin", "trial.part", "trial.count",
  "trial.mean", "trial.squares", "trial.seen", "trial.recorded", "series.metric_names",
  "series.metrics", "series.returns", "run.digest", "run.kind", "run.name", "run.family",
  "run.fingerprint", "run.first", "run.last", "run.returns", "run.settings", "run.metrics",
  "run.version", "run.folder", "run.seen", "run.recorded", "note.text", "note.recorded",
  "tag.name",
]

/// Replaces values by what the input says: a column, a row, a length and so many bytes.
private func replaceValues(of path: String, _ input: [UInt8]) {
  guard let connection = try? SQLiteConnection(path, .write) else { return }
  var place = 0
  while place + 3 <= input.count {
    let parts = columns[Int(input[place]) % columns.count].split(separator: ".")
    let (row, length) = (Int(input[place + 1]), Int(input[place + 2]) % 48)
    let bytes = input[(place + 3)...].prefix(length)
    place += 3 + bytes.count
    let word = bytes.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    let hexadecimal = bytes.map { digits(of: $0) }.joined()
    let values = [
      "x'\(hexadecimal)'", "CAST(x'\(hexadecimal)' AS TEXT)", "\(word)", "-\(word & .max)",
      "1e999", "-1e999", "\(Double(bitPattern: UInt64(bitPattern: word)))",
    ]
    // The first value of the column's type is taken; the others are refused.
    for turn in values.indices {
      let value = values[(turn + row) % values.count]
      let rows = row % 3 == 0 ? "" : " WHERE rowid = \(row % 14)"
      let sql = "UPDATE \(parts[0]) SET \(parts[1]) = \(value)\(rows)"
      if (try? connection.execute(sql)) != nil { break }
    }
  }
}

private func digits(of byte: UInt8) -> String {
  let text = String(byte, radix: 16)
  return text.utf8.count < 2 ? "0" + text : text
}

private func write(_ bytes: [UInt8], to path: String) {
  let file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
  _ = Glibc.write(file, bytes, bytes.count)
  close(file)
}

private func use(_ path: String) {
  attempt { () throws(RunStoreError) in
    let store = try RunStore(reading: path)
    attempt { () throws(RunStoreError) in
      for run in try store.runs() {
        attempt { () throws(RunStoreError) in _ = try store.curve(of: run) }
        _ = RunMarkdown.run(run, level: 2)
      }
    }
    attempt { () throws(RunStoreError) in _ = try store.families() }
    attempt { () throws(RunStoreError) in _ = try store.run("1") }
    attempt { () throws(RunStoreError) in _ = try store.count(fuzzedScope, shownAs: "the store") }
    attempt { () throws(RunStoreError) in _ = try RunMarkdown.text(of: store, RunFilter()) }
    attempt { () throws(RunStoreError) in try store.checkIntegrity() }
    attempt { () throws(RunStoreError) in try store.checkValues() }
    attempt { () throws(RunStoreError) in
      _ = try RunStore(path: fuzzFolder + "/to.sqlite").add(store)
    }
    attempt { () throws(RunStoreError) in try store.copy(to: fuzzFolder + "/copy.sqlite") }
  }
  attempt { () throws(RunStoreError) in
    let store = try RunStore(path: path)
    try store.note("another", run: 1)
    try store.tag(run: 2, adding: ["more"], removing: ["tried"])
    try store.append([ScopedTrial(fuzzedScope, fuzzedTrial(99))])
    _ = try store.prune(RunFilter(name: "run 1"), forgetsTrials: true)
  }
}

/// Does something with the store; an error is one whole line that does not steer a terminal.
private func attempt(_ work: () throws(RunStoreError) -> Void) {
  do throws(RunStoreError) {
    try work()
  } catch {
    let text = "\(error)"
    precondition(!text.isEmpty && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, text)
  }
}

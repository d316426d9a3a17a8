@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestFiles
@testable import BacktestStudies
import Glibc
import TestSupport
import Testing

/// Stores that cannot be used are told apart, and never end the process.
struct DamagedStoreTests {
  private typealias Shop = StoreWorkshop

  /// The problem of opening a store, or of what is done with it.
  private func problem(_ path: String, _ work: (RunStore) throws -> Void = { _ in })
    -> RunStoreError.Problem?
  {
    do {
      try work(try RunStore(path: path))
      return nil
    } catch {
      let text = "\(error)"
      #expect(!text.contains { $0.isNewline }, "\(text)")
      return (error as? RunStoreError)?.problem
    }
  }

  /// A store with some trials and a run, as bytes.
  private func bytes() throws -> [UInt8] {
    let shop = try Shop()
    do {
      let store = try RunStore(path: shop.path)
      try Shop.append((0..<40).map { Shop.trial(fast: $0) }, to: store)
      try store.record(Shop.run("first", sharpe: 0.5), of: Shop.scope())
      try store.note("text", run: 1)
    }
    return try FileBytes.read(shop.path)
  }

  @Test func filesOfAnotherKind() throws {
    let shop = try Shop()
    try FileBytes.write(Array("name: a study, and no database at all\n".utf8), to: shop.path)
    #expect(problem(shop.path) == .notAStore)
    #expect(try FileBytes.read(shop.path).count == 38)
    // SQLite itself takes what is shorter than a page for a new file.
    try FileBytes.write([0x41], to: shop.path)
    #expect(problem(shop.path) == .notAStore)
    let plain = shop.folder.path + "/plain.sqlite"
    let connection = try SQLiteConnection(plain, .create)
    try connection.execute("CREATE TABLE mine (x)")
    #expect(problem(plain) == .notAStore)
    #expect(problem(shop.folder.path) != nil && problem("") != nil && problem("a\u{0}b") != nil)
    #expect(throws: RunStoreError.self) { try RunStore(reading: shop.folder.path + "/none") }
    if case .cannotOpen? = problem(shop.path + "/below/runs.sqlite") {
    } else {
      Issue.record("a file is no folder")
    }
  }

  @Test func otherSchemas() throws {
    let shop = try Shop()
    _ = try RunStore(path: shop.path)
    func change(_ sql: String) throws {
      try SQLiteConnection(shop.path, .write).execute(sql)
    }
    try change("PRAGMA user_version = 7")
    #expect(problem(shop.path) == .newerSchema(found: 7, known: 1))
    try change("PRAGMA user_version = 1")
    #expect(problem(shop.path) == nil)
    try change("CREATE TRIGGER t AFTER INSERT ON trial BEGIN DELETE FROM trial; END")
    if case .damaged? = problem(shop.path) {} else { Issue.record("a trigger is no part of it") }
  }

  @Test func aFullDisk() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path)
    try store.read { (connection) throws(RunStoreError) in
      try connection.execute("PRAGMA max_page_count = 200")
    }
    let recorder = TrialRecorder(store)
    let observer = recorder.observer(Shop.scope())
    // More than fits, and more than may wait.
    for fast in 0..<1_500 { observer(Shop.trial(fast: fast, count: 1_000)) }
    #expect { try recorder.finish() } throws: { ($0 as? RunStoreError)?.problem == .full }
    // What was stored before is whole.
    try store.checkIntegrity()
    let reader = try RunStore(reading: shop.path)
    try reader.checkValues()
    #expect(try reader.runs().isEmpty)
  }

  @Test func aLockedStore() throws {
    let shop = try Shop()
    let store = try RunStore(path: shop.path)
    let other = try SQLiteConnection(shop.path, .write)
    try store.read { (connection) throws(RunStoreError) in
      try connection.execute("PRAGMA busy_timeout = 50")
    }
    try other.execute("BEGIN IMMEDIATE")
    let found = #expect(throws: RunStoreError.self) {
      try Shop.append([Shop.trial(fast: 1)], to: store)
    }
    #expect(found?.problem == .locked)
    // Reading goes on meanwhile.
    #expect(try store.count(Shop.scope(), shownAs: "s").counted == 0)
    try other.execute("ROLLBACK")
    try Shop.append([Shop.trial(fast: 1)], to: store)
    #expect(try store.count(Shop.scope(), shownAs: "s").counted == 1)
  }

  @Test func countsBeyondAllTrials() throws {
    for sql in [
      "UPDATE trial SET count = 9223372036854775807", "UPDATE trial SET count = -1",
      "UPDATE family SET forgotten = 9223372036854775807",
    ] {
      let shop = try Shop()
      try FileBytes.write(try bytes(), to: shop.path)
      try SQLiteConnection(shop.path, .write).execute(sql)
      let store = try RunStore(reading: shop.path)
      let found = #expect(throws: RunStoreError.self, "\(sql)") {
        try store.count(Shop.scope(), shownAs: "s")
      }
      #expect("\(String(describing: found))".contains("must be from 0 to 2^40"), "\(sql)")
    }
  }

  @Test func blobsOfTheWrongLength() throws {
    for sql in [
      "UPDATE series SET returns = x'0000' WHERE trial = 2",
      "UPDATE axis SET days = x'000000'", "UPDATE axis SET count = 9223372036854775807",
      "UPDATE trial SET configuration = 99999 WHERE id = 3",
      "UPDATE trial SET digest = x'00' WHERE id = 3",
      "UPDATE run SET metrics = '{'", "UPDATE run SET settings = '{\"a\": 5}'",
      "UPDATE run SET name = CAST(x'FF' AS TEXT)", "UPDATE run SET first = 1152921504606846976",
      "UPDATE series SET trial = 77777 WHERE trial = 1",
    ] {
      let (shop, target) = (try Shop(), try Shop())
      try FileBytes.write(try bytes(), to: shop.path)
      try SQLiteConnection(shop.path, .write).execute(sql)
      let store = try RunStore(path: target.path)
      let found = #expect(throws: RunStoreError.self, "\(sql)") {
        try store.add(try RunStore(reading: shop.path))
      }
      if case .damaged? = found?.problem {
      } else {
        Issue.record("\(sql): \(String(describing: found))")
      }
      #expect(try store.families().isEmpty, "\(sql)")
    }
  }

  /// Whatever bytes change or are missing: an error, or figures, and never the end of the process.
  @Test func flippedAndMissingBytes() throws {
    let whole = try bytes()
    var random = TestRandom(seed: 11)
    var refused = 0
    let count = Torture.size(of: 60, full: 1_000)
    for round in 0..<count {
      let shop = try Shop()
      var damaged = whole
      if round % 5 == 0 {
        damaged.removeLast(1 + random.below(damaged.count - 1))
      } else {
        for _ in 0..<(1 + random.below(20)) {
          // Most of the structure lies at the beginning of pages.
          let page = random.below(damaged.count / 4_096) * 4_096
          let place = page + (random.below(2) == 0 ? random.below(200) : random.below(4_096))
          damaged[place] = UInt8(random.below(256))
        }
      }
      try FileBytes.write(damaged, to: shop.path)
      let found = problem(shop.path) { store in
        _ = try store.count(Shop.scope(), shownAs: "s")
        _ = try store.runs()
        try store.checkIntegrity()
        try store.checkValues()
        try Shop.append([Shop.trial(fast: 99)], to: store)
      }
      if found != nil { refused += 1 }
    }
    #expect(refused > count / 2)
  }
}

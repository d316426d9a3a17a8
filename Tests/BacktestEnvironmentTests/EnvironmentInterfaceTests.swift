import BacktestCore
import BacktestEnvironment
import BacktestFiles
import BacktestPolicies
import BacktestStudies
import CBacktestEnvironment
import Strategies
import TestSupport
import Testing

/// The C interface, called as C code calls it.
struct EnvironmentInterfaceTests {
  private static let weights = #""account": {"cash": 1, "accounting": {"rule": "weights"}}"#
  private static let orders =
    #""account": {"cash": 100000, "leverage": 2}, "#
    + #""execution": {"fill": "next-open", "commission": {"basis-points": 2}}"#

  @Test(arguments: [orders, weights])
  func aRecordedSequenceGivesTheFingerprintOfTheStrategy(rules: String) throws {
    let files = try EnvironmentFiles(rules: rules)
    let client = try files.client(count: 3, options: #"{"record": true, "autoreset": "next-step"}"#)
    try client.reset()
    var random = Randomness(seed: 5, stream: "actions")
    var choices: [Int] = []
    while !client.isOver(1) {
      choices.append(random.nextInteger(below: 3))
      client.actions[0] = 0
      client.actions[1] = Int64(choices[choices.count - 1])
      client.actions[2] = 2
      #expect(backtestkit_step(client.handle) >= 0)
    }
    #expect(choices.count > 5_000)
    let fingerprint = try files.fingerprint(of: choices)
    #expect(client.text { backtestkit_result(client.handle, 1, $0, $1) }.contains(fingerprint))
    #expect(!client.text { backtestkit_result(client.handle, 0, $0, $1) }.contains(fingerprint))
  }

  @Test func handlesThatAreNoneAreErrors() throws {
    let client = try EnvironmentFiles(rules: Self.orders).client(count: 1)
    let closed = client.handle
    client.close()
    var room = [CChar](repeating: 1, count: 100)
    for handle in [closed, 0, -1, 1, .max, .min, closed + 1, closed ^ 1 << 30] {
      #expect(backtestkit_step(handle) == -1)
      #expect(backtestkit_reset(handle, nil, nil, nil) == -1)
      #expect(backtestkit_bind(handle, nil) == -1)
      #expect(backtestkit_describe(handle, &room, room.count) == -1)
      #expect(backtestkit_result(handle, 0, &room, room.count) == -1)
      #expect(backtestkit_close(handle) == -1)
      #expect(backtestkit_error(handle, &room, room.count) > 0)
      #expect(spelled(room).contains("closed"))
    }
  }

  @Test func callsInTheWrongOrderAreErrors() throws {
    let files = try EnvironmentFiles(rules: Self.orders)
    let client = try files.client(
      count: 1, options: #"{"episodes": {"kind": "window", "length": 2}}"#)
    #expect(backtestkit_step(client.handle) == -1)
    #expect(client.error.contains("reset it first"))
    try client.reset()
    client.actions[0] = 3
    #expect(backtestkit_step(client.handle) == -1)
    #expect(client.error.contains("the action is 3, not a whole number from 0 to 2"))
    client.actions[0] = 1
    #expect(backtestkit_step(client.handle) == 0)
    #expect(backtestkit_step(client.handle) == 1)
    #expect(client.isOver(0))
    #expect(backtestkit_step(client.handle) == -1)
    #expect(client.error.contains("is over: reset it first"))
    #expect(backtestkit_result(client.handle, 0, nil, 0) == -1)
    #expect(client.error.contains("record"))
    #expect(backtestkit_reset(client.handle, nil, nil, #"{"start": 0}"#) == -1)
    #expect(client.error.contains("'start' is 0"))
  }

  @Test func memoryOfAnotherSizeIsRefused() throws {
    let client = try EnvironmentFiles(rules: Self.orders).client(count: 2)
    try client.reset()
    let changes: [((inout backtestkit_buffers) -> Void, String)] = [
      ({ $0.struct_size = 4 }, "struct_size"), ({ $0.actions_size = 8 }, "'actions' has 8 bytes"),
      ({ $0.rewards = nil }, "'rewards' is NULL"),
      ({ ($0.observations, $0.observations_size) = (nil, 0) }, "'observations' is needed"),
      ({ $0.truncated_size = 3 }, "'truncated' has 3 bytes"),
    ]
    for (change, text) in changes {
      var buffers = client.buffers
      change(&buffers)
      #expect(backtestkit_bind(client.handle, &buffers) == -1)
      #expect(client.error.contains(text))
    }
    #expect(backtestkit_step(client.handle) == 0)
  }

  @Test func aTextThatDoesNotFitIsCutBetweenCharacters() throws {
    var room = [CChar](repeating: 1, count: 8)
    #expect(backtestkit_create("gr\u{FC}n.yaml", nil, nil, 1, &room, 4) == 0)
    #expect(spelled(room) == "gr")
    #expect(room[4] == 1)
    #expect(backtestkit_create(nil, nil, nil, 1, nil, 0) == 0)
    #expect(backtestkit_run(nil, nil, nil, nil, 0) == -1)
  }
}

/// A study and a manifest in a folder.
private final class EnvironmentFiles {
  let folder: ScratchFolder
  var study: String { folder.path + "/study.json" }
  var manifest: String { folder.path + "/manifest.json" }

  init(rules: String) throws {
    folder = try ScratchFolder()
    let prices = Fixture.path("prices/sp500.csv")
    try PlainFile.write(
      Array(
        (#"{"name": "t", "data": {"calendar": "XNYS", "files": [{"path": "\#(prices)", "#
          + #""symbol": "SPX"}]}, \#(rules)}"#).utf8), to: study)
    try PlainFile.write(
      Array(
        (#"{"format": "backtestkit.policy/1", "name": "t", "algorithm": "none", "#
          + #""observation": {"shape": [2], "dtype": "float32", "normalise": {"kind": "none"}, "#
          + #""features": [{"name": "log_return"}, {"state": "real_position"}]}, "#
          + #""action": {"kind": "discrete", "size": 3, "rule": "argmax", "#
          + #""meaning": "target_weights", "targets": [0, 1, -1]}}"#).utf8), to: manifest)
  }

  func client(count: Int, options: String? = nil) throws -> EnvironmentClient {
    try EnvironmentClient(study, manifest, count: count, options: options)
  }

  /// The fingerprint of the strategy that makes the choices one after the other.
  func fingerprint(of choices: [Int]) throws -> String {
    let read = try Study.training(
      path: study, manifest: manifest, overrides: [], catalogue: .standard)
    let feed = try StudyRunner(read).trainingMarket().plan.feed
    let strategy = try PolicyStrategy(
      ScriptedPolicy(choices.map { .act([Double($0)]) }, observationCount: 2),
      manifest: try PolicyManifest(path: manifest), universe: feed.universe)
    let result = Backtest(strategy, on: feed, configuration: read.configuration).run()
    return "\"\(result.fingerprint)\""
  }
}

/// A program that uses the C interface, with its memory.
private final class EnvironmentClient {
  private(set) var handle: Int64
  var actions: UnsafeMutablePointer<Int64> { memory.actions }
  let buffers: backtestkit_buffers
  private let memory: Memory
  private let count: Int

  private struct Memory {
    let actions: UnsafeMutablePointer<Int64>
    let observations: UnsafeMutablePointer<Float>
    let rewards: UnsafeMutablePointer<Double>
    let flags: UnsafeMutablePointer<UInt8>
  }

  init(_ study: String, _ manifest: String, count: Int, options: String?) throws {
    var error = [CChar](repeating: 0, count: 1_000)
    handle = backtestkit_create(study, manifest, options, Int32(count), &error, error.count)
    guard handle > 0 else { throw Problem(text: spelled(error)) }
    self.count = count
    memory = Memory(
      actions: .allocate(capacity: count), observations: .allocate(capacity: 2 * count),
      rewards: .allocate(capacity: count), flags: .allocate(capacity: 2 * count))
    memory.actions.initialize(repeating: 0, count: count)
    memory.flags.initialize(repeating: 0, count: 2 * count)
    var buffers = backtestkit_buffers()
    buffers.struct_size = MemoryLayout<backtestkit_buffers>.size
    (buffers.actions, buffers.actions_size) = (UnsafeRawPointer(memory.actions), 8 * count)
    (buffers.observations, buffers.observations_size) = (memory.observations, 8 * count)
    (buffers.rewards, buffers.rewards_size) = (memory.rewards, 8 * count)
    (buffers.terminated, buffers.terminated_size) = (memory.flags, count)
    (buffers.truncated, buffers.truncated_size) = (memory.flags + count, count)
    self.buffers = buffers
    guard backtestkit_bind(handle, &buffers) == 0 else { throw Problem(text: self.error) }
  }

  deinit {
    _ = backtestkit_close(handle)
    memory.actions.deallocate()
    memory.observations.deallocate()
    memory.rewards.deallocate()
    memory.flags.deallocate()
  }

  func reset() throws {
    guard backtestkit_reset(handle, nil, nil, nil) == 0 else { throw Problem(text: error) }
  }

  func close() {
    _ = backtestkit_close(handle)
  }

  func isOver(_ index: Int) -> Bool { memory.flags[index] + memory.flags[count + index] > 0 }

  var error: String { text { backtestkit_error(handle, $0, $1) } }

  func text(_ read: (UnsafeMutablePointer<CChar>, Int) -> Int64) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1_000) { room in
      room.initialize(repeating: 0)
      guard let start = room.baseAddress else { return "" }
      _ = read(start, room.count)
      return String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  struct Problem: Error { var text: String }
}

/// What C code left in some room, up to its zero byte.
private func spelled(_ room: [CChar]) -> String {
  String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

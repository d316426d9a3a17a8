@testable import BacktestCheckpoints
import Testing

/// Pickles that the index of hostile files does not have, made from the format itself.
struct PickleReaderTests {
  private let floats: [UInt8] = Array(repeating: 0, count: 16)
  private let four = PickleText.tensor([2, 2], strides: [2, 1], count: 4)

  private func refusal(_ body: [UInt8]) -> String {
    PickleText.refusal(of: body, storages: [floats])
  }

  @Test func handmadeArchiveIsRead() throws {
    let body = PickleText.dictionary([
      ("a", four), ("b", PickleText.dictionary([("c", four)])),
      ("epoch", [0x4B, 7]), ("list", [0x5D, 0x4B, 1, 0x61]),
    ])
    let archive = try TensorArchive(
      bytes: PickleText.archive(body, storages: [floats]), name: "m")
    #expect(archive.names == ["a", "b.c"] && archive["b.c"]?.shape == [2, 2])
  }

  @Test func manyWaysThroughFewDictionariesAreRefused() {
    // Forty dictionaries, each with eight names for the next: 8^40 ways, and none leads far.
    var body: [UInt8] = [0x7D, 0x28] + PickleText.text("t") + four + [0x75]
    body += PickleText.memorised(0)
    for level in 1...40 {
      let next = (0..<8).map { ("\($0)", PickleText.recalled(UInt8(level - 1))) }
      body += PickleText.dictionary(next) + PickleText.memorised(UInt8(level))
    }
    // All lie on the stack; a tuple under a key lets the last one be the root's.
    body = [0x28] + body + [0x74] + [0x71, 99]
    body = [0x7D, 0x28] + PickleText.text("x") + body + PickleText.text("y")
    body += PickleText.recalled(40) + [0x75]
    #expect(refusal(body).contains("entries on the paths through its dictionaries"))
  }

  @Test func cyclesAreReadWithoutEnd() throws {
    // A list in itself, a dictionary in a list in itself: no tensor is there, so nothing follows.
    let list: [UInt8] = [0x5D, 0x71, 1, 0x68, 1, 0x61]
    let body = PickleText.dictionary([("a", four), ("l", list)])
    #expect(refusal(body).isEmpty)
    let own: [UInt8] =
      [0x7D, 0x71, 1, 0x28] + PickleText.text("self") + [0x68, 1] + PickleText.text("a") + four
      + [0x75]
    #expect(refusal(own).contains("nested too deep"))
  }

  @Test func longChainsOfContainersAreFreed() {
    // Each list is put into the one before it when both are already there, so that no depth is
    // known; freeing such a chain by recursion would end the process.
    let count = 60_000
    var body: [UInt8] = [0x28]
    for index in 0..<count { body += [0x5D, 0x72] + ZipText.number(index, 4) }
    body += [0x74]
    var chain: [UInt8] = [0x28]
    for index in 1..<(count - 1) {
      chain += [0x6A] + ZipText.number(index, 4) + [0x6A] + ZipText.number(index + 1, 4) + [0x61]
    }
    chain += [0x74]
    let root = PickleText.dictionary([("a", four), ("b", body), ("c", chain)])
    #expect(refusal(root).isEmpty)
  }

  @Test(arguments: [
    ("two values", [0x4B, 1, 0x7D] as [UInt8], "not one value at STOP"),
    ("an open mark", [0x7D, 0x28], "not one value at STOP"),
    ("bytes behind", [0x7D, 0x2E, 0x7D], "bytes after STOP"),
    ("a second protocol", [0x7D, 0x80, 2], "named twice"),
    ("an opcode of protocol 4", [0x8C, 1, 0x61], "opcode 0x8c is not allowed"),
    ("a mark as a value", [0x28, 0x85, 0x2E], "stack underflow"),
    ("a mark in the memo", [0x28, 0x71, 0], "stack underflow"),
    ("a value below a mark", [0x5D, 0x28, 0x61], "stack underflow"),
    ("a key without value", [0x7D, 0x28, 0x4B, 1, 0x75], "odd item list"),
    ("an item in a tuple", [0x29, 0x4B, 1, 0x61], "append to a non-list"),
    ("a key in a list", [0x5D, 0x4B, 1, 0x4B, 1, 0x73], "set item on a non-dictionary"),
    ("a list as a key", [0x7D, 0x5D, 0x4B, 1, 0x73], "neither a text nor a number"),
    ("a call of a number", [0x4B, 1, 0x29, 0x52], "REDUCE of something other"),
    ("a state for a number", [0x4B, 1, 0x4B, 1, 0x62], "BUILD of something"),
    ("a state for a dictionary", [0x7D, 0x4B, 1, 0x62], "BUILD on a dictionary"),
    ("a storage of nothing", [0x29, 0x51], "bad storage reference"),
    ("a name without end", [0x63] + Array(repeating: 0x61, count: 300), "unterminated line"),
  ])
  func brokenPickleIsRefused(what: String, body: [UInt8], reason: String) {
    #expect(refusal(body).contains(reason), "\(what): \(refusal(body))")
  }

  @Test func classesAreOnlyNames() {
    let called = PickleText.global("torch", "FloatStorage") + [0x29, 0x52]
    #expect(refusal(called).contains("a class that is only a name"))
    let filled =
      PickleText.global("collections", "OrderedDict") + PickleText.tuple([[0x4B, 1]]) + [0x52]
    #expect(refusal(filled).contains("OrderedDict with arguments"))
    // The parts of a name must match whole, wherever it is cut.
    for (module, name) in [
      ("torch", "_utils._rebuild_tensor_v2"), ("torch._utils._rebuild_tensor_v2", ""),
      ("", "torch._utils _rebuild_tensor_v2"), ("torch._utils ", "_rebuild_tensor_v2"),
    ] {
      #expect(refusal(PickleText.global(module, name)).contains("is not allowed"))
    }
  }

  @Test func namesAreValidAndUnique() {
    let surrogate = PickleText.text([0xED, 0xA0, 0x80])
    #expect(refusal([0x7D] + surrogate + [0x4B, 1, 0x73]).contains("not valid UTF-8"))
    for (name, reason) in [
      ("a\0b", "control character"), ("", "has no name"),
      (String(repeating: "n", count: 513), "more than 512 bytes"),
      ("__metadata__", "reserves for texts"),
    ] {
      #expect(refusal(PickleText.dictionary([(name, four)])).contains(reason))
    }
    #expect(refusal(PickleText.dictionary([("a", four), ("a", four)])).contains("duplicate key"))
    let dotted = PickleText.dictionary([
      ("a", PickleText.dictionary([("b", four)])), ("a.b", four),
    ])
    #expect(refusal(dotted).contains("duplicate tensor name 'a.b'"))
    // The same letter in two spellings is one name.
    let spelled = PickleText.dictionary([("\u{E9}", four), ("e\u{301}", four)])
    #expect(refusal(spelled).contains("duplicate key"))
    let numbered: [UInt8] = [0x7D, 0x4B, 1] + four + [0x73]
    #expect(refusal(numbered).contains("named by a number"))
  }

  @Test func tensorsStayInTheirStorage() {
    func tensor(
      _ shape: [Int], _ strides: [Int], offset: Int = 0, count: Int = 4
    ) -> String {
      let body = PickleText.tensor(shape, strides: strides, offset: offset, count: count)
      return refusal(PickleText.dictionary([("t", body)]))
    }
    #expect(tensor([4], [1]).isEmpty && tensor([], [], offset: 3).isEmpty)
    #expect(tensor([0], [1], offset: 4).isEmpty && tensor([0, 9], [1 << 39, 7]).isEmpty)
    #expect(tensor([2], [1 << 39]).contains("reaches past"))
    #expect(tensor([1 << 26], [1 << 39]).contains("reaches past"))
    #expect(tensor([], [], offset: 4).contains("reaches past"))
    #expect(tensor([0], [1], offset: 5).contains("reaches past"))
    // A zero beside huge lengths: the product of all must not overflow anywhere.
    #expect(tensor([1 << 39, 1 << 39, 0], [1, 1, 1]).contains("tensors too large"))
    #expect(tensor([0, 1 << 39, 1 << 39], [0, 0, 0]).contains("tensors too large"))
    #expect(tensor([4], [1], count: 1 << 27).contains("bad storage size"))
  }

  @Test func oneStorageIsDeclaredOnce() {
    let other = PickleText.tensor([2], strides: [1], count: 2, storage: "DoubleStorage")
    #expect(
      refusal(PickleText.dictionary([("a", four), ("b", other)])).contains(
        "declared twice, differently"))
    let shorter = PickleText.tensor([2], strides: [1], count: 3)
    #expect(
      refusal(PickleText.dictionary([("a", four), ("b", shorter)])).contains(
        "declared twice, differently"))
  }

  @Test func booleansAreZeroOrOne() {
    let body = PickleText.dictionary([
      ("a", PickleText.tensor([2], strides: [1], count: 2, storage: "BoolStorage"))
    ])
    #expect(PickleText.refusal(of: body, storages: [[0, 1]]).isEmpty)
    #expect(PickleText.refusal(of: body, storages: [[0, 7]]).contains("a boolean is 7"))
  }

  @Test func expandedBytesAreLimitedAsWellAsElements() {
    // 2^25 doubles are 256 MiB; two of them are fewer than 2^27 elements and too many bytes.
    let body = PickleText.tensor(
      [1 << 24], strides: [0], count: 2, storage: "DoubleStorage")
    let three = PickleText.dictionary([("a", body), ("b", body), ("c", body)])
    #expect(refusal(three).contains("tensors too large"))
  }
}

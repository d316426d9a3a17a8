@testable import BacktestCheckpoints
import Testing

/// Files that are small and would take much work or memory.
struct CheckpointLimitTests {
  private let floats: [UInt8] = Array(repeating: 0, count: 16)
  private let four = PickleText.tensor([2, 2], strides: [2, 1], count: 4)

  private func refusal(_ body: [UInt8]) -> String {
    PickleText.refusal(of: body, storages: [floats])
  }

  @Test func keysAreShort() {
    for count in [512, 513] {
      let key = String(repeating: "k", count: count)
      let inner = PickleText.dictionary([(key, [0x4B, 1])])
      let text = refusal(PickleText.dictionary([("a", four), ("d", inner)]))
      #expect(text.contains("a dictionary key has more than 512 bytes") == (count == 513))
      #expect(text.isEmpty == (count == 512))
    }
  }

  @Test func namesOnManyWaysAreCounted() {
    // One dictionary of 90 long keys that 900 names lead to: few entries, many bytes.
    let keys = (0..<90).map { number in
      (String(repeating: "k", count: 500) + "\(number)", [0x4B, 1] as [UInt8])
    }
    let shared = PickleText.dictionary(keys) + PickleText.memorised(1)
    let ways = (0..<900).map { ("\($0)", PickleText.recalled(1)) }
    let root = PickleText.dictionary([("a", four), ("d", shared)] + ways)
    #expect(refusal(root).contains("more than 16 MiB of names on the paths through"))
  }

  @Test func textsTakeFromTheBudget() throws {
    let budget = try CheckpointBudget(fileBytes: CheckpointLimits.heldBytes - 1_000)
    let list = [0x5D] + (PickleText.text(String(repeating: "t", count: 600)) + [0x61]) * 2
    let error = #expect(throws: CheckpointError.self) {
      try PickleReader.read(PickleText.whole(list)[...], .torch, budget)
    }
    #expect(try #require(error).description.contains("expands too far"))
    // Short texts and bytes take no memory of their own.
    let short = [0x5D] + (PickleText.text("t") + [0x61]) * 600
    let rest = try CheckpointBudget(fileBytes: CheckpointLimits.heldBytes)
    _ = try PickleReader.read(PickleText.whole(short)[...], .torch, rest)
  }

  @Test func documentsTakeWhatTheirValuesTake() throws {
    let list: [UInt8] = Array("[1,2,3]".utf8)
    let budget = try CheckpointBudget(fileBytes: CheckpointLimits.heldBytes - 3 * 128 - 7)
    try budget.takeDocument(list[...])
    #expect(throws: CheckpointError.self) { try budget.take(1) }
  }

  @Test func entryNamesAreShort() {
    for (count, isRefused) in [(1_024, false), (1_025, true)] {
      let bytes = ZipText.archive([
        ("archive/data.pkl", PickleText.whole(PickleText.dictionary([("a", four)]))),
        ("archive/data/0", floats), (String(repeating: "n", count: count), [1]),
      ])
      let text = CheckpointLimitTests.refusal(bytes)
      #expect(text.contains("an entry name has 1025 bytes, more than 1024") == isRefused)
      #expect(text.isEmpty != isRefused)
    }
  }

  @Test func codeIsWhatLiesBesideThePickle() {
    func archive(_ folder: String, _ more: [String]) -> String {
      let entries = [
        ("\(folder)data.pkl", PickleText.whole(PickleText.dictionary([("a", four)]))),
        ("\(folder)data/0", floats),
      ]
      return CheckpointLimitTests.refusal(ZipText.archive(entries + more.map { ($0, [1]) }))
    }
    // What torch.save names after a file code.pt.
    #expect(archive("code/", ["code/version"]).isEmpty)
    #expect(archive("code/m/", []).isEmpty)
    for (folder, name) in [
      ("m/", "m/code/__torch__.py"), ("m/", "m/constants.pkl"), ("", "code/a.py"),
      ("code/", "code/code/a.py"),
    ] {
      #expect(archive(folder, [name]).contains("a TorchScript archive"), "\(folder) \(name)")
    }
  }

  @Test(arguments: [
    ([0x8C, 1, 0x61] as [UInt8], 2, "opcode 0x8c is not allowed"), ([0x7D], 4, "protocol 4"),
    ([0x7D], 0, "pickle protocol 0, expected 2;"), ([0x7D], 1, "pickle protocol 1, expected 2;"),
    ([0x29, 0x51], 2, "bad storage reference"),
  ])
  func everyRefusalSaysHowToSave(body: [UInt8], version: UInt8, reason: String) {
    let text = CheckpointLimitTests.refusal(
      ZipText.archive([("m/data.pkl", PickleText.whole(body, version: version))]))
    #expect(text.contains(reason) && text.contains("torch.save(model.state_dict()"), "\(text)")
  }

  /// A seed of 64 bits and the state of NumPy's default generator, of 128; both without a sign.
  @Test(arguments: [9, 17]) func randomStatesBesideWeightsAreRead(count: UInt8) {
    func refused(_ count: UInt8) -> String {
      let state = [0x8A, count] + Array(repeating: 0xFF, count: Int(count) - 1) + [0]
      return refusal(PickleText.dictionary([("a", four), ("seed", state)]))
    }
    #expect(refused(count).isEmpty)
    #expect(refused(18).contains("integer over 128 bits"))
  }

  private static func refusal(_ bytes: [UInt8]) -> String {
    do throws(CheckpointError) {
      _ = try TensorArchive(bytes: bytes, name: "m")
      return ""
    } catch {
      return error.description
    }
  }
}

private func * (bytes: [UInt8], count: Int) -> [UInt8] {
  Array(repeatElement(bytes, count: count).joined())
}

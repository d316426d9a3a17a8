@testable import BacktestCheckpoints
@testable import BacktestFiles
import TestSupport
import Testing

struct SafetensorsTests {
  private func file(_ header: String, _ body: [UInt8] = [], count: Int? = nil) -> [UInt8] {
    let bytes = Array(header.utf8)
    return ZipText.number(count ?? bytes.count, 8) + bytes + body
  }

  private func refusal(_ bytes: [UInt8]) -> String {
    do throws(CheckpointError) {
      _ = try TensorArchive(bytes: bytes, name: "m", format: .safetensors)
      return ""
    } catch {
      return error.description
    }
  }

  @Test(arguments: PolicyFixture.trained.map(\.folder))
  func whatIsWrittenIsReadBack(folder: String) throws {
    let archive = try TensorArchive(path: Fixture.path("policies/\(folder)/model.safetensors"))
    let bytes = archive.safetensorsBytes()
    #expect(bytes == archive.safetensorsBytes() && bytes[0] % 8 == 0)
    #expect(try TensorArchive(bytes: bytes, name: "b").tensors == archive.tensors)
  }

  @Test func everyElementTypeSurvives() throws {
    for file in ["dtypes.safetensors", "dtypes.pt"] {
      let archive = try TensorArchive(path: Fixture.path("policies/variants/\(file)"))
      let back = try TensorArchive(bytes: archive.safetensorsBytes(), name: "b")
      #expect(back.tensors == archive.tensors && back.tensors.count == 10)
    }
    let named = TensorArchive([
      NamedTensor(name: "a\"b\\c\u{1F600}", shape: [2], floats: [1, .nan]),
      NamedTensor(name: "empty", shape: [0, 3], doubles: []),
      NamedTensor(name: "scalar", shape: [], doubles: [-0.0]),
    ])
    #expect(
      try TensorArchive(bytes: named.safetensorsBytes(), name: "b").tensors == named.tensors)
  }

  /// Bytes laid out by hand from the description of the format.
  @Test func layoutIsThatOfTheFormat() throws {
    let archive = TensorArchive([NamedTensor(name: "w", shape: [1], floats: [1])])
    let bytes = archive.safetensorsBytes()
    let count = Int(bytes[0])
    #expect(bytes.count == 8 + count + 4 && Array(bytes.suffix(4)) == [0, 0, 0x80, 0x3F])
    let header = try DocumentReader.read(Array(bytes[8..<(8 + count)]), name: "h", format: .json)
    let entry = try #require(PolicyFixture.member("w", of: header))
    #expect(PolicyFixture.text(PolicyFixture.member("dtype", of: entry)) == "F32")
    #expect(PolicyFixture.numbers(PolicyFixture.member("data_offsets", of: entry)) == [0, 4])
  }

  @Test(arguments: [
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
        + #""\u0061":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#, "given twice"
    ),
    (#"{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, "surrogate"),
    (#"{"a\u0000":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, "control character"),
    (#"{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, "has no name"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}"#, "bad tensor entry"),
    (#"{"a":{"dtype":"U8","shape":[1]}}"#, "bad tensor entry"),
    (#"{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}"#, "bad shape"),
    (#"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#, "bad shape"),
    (#"{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}"#, "bad shape"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e0]}}"#, "offsets out of range"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9223372036854775808]}}"#, "out of range"),
    (#"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}"#, "bad shape"),
    (
      #"{"a":{"dtype":"U8","shape":[0,1099511627775,1099511627775],"data_offsets":[0,0]}}"#,
      "too large"
    ),
    (#"{"__metadata__":{"a":"b"}}"#, "no tensors in it"), ("{}", "no tensors in it"),
    (#"{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}"#, "a boolean is 7"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} x"#, "not valid JSON"),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,NaN]}}"#, "not valid JSON"),
  ])
  func brokenHeaderIsRefused(header: String, reason: String) {
    let text = refusal(file(header, [7]))
    #expect(text.contains(reason), "\(text)")
  }

  @Test func emptyTensorsMayShareAnOffset() throws {
    let header =
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
      + #""b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
      + #""c":{"dtype":"F32","shape":[0,9],"data_offsets":[1,1]}}"#
    let archive = try TensorArchive(bytes: file(header, [7]), name: "m")
    #expect(archive.names == ["a", "b", "c"] && archive["c"]?.shape == [0, 9])
  }

  @Test func missingTensorsAreNamedWithTheNearest() throws {
    let path = Fixture.path("policies/ppo_box1/model.safetensors")
    let archive = try TensorArchive(path: path)
    let error = #expect(throws: CheckpointError.self) {
      try archive.tensor("action_net.weigth", shape: [1, 32])
    }
    let text = try #require(error).description
    #expect(text.hasPrefix(path) && text.hasSuffix("did you mean 'action_net.weight'?"))
    #expect(try archive.tensor("action_net.weight", shape: [1, 32]).count == 32)
  }

  @Test func finiteMeansFinite() {
    let doubles: [(Double, Bool)] = [
      (0, true), (-.greatestFiniteMagnitude, true), (.infinity, false), (-.infinity, false),
      (.nan, false), (.signalingNaN, false), (.leastNonzeroMagnitude, true),
    ]
    for (value, isFinite) in doubles {
      #expect(NamedTensor(name: "a", shape: [2], doubles: [1, value]).isFinite == isFinite)
      let single = Float(value)
      #expect(
        NamedTensor(name: "a", shape: [1], floats: [single]).isFinite == single.isFinite)
    }
    // All halves and all brains.
    for bits in stride(from: 0, through: 0xFFFF, by: 7) {
      for type in [TensorElementType.float16, .bfloat16] {
        let tensor = NamedTensor(
          name: "a", shape: [1], elementType: type, bytes: ZipText.number(bits, 2))
        #expect(tensor.isFinite == tensor.doubles()[0].isFinite)
      }
    }
  }
}

import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestNetworks
import TestSupport
import Testing

/// ONNX files that were made to do harm: each is refused for its reason, in one line and at once.
@Suite struct ONNXHostileTests {
  struct Hostile: Sendable, CustomStringConvertible {
    var file: String
    var stage: String
    var reason: String
    var description: String { file }
  }

  static let files: [Hostile] = {
    do {
      return try NetworkFixture.json("policies/onnx/hostile/index.json").items.map { item in
        Hostile(
          file: try #require(item["file"]).text, stage: try #require(item["stage"]).text,
          reason: try #require(item["reason"]).text)
      }
    } catch {
      Issue.record("index.json: \(error)")
      return []
    }
  }()

  /// What is said about a file, and at which stage.
  private func refusal(_ bytes: [UInt8], _ name: String) -> (stage: String, text: String)? {
    let model: ONNXModel
    do throws(CheckpointError) {
      model = try ONNXModel(bytes: bytes, name: name)
    } catch {
      return ("read", error.description)
    }
    let binding = GraphBinding(heads: [GraphBinding.Head(name: "policy", output: "y")])
    do throws(NetworkError) {
      _ = try Network<Double>(model, binding, heads: ["policy"], inputShape: [4])
      return nil
    } catch {
      return ("build", error.description)
    }
  }

  @Test(arguments: files)
  func hostileFilesAreRefused(_ hostile: Hostile) throws {
    let bytes = try Fixture.bytes("policies/onnx/hostile/\(hostile.file)")
    let clock = ContinuousClock()
    var found: (stage: String, text: String)?
    let time = clock.measure { found = self.refusal(bytes, hostile.file) }
    let refusal = try #require(found)
    #expect(refusal.stage == hostile.stage)
    #expect(refusal.text.contains(hostile.reason), "\(refusal.text)")
    #expect(refusal.text.utf8.count < 1_000)
    #expect(!refusal.text.utf8.contains { $0 < 0x20 || $0 == 0x7F })
    #expect(time < (TestBuild.isOptimised ? .milliseconds(100) : .seconds(5)))
  }

  @Test func thereAreManyFiles() { #expect(Self.files.count >= 60) }

  /// Every beginning of a good file is refused or read, and never a crash.
  @Test func everyBeginningOfAGoodFileIsHandled() throws {
    let bytes = try Fixture.bytes("policies/dqn_d3/model_raw.onnx")
    for count in stride(from: 0, to: bytes.count, by: 61) {
      #expect(refusal(Array(bytes.prefix(count)), "part") != nil)
    }
  }
}

extension DocumentNode {
  /// The value as a text; empty for anything else.
  var text: String {
    if case .text(let text) = content { text } else { "" }
  }
}

@testable import BacktestCheckpoints
@testable import BacktestFiles
@testable import BacktestIngest
import TestSupport

/// The checkpoints below `Fixtures/policies`.
enum PolicyFixture {
  /// A file of `variants` or `hostile` as its index describes it.
  struct Case: Sendable, CustomStringConvertible {
    let folder: String
    let file: String
    let kind: String
    let expect: String
    let stage: String
    /// Names, shapes and values.
    let tensors: [(name: String, shape: [Int], values: [Double])]

    var description: String { file }

    /// The bytes; large files lie compressed.
    func bytes() throws -> [UInt8] {
      let path = "policies/\(folder)/\(file)"
      if let plain = try? Fixture.bytes(path) { return plain }
      return try inflated(try Fixture.bytes(path + ".gz"))
    }

    /// Reads the file as its index says; legacy and TorchScript files come as torch zips.
    func read() throws -> TensorArchive {
      let formats: [String: CheckpointFormat] = [
        "safetensors": .safetensors, "sb3-zip": .stableBaselines, "pickle-numpy": .rllib,
      ]
      return try TensorArchive(
        bytes: try bytes(), name: file, format: formats[kind] ?? .torchZip)
    }
  }

  static let variants = cases(in: "variants")
  static let hostile = cases(in: "hostile")

  /// The folders with a checkpoint of a real training, and the file that the library wrote.
  static let trained: [(folder: String, file: String)] = [
    ("a2c_window_d5", "model.zip"), ("a3c_lstmcell_d3", "model.pt"),
    ("cleanrl_ppo_box1", "model.cleanrl_model"), ("cnn_gru_bn_ln", "model.pt"),
    ("cnn_lstm_19843", "model.pt"), ("dqn_d3", "model.zip"), ("ppo_box1", "model.zip"),
    ("ppo_box1_sde", "model.zip"), ("ppo_discrete", "model.zip"), ("ppo_portfolio4", "model.zip"),
    ("rllib_ppo_d3", "module_state.pkl"), ("rppo_lstm2_box", "model.zip"),
    ("rppo_lstm_d3", "model.zip"), ("sac_box", "model.zip"), ("sac_sde", "model.zip"),
    ("td3_box", "model.zip"),
  ]

  /// A file's entry of a table, or `nil`.
  static func member(_ key: String, of node: DocumentNode) -> DocumentNode? {
    guard case .table(let entries) = node.content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  static func text(_ node: DocumentNode?) -> String {
    if case .text(let text)? = node?.content { text } else { "" }
  }

  static func numbers(_ node: DocumentNode?) -> [Double] {
    guard case .list(let items)? = node?.content else { return [] }
    return items.compactMap(number)
  }

  static func number(_ node: DocumentNode) -> Double? {
    switch node.content {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  static func json(_ path: String) throws -> DocumentNode {
    try DocumentReader.read(try Fixture.bytes(path), name: path, format: .json)
  }

  private static func cases(in folder: String) -> [Case] {
    guard let index = try? json("policies/\(folder)/index.json"),
      case .list(let items) = index.content
    else { return [] }
    return items.map { item in
      var tensors: [(name: String, shape: [Int], values: [Double])] = []
      if case .table(let entries)? = member("tensors", of: item)?.content {
        tensors = entries.map { entry in
          let shape = numbers(member("shape", of: entry.value)).map { Int($0) }
          return (entry.key, shape, numbers(member("values", of: entry.value)))
        }
      }
      return Case(
        folder: folder, file: text(member("file", of: item)),
        kind: text(member("kind", of: item)), expect: text(member("expect", of: item)),
        stage: text(member("stage", of: item)), tensors: tensors)
    }
  }

  static func inflated(_ packed: [UInt8]) throws -> [UInt8] {
    let inflater = GzipInflater(pending: packed)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let step = chunk.withUnsafeMutableBytes { inflater.inflate(into: $0) }
      guard case .written(let count) = step else { return bytes }
      bytes += chunk[..<count]
    }
  }
}

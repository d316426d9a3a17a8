@testable import BacktestCheckpoints
@testable import BacktestFiles

/// Writes pickles by hand, opcode by opcode.
enum PickleText {
  static func whole(_ body: [UInt8], version: UInt8 = 2) -> [UInt8] {
    [0x80, version] + body + [0x2E]
  }

  static func integer(_ value: Int) -> [UInt8] {
    [0x8A, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func number(_ value: Double) -> [UInt8] {
    [0x47] + (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (56 - 8 * $0)) }
  }

  static func text(_ value: String) -> [UInt8] { text(Array(value.utf8)) }

  static func text(_ value: [UInt8]) -> [UInt8] {
    [0x58] + (0..<4).map { UInt8(truncatingIfNeeded: value.count >> (8 * $0)) } + value
  }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.joined() + [0x74] }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    [0x7D, 0x28] + items.flatMap { text($0.0) + $0.1 } + [0x75]
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  /// An instance without arguments, with its attributes.
  static func object(_ module: String, _ name: String, _ state: [UInt8]) -> [UInt8] {
    global(module, name) + [0x29, 0x81] + state + [0x62]
  }

  static func memorised(_ index: UInt8) -> [UInt8] { [0x71, index] }
  static func recalled(_ index: UInt8) -> [UInt8] { [0x68, index] }

  /// A tensor of PyTorch over storage `key`.
  static func tensor(
    _ shape: [Int], strides: [Int], offset: Int = 0, key: String = "0", count: Int,
    storage: String = "FloatStorage"
  ) -> [UInt8] {
    let reference = tuple([
      text("storage"), global("torch", storage), text(key), text("cpu"), integer(count),
    ])
    return global("torch._utils", "_rebuild_tensor_v2")
      + tuple([
        reference + [0x51], integer(offset), tuple(shape.map(integer)),
        tuple(strides.map(integer)), [0x89], [0x7D],
      ]) + [0x52]
  }

  /// A zip archive as PyTorch lays it out, with some storages.
  static func archive(_ body: [UInt8], storages: [[UInt8]] = []) -> [UInt8] {
    let data = storages.enumerated().map { ("archive/data/\($0.offset)", $0.element) }
    return ZipText.archive([("archive/data.pkl", whole(body))] + data)
  }

  /// The message with which an archive is refused; empty where it is read.
  static func refusal(of body: [UInt8], storages: [[UInt8]] = []) -> String {
    do throws(CheckpointError) {
      _ = try TensorArchive(bytes: archive(body, storages: storages), name: "m", format: .torchZip)
      return ""
    } catch {
      return error.description
    }
  }
}

/// Writes zip archives by hand, all entries stored.
enum ZipText {
  static func archive(
    _ entries: [(name: String, bytes: [UInt8])], comment: [UInt8] = []
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for (name, data) in entries {
      let name = Array(name.utf8)
      let checksum = data.withUnsafeBytes { InflateStream.checksum(of: $0) }
      let sizes = number(Int(checksum), 4) + number(data.count, 4) + number(data.count, 4)
      let start = bytes.count
      let common = [0, 0, 0, 0, 0, 0, 0, 0] + sizes + number(name.count, 2) + [0, 0]
      bytes += [0x50, 0x4B, 3, 4, 20, 0] + common + name + data
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + common
      directory += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + number(start, 4) + name
    }
    let start = bytes.count
    bytes += directory
    bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + number(entries.count, 2) + number(entries.count, 2)
    bytes += number(directory.count, 4) + number(start, 4) + number(comment.count, 2) + comment
    return bytes
  }

  static func number(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

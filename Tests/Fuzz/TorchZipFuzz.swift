// modules: Core Files Checkpoints

/// Any bytes as an archive of PyTorch or Stable-Baselines3, and as the pickle in it.
///
/// A checksum hides what lies behind it from a fuzzer, so the bytes are also laid into an archive
/// of their own, once as the pickle and once with a few storages beside it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTorchZip(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  checkFuzzed(bytes, nil)
  checkFuzzed(bytes, .torchZip)
  do throws(CheckpointError) {
    _ = try StableBaselinesArchive(bytes: bytes, name: "fuzz")
  } catch {
    checkFuzzed(error)
  }
  do throws(CheckpointError) {
    _ = try StableBaselinesMetadata(data: bytes, version: bytes)
  } catch {
    checkFuzzed(error)
  }
  let storage = [UInt8](repeating: 0x3F, count: 96)
  checkFuzzed(
    fuzzArchive([
      ("archive/data.pkl", bytes), ("archive/data/0", storage), ("archive/data/1", storage),
    ]), .torchZip)
  return 0
}

private func checkFuzzed(_ bytes: [UInt8], _ format: CheckpointFormat?) {
  do throws(CheckpointError) {
    let archive = try TensorArchive(bytes: bytes, name: "fuzz", format: format)
    precondition(!archive.tensors.isEmpty)
    for tensor in archive.tensors {
      precondition(tensor.count == tensor.shape.reduce(1, *) && !tensor.name.isEmpty)
    }
  } catch {
    checkFuzzed(error)
  }
}

private func checkFuzzed(_ error: CheckpointError) {
  let text = error.description
  precondition(!error.problem.isEmpty && text.utf8.count < 4_000, "a message without measure")
  precondition(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message may not steer")
}

/// A zip archive of stored entries with the right checksums.
private func fuzzArchive(_ entries: [(name: String, bytes: [UInt8])]) -> [UInt8] {
  func number(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
  var bytes: [UInt8] = []
  var directory: [UInt8] = []
  for (name, data) in entries {
    let checksum = data.withUnsafeBytes { Int(InflateStream.checksum(of: $0)) }
    var common = number(0, 8) + number(checksum, 4) + number(data.count, 4)
    common += number(data.count, 4) + number(name.utf8.count, 2) + number(0, 2)
    directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0]
    directory += common + number(0, 10) + number(bytes.count, 4) + Array(name.utf8)
    bytes += [0x50, 0x4B, 3, 4, 20, 0]
    bytes += common + Array(name.utf8) + data
  }
  let start = bytes.count
  bytes += directory
  bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + number(entries.count, 2) + number(entries.count, 2)
  return bytes + number(directory.count, 4) + number(start, 4) + number(0, 2)
}

// modules: Core Files Checkpoints

/// Any bytes as a safetensors file: whatever is read must be written and read again the same,
/// whatever is refused must be refused in one line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSafetensors(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do throws(CheckpointError) {
    let archive = try TensorArchive(bytes: bytes, name: "fuzz", format: .safetensors)
    checkFuzzed(archive)
    let again = try TensorArchive(bytes: archive.safetensorsBytes(), name: "again")
    precondition(again.tensors == archive.tensors, "the tensors changed on their way")
  } catch {
    checkFuzzed(error)
  }
  return 0
}

private func checkFuzzed(_ archive: TensorArchive) {
  precondition(!archive.tensors.isEmpty && Set(archive.names).count == archive.names.count)
  for tensor in archive.tensors {
    precondition(tensor.count == tensor.shape.reduce(1, *) && !tensor.name.isEmpty)
    precondition(tensor.isFinite == tensor.doubles().allSatisfy(\.isFinite))
  }
}

private func checkFuzzed(_ error: CheckpointError) {
  let text = error.description
  precondition(!error.problem.isEmpty && text.utf8.count < 4_000, "a message without measure")
  precondition(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message may not steer")
}

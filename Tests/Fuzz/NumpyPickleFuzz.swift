// modules: Core Files Checkpoints

/// Any bytes as the pickle of a module's state and as that of running statistics.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNumpyPickle(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do throws(CheckpointError) {
    let archive = try TensorArchive(bytes: bytes, name: "fuzz", format: .rllib)
    precondition(!archive.tensors.isEmpty)
    for tensor in archive.tensors {
      precondition(tensor.count == tensor.shape.reduce(1, *) && !tensor.name.isEmpty)
    }
  } catch {
    checkFuzzed(error)
  }
  do throws(CheckpointError) {
    let statistics = try RunningStatistics(vecNormalize: bytes, name: "fuzz")
    precondition(statistics.mean.count == statistics.variance.count)
    precondition(statistics.mean.allSatisfy(\.isFinite) && statistics.clip > 0)
    precondition(statistics.variance.allSatisfy { $0 + statistics.epsilon > 0 })
  } catch {
    checkFuzzed(error)
  }
  return 0
}

private func checkFuzzed(_ error: CheckpointError) {
  let text = error.description
  precondition(!error.problem.isEmpty && text.utf8.count < 4_000, "a message without measure")
  precondition(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message may not steer")
}

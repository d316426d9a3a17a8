@testable import BacktestCheckpoints
import TestSupport
import Glibc
import Testing

/// Files with any damage are read or refused; the process never ends.
struct CheckpointRobustnessTests {
  static let small = [
    "variants/old_layout.pt", "variants/deflated.pt", "variants/dtypes.safetensors",
    "variants/legacy_pickle.pt",
  ]

  @Test(arguments: small + ["rllib_ppo_d3/module_state.pkl", "variants/strides.pt"])
  func everyTruncationIsRefused(file: String) throws {
    let bytes = try Fixture.bytes("policies/\(file)")
    for count in bytes.indices {
      #expect(throws: CheckpointError.self) {
        try TensorArchive(bytes: Array(bytes[..<count]), name: "m")
      }
    }
  }

  @Test(arguments: small)
  func everyFlippedByteIsSurvived(file: String) throws {
    let bytes = try Fixture.bytes("policies/\(file)")
    let whole = try? TensorArchive(bytes: bytes, name: "m")
    var refusedCount = 0
    for index in bytes.indices {
      for bits: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] ^= bits
        guard let read = try? TensorArchive(bytes: damaged, name: "m") else {
          refusedCount += 1
          continue
        }
        // What is accepted is whole: as many bytes as the shape says.
        for tensor in read.tensors {
          #expect(tensor.count == tensor.shape.reduce(1, *))
        }
        #expect(read.tensors.count <= (whole?.tensors.count ?? 0))
      }
    }
    // Damaged tensors are numbers too; what describes them is noticed. One file is of a kind that
    // is not read at all.
    #expect(refusedCount > 0 && (refusedCount < 3 * bytes.count) == (whole != nil))
  }

  @Test func flippedBytesOfStatisticsAreSurvived() throws {
    let bytes = try Fixture.bytes("policies/dqn_d3/vecnormalize.pkl")
    var readCount = 0
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0xFF
      guard let read = try? RunningStatistics(vecNormalize: damaged, name: "v") else { continue }
      readCount += 1
      #expect(read.mean.allSatisfy(\.isFinite) && read.variance.allSatisfy { $0 >= 0 })
    }
    #expect(readCount > 0 && readCount < bytes.count)
  }

  /// Reading it would never end.
  @Test func deviceIsRefused() throws {
    for path in ["/dev/zero", Fixture.path("policies")] {
      #expect(throws: CheckpointError.self) { try TensorArchive(path: path, format: .torchZip) }
    }
  }

  @Test func largeFileIsRefusedByItsSize() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/large.pt"
    try PlainFile.write([], to: path)
    // A file of 1 GiB that takes no room on the disk.
    #expect(truncate(path, 1 << 30) == 0)
    let error = #expect(throws: CheckpointError.self) { try TensorArchive(path: path) }
    #expect(try #require(error).description.contains("more than 384 MiB"))
  }
}

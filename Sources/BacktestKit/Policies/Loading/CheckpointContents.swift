import BacktestCheckpoints
import BacktestFiles

/// What a file of weights holds: its tensors and, for an archive of Stable-Baselines3, what that
/// says about its policy.
struct CheckpointContents: Sendable {
  let tensors: TensorArchive
  /// `nil` where the file says nothing about itself.
  let metadata: StableBaselinesMetadata?

  /// Tensors, and what their file says about itself.
  init(_ tensors: TensorArchive, metadata: StableBaselinesMetadata? = nil) {
    self.tensors = tensors
    self.metadata = metadata
  }

  private init(_ archive: StableBaselinesArchive) {
    self.init(archive.tensors, metadata: archive.metadata)
  }

  /// Reads a file, or the folder of an unpacked archive; without a format, its bytes decide.
  init(path: String, format: CheckpointFormat? = nil) throws(CheckpointError) {
    if FolderTree.isFolder(path) {
      guard format ?? .stableBaselines == .stableBaselines, FolderTree.isFile("\(path)/policy.pth")
      else {
        self.init(try TensorArchive(path: path, format: format))
        return
      }
      self.init(try StableBaselinesArchive(path: path))
      return
    }
    let bytes = try CheckpointFile.bytes(path)
    let actual: CheckpointFormat
    if let format {
      actual = format
    } else {
      actual = try CheckpointFormat.detected(in: bytes, name: path)
    }
    guard actual == .stableBaselines else {
      self.init(try TensorArchive(bytes: bytes, name: path, format: actual))
      return
    }
    self.init(try StableBaselinesArchive(bytes: bytes, name: path))
  }
}

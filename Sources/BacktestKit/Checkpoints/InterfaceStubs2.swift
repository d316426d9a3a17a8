public enum CheckpointFormat: String, CaseIterable, Sendable {
  case safetensors, torchZip = "torch-zip", stableBaselines = "sb3-zip"
  case rllib = "rllib-module-state"
}
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String { "" }
}
extension TensorArchive {
  public init(path: String, format: CheckpointFormat? = nil) throws(CheckpointError) {
    throw CheckpointError()
  }
}

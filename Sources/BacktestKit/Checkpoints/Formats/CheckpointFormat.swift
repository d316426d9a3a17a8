import BacktestFiles

/// How a file keeps weights.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  /// Hugging Face's format of tensors only, the one to prefer.
  case safetensors
  /// What `torch.save` writes: `.pt`, `.pth`.
  case torchZip = "torch-zip"
  /// What a model of Stable-Baselines3 or sb3-contrib saves: `model.zip`.
  case stableBaselines = "sb3-zip"
  /// The `module_state.pkl` in a checkpoint of RLlib.
  case rllib = "rllib-module-state"

  /// The format that the bytes themselves show; the name of a file says nothing.
  ///
  /// - Throws: what else the file is, and how to export it in a format that is read.
  public static func detected(
    in bytes: [UInt8], name: String
  ) throws(CheckpointError) -> CheckpointFormat {
    try CheckpointError.inFile(name) { () throws(CheckpointError) in
      try detected(in: bytes[...])
    }
  }

  static func detected(in bytes: ArraySlice<UInt8>) throws(CheckpointError) -> CheckpointFormat {
    let view = BinaryView(bytes)
    if view.hasBytes([0x50, 0x4B], at: 0) {
      let budget = try CheckpointBudget(fileBytes: bytes.count)
      let names = try ZipArchive(bytes, budget: budget).entries.map(\.name)
      try ForeignFile.refuseOtherArchives(names)
      if names.contains(where: { ArchiveEntry.isCalled("policy.pth", $0) }) {
        return .stableBaselines
      }
      if names.contains(where: { ArchiveEntry.isCalled("data.pkl", $0) }) { return .torchZip }
      throw CheckpointError(
        problem: "a zip archive without policy.pth and without data.pkl, so of no known format",
        advice: ReexportAdvice.safetensors)
    }
    if let refusal = ForeignFile.refusal(of: bytes) { throw refusal }
    if view.hasBytes([0x7B], at: 8), let length = view.integer(UInt64.self, at: 0),
      length <= view.count - 8
    {
      return .safetensors
    }
    if ForeignFile.isPickle(bytes) { return .rllib }
    let known = allCases.map(\.rawValue)
    throw CheckpointError(
      problem: bytes.isEmpty
        ? "an empty file" : "of no known format: expected \(listed(known, "or"))",
      advice: ReexportAdvice.safetensors)
  }
}

import BacktestFiles

/// A file format for weights.
package enum CheckpointFormat: String, Sendable, CaseIterable {
  /// Hugging Face's format, which holds tensors only; the preferred one.
  case safetensors
  /// The output of `torch.save`: `.pt`, `.pth`.
  case torchZip = "torch-zip"
  /// A saved model of Stable-Baselines3 or sb3-contrib: `model.zip`.
  case stableBaselines = "sb3-zip"
  /// The `module_state.pkl` in a checkpoint of RLlib.
  case rllib = "rllib-module-state"
  /// A graph with its weights, as `torch.onnx.export` writes it.
  case onnx

  /// The format of the bytes, whatever the file's name ends in.
  ///
  /// - Throws: `CheckpointError` with what the file is instead, and how to export it in a format
  ///   that
  ///   is read.
  package static func detected(
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
      try UnsupportedFormat.refuseOtherArchives(names)
      if names.contains(where: { ArchiveEntry.isCalled("policy.pth", $0) }) {
        return .stableBaselines
      }
      if names.contains(where: { ArchiveEntry.isCalled("data.pkl", $0) }) { return .torchZip }
      throw CheckpointError(
        problem: "a zip archive without policy.pth or data.pkl, which is not a known format",
        advice: ReexportAdvice.safetensors)
    }
    if isONNX(view) { return .onnx }
    if let refusal = UnsupportedFormat.refusal(of: bytes) { throw refusal }
    if view.hasBytes([0x7B], at: 8), let length = view.integer(UInt64.self, at: 0),
      length <= view.count - 8
    {
      return .safetensors
    }
    if UnsupportedFormat.isPickle(bytes) { return .rllib }
    if bytes.isEmpty {
      throw CheckpointError(problem: "an empty file", advice: ReexportAdvice.again)
    }
    if let version = onnxVersion(view) {
      throw CheckpointError(
        problem: "an ONNX model of IR version \(version), which is not known: expected "
          + "\(onnxVersions.lowerBound) to \(onnxVersions.upperBound)",
        advice: ReexportAdvice.again)
    }
    let known = allCases.map(\.rawValue)
    throw CheckpointError(
      problem: "not a known format: expected \(listed(known, "or"))",
      advice: ReexportAdvice.safetensors)
  }

  /// Whether bytes are an ONNX model, as far as their beginning shows it.
  package static func isONNX(_ bytes: [UInt8]) -> Bool { isONNX(BinaryView(bytes[...])) }

  /// Whether it is a protocol buffer whose first field is a small version number, as in ONNX, and
  /// whose second is another field of an ONNX model.
  static func isONNX(_ view: BinaryView) -> Bool {
    onnxVersion(view).map(onnxVersions.contains) ?? false
  }

  /// The versions of the format that may begin a model.
  private static let onnxVersions = 1...32

  /// The version in the first field of what looks like an ONNX model.
  private static func onnxVersion(_ view: BinaryView) -> Int? {
    guard view.hasBytes([0x08], at: 0), let version = view.integer(UInt8.self, at: 1),
      1...127 ~= version, let field = view.integer(UInt8.self, at: 2),
      [0x12, 0x1A, 0x22, 0x2A, 0x32, 0x3A, 0x42].contains(field)
    else { return nil }
    return version
  }
}

/// Recognises formats of weights that are not read, so that the error can name them.
enum UnsupportedFormat {
  /// An error with the format of the bytes; `nil` where it is not recognised.
  static func refusal(of bytes: ArraySlice<UInt8>) -> CheckpointError? {
    let view = BinaryView(bytes)
    if view.hasBytes(legacyMagic, at: 0) {
      return CheckpointError(
        problem: "a legacy torch stream (PyTorch before 1.6), expected a zip archive",
        advice: "load it with torch >= 1.6 and " + ReexportAdvice.stateDictionary)
    }
    if view.hasBytes([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], at: 0) {
      return CheckpointError(
        problem: "an HDF5 file (Keras or TensorFlow weights), which is not read",
        advice: #"save safetensors.numpy.save_file({w.path: w.numpy() for w in model.weights}, "#
          + #""model.safetensors")"#)
    }
    if view.hasBytes([0x93] + Array("NUMPY".utf8), at: 0) {
      return CheckpointError(
        problem: "a NumPy file, which is not read",
        advice: #"save safetensors.numpy.save_file({"name": array}, "model.safetensors")"#)
    }
    return CheckpointFormat.isONNX(view) ? onnx : nil
  }

  /// Throws unless the bytes are a zip archive, with their format where it is recognised.
  static func requireZip(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    let view = BinaryView(bytes)
    if view.hasBytes([0x50, 0x4B], at: 0) || view.count < 22 && !isPickle(bytes) { return }
    if let refusal = refusal(of: bytes) { throw refusal }
    if isPickle(bytes) {
      throw CheckpointError(
        problem: "a plain pickle, expected a zip archive", advice: ReexportAdvice.stateDictionary)
    }
  }

  /// Whether the bytes are a pickle: protocol 2 or later is recognised by its first byte, an
  /// earlier one by its first and last byte.
  static func isPickle(_ bytes: ArraySlice<UInt8>) -> Bool {
    let view = BinaryView(bytes)
    if view.hasBytes([0x80], at: 0), let version = view.integer(UInt8.self, at: 1) {
      return 2...5 ~= version
    }
    let starts: [UInt8] = [0x63, 0x28, 0x5D, 0x7D]
    return bytes.last == 0x2E && bytes.first.map(starts.contains) ?? false
  }

  /// Throws for other kinds of zip archives, recognised by the names of their entries.
  static func refuseOtherArchives(_ names: [String]) throws(CheckpointError) {
    func has(_ name: String) -> Bool {
      names.contains { ArchiveEntry.isCalled(name, $0) }
    }
    // A folder above may be called code, because PyTorch names the top folder like the file.
    let pickles = names.filter { ArchiveEntry.isCalled("data.pkl", $0) }
    let folder = String(pickles.first?.dropLast("data.pkl".count) ?? "")
    if pickles.count == 1,
      names.contains(where: { $0 == folder + "constants.pkl" || $0.hasPrefix(folder + "code/") })
    {
      throw CheckpointError(
        problem: "a TorchScript archive, which holds code, expected a state dictionary",
        advice: ReexportAdvice.stateDictionary)
    }
    if has("model.weights.h5") {
      throw CheckpointError(
        problem: "a Keras archive, which is not read",
        advice: #"save safetensors.numpy.save_file({w.path: w.numpy() for w in model.weights}, "#
          + #""model.safetensors")"#)
    }
    if has("serialized_exported_program.json") {
      throw CheckpointError(
        problem: "an exported program of torch.export, expected a state dictionary",
        advice: ReexportAdvice.stateDictionary)
    }
  }

  /// The number at the start of files of PyTorch before 1.6, a separate pickle.
  private static let legacyMagic: [UInt8] = [
    0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  private static let onnx = CheckpointError(
    problem: "an ONNX model, expected weights",
    advice: "name the format 'onnx' in the manifest, or import the file")
}

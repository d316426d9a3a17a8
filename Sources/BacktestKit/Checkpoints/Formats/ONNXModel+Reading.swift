extension ONNXModel {
  /// Reads an ONNX file.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(path: String) throws(CheckpointError) {
    try self.init(bytes: try CheckpointFile.bytes(path), name: path)
  }

  /// Reads the bytes of an ONNX file; `name` is its name in messages.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(bytes: [UInt8], name: String) throws(CheckpointError) {
    self = try CheckpointError.inFile(name) { () throws(CheckpointError) in
      try ONNXReader.model(in: bytes[...], try CheckpointBudget(fileBytes: bytes.count))
    }
  }
}

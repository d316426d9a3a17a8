import BacktestCheckpoints
package import BacktestFiles

/// A policy that was made from a checkpoint, ready to be written into a folder.
public struct ImportedPolicy: Sendable {
  /// The manifest.
  let manifest: JSONValue
  /// The tensors that the network uses, as a safetensors file, or an ONNX file as it was given.
  let weights: [UInt8]
  /// The name of the file of weights.
  package let weightsFile: String
  /// The normaliser; `nil` where observations are not normalised.
  let normaliser: JSONValue?
  /// What a reader should know about the import, one line each.
  public let remarks: [String]
  /// The checkpoint that it was made from.
  let source: CheckpointContents

  /// Whether observations are normalised, so that a `norm.json` is written.
  public var hasNormaliser: Bool { normaliser != nil }

  /// Writes `manifest.json`, `model.safetensors` (or `model.onnx`) and, where observations are
  /// normalised, `norm.json`.
  ///
  /// The policy is loaded from memory first, and the files replace those of an earlier import all
  /// at once.
  ///
  /// - Parameter folder: made where it is missing; its other files are kept.
  /// - Throws: `PolicyError` where the answers and the checkpoint make no valid policy, or a file
  ///   cannot be written.
  public func write(to folder: String) throws(PolicyError) {
    try write(to: folder, interrupt: Interrupt())
  }

  /// Writes the policy as `write(to:)` does, unless it is interrupted.
  package func write(to folder: String, interrupt: Interrupt) throws(PolicyError) {
    let manifest = JSONWriter.bytes(of: manifest)
    try verify(manifest)
    try interrupt.shield { () throws(PolicyError) in
      try PolicyError.wrapping(try writeFiles(manifest, to: folder, interrupt))
    }
  }

  private func writeFiles(
    _ manifest: [UInt8], to folder: String, _ interrupt: Interrupt
  ) throws(FileError) {
    try AtomicFolder.check(folder)
    var files = try AtomicFolder(path: folder, interrupt: interrupt)
    if let normaliser {
      try files.write(JSONWriter.bytes(of: normaliser), to: "norm.json")
    } else {
      files.remove(["norm.json"])
    }
    try files.write(weights, to: weightsFile)
    try files.write(manifest, to: "manifest.json")
    try files.commit()
  }

  /// Loads the policy from memory, so that a folder never holds an unusable one.
  private func verify(_ bytes: [UInt8]) throws(PolicyError) {
    var document = try PolicyError.wrapping(
      try DocumentReader.read(bytes, name: "the manifest", format: .json))
    if let normaliser { document = document.replacing(normaliser: normaliser) }
    let manifest: PolicyManifest
    do throws(DocumentError) {
      manifest = try PolicyManifest(document: document, folder: ".")
    } catch {
      // Line numbers of a file that is not written yet would not help the reader.
      throw PolicyError(
        "the answers and the checkpoint make no policy: "
          + error.problems.map(\.message).joined(separator: "; "))
    }
    _ = try TrainedPolicy(checking: manifest, weights: weights, file: weightsFile)
    // The written weights do not say what their archive said.
    if let difference = manifest.difference(from: source) {
      throw PolicyError(
        source: source.tensors.source,
        "\(difference); the manifest is made from your answers: correct them")
    }
  }
}

extension DocumentNode {
  /// A manifest with the normaliser itself in place of its file name.
  fileprivate func replacing(normaliser: JSONValue) -> DocumentNode {
    let bytes = JSONWriter.bytes(of: normaliser)
    guard case .table(var entries) = content,
      let part = entries.firstIndex(where: { $0.key == "observation" }),
      case .table(var observation) = entries[part].value.content,
      let place = observation.firstIndex(where: { $0.key == "normalise" }),
      let node = try? DocumentReader.read(bytes, name: "norm.json", format: .json)
    else { return self }
    observation[place].value = node
    entries[part].value.content = .table(observation)
    var copy = self
    copy.content = .table(entries)
    return copy
  }
}

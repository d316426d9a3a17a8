internal import Glibc

/// A policy that was made from a checkpoint, ready to be written into a folder.
public struct ImportedPolicy: Sendable {
  /// The manifest.
  let manifest: JSONValue
  /// The tensors that the network uses, as a safetensors file.
  let weights: [UInt8]
  /// The normaliser; `nil` where observations are not normalised.
  let normaliser: JSONValue?
  /// What a reader should know about the import, one line each.
  public let remarks: [String]

  /// Whether observations are normalised, so that a `norm.json` is written.
  public var hasNormaliser: Bool { normaliser != nil }

  /// Writes `manifest.json`, `model.safetensors` and, where observations are normalised,
  /// `norm.json`.
  ///
  /// The policy is loaded from memory first. The files are written under temporary names and
  /// renamed when all are complete, the manifest last; it holds the digests of the others.
  ///
  /// - Parameter folder: made where it is missing; files of an older import are replaced.
  /// - Throws: `PolicyError` where the answers and the checkpoint make no valid policy, or a file
  ///   cannot be written.
  public func write(to folder: String) throws(PolicyError) {
    let manifest = JSONWriter.bytes(of: manifest)
    try verify(manifest)
    do {
      try FolderTree.make(folder)
    } catch {
      throw PolicyError("\(error.error("create the folder"))")
    }
    try PolicyError.wrapping(try writeFiles(manifest, to: folder))
  }

  private func writeFiles(_ manifest: [UInt8], to folder: String) throws(FileError) {
    let normaliserPath = "\(folder)/norm.json"
    var files = [
      (path: "\(folder)/manifest.json", bytes: manifest),
      (path: "\(folder)/model.safetensors", bytes: weights),
    ]
    if let normaliser { files.append((normaliserPath, JSONWriter.bytes(of: normaliser))) }
    try Self.write(files[...])
    if normaliser == nil { unlink(normaliserPath) }
  }

  /// Writes all files completely, and then gives them their names, the first one last.
  private static func write(
    _ files: ArraySlice<(path: String, bytes: [UInt8])>
  ) throws(FileError) {
    guard let (path, bytes) = files.first else { return }
    var file = try AtomicFile(path: path)
    try bytes.withUnsafeBufferPointer { (raw) throws(FileError) in
      try file.append(UnsafeRawBufferPointer(raw))
    }
    try write(files.dropFirst())
    try file.commit()
  }

  /// Loads the policy from memory, so that a folder never holds one that cannot be used.
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
    let archive = try PolicyError.wrapping(
      try TensorArchive(bytes: weights, name: "model.safetensors"))
    _ = try TrainedPolicy(checking: manifest, weights: archive)
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

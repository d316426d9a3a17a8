extension ImportedPolicy {
  /// Writes the files of the policy, after it was read back from what will be written.
  func write(to folder: String) throws {
    try AtomicFolder.check(folder)
    let bytes = JSONWriter.bytes(of: manifest)
    try verify(bytes)
    var files = try AtomicFolder(path: folder)
    if let normaliser { try files.write(JSONWriter.bytes(of: normaliser), to: "norm.json") }
    try files.write(weights, to: "model.safetensors")
    try files.write(bytes, to: "manifest.json")
    if normaliser == nil { files.remove(["norm.json"]) }
    try files.commit()
  }

  /// Builds the policy from memory, so that a folder never holds one that cannot be used.
  private func verify(_ bytes: [UInt8]) throws {
    var document = try DocumentReader.read(bytes, name: "the manifest", format: .json)
    if let normaliser { document = document.replacing(normaliser: normaliser) }
    let manifest: PolicyManifest
    do throws(DocumentError) {
      manifest = try PolicyManifest(document: document, folder: ".")
    } catch {
      // Lines of a file that is not written yet say nothing to the reader.
      let problems = error.problems.map { $0.message }
      throw PolicyError(
        "the answers and the checkpoint make no policy: " + problems.joined(separator: "; "))
    }
    let archive = try TensorArchive(bytes: weights, name: "model.safetensors")
    _ = try TrainedPolicy(checking: manifest, weights: archive)
  }
}

extension DocumentNode {
  /// A manifest with its normaliser in the place of the file's name.
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

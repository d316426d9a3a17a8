import BacktestCheckpoints
import BacktestFiles
import BacktestPolicies
import BacktestStudies

extension Command {
  /// `policy import`: a checkpoint made into a policy.
  static var policyImport: Command {
    Command(
      "import", summary: "Make a policy of a checkpoint that a training library wrote.",
      discussion: """
        Writes manifest.json, model.safetensors and, where observations were normalised, \
        norm.json, all of them or none. Reads archives of Stable-Baselines3 and sb3-contrib \
        (zipped or unpacked), torch zips (.pt, .pth, CleanRL), safetensors and RLlib checkpoints; \
        nothing in them is executed.

        What a checkpoint cannot say, above all which features it observed and what its actions \
        mean, comes from a file of answers: a YAML or JSON document with the keys of a manifest. \
        Without them the command says which are missing, by name, and writes nothing.
        """
    ) { parameters in
      let checkpoint = parameters.argument(
        "checkpoint", .file("checkpoint"), help: "The file, or the folder of an unpacked one.")
      let vecNormalize = parameters.optionalOption(
        "vecnormalize", .file(endings: ["pkl"]),
        help: "The statistics by which Stable-Baselines3 normalised observations.")
      let answers = parameters.optionalOption(
        "with", .file(endings: ["yaml", "yml", "json"]),
        help: "Answers to what the checkpoint cannot say.")
      let name = parameters.optionalOption(
        "name", .text("name"), help: "The policy's name; else the name of the folder.")
      let out = parameters.option("out", short: "o", .folder(), help: "Where the policy goes.")
      return { context in
        let source = try PolicyImport(checkpoint: checkpoint, vecNormalize: vecNormalize)
        let document = try answers.map { path throws(DocumentError) in
          try DocumentReader.read(file: path)
        }
        let stem = out.split(separator: "/").last.map(String.init) ?? "policy"
        do {
          let policy = try source.policy(name: name ?? stem, answers: document)
          try policy.write(to: out)
          context.output.write(importSummary(policy, out))
          return .done
        } catch let error as IncompleteImport {
          throw CommandFailure(status: .wrongInput, message: questions(error, source))
        }
      }
    }
  }
}

/// What was written, and what to do next.
private func importSummary(_ policy: ImportedPolicy, _ folder: String) -> String {
  let remarks = policy.remarks.map { "note: \($0)\n" }.joined()
  let files = policy.normaliser == nil ? "" : ", \(folder)/norm.json"
  return remarks + "\(folder)/manifest.json, \(folder)/model.safetensors\(files)\n"
    + "Next: bt-run policy verify \(folder), then 'strategy: {policy: \(folder)}' in a study\n"
}

/// The answers that are missing, and what the checkpoint did say.
private func questions(_ error: IncompleteImport, _ source: PolicyImport) -> String {
  let lines = error.missing.map { "  \($0.key): \($0.expected)" }
  let found = source.layout.map { "the network is that of \($0.family.rawValue)" }
  let known = found.map { " (\($0))" } ?? ""
  return "\(error.checkpoint) does not say all that a policy needs\(known); "
    + "give in a file, with --with FILE:\n" + lines.joined(separator: "\n")
}

extension ImportedPolicy {
  /// Writes the files of the policy, after it was read back from what will be written.
  func write(to folder: String) throws {
    try ResultFolder.check(folder)
    let bytes = JSONWriter.bytes(of: manifest)
    try verify(bytes)
    var files = try ResultFolder(path: folder)
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
      throw CommandFailure(
        status: .wrongInput,
        message: "the answers and the checkpoint make no policy: "
          + problems.joined(separator: "; "))
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

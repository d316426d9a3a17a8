import BacktestCheckpoints
package import BacktestFiles
import BacktestNetworks

/// A policy ready to be written into a folder.
package struct ImportedPolicy: Sendable {
  /// The manifest.
  package var manifest: JSONValue
  /// The tensors that the network uses.
  package var weights: [UInt8]
  /// The normaliser; `nil` where observations are taken as they are.
  package var normaliser: JSONValue?
  /// What a reader should know, one line each.
  package var remarks: [String]
}

/// A key of a manifest that neither the checkpoint nor the answers give.
package struct MissingAnswer: Hashable, Sendable {
  /// The key, such as `observation.features`.
  package var key: String
  /// What it must hold, with an example.
  package var expected: String
}

/// What an import lacks.
package struct IncompleteImport: Error, Sendable {
  /// The checkpoint.
  package var checkpoint: String
  /// Everything that has to be answered.
  package var missing: [MissingAnswer]
}

extension PolicyImport {
  /// The policy, from the checkpoint and a partial manifest.
  ///
  /// - Parameters:
  ///   - name: the name for reports unless the answers give one.
  ///   - answers: a manifest's keys that the checkpoint cannot say, and `activation`; `nil` for
  ///     none.
  /// - Throws: `IncompleteImport` with everything that is missing; `PolicyError` where answers and
  ///   checkpoint do not agree.
  package func policy(name: String, answers: DocumentNode?) throws -> ImportedPolicy {
    try requireKnownSpaces()
    var given = answers.map { JSONValue($0) } ?? .table([])
    guard case .table = given else {
      throw PolicyError(source: answers?.place.source ?? "", "the answers must be a table")
    }
    let answeredActivation = given.remove("activation")
    var draft = ManifestDraft(checkpoint: checkpoint)
    draft.set("format", .text(PolicyManifest.format))
    draft.set("name", given.remove("name") ?? .text(name))
    draft.set("algorithm", given.remove("algorithm") ?? layout.map { .text($0.family.algorithm) })
    let weights = layout?.used(of: tensors) ?? tensors.tensors
    let archive = TensorArchive(weights, source: checkpoint)
    try archive.requireFinite()
    let bytes = archive.safetensorsBytes()
    draft.set(
      "weights",
      [
        [
          "file": "model.safetensors", "format": "safetensors",
          "sha256": .text(SHA256.hexadecimal(of: bytes)),
        ]
      ])
    try draft.setNetwork(self, given.remove("network"), activation: answeredActivation)
    try draft.setObservation(self, given.remove("observation"))
    try draft.setAction(self, given.remove("action"), output: given["output"])
    draft.setTraining(self, given.remove("trained"))
    try draft.merge(given)
    guard draft.missing.isEmpty else {
      throw IncompleteImport(checkpoint: checkpoint, missing: draft.missing)
    }
    let json = draft.normaliser.flatMap { $0 == .none ? nil : $0.json }
    return ImportedPolicy(
      manifest: draft.json, weights: bytes, normaliser: json, remarks: draft.remarks)
  }
}

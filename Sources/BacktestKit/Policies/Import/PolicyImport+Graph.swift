import BacktestCheckpoints
import BacktestFiles
import BacktestNetworks

// ONNX files, whose network needs no description
extension PolicyImport {
  /// The graph of an ONNX file; `nil` for another checkpoint.
  static func readGraph(
    _ path: String
  ) throws(CheckpointError) -> (model: ONNXModel, bytes: [UInt8])? {
    guard !FolderTree.isFolder(path) else { return nil }
    let bytes = try CheckpointFile.bytes(path)
    guard CheckpointFormat.isONNX(bytes) else { return nil }
    return (try ONNXModel(bytes: bytes, name: path), bytes)
  }

  /// A manifest for a graph. The file is kept as it is.
  func draft(
    name: String, _ graph: (model: ONNXModel, bytes: [UInt8]), _ answers: JSONValue
  ) throws(PolicyError) -> ManifestDraft {
    var given = answers
    var draft = ManifestDraft(checkpoint: checkpoint, weights: graph.bytes)
    draft.set("format", .text(PolicyManifest.format))
    draft.set("name", given.remove("name") ?? .text(name))
    draft.set("algorithm", given.remove("algorithm") ?? "ONNX")
    draft.set(
      "weights",
      [
        [
          "file": "model.onnx", "format": "onnx",
          "sha256": .text(SHA256.hexadecimal(of: graph.bytes)),
        ]
      ])
    draft.setGraph(
      graph.model, given.remove("onnx"), head: given["output"] == nil ? "policy" : "predict")
    try draft.setObservation(self, given.remove("observation"))
    try draft.setAction(self, given.remove("action"), output: given["output"])
    draft.setTraining(self, given.remove("trained"))
    try draft.merge(given)
    return draft
  }
}

extension ManifestDraft {
  /// Which outputs are heads and which inputs are states: what is not plain is asked for.
  fileprivate mutating func setGraph(_ model: ONNXModel, _ answer: JSONValue?, head: String) {
    var part = answer ?? .table([])
    let inputs = listed(model.inputs.map { quotedForMessage($0.summary) }, "and")
    if part["heads"] == nil {
      if model.outputs.count == 1 {
        let member = JSONMember(key: head, value: .text(model.outputs[0].name))
        part.set("heads", .table([member]), first: true)
      } else {
        ask(
          "onnx.heads",
          "which output is the head '\(head)', and 'value' where there is one: {\(head): NAME}; "
            + "the outputs are "
            + listed(model.outputs.map { quotedForMessage($0.summary) }, "and"))
      }
    }
    if part["observation"] == nil {
      if model.inputs.count == 1 {
        part.set("observation", .text(model.inputs[0].name))
      } else {
        ask("onnx.observation", "which input is the observation; the inputs are \(inputs)")
      }
    }
    if model.inputs.count > 1, part["states"] == nil {
      ask(
        "onnx.states",
        "the inputs that continue with an output of the decision before: [{input: NAME, output: "
          + "NAME}, …], [] where there are none; an input that says whether an episode begins is "
          + "named by onnx.episode_start")
    }
    set("onnx", part)
  }
}

extension ONNXModel {
  /// The shape of an observation without the batch in front, where the only input says it.
  var observationShape: [Int]? {
    guard inputs.count == 1, let shape = inputs[0].shape, shape.count >= 2,
      shape[0] == nil || shape[0] == 1
    else { return nil }
    let lengths = shape.dropFirst().compactMap(\.self)
    return lengths.count == shape.count - 1 ? lengths : nil
  }
}

// modules: Core Files Checkpoints Networks

/// Any bytes as an ONNX file: what is read is built and evaluated, what is refused is refused in one
/// line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzONNX(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do throws(CheckpointError) {
    let model = try ONNXModel(bytes: bytes, name: "fuzz")
    precondition(model.nodes.count <= 10_000 && ONNXModel.opsets.contains(model.opset))
    for output in model.outputs.prefix(2) { evaluate(model, output.name) }
  } catch {
    checkFuzzed("\(error)")
  }
  return 0
}

/// Builds the network of one output, with all other inputs as states of their own, and evaluates
/// it twice.
private func evaluate(_ model: ONNXModel, _ output: String) {
  guard let observation = model.inputs.first else { return }
  let lengths = (observation.shape ?? []).dropFirst().map { $0 ?? 3 }
  let states = zip(model.inputs.dropFirst(), model.outputs.dropFirst()).map {
    GraphBinding.State(input: $0.name, output: $1.name)
  }
  let binding = GraphBinding(
    heads: [GraphBinding.Head(name: "policy", output: output)], observation: observation.name,
    states: states)
  do throws(NetworkError) {
    let network = try Network<Double>(
      model, binding, heads: ["policy"], inputShape: lengths.isEmpty ? [1] : Array(lengths),
      largestWork: 1 << 22)
    var state = network.makeState()
    let input = (0..<network.inputCount).map { Double($0 % 7) - 3 }
    for _ in 0..<2 {
      precondition(network.evaluate(input, state: &state).count == network.outputCount)
    }
  } catch {
    checkFuzzed("\(error)")
  }
}

private func checkFuzzed(_ text: String) {
  precondition(!text.isEmpty && text.utf8.count < 8_000, "a message without measure")
  precondition(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message may not steer")
}

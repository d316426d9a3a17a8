/// Reads a pickled dictionary of NumPy arrays, the `module_state.pkl` of RLlib.
enum ArrayPickleReader {
  static func tensors(
    in bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    if let refusal = ForeignFile.refusal(of: bytes) { throw refusal }
    return try CheckpointError.advising(ReexportAdvice.safetensors) {
      () throws(CheckpointError) in
      try arrays(in: try PickleReader.read(bytes, .arrays, budget), budget)
    }
  }

  private static func arrays(
    in graph: PickleGraph, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    let leaves = try StateDictionary(graph).leaves
    var totals = TensorTotals()
    var views: [(name: String, view: TensorView)] = []
    for leaf in leaves {
      guard case .array(let array) = leaf.kind else { continue }
      let view = try CheckpointError.inEntry(leaf.name) { () throws(CheckpointError) in
        try array.view(in: graph)
      }
      try totals.add(view.layout.count, view.elementType)
      views.append((leaf.name, view))
    }
    var tensors: [NamedTensor] = []
    for (name, view) in views {
      tensors.append(
        try CheckpointError.inEntry(name) { () throws(CheckpointError) in
          try view.tensor(name, budget)
        })
    }
    return tensors
  }
}

import BacktestFiles

// What the few listed names stand for: values that are described, never calls.
extension PickleGraph {
  /// The value that REDUCE or NEWOBJ of a listed name stands for.
  mutating func reduced(
    _ global: PickleGlobal, _ arguments: [PickleValue], _ profile: PickleProfile
  ) throws(CheckpointError) -> PickleValue {
    switch global {
    case .orderedDictionary:
      try CheckpointError.unless(arguments.isEmpty, "OrderedDict with arguments")
      return try add(.dictionary)
    case .rebuildTensor: return try add(.tensor(try TorchTensor(arguments, self)))
    case .rebuildParameter:
      guard arguments.count == 3, let node = node(arguments[0]), case .tensor = node.kind else {
        throw CheckpointError(problem: "bad parameter arguments")
      }
      return arguments[0]
    case .elementType: return try add(.elementType(try NumericType(arguments)))
    case .arrayFromBuffer: return try add(.array(try NumericArray(buffer: arguments, self)))
    case .arrayReconstruct: return try add(.array(NumericArray()))
    case .scalar: return try add(.array(try NumericArray(scalar: arguments, self)))
    case .inert: return try add(.object(global), arguments)
    case .storage, .arrayClass:
      throw CheckpointError(problem: "call of a class that is only a name")
    }
  }

  /// What BUILD does to a value.
  mutating func restore(
    _ value: PickleValue, from state: PickleValue
  ) throws(CheckpointError) {
    guard case .node(let index) = value else { throw Self.badBuild }
    switch nodes[index].kind {
    case .dictionary:
      // The versions of a module's parts, `_metadata`, belong to no tensor.
      guard let node = node(state), case .dictionary = node.kind, node.items.count <= 2 else {
        throw CheckpointError(problem: "BUILD on a dictionary with something else than _metadata")
      }
      if let key = node.items.first {
        guard case .text("_metadata") = key else {
          throw CheckpointError(
            problem: "BUILD on a dictionary with something else than _metadata")
        }
      }
    case .elementType(var type):
      try type.restore(tuple(state))
      change(index, to: .elementType(type))
    case .array(var array):
      try array.restore(tuple(state), self)
      change(index, to: .array(array))
    case .object: try extend(index, [state])
    default: throw Self.badBuild
    }
  }

  private static var badBuild: CheckpointError {
    CheckpointError(problem: "BUILD of something that has no state")
  }

  /// A list of sizes or strides.
  func dimensions(_ value: PickleValue, _ what: String) throws(CheckpointError) -> [Int] {
    guard let items = tuple(value), items.count <= CheckpointLimits.rank else {
      throw CheckpointError(
        problem: "bad \(what): expected at most \(CheckpointLimits.rank) dimensions")
    }
    var dimensions: [Int] = []
    for item in items {
      guard case .integer(let length) = item, 0..<TensorLayout.lengthLimit ~= length else {
        throw CheckpointError(problem: "bad \(what): expected numbers from 0 to 2^40")
      }
      dimensions.append(length)
    }
    return dimensions
  }
}

extension CheckpointError {
  /// A name that no state dictionary holds.
  static func foreignGlobal(module: String, name: String) -> CheckpointError {
    let full = "\(module).\(name)"
    let shown = quotedForMessage(full, limit: 120)
    func refused(_ why: String, _ advice: String) -> CheckpointError {
      CheckpointError(problem: "global \(shown) is not allowed: \(why)", advice: advice)
    }
    if full.hasSuffix("VecNormalize") {
      return refused(
        "this is a file of running statistics, not of weights",
        "give it as the VecNormalize file and the model as model.zip")
    }
    guard module == "torch" || module.hasPrefix("torch.") else {
      return refused(
        "expected a state dictionary, found a whole module, another object or code",
        ReexportAdvice.stateDictionary)
    }
    if name.contains("sparse") {
      return refused(
        "sparse tensors are not read", "save its dense form: tensor.to_dense()")
    }
    if name.contains("qtensor") || name.hasPrefix("Q") {
      return refused(
        "quantized tensors are not read", "save its plain form: tensor.dequantize()")
    }
    if name.hasPrefix("Complex") {
      return refused(
        "complex tensors are not read", "save two real ones: torch.view_as_real(tensor)")
    }
    return refused(
      "no tensor of a state dictionary needs it", ReexportAdvice.stateDictionary)
  }
}

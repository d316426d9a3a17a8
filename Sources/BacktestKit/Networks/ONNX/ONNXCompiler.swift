import BacktestCheckpoints
import BacktestCore
import BacktestFiles

/// Turns an ONNX graph into the steps of a network.
///
/// All shapes are known when a graph is loaded, because a policy decides on one observation at a
/// time. What depends on constants alone is computed then; views (transposing, slicing, repeating)
/// cost nothing later.
struct ONNXCompiler<Element: NetworkElement> {
  /// Where steps, weights and memory are collected.
  var base = NetworkCompiler<Element>(NetworkDefinition(heads: []), TensorArchive([]))
  /// The node that is being compiled.
  var node = GraphNode(operation: .identity, inputs: [], attributes: [:], outputCount: 1)
  var opset = 18
  /// The multiplications and other operations of one evaluation.
  var work = 0
  /// How many are allowed.
  var largestWork = 1 << 32
  private var values: [String: GraphValue] = [:]
  private var consumers: [String: Int] = [:]
  /// The elements of all constants, and the operations that they took.
  private var constantCount = 0
  private var constantWork = 0

  /// The program of some outputs of a model.
  static func program(
    _ model: ONNXModel, _ binding: GraphBinding, heads: [String], inputShape: [Int],
    largestWork: Int
  ) throws(NetworkError) -> NetworkProgram<Element> {
    var compiler = ONNXCompiler()
    compiler.largestWork = largestWork
    compiler.opset = model.opset
    return try compiler.compile(model, binding, heads: heads, inputShape: inputShape)
  }

  private mutating func compile(
    _ model: ONNXModel, _ binding: GraphBinding, heads: [String], inputShape: [Int]
  ) throws(NetworkError) -> NetworkProgram<Element> {
    base.place = "onnx"
    var wanted: [GraphBinding.Head] = []
    for name in heads {
      guard let head = binding.heads.first(where: { $0.name == name }) else {
        throw problem("there is no head \(quotedForMessage(name)) in 'heads'")
      }
      wanted.append(head)
    }
    let outputs = wanted.map(\.output) + binding.states.map(\.output)
    try check(outputs, among: model.outputs.map(\.name), "output")
    let needed = Self.neededNodes(model, for: outputs)
    for index in needed {
      for input in model.nodes[index].inputs where !input.isEmpty {
        consumers[input, default: 0] += 1
      }
    }
    for output in outputs { consumers[output, default: 0] += 1 }
    let inputs = try defineInputs(model, binding, inputShape)
    try lower(model, needed)
    return try finish(wanted, binding, inputs, inputShape)
  }

  private func check(
    _ names: [String], among known: [String], _ what: String
  ) throws(NetworkError) {
    for name in names where !known.contains(name) {
      let nearest = NearestName.find(name, among: known)
      let shown = known.prefix(12).map { quotedForMessage($0) }
      throw problem(
        "the graph has no \(what) \(quotedForMessage(name)); "
          + (nearest.map { "did you mean \(quotedForMessage($0))?" }
            ?? "there are \(listed(shown, "and"))"))
    }
  }

  /// The nodes that some outputs depend on, in order.
  private static func neededNodes(_ model: ONNXModel, for outputs: [String]) -> [Int] {
    var wanted = Set(outputs)
    var needed: [Int] = []
    for (index, node) in model.nodes.enumerated().reversed() {
      guard node.outputs.contains(where: { !$0.isEmpty && wanted.contains($0) }) else { continue }
      needed.append(index)
      wanted.formUnion(node.inputs)
    }
    return needed.reversed()
  }

  private mutating func lower(_ model: ONNXModel, _ needed: [Int]) throws(NetworkError) {
    var done: Set<Int> = []
    for (position, index) in needed.enumerated() where !done.contains(index) {
      let node = model.nodes[index]
      base.place = "onnx: \(node.label(index))"
      guard let operation = ONNXOperator(rawValue: node.operation) else {
        throw problem(
          "the operator is not supported; Documentation/OnnxPolicies.md lists those that are")
      }
      var inputs: [GraphValue?] = []
      for name in node.inputs { inputs.append(name.isEmpty ? nil : try value(name, model)) }
      self.node = GraphNode(
        operation: operation, inputs: inputs, attributes: node.attributes,
        outputCount: node.outputs.count)
      self.node.consumers = node.inputs.map { consumers[$0] ?? 0 }
      var outputs = node.outputs
      if operation == .matMul, consumers[node.outputs[0]] == 1,
        let next = try biasAddition(after: node, model, needed[(position + 1)...])
      {
        self.node.addedBias = next.bias
        outputs = model.nodes[next.index].outputs
        done.insert(next.index)
      }
      let results = try lowerOrFold()
      try checkAllUsed()
      for (name, result) in zip(outputs, results) where !name.isEmpty { values[name] = result }
      guard results.count >= outputs.lastIndex(where: { !$0.isEmpty }).map({ $0 + 1 }) ?? 0 else {
        throw problem("it has \(node.outputs.count) outputs, expected \(results.count)")
      }
    }
  }

  /// The node that adds a constant vector to a product, its only use.
  private mutating func biasAddition(
    after node: ONNXNode, _ model: ONNXModel, _ later: ArraySlice<Int>
  ) throws(NetworkError) -> (index: Int, bias: [Double])? {
    let name = node.outputs[0]
    guard let index = later.first(where: { model.nodes[$0].inputs.contains(name) }) else {
      return nil
    }
    let next = model.nodes[index]
    guard next.operation == "Add", next.inputs.count == 2, next.attributes.isEmpty,
      next.outputs.count == 1, self.node.inputs.count == 2,
      let other = next.inputs.first(where: { $0 != name }), model.initialisers[other] != nil,
      let columns = self.node.inputs[1]?.shape.last, self.node.inputs[1]?.shape.count == 2,
      self.node.inputs[1]?.constant != nil, self.node.inputs[0]?.constant == nil
    else { return nil }
    let bias = try value(other, model)
    guard bias.shape == [columns], let constant = bias.constant else { return nil }
    return (index, constant)
  }

  /// The value of a name that is defined.
  private mutating func value(
    _ name: String, _ model: ONNXModel
  ) throws(NetworkError) -> GraphValue {
    if let value = values[name] { return value }
    guard let tensor = model.initialisers[name] else {
      throw problem(
        "it uses the input \(quotedForMessage(name)) of the graph, which the manifest does not "
          + "name under 'onnx': it is neither the observation nor a state")
    }
    let value = try constant(tensor)
    values[name] = value
    return value
  }

  /// A constant from the file.
  mutating func constant(_ tensor: NamedTensor) throws(NetworkError) -> GraphValue {
    try takeConstant(tensor.count)
    let elements = tensor.doubles()
    guard !elements.contains(where: \.isNaN) else {
      throw problem(
        "the tensor \(quotedForMessage(tensor.name)) holds a value that is not a number; save an "
          + "earlier checkpoint of the training")
    }
    return GraphValue(elements, GraphValue.Kind(tensor.elementType), shape: tensor.shape)
  }

  /// Counts elements of constants before they are made.
  mutating func takeConstant(_ count: Int) throws(NetworkError) {
    constantCount += count
    guard constantCount <= Self.largestConstants else {
      throw problem("the constants up to here have more than \(Self.largestConstants) numbers")
    }
  }

  private static var largestConstants: Int { 1 << 23 }
  /// The operations that constants may take, which is some 50 ms.
  private static var largestConstantWork: Int { 1 << 26 }
  /// The elements of a value.
  static var largestValue: Int { 1 << 24 }

  /// What is wrong with the node.
  func problem(_ text: String) -> NetworkError { base.problem(text) }
}

// Constants
extension ONNXCompiler {
  /// Adds the steps of the node or, where all of its inputs are constants, computes its outputs.
  private mutating func lowerOrFold() throws(NetworkError) -> [GraphValue] {
    let inputs = node.inputs.compactMap(\.self)
    guard inputs.allSatisfy({ $0.constant != nil }) else { return try lowerNode() }
    var scratch = ONNXCompiler<Double>()
    scratch.base.place = base.place
    scratch.opset = opset
    scratch.node = node
    scratch.constantCount = constantCount
    scratch.largestWork = Self.largestConstantWork - constantWork
    let outputs = try scratch.lowerNode()
    node.usedInputs = scratch.node.usedInputs
    node.attributes = scratch.node.attributes
    constantWork += scratch.work
    guard scratch.base.memoryCount <= Self.largestConstants else {
      throw problem("the constants up to here have more than \(Self.largestConstants) numbers")
    }
    return try constants(outputs, scratch)
  }

  private mutating func constants(
    _ outputs: [GraphValue], _ scratch: ONNXCompiler<Double>
  ) throws(NetworkError) -> [GraphValue] {
    for output in outputs { try takeConstant(output.count) }
    var memory = [Double](repeating: 0, count: scratch.base.memoryCount + 1)
    var results = outputs
    scratch.base.weights.withUnsafeBufferPointer { weights in
      memory.withUnsafeMutableBufferPointer { memory in
        guard let memory = memory.baseAddress else { return }
        let start = weights.baseAddress ?? UnsafePointer(memory)
        let kernels = NetworkKernels<Double>(weights: start, memory: memory)
        kernels.run(scratch.base.steps, scratch.base.steps.indices, nil)
        for (index, output) in outputs.enumerated() where output.constant == nil {
          guard let place = output.place else { continue }
          let elements = (place.isWeight ? start : UnsafePointer(memory)) + place.offset
          let loop = TensorLoop(place.shape, [place.strides])
          if place.isContiguous {
            let all = UnsafeBufferPointer(start: elements, count: output.count)
            results[index] = GraphValue(Array(all), output.kind, shape: output.shape)
            continue
          }
          var values: [Double] = []
          values.reserveCapacity(output.count)
          loop.forEachRun { position in
            for index in 0..<loop.count {
              values.append(elements[position[0] + index * loop.steps[0]])
            }
          }
          results[index] = GraphValue(values, output.kind, shape: output.shape)
        }
      }
    }
    return results
  }
}

// Inputs and outputs
extension ONNXCompiler {
  /// Where the observation and the states are.
  private struct Inputs {
    var observation: RowPlace
    var states: [StridedTensor]
  }

  private mutating func defineInputs(
    _ model: ONNXModel, _ binding: GraphBinding, _ inputShape: [Int]
  ) throws(NetworkError) -> Inputs {
    let names = model.inputs.map(\.name)
    let named =
      [binding.observation, binding.episodeStart].compactMap(\.self)
      + binding.states.map(\.input)
    try check(named, among: names, "input")
    guard Set(named).count == named.count else {
      throw problem("an input of the graph is named twice")
    }
    let free = model.inputs.filter { !named.contains($0.name) }
    guard
      let observed = binding.observation.flatMap({ name in
        model.inputs.first { $0.name == name }
      }) ?? (free.count == 1 ? free[0] : nil)
    else {
      throw problem(
        "the graph has the inputs \(listed(model.inputs.map(\.summary), "and")); say which is the "
          + "observation")
    }
    guard GraphValue.Kind(observed.elementType).isFloatingPoint else {
      throw problem(
        "the observation \(quotedForMessage(observed.name)) is of \(observed.elementType.rawValue) "
          + "elements; observations are float32 or float64")
    }
    let rows = inputShape.count == 2 ? inputShape[0] : 1
    let input = try allocate(
      try observationShape(observed, inputShape), GraphValue.Kind(observed.elementType))
    values[observed.name] = input
    var states: [StridedTensor] = []
    for state in binding.states {
      guard let value = model.inputs.first(where: { $0.name == state.input }) else { continue }
      let shape = try fixedShape(value)
      let place = try allocate(shape, GraphValue.Kind(value.elementType))
      values[state.input] = GraphValue(try stored(place), place.kind)
      states.append(try stored(place))
    }
    if let start = binding.episodeStart,
      let value = model.inputs.first(where: { $0.name == start })
    {
      let shape = try fixedShape(value)
      values[start] = GraphValue(
        [Double](repeating: 0, count: shape.reduce(1, *)), GraphValue.Kind(value.elementType),
        shape: shape)
    }
    values[observed.name]?.isOwned = false
    let count = input.count / rows
    return Inputs(
      observation: RowPlace(
        offset: input.place?.offset ?? 0, rows: rows, count: count, stride: count),
      states: states)
  }

  /// The shape with which the graph takes an observation: a batch of one in front, or none.
  private func observationShape(
    _ input: ONNXValue, _ shape: [Int]
  ) throws(NetworkError) -> [Int] {
    guard !shape.isEmpty, shape.allSatisfy({ 0 < $0 && $0 <= 1 << 24 }),
      shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) <= 1 << 24
    else { throw problem("the shape of an observation, \(shape), is not usable") }
    func fits(_ candidate: [Int]) -> Bool {
      guard let lengths = input.shape else { return false }
      return lengths.count == candidate.count
        && zip(lengths, candidate).allSatisfy { $0 == nil || $0 == $1 }
    }
    if fits([1] + shape) { return [1] + shape }
    if fits(shape) { return shape }
    // A table may be taken as one row of numbers.
    let count = shape.reduce(1, *)
    if fits([1, count]) { return [1, count] }
    throw problem(
      "the input \(quotedForMessage(input.summary)) takes no observation of the shape \(shape)")
  }

  /// A shape whose free dimensions are the batch of one.
  private func fixedShape(_ input: ONNXValue) throws(NetworkError) -> [Int] {
    guard let shape = input.shape else {
      throw problem("the input \(quotedForMessage(input.name)) has no shape")
    }
    let lengths = shape.map { $0 ?? 1 }
    guard lengths.allSatisfy({ 0 < $0 && $0 <= 1 << 24 }),
      lengths.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) <= 1 << 24
    else { throw problem("the shape of the input \(quotedForMessage(input.name)) is not usable") }
    return lengths
  }

  private mutating func finish(
    _ heads: [GraphBinding.Head], _ binding: GraphBinding, _ inputs: Inputs, _ inputShape: [Int]
  ) throws(NetworkError) -> NetworkProgram<Element> {
    var outputs: [NetworkOutput] = []
    for head in heads {
      base.place = "onnx.heads.\(head.name)"
      let value = try contiguous(try output(head.output))
      let shape = value.shape.first == 1 ? Array(value.shape.dropFirst()) : value.shape
      let place = try stored(value)
      outputs.append(
        NetworkOutput(
          head: head.name, shape: shape.isEmpty ? [1] : shape,
          place: RowPlace(offset: place.offset, rows: 1, count: value.count, stride: value.count)))
    }
    var recurrences: [RecurrentPlace] = []
    var carried: [(from: GraphValue, to: StridedTensor)] = []
    for (state, place) in zip(binding.states, inputs.states) {
      base.place = "onnx.states"
      let value = try output(state.output)
      guard value.shape == place.shape else {
        throw problem(
          "the output \(quotedForMessage(state.output)) has shape \(value.shape), the input "
            + "\(quotedForMessage(state.input)) \(place.shape)")
      }
      // All are copied twice, because an output may be a part of another state's input.
      carried.append((try copied(value), place))
      recurrences.append(
        RecurrentPlace(
          name: state.input, hidden: place.count, isStateful: true,
          levels: [(hidden: place.offset, cell: nil)]))
    }
    for (from, to) in carried {
      let from = try stored(from)
      base.steps.append(
        .tensor(
          .copy(
            TensorOperand(from), to: to.offset,
            TensorLoop(to.shape, [to.strides, from.strides]))))
    }
    return NetworkProgram(
      steps: base.steps, weights: base.weights, memoryCount: base.memoryCount,
      input: inputs.observation, inputShape: inputShape, outputs: outputs,
      recurrences: recurrences, dropouts: [])
  }

  private func output(_ name: String) throws(NetworkError) -> GraphValue {
    guard let value = values[name] else {
      throw problem("the output \(quotedForMessage(name)) is not computed from the observation")
    }
    return value
  }

  /// Refuses a node whose attributes or inputs were not all read: they would be ignored.
  private func checkAllUsed() throws(NetworkError) {
    if let name = node.attributes.keys.min() {
      throw problem("the attribute \(quotedForMessage(name)) is not supported")
    }
    guard node.inputs.dropFirst(node.usedInputs).allSatisfy({ $0 == nil }) else {
      throw problem("it has \(node.inputs.count) inputs, expected \(node.usedInputs)")
    }
  }
}

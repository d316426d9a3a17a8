import BacktestFiles

/// Reads ONNX files, and refuses what is not a plain graph of tensors.
enum ONNXReader {
  /// Reads a model.
  ///
  /// - Throws: `CheckpointError` with what is wrong or not supported, and the node or tensor.
  static func model(
    in bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> ONNXModel {
    var graph: ArraySlice<UInt8>?
    var opset: Int?
    var producer = ["", ""]
    var fields = ProtobufReader(bytes)
    while let field = try fields.next() {
      switch field.number {
      case 2: producer[0] = try field.text()
      case 3: producer[1] = try field.text()
      case 7:
        try CheckpointError.unless(graph == nil, "it has two graphs", advice: ReexportAdvice.again)
        graph = try field.bytes()
      case 8:
        let (domain, version) = try operatorSet(try field.bytes())
        guard isStandard(domain) else { break }
        try CheckpointError.unless(
          opset == nil, "it names two sets of standard operators", advice: ReexportAdvice.again)
        opset = version
      case 25:
        throw CheckpointError(
          problem: "it defines functions, which are not read", advice: ReexportAdvice.onnx)
      default: break
      }
    }
    guard let graph else {
      throw CheckpointError(
        problem: "an ONNX model without a graph", advice: ReexportAdvice.again)
    }
    guard let opset, ONNXModel.opsets.contains(opset) else {
      let found = opset.map { "version \($0)" } ?? "none"
      throw CheckpointError(
        problem: "its operator set is \(found), expected version \(ONNXModel.opsets.lowerBound) "
          + "to \(ONNXModel.opsets.upperBound)",
        advice: "export it with torch.onnx.export(…, opset_version=18)")
    }
    var reader = ONNXGraphReader(budget)
    try reader.read(graph)
    return ONNXModel(
      opset: opset, nodes: reader.nodes, inputs: reader.inputs, outputs: reader.outputs,
      initialisers: TensorArchive(reader.initialisers),
      producer: producer.filter { !$0.isEmpty }.joined(separator: " "))
  }

  /// Whether a domain is that of the standard operators.
  static func isStandard(_ domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }

  private static func operatorSet(
    _ message: ArraySlice<UInt8>
  ) throws(CheckpointError) -> (domain: String, version: Int) {
    var (domain, version) = ("", 0)
    var fields = ProtobufReader(message)
    while let field = try fields.next() {
      switch field.number {
      case 1: domain = try field.text()
      case 2: version = try field.integer()
      default: break
      }
    }
    return (domain, version)
  }
}

extension ReexportAdvice {
  static let onnx =
    "export the plain network in evaluation mode: torch.onnx.export(model.eval(), …, "
    + "opset_version=18)"
}

/// Reads the graph of an ONNX file.
struct ONNXGraphReader {
  private(set) var nodes: [ONNXNode] = []
  private(set) var inputs: [ONNXValue] = []
  private(set) var outputs: [ONNXValue] = []
  private(set) var initialisers: [NamedTensor] = []
  private let budget: CheckpointBudget
  private var totals = TensorTotals()
  /// The names that are defined so far.
  private var defined: Set<String> = []

  init(_ budget: CheckpointBudget) { self.budget = budget }

  /// Reads everything, and checks that names are defined once and before they are used.
  mutating func read(_ graph: ArraySlice<UInt8>) throws(CheckpointError) {
    var messages: [ArraySlice<UInt8>] = []
    var fields = ProtobufReader(graph)
    while let field = try fields.next() {
      switch field.number {
      case 1:
        try limit(messages.count, ONNXLimits.nodes, "nodes")
        messages.append(try field.bytes())
      case 5:
        try limit(initialisers.count, ONNXLimits.values, "initialisers")
        let tensor = try ONNXTensorReader.tensor(try field.bytes(), budget)
        try totals.add(tensor.count, tensor.elementType)
        try define(tensor.name)
        initialisers.append(tensor)
      case 11:
        try limit(inputs.count, ONNXLimits.values, "inputs")
        inputs.append(try Self.value(try field.bytes()))
      case 12:
        try limit(outputs.count, ONNXLimits.values, "outputs")
        outputs.append(try Self.value(try field.bytes()))
      case 15:
        throw CheckpointError(
          problem: "it has sparse initialisers, which are not read", advice: ReexportAdvice.onnx)
      default: break
      }
    }
    // Old exporters list initialisers among the inputs.
    inputs.removeAll { defined.contains($0.name) }
    for input in inputs { try define(input.name) }
    for (index, message) in messages.enumerated() { try addNode(message, index) }
    guard !outputs.isEmpty else {
      throw CheckpointError(problem: "the graph has no outputs", advice: ReexportAdvice.again)
    }
    for output in outputs where !defined.contains(output.name) {
      throw CheckpointError(
        problem: "no node computes the output \(quotedForMessage(output.name))",
        advice: ReexportAdvice.again)
    }
  }

  private func limit(
    _ count: Int, _ limit: Int, _ what: String
  ) throws(CheckpointError) {
    try CheckpointError.unless(
      count < limit, "the graph has more than \(limit) \(what)", advice: ReexportAdvice.onnx)
    try budget.take(256)
  }

  private mutating func define(_ name: String) throws(CheckpointError) {
    try budget.take(64 + name.utf8.count)
    try CheckpointError.unless(
      defined.insert(name).inserted, "the name \(quotedForMessage(name)) is defined twice",
      advice: ReexportAdvice.again)
  }

  private mutating func addNode(
    _ message: ArraySlice<UInt8>, _ index: Int
  ) throws(CheckpointError) {
    let node = try ONNXNodeReader.node(message, index, budget)
    for input in node.inputs where !input.isEmpty && !defined.contains(input) {
      throw CheckpointError(
        entry: node.label(index),
        problem: "the input \(quotedForMessage(input)) is not defined before it",
        advice: ReexportAdvice.again)
    }
    for output in node.outputs where !output.isEmpty { try define(output) }
    nodes.append(node)
  }

  /// An input or output, which must be a dense tensor.
  private static func value(_ message: ArraySlice<UInt8>) throws(CheckpointError) -> ONNXValue {
    var name = ""
    var type: ArraySlice<UInt8>?
    var fields = ProtobufReader(message)
    while let field = try fields.next() {
      switch field.number {
      case 1: name = try field.text()
      case 2: type = try field.bytes()
      default: break
      }
    }
    try TensorNameRule.check(name)
    return try CheckpointError.inEntry(name) { [name, type] () throws(CheckpointError) in
      guard let type else {
        throw CheckpointError(problem: "has no type", advice: ReexportAdvice.again)
      }
      let (element, shape) = try tensorType(type)
      return ONNXValue(name: name, elementType: element, shape: shape)
    }
  }

  private static func tensorType(
    _ message: ArraySlice<UInt8>
  ) throws(CheckpointError) -> (TensorElementType, [Int?]?) {
    var tensor: ArraySlice<UInt8>?
    var fields = ProtobufReader(message)
    while let field = try fields.next() {
      let kinds = [4: "a sequence", 5: "a map", 7: "opaque", 8: "a sparse tensor", 9: "optional"]
      if let kind = kinds[field.number] {
        throw CheckpointError(
          problem: "is \(kind), expected a tensor", advice: ReexportAdvice.onnx)
      }
      if field.number == 1 { tensor = try field.bytes() }
    }
    var element = 0
    var shape: [Int?]?
    fields = ProtobufReader(tensor ?? [])
    while let field = try fields.next() {
      switch field.number {
      case 1: element = try field.integer()
      case 2: shape = try dimensions(try field.bytes())
      default: break
      }
    }
    guard let known = ONNXTensorReader.elementType(element) else {
      throw CheckpointError(
        problem: "has elements of type \(ONNXTensorReader.name(of: element)), which are not read",
        advice: "export the model in float32 or float64")
    }
    return (known, shape)
  }

  private static func dimensions(
    _ message: ArraySlice<UInt8>
  ) throws(CheckpointError) -> [Int?] {
    var shape: [Int?] = []
    var fields = ProtobufReader(message)
    while let field = try fields.next() {
      guard field.number == 1 else { continue }
      try CheckpointError.unless(
        shape.count < CheckpointLimits.rank,
        "has more than \(CheckpointLimits.rank) dimensions", advice: ReexportAdvice.onnx)
      var length: Int?
      var parts = ProtobufReader(try field.bytes())
      while let part = try parts.next() {
        if part.number == 1 { length = try part.integer() }
      }
      if let length {
        try CheckpointError.unless(
          0..<TensorLayout.lengthLimit ~= length, "bad dimension: \(length)",
          advice: ReexportAdvice.again)
      }
      shape.append(length)
    }
    return shape
  }
}

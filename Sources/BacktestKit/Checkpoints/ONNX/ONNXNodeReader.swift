import BacktestFiles

/// Reads a node of an ONNX graph.
enum ONNXNodeReader {
  static func node(
    _ message: ArraySlice<UInt8>, _ index: Int, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> ONNXNode {
    var node = ONNXNode(operation: "", name: "", inputs: [], outputs: [], attributes: [:])
    var domain = ""
    var attributes: [ArraySlice<UInt8>] = []
    var fields = ProtobufReader(message)
    while let field = try fields.next() {
      switch field.number {
      case 1: try append(try field.text(), to: &node.inputs, budget)
      case 2: try append(try field.text(), to: &node.outputs, budget)
      case 3: node.name = try field.text()
      case 4: node.operation = try field.text()
      case 5:
        try CheckpointError.unless(
          attributes.count < ONNXLimits.attributes,
          "a node has more than \(ONNXLimits.attributes) attributes", advice: ReexportAdvice.again)
        attributes.append(try field.bytes())
      case 7: domain = try field.text()
      default: break
      }
    }
    try budget.take(128 + node.name.utf8.count + node.operation.utf8.count)
    let label = node.label(index)
    guard ONNXReader.isStandard(domain) else {
      throw CheckpointError(
        entry: label,
        problem: "the operator belongs to \(quotedForMessage(domain)), and only standard "
          + "operators are read",
        advice: ReexportAdvice.onnx)
    }
    for message in attributes {
      try CheckpointError.inEntry(label) { () throws(CheckpointError) in
        let (name, value) = try attribute(message, budget)
        try CheckpointError.unless(
          node.attributes.updateValue(value, forKey: name) == nil,
          "the attribute \(quotedForMessage(name)) is given twice", advice: ReexportAdvice.again)
      }
    }
    return node
  }

  private static func append(
    _ name: String, to names: inout [String], _ budget: CheckpointBudget
  ) throws(CheckpointError) {
    try CheckpointError.unless(
      names.count < ONNXLimits.connections,
      "a node has more than \(ONNXLimits.connections) inputs or outputs",
      advice: ReexportAdvice.again)
    try budget.take(16)
    try budget.takeText(name.utf8.count)
    names.append(name)
  }

  private static func attribute(
    _ message: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> (String, ONNXAttribute) {
    var name = ""
    var items = AttributeItems()
    var fields = ProtobufReader(message)
    while let field = try fields.next() {
      switch field.number {
      case 1: name = try field.text()
      case 6, 11: throw unread("a graph: loops and conditionals are not read")
      case 14, 15: throw unread("a type, which is not read")
      case 22, 23: throw unread("a sparse tensor, which is not read")
      case 21: throw unread("a reference to an attribute of a function, which is not read")
      case 10: throw unread("a list of tensors, which is not read")
      default: try items.read(field, budget)
      }
    }
    try budget.take(64 + name.utf8.count)
    return (name, try items.value(named: name))
  }

  private static func unread(_ what: String) -> CheckpointError {
    CheckpointError(problem: "an attribute is \(what)", advice: ReexportAdvice.onnx)
  }
}

/// The parts of an attribute, of which its type says which one counts.
private struct AttributeItems {
  private var type = 0
  private var integer = 0
  private var number = 0.0
  private var text = ""
  private var tensor: NamedTensor?
  private var integers: [Int] = []
  private var numbers: [Double] = []
  private var texts: [String] = []

  mutating func read(
    _ field: ProtobufReader.Field, _ budget: CheckpointBudget
  ) throws(CheckpointError) {
    // Packed integers take at least a byte each.
    if case .bytes(let bytes) = field.content, [7, 8].contains(field.number) {
      try CheckpointError.unless(
        bytes.count <= 10 * ONNXLimits.attributeItems,
        "an attribute has more than \(ONNXLimits.attributeItems) numbers",
        advice: ReexportAdvice.again)
      try budget.take(8 * bytes.count)
    }
    switch field.number {
    case 2: number = try field.float()
    case 3: integer = try field.integer()
    case 4: text = try field.text()
    case 5: tensor = try ONNXTensorReader.tensor(try field.bytes(), budget, named: "value")
    case 7: numbers += try field.floats()
    case 8: integers += try field.integers()
    case 9: texts.append(try field.text())
    case 20: type = try field.integer()
    default: break
    }
    try CheckpointError.unless(
      max(integers.count, numbers.count, texts.count) <= ONNXLimits.attributeItems,
      "an attribute has more than \(ONNXLimits.attributeItems) items",
      advice: ReexportAdvice.again)
  }

  func value(named name: String) throws(CheckpointError) -> ONNXAttribute {
    switch type {
    case 1: return .number(number)
    case 2: return .integer(integer)
    case 3: return .text(text)
    case 4:
      if let tensor { return .tensor(tensor) }
    case 6: return .numbers(numbers)
    case 7: return .integers(integers)
    case 8: return .texts(texts)
    default: break
    }
    throw CheckpointError(
      problem: "the attribute \(quotedForMessage(name)) has the type \(type), which is not read",
      advice: ReexportAdvice.onnx)
  }
}

extension ONNXNode {
  /// The node for messages: `node 'linear' (Gemm)`, or its number where it has no name.
  package func label(_ index: Int) -> String {
    let name = name.isEmpty ? "\(index)" : String(quotedForMessage(name, limit: 60))
    return "node \(name) (\(quotedForMessage(operation, limit: 40).dropFirst().dropLast()))"
  }
}

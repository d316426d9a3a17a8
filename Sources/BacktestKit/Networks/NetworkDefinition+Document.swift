import BacktestCore
package import BacktestFiles

extension NetworkDefinition {
  /// Decodes the table `network` of a manifest.
  package init(_ table: inout DocumentTable) {
    heads = []
    for name in table.keys {
      let layers = table.sections(name) { NetworkLayer(&$0) }
      if case .list(let items)? = table.node(name)?.content, items.isEmpty {
        table.report("\(quotedForMessage(name)) has no layers", at: name)
      }
      heads.append(Head(name: name, layers: layers))
    }
    if heads.isEmpty {
      table.report("there is no network; add one, such as \"policy\": [{\"op\": \"linear\", …}]")
    }
  }

  /// The table `network` of a manifest.
  package var json: JSONValue {
    .table(heads.map { JSONMember(key: $0.name, value: .list($0.layers.map(\.json))) })
  }
}

extension NetworkLayer {
  /// Decodes a layer of a manifest, `{"op": "linear", "params": "action_net"}`.
  init(_ table: inout DocumentTable) {
    let operation = table.value("op", .choice(of: Operation.self))
    guard table.holdsChoice("op", of: Operation.self) else {
      // The other keys of an unknown layer are unknown too; one message is enough.
      for key in table.keys { _ = table.node(key) }
      self = .flatten
      return
    }
    switch operation {
    case .flatten: self = .flatten
    case .tanh: self = .tanh
    case .relu: self = .relu
    case .elu: self = .elu
    case .sigmoid: self = .sigmoid
    case .silu: self = .silu
    case .gelu: self = .gelu
    case .softmax: self = .softmax
    case .transposeTimeChannel: self = .transposeTimeChannel
    case .lastStep: self = .lastStep
    case .leakyReLU: self = .leakyReLU(slope: table.value("slope", .number(), default: 0.01))
    case .hardtanh:
      let (low, high) = (table.value("min", .number()), table.value("max", .number()))
      if low > high { table.report("'min' must not be above 'max'", at: "min") }
      self = .hardtanh(min: low, max: high)
    case .dropout:
      let p = table.value("p", .number(.fraction))
      if p == 1 { table.report("'p' must be below 1: nothing would be left", at: "p") }
      self = .dropout(p: p)
    case .reuse: self = .reuse(of: table.value("of", .text))
    default: self.init(operation, &table)
    }
  }

  /// Decodes a layer that has tensors.
  private init(_ operation: Operation, _ table: inout DocumentTable) {
    let params = table.value("params", .text)
    let size = DocumentRule<Int>.integer(.within(1...Self.largestSize))
    switch operation {
    case .conv1d:
      self = .conv1d(
        params: params, kernel: table.value("kernel", size),
        stride: table.value("stride", size, default: 1),
        padding: table.value("padding", .integer(.within(0...Self.largestSize)), default: 0))
    case .lstm, .gru:
      let hidden = table.value("hidden", size)
      let layers = table.value("layers", .integer(.within(1...64)), default: 1)
      let stateful = table.value("stateful", .flag, default: false)
      self =
        operation == .lstm
        ? .lstm(params: params, hidden: hidden, layers: layers, stateful: stateful)
        : .gru(params: params, hidden: hidden, layers: layers, stateful: stateful)
    case .lstmCell:
      self = .lstmCell(
        params: params, hidden: table.value("hidden", size),
        stateful: table.value("stateful", .flag, default: false))
    case .batchNorm:
      self = .batchNorm(params: params, eps: table.value("eps", .number(.positive), default: 1e-5))
    case .layerNorm:
      self = .layerNorm(params: params, eps: table.value("eps", .number(.positive), default: 1e-5))
    case .selfAttention: self = .selfAttention(params: params, heads: table.value("heads", size))
    default: self = .linear(params: params)
    }
  }

  /// Larger sizes are mistakes, and their products could overflow.
  static var largestSize: Double { 1_048_576 }
}

extension DocumentTable {
  /// Whether a key holds one of the names of an enumeration.
  fileprivate mutating func holdsChoice<Choice: RawRepresentable<String>>(
    _ key: String, of: Choice.Type
  ) -> Bool {
    guard let node = node(key), case .text(let text) = node.content else { return false }
    return Choice(rawValue: text) != nil
  }
}

extension NetworkLayer {
  /// The layer as a manifest writes it, without fields that have their default value.
  var json: JSONValue {
    var members = [JSONMember(key: "op", value: .text(operation.rawValue))]
    func add(_ key: String, _ value: JSONValue) {
      members.append(JSONMember(key: key, value: value))
    }
    func add(recurrent params: String, _ hidden: Int, _ layers: Int?, _ stateful: Bool) {
      add("params", .text(params))
      add("hidden", .integer(hidden))
      if let layers { add("layers", .integer(layers)) }
      add("stateful", .bool(stateful))
    }
    switch self {
    case .linear(let params): add("params", .text(params))
    case .conv1d(let params, let kernel, let stride, let padding):
      add("params", .text(params))
      add("kernel", .integer(kernel))
      if stride != 1 { add("stride", .integer(stride)) }
      if padding != 0 { add("padding", .integer(padding)) }
    case .lstm(let params, let hidden, let layers, let stateful),
      .gru(let params, let hidden, let layers, let stateful):
      add(recurrent: params, hidden, layers, stateful)
    case .lstmCell(let params, let hidden, let stateful):
      add(recurrent: params, hidden, nil, stateful)
    case .batchNorm(let params, let eps), .layerNorm(let params, let eps):
      add("params", .text(params))
      add("eps", .number(eps))
    case .selfAttention(let params, let heads):
      add("params", .text(params))
      add("heads", .integer(heads))
    case .leakyReLU(let slope): add("slope", .number(slope))
    case .hardtanh(let low, let high):
      add("min", .number(low))
      add("max", .number(high))
    case .dropout(let p): add("p", .number(p))
    case .reuse(let of): add("of", .text(of))
    default: break
    }
    return .table(members)
  }
}

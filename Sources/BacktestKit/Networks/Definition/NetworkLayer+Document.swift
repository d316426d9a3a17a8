import BacktestCore
import BacktestFiles

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
    if let plain = Self.plain[operation] {
      self = plain
      return
    }
    switch operation {
    case .leakyReLU: self = .leakyReLU(slope: table.value("slope", .number(), default: 0.01))
    case .hardtanh:
      let (low, high) = (table.value("min", .number()), table.value("max", .number()))
      if low > high { table.report("'min' must not be above 'max'", at: "min") }
      self = .hardtanh(min: low, max: high)
    case .dropout:
      let p = table.value("p", .number(.fraction))
      if p == 1 { table.report("'p' must be below 1: nothing would be left", at: "p") }
      self = .dropout(p: p)
    case .reshape: self = .reshape(table.list("shape", of: .size))
    case .learnedPositions: self = .learnedPositions(tensor: table.value("tensor", .text))
    case .averagePool1d, .maxPool1d:
      let kernel = table.value("kernel", .size)
      let stride = table.optional("stride", .size)
      let padding = table.value("padding", .sizeOrZero, default: 0)
      self =
        operation == .maxPool1d
        ? .maxPool1d(kernel: kernel, stride: stride, padding: padding)
        : .averagePool1d(kernel: kernel, stride: stride, padding: padding)
    case .slice:
      self = .slice(
        dimension: table.value("dimension", .dimension), start: table.value("start", .sizeOrZero),
        count: table.value("count", .size))
    case .concat: self = .concat(dimension: table.optional("dimension", .dimension))
    case .reuse: self = .reuse(of: table.value("of", .text))
    default: self.init(operation, &table)
    }
  }

  /// The layers without further keys.
  private static let plain: [Operation: NetworkLayer] = Dictionary(
    uniqueKeysWithValues: [
      .flatten, .sinusoidalPositions, .tanh, .relu, .elu, .selu, .sigmoid, .silu, .gelu, .mish,
      .softplus, .softmax, .transposeTimeChannel, .lastStep, .meanOverTime, .maxOverTime,
      .adaptiveAveragePool1d, .adaptiveMaxPool1d, .add, .multiply, .mean,
    ].map { ($0.operation, $0) })

  /// Decodes a layer that has tensors.
  private init(_ operation: Operation, _ table: inout DocumentTable) {
    let params = table.value("params", .text)
    func bias() -> Bool { table.value("bias", .flag, default: true) }
    func eps() -> Double { table.value("eps", .number(.positive), default: 1e-5) }
    switch operation {
    case .conv1d: self.init(convolution: params, &table)
    case .lstm, .gru, .rnn: self.init(recurrent: operation, params, &table)
    case .lstmCell:
      self = .lstmCell(
        params: params, hidden: table.value("hidden", .size),
        stateful: table.value("stateful", .flag, default: false), bias: bias())
    case .batchNorm: self = .batchNorm(params: params, eps: eps())
    case .layerNorm: self = .layerNorm(params: params, eps: eps(), bias: bias())
    case .groupNorm:
      self = .groupNorm(params: params, groups: table.value("groups", .size), eps: eps())
    case .selfAttention:
      self = .selfAttention(
        params: params, heads: table.value("heads", .size),
        causal: table.value("causal", .flag, default: false), bias: bias())
    case .transformerEncoderLayer:
      self = .transformerEncoderLayer(
        params: params, heads: table.value("heads", .size),
        activation: table.value("activation", .choice(of: EncoderActivation.self), default: .relu),
        normFirst: table.value("norm_first", .flag, default: false),
        causal: table.value("causal", .flag, default: false), eps: eps(), bias: bias())
    default: self = .linear(params: params, bias: bias())
    }
  }

  private init(convolution params: String, _ table: inout DocumentTable) {
    let kernel = table.value("kernel", .size)
    let stride = table.value("stride", .size, default: 1)
    let padding = table.value("padding", .sizeOrZero, default: 0)
    let dilation = table.value("dilation", .size, default: 1)
    let isCausal = table.value("causal", .flag, default: false)
    if isCausal, padding > 0 {
      table.report(
        "'padding' cannot be given with 'causal', which pads by 'dilation' times 'kernel' - 1",
        at: "padding")
    }
    self = .conv1d(
      params: params, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      causal: isCausal, bias: table.value("bias", .flag, default: true))
  }

  private init(recurrent operation: Operation, _ params: String, _ table: inout DocumentTable) {
    let hidden = table.value("hidden", .size)
    let layers = table.value("layers", .integer(.within(1...64)), default: 1)
    let activation =
      operation == .rnn
      ? table.value("activation", .choice(of: RecurrentActivation.self), default: .tanh) : .tanh
    let isStateful = table.value("stateful", .flag, default: false)
    let goesBack = table.value("bidirectional", .flag, default: false)
    let bias = table.value("bias", .flag, default: true)
    if isStateful, goesBack {
      table.report(
        "'stateful' cannot be true with 'bidirectional', which needs the whole sequence at once",
        at: "stateful")
    }
    switch operation {
    case .lstm:
      self = .lstm(
        params: params, hidden: hidden, layers: layers, stateful: isStateful,
        bidirectional: goesBack, bias: bias)
    case .gru:
      self = .gru(
        params: params, hidden: hidden, layers: layers, stateful: isStateful,
        bidirectional: goesBack, bias: bias)
    default:
      self = .rnn(
        params: params, hidden: hidden, layers: layers, activation: activation,
        stateful: isStateful, bidirectional: goesBack, bias: bias)
    }
  }
}

extension DocumentRule where Value == Int {
  /// Larger sizes are mistakes, and their products could overflow.
  fileprivate static var size: DocumentRule { .integer(.within(1...1_048_576)) }
  fileprivate static var sizeOrZero: DocumentRule { .integer(.within(0...1_048_576)) }
  /// A dimension of a table.
  fileprivate static var dimension: DocumentRule { .integer(.within(0...1)) }
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
    func add(flag key: String, _ value: Bool, default fallback: Bool = false) {
      if value != fallback { add(key, .bool(value)) }
    }
    switch self {
    case .linear(let params, let bias):
      add("params", .text(params))
      add(flag: "bias", bias, default: true)
    case .conv1d, .averagePool1d, .maxPool1d: members += windowMembers
    case .lstm, .gru, .rnn, .lstmCell: members += recurrentMembers
    case .batchNorm(let params, let eps):
      add("params", .text(params))
      add("eps", .number(eps))
    case .layerNorm(let params, let eps, let bias):
      add("params", .text(params))
      add("eps", .number(eps))
      add(flag: "bias", bias, default: true)
    case .groupNorm(let params, let groups, let eps):
      add("params", .text(params))
      add("groups", .integer(groups))
      add("eps", .number(eps))
    case .selfAttention(let params, let heads, let causal, let bias):
      add("params", .text(params))
      add("heads", .integer(heads))
      add(flag: "causal", causal)
      add(flag: "bias", bias, default: true)
    case .transformerEncoderLayer(
      let params, let heads, let activation, let normFirst, let causal, let eps, let bias):
      add("params", .text(params))
      add("heads", .integer(heads))
      add("activation", .text(activation.rawValue))
      add("norm_first", .bool(normFirst))
      add(flag: "causal", causal)
      add("eps", .number(eps))
      add(flag: "bias", bias, default: true)
    case .learnedPositions(let tensor): add("tensor", .text(tensor))
    case .reshape(let shape): add("shape", .list(shape.map { .integer($0) }))
    case .slice(let dimension, let start, let count):
      add("dimension", .integer(dimension))
      add("start", .integer(start))
      add("count", .integer(count))
    case .concat(let dimension): if let dimension { add("dimension", .integer(dimension)) }
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

  /// The keys of a convolution or of pooling.
  private var windowMembers: [JSONMember] {
    var members: [JSONMember] = []
    func add(_ key: String, _ value: JSONValue) {
      members.append(JSONMember(key: key, value: value))
    }
    switch self {
    case .conv1d(
      let params, let kernel, let stride, let padding, let dilation, let causal, let bias):
      add("params", .text(params))
      add("kernel", .integer(kernel))
      if stride != 1 { add("stride", .integer(stride)) }
      if padding != 0 { add("padding", .integer(padding)) }
      if dilation != 1 { add("dilation", .integer(dilation)) }
      if causal { add("causal", .bool(true)) }
      if !bias { add("bias", .bool(false)) }
    case .averagePool1d(let kernel, let stride, let padding),
      .maxPool1d(let kernel, let stride, let padding):
      add("kernel", .integer(kernel))
      if let stride { add("stride", .integer(stride)) }
      if padding != 0 { add("padding", .integer(padding)) }
    default: break
    }
    return members
  }

  /// The keys of a recurrent layer.
  private var recurrentMembers: [JSONMember] {
    guard let shape = recurrentShape else { return [] }
    var members: [JSONMember] = [
      JSONMember(key: "params", value: .text(shape.params)),
      JSONMember(key: "hidden", value: .integer(shape.hidden)),
    ]
    func add(_ key: String, _ value: JSONValue) {
      members.append(JSONMember(key: key, value: value))
    }
    if let levels = shape.levels { add("layers", .integer(levels)) }
    if shape.activation != .tanh { add("activation", .text(shape.activation.rawValue)) }
    add("stateful", .bool(shape.isStateful))
    if shape.isBidirectional { add("bidirectional", .bool(true)) }
    if !shape.hasBias { add("bias", .bool(false)) }
    return members
  }
}

import BacktestCheckpoints
import BacktestFiles

// What each operator does
extension ONNXCompiler {
  /// Adds the steps of the node; its outputs.
  mutating func lowerNode() throws(NetworkError) -> [GraphValue] {
    if let output = try elementwise() { return [output] }
    if let output = try shaping() { return [output] }
    if let output = try moving() { return [output] }
    if let output = try reducing() { return [output] }
    switch node.operation {
    case .gemm: return [try gemm()]
    case .matMul: return [try matMul()]
    case .einsum: return [try einsum()]
    case .conv: return [try convolution()]
    case .averagePool, .maxPool, .globalAveragePool, .globalMaxPool: return [try pooling()]
    case .batchNormalization: return [try batchNormalization()]
    case .groupNormalization: return [try groupNormalization()]
    case .instanceNormalization: return [try instanceNormalization()]
    case .layerNormalization: return [try layerNormalization()]
    case .softmax, .logSoftmax: return [try softmax()]
    case .split: return try split()
    case .dropout: return [try dropout()]
    case .lstm, .gru, .rnn: return try recurrent()
    default:
      throw problem(
        "the operator is not supported; Documentation/OnnxPolicies.md lists those that are")
    }
  }

  /// Nothing is dropped when a network is evaluated.
  private mutating func dropout() throws(NetworkError) -> GraphValue {
    let value = try input(0)
    _ = try optionalNumber(input: 1)
    _ = try integer("seed", default: 0)
    if let training = try optionalNumber(input: 2), training != 0 {
      throw problem("it drops out at random; export the model in evaluation mode (model.eval())")
    }
    return try passed(value)
  }
}

// Element by element
extension ONNXCompiler {
  private mutating func elementwise() throws(NetworkError) -> GraphValue? {
    switch node.operation {
    case .tanh: return try pointwise(.tanh)
    case .relu: return try pointwise(.relu)
    case .sigmoid: return try pointwise(.sigmoid)
    case .leakyRelu: return try pointwise(.leakyReLU(try number("alpha", default: 0.01)))
    case .elu:
      let alpha = try number("alpha", default: 1)
      return alpha == 1 ? try pointwise(.elu) : try function(.elu(alpha))
    case .celu: return try celu()
    case .selu:
      guard abs(try number("alpha", default: 1.6732632) - 1.6732632) < 1e-6,
        abs(try number("gamma", default: 1.050701) - 1.050701) < 1e-6
      else { throw problem("other factors than the usual ones are not supported") }
      return try pointwise(.selu)
    case .mish: return try pointwise(.mish)
    case .softplus: return try pointwise(.softplus)
    case .abs: return try function(.absolute)
    case .neg: return try function(.negation)
    case .exp: return try function(.exponential)
    case .log: return try function(.logarithm)
    case .sqrt: return try function(.squareRoot)
    case .reciprocal: return try function(.reciprocal)
    case .sign: return try function(.sign)
    case .floor: return try function(.floor)
    case .ceil: return try function(.ceiling)
    case .round: return try function(.rounded)
    case .erf: return try function(.errorFunction)
    case .sin: return try function(.sine)
    case .cos: return try function(.cosine)
    case .not: return try function(.logicalNot)
    case .isNaN: return try function(.isNotANumber, kind: .boolean)
    case .isInf:
      guard try integer("detect_negative", default: 1) == 1,
        try integer("detect_positive", default: 1) == 1
      else { throw problem("it must detect both infinities") }
      return try function(.isInfinite, kind: .boolean)
    case .thresholdedRelu: return try function(.thresholded(try number("alpha", default: 1)))
    case .hardSigmoid:
      let given = try number("alpha", default: 0.2)
      // A sixth has no short decimal.
      let slope = Float(given) == 1 / 6 ? 1.0 / 6 : given
      return try function(.hardSigmoid(slope: slope, shift: try number("beta", default: 0.5)))
    case .hardSwish:
      let value = try input(0)
      return try multiplied(
        value, by: try function(.hardSigmoid(slope: 1.0 / 6, shift: 0.5), of: value))
    case .gelu: return try gelu()
    case .softsign:
      let value = try input(0)
      let magnitude = try function(.absolute, of: value)
      let divisor = try binary(.add, magnitude, GraphValue([1], value.kind, shape: []))
      return try binary(.divide, value, divisor)
    case .clip: return try clip()
    case .cast, .castLike: return try cast()
    default: return try combination()
    }
  }

  /// A function in place.
  private mutating func pointwise(
    _ function: PointwiseStep.Function
  ) throws(NetworkError) -> GraphValue {
    let (value, rows) = try elements(input: 0)
    try take(10 * value.count)
    base.steps.append(.pointwise(PointwiseStep(function: function, place: rows)))
    return value
  }

  private mutating func function(
    _ function: TensorFunction, kind: GraphValue.Kind? = nil
  ) throws(NetworkError) -> GraphValue {
    var (value, rows) = try elements(input: 0)
    try apply(function, in: rows)
    if let kind { value.kind = kind }
    return value
  }

  /// A function of a value that is kept.
  mutating func function(
    _ function: TensorFunction, of value: GraphValue
  ) throws(NetworkError) -> GraphValue {
    let copy = try copied(value)
    try apply(function, in: try elements(of: copy))
    return copy
  }

  private mutating func apply(
    _ function: TensorFunction, in rows: RowPlace
  ) throws(NetworkError) {
    let count = rows.rows == 0 ? 0 : (rows.rows - 1) * rows.stride + rows.count
    try take(10 * count)
    base.steps.append(.tensor(.function(function, offset: rows.offset, count: count)))
  }

  /// x / 2 (1 + erf(x / sqrt 2)), or its approximation by tanh.
  private mutating func gelu() throws(NetworkError) -> GraphValue {
    switch try text("approximate", default: "none") {
    case "none": return try pointwise(.gelu)
    case "tanh":
      let value = try input(0)
      func number(_ number: Double) -> GraphValue { GraphValue([number], value.kind, shape: []) }
      let cube = try multiplied(try multiplied(value, by: value), by: value)
      let sum = try binary(.add, value, try multiplied(cube, by: number(0.044715)))
      let inner = try multiplied(sum, by: number((2 / Double.pi).squareRoot()))
      base.steps.append(.pointwise(PointwiseStep(function: .tanh, place: try elements(of: inner))))
      let half = try multiplied(value, by: number(0.5))
      return try multiplied(half, by: try binary(.add, inner, number(1)))
    case let other:
      throw problem("the approximation \(quotedForMessage(other)) is not supported")
    }
  }

  /// alpha elu(x / alpha).
  private mutating func celu() throws(NetworkError) -> GraphValue {
    let alpha = try number("alpha", default: 1)
    guard alpha > 0, alpha.isFinite else { throw problem("its alpha \(alpha) is not positive") }
    if alpha == 1 { return try pointwise(.elu) }
    let value = try input(0)
    func scaled(_ value: GraphValue, _ factor: Double) throws(NetworkError) -> GraphValue {
      try multiplied(value, by: GraphValue([factor], value.kind, shape: []))
    }
    let inner = try scaled(value, 1 / alpha)
    base.steps.append(.pointwise(PointwiseStep(function: .elu, place: try elements(of: inner))))
    return try scaled(inner, alpha)
  }

  private mutating func clip() throws(NetworkError) -> GraphValue {
    let low = try optionalNumber(input: 1) ?? -.infinity
    let high = try optionalNumber(input: 2) ?? .infinity
    // By the standard everything is the upper bound where the lower one is above it.
    return try pointwise(.hardtanh(min(low, high), high))
  }

  private mutating func cast() throws(NetworkError) -> GraphValue {
    let kind: GraphValue.Kind
    if node.operation == .castLike {
      kind = try input(1).kind
    } else {
      switch try integer("to", default: 0) {
      case 1: kind = .single
      case 11: kind = .double
      case 6, 7: kind = .integer
      case 9: kind = .boolean
      default:
        throw problem(
          "it converts to a type that is not computed with; known are float32, float64, int32, "
            + "int64 and bool")
      }
    }
    _ = try integer("saturate", default: 1)
    var value = try input(0)
    switch (value.kind, kind) {
    case (.single, .integer), (.double, .integer): return try function(.truncated, kind: kind)
    case (.single, .boolean), (.double, .boolean), (.integer, .boolean):
      return try function(.isNonzero, kind: kind)
    case (.double, .single): return try function(.roundedTo32Bits, kind: kind)
    default:
      value.isOwned = value.isOwned && isLastUse(0)
      value.kind = kind
      return value
    }
  }
}

// Two values and more
extension ONNXCompiler {
  private mutating func combination() throws(NetworkError) -> GraphValue? {
    switch node.operation {
    case .add: return try binary(.add)
    case .sub: return try binary(.subtract)
    case .mul: return try binary(.multiply)
    case .div: return try binary(try input(0).kind == .integer ? .wholeQuotient : .divide)
    case .mod:
      let isTruncated = try flag("fmod", default: false)
      return try binary(isTruncated ? .truncatedRemainder : .remainder)
    case .pow: return try power()
    case .pRelu: return try binary(.parametricReLU)
    case .equal: return try binary(.equal, kind: .boolean)
    case .less: return try binary(.less, kind: .boolean)
    case .lessOrEqual: return try binary(.lessOrEqual, kind: .boolean)
    case .greater: return try binary(.greater, kind: .boolean)
    case .greaterOrEqual: return try binary(.greaterOrEqual, kind: .boolean)
    case .and: return try binary(.and)
    case .or: return try binary(.or)
    case .xor: return try binary(.exclusiveOr)
    case .max: return try variadic(.maximum)
    case .min: return try variadic(.minimum)
    case .sum: return try variadic(.add)
    case .mean:
      let sum = try variadic(.add)
      let count = Double(node.inputs.count)
      return try binary(.divide, sum, GraphValue([count], sum.kind, shape: []))
    case .where_: return try selection()
    default: return nil
    }
  }

  private mutating func binary(
    _ function: BinaryFunction, kind: GraphValue.Kind? = nil
  ) throws(NetworkError) -> GraphValue {
    var result = try binary(function, try input(0), try input(1))
    if let kind { result.kind = kind }
    return result
  }

  /// A function of two values that broadcast.
  mutating func binary(
    _ function: BinaryFunction, _ a: GraphValue, _ b: GraphValue
  ) throws(NetworkError) -> GraphValue {
    let shape = try broadcast([a.shape, b.shape])
    let (first, second) = (try stored(a), try stored(b))
    let result = try allocate(shape, a.kind)
    let output = try stored(result)
    base.steps.append(
      .tensor(
        .binary(
          function, TensorOperand(first), TensorOperand(second), to: output.offset,
          TensorLoop(
            shape,
            [
              output.strides, first.expanded(to: shape).strides,
              second.expanded(to: shape).strides,
            ]))))
    return result
  }

  /// The product of two values that broadcast.
  mutating func multiplied(
    _ a: GraphValue, by b: GraphValue
  ) throws(NetworkError) -> GraphValue { try binary(.multiply, a, b) }

  private mutating func variadic(
    _ function: BinaryFunction
  ) throws(NetworkError) -> GraphValue {
    var result = try passed(try input(0))
    for index in node.inputs.indices.dropFirst() {
      result = try binary(function, result, try input(index))
    }
    return result
  }

  /// Powers that need no logarithm are products and roots, as in the training libraries.
  private mutating func power() throws(NetworkError) -> GraphValue {
    let (value, exponent) = (try input(0), try input(1))
    guard let exponents = exponent.constant, exponents.count == 1,
      exponent.shape.count <= value.shape.count
    else { return try binary(.power) }
    switch exponents[0] {
    case 1: return try passed(value)
    case 2: return try multiplied(value, by: value)
    case 3: return try multiplied(try multiplied(value, by: value), by: value)
    case 0.5 where value.kind.isFloatingPoint: return try function(.squareRoot, of: value)
    case -1 where value.kind.isFloatingPoint: return try function(.reciprocal, of: value)
    default: return try binary(.power)
    }
  }

  private mutating func selection() throws(NetworkError) -> GraphValue {
    let (condition, a, b) = (try input(0), try input(1), try input(2))
    guard condition.kind == .boolean else { throw problem("its condition is not a boolean") }
    let shape = try broadcast([condition.shape, a.shape, b.shape])
    let places = [try stored(condition), try stored(a), try stored(b)]
    let result = try allocate(shape, a.kind)
    let output = try stored(result)
    let strides = [output.strides] + places.map { $0.expanded(to: shape).strides }
    base.steps.append(
      .tensor(
        .select(
          TensorOperand(places[0]), TensorOperand(places[1]), TensorOperand(places[2]),
          to: output.offset, TensorLoop(shape, strides))))
    return result
  }
}

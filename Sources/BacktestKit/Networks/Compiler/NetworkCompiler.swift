import BacktestCheckpoints
import BacktestCore
import BacktestFiles

/// Turns layers and tensors into steps, and checks that all tensors exist and fit.
struct NetworkCompiler<Element: NetworkElement> {
  let definition: NetworkDefinition
  let archive: TensorArchive
  let reads: TensorReads
  let sizes = PanelSizes(Element.self)

  var steps: [NetworkStep] = []
  var weights: [Element] = []
  var memoryCount = 0
  var recurrences: [RecurrentPlace] = []
  var dropouts: [DropoutPlace] = []
  /// The values that other heads may reuse, by `head.position`.
  var reusable: [String: NetworkValue] = [:]
  var compiledHeads: Set<String> = []
  /// The layer that is being compiled, for messages.
  var place = ""
  /// The only layer that reads it, where there is one.
  var nextLayer: NetworkLayer?

  init(
    _ definition: NetworkDefinition, _ archive: TensorArchive, reads: TensorReads = TensorReads()
  ) {
    self.definition = definition
    self.archive = archive
    self.reads = reads
  }

  /// The program that evaluates heads, one after the other, on one input.
  mutating func compile(
    heads: [String], inputShape: [Int]
  ) throws(NetworkError) -> NetworkProgram<Element> {
    let input = try inputValue(inputShape)
    var outputs: [NetworkOutput] = []
    for name in heads {
      place = "network.\(name)"
      guard compiledHeads.insert(name).inserted else { throw problem("is requested twice") }
      let value = try compile(try head(name), input)
      place = "network.\(name)"
      let output = try flattened(value)
      outputs.append(NetworkOutput(head: name, shape: value.shape, place: output.rows))
    }
    return NetworkProgram(
      steps: steps, weights: weights, memoryCount: memoryCount, input: input.rows,
      inputShape: inputShape, outputs: outputs, recurrences: recurrences, dropouts: dropouts)
  }

  private mutating func inputValue(_ shape: [Int]) throws(NetworkError) -> NetworkValue {
    place = "network"
    guard !shape.isEmpty, shape.allSatisfy({ 0 < $0 && $0 <= 1 << 24 }) else {
      throw problem("the input's shape \(shape) must hold positive sizes")
    }
    let isTable = shape.count == 2
    let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard count <= 1 << 24 else { throw problem("the input's shape \(shape) is too large") }
    var value = allocate(
      rows: isTable ? shape[0] : 1, count: isTable ? shape[1] : count, stride: nil)
    value.isTable = isTable
    value.isKept = true
    value.mustBeFlattened = shape.count > 2
    return value
  }

  func head(_ name: String) throws(NetworkError) -> NetworkDefinition.Head {
    if let head = definition[head: name] { return head }
    let names = definition.heads.map(\.name)
    let advice =
      NearestName.find(name, among: names).map { "did you mean '\($0)'?" }
      ?? (names.isEmpty ? "there are none" : "there are \(listed(names, "and"))")
    throw NetworkError(
      at: "network", "there is no head \(quotedForMessage(name)); \(advice)")
  }

  /// 128 MB in double precision. A network that needs more has a wrong or malicious size.
  static var largestMemory: Int { 1 << 24 }

  /// What is wrong with the layer that is being compiled.
  func problem(_ text: String) -> NetworkError { NetworkError(at: place, text) }
}

/// A value between two layers.
struct NetworkValue {
  /// Where it is.
  var rows: RowPlace
  /// Whether it has two dimensions.
  var isTable = false
  /// Whether the table's columns are stored as rows.
  var isTransposed = false
  /// Whether it is needed later and must not be overwritten.
  var isKept = false
  /// Whether it has more dimensions than layers other than `flatten` support.
  var mustBeFlattened = false

  /// The lengths of its dimensions.
  var shape: [Int] {
    if !isTable { return [rows.count] }
    return isTransposed ? [rows.count, rows.rows] : [rows.rows, rows.count]
  }

  /// The shape in words, for messages.
  var found: String {
    isTable ? "a table of \(shape[0]) x \(shape[1])" : "a vector of \(rows.count)"
  }
}

// Memory
extension NetworkCompiler {
  /// Space for a value; a `nil` stride packs the rows.
  mutating func allocate(rows: Int, count: Int, stride: Int?) -> NetworkValue {
    let stride = stride ?? count
    let value = NetworkValue(
      rows: RowPlace(offset: memoryCount, rows: rows, count: count, stride: stride))
    // Whole panels, so that no load or store reaches into a neighbour.
    memoryCount += (rows * stride + sizes.wide - 1) / sizes.wide * sizes.wide + sizes.wide
    return value
  }

  /// Space for numbers that are not a layer's value.
  mutating func allocate(_ count: Int) -> Int {
    allocate(rows: 1, count: count, stride: nil).rows.offset
  }

  /// The value in a separate place where it may be overwritten.
  mutating func writable(_ value: NetworkValue) -> NetworkValue {
    guard value.isKept else { return value }
    var copy = value
    copy.isKept = false
    copy.rows =
      allocate(
        rows: value.rows.rows, count: value.rows.count, stride: value.rows.stride
      ).rows
    steps.append(.copy(CopyStep(from: value.rows, to: copy.rows)))
    return copy
  }

  /// The value with its rows stored as rows: time x features, or a vector.
  mutating func rowMajor(_ value: NetworkValue) -> NetworkValue {
    value.isTransposed ? transposed(value) : value
  }

  /// The table with its columns stored as rows: channels x time as time x channels.
  mutating func columnMajor(_ value: NetworkValue) -> NetworkValue {
    value.isTransposed ? value : transposed(value)
  }

  private mutating func transposed(_ value: NetworkValue) -> NetworkValue {
    var copy = allocate(rows: value.rows.count, count: value.rows.rows, stride: nil)
    copy.isTable = true
    copy.isTransposed = !value.isTransposed
    steps.append(.copy(CopyStep(from: value.rows, to: copy.rows, isTransposed: true)))
    return copy
  }

  /// The value as a vector in row-major order.
  mutating func flattened(_ value: NetworkValue) throws(NetworkError) -> NetworkValue {
    var value = value
    value.mustBeFlattened = false
    guard value.isTable else { return value }
    value = rowMajor(value)
    let count = value.rows.rows * value.rows.count
    if value.rows.stride != value.rows.count, value.rows.rows > 1 {
      let packed = allocate(rows: value.rows.rows, count: value.rows.count, stride: nil)
      steps.append(.copy(CopyStep(from: value.rows, to: packed.rows)))
      value.rows = packed.rows
      value.isKept = false
    }
    value.rows = RowPlace(offset: value.rows.offset, rows: 1, count: count, stride: count)
    value.isTable = false
    return value
  }
}

// Tensors and matrices
extension NetworkCompiler {
  /// The elements of a tensor with an expected shape; a `nil` size may be anything. The actual
  /// shape is returned too.
  func tensor(
    _ name: String, _ expected: [Int?]
  ) throws(NetworkError) -> (values: [Double], shape: [Int]) {
    let wanted = "[\(expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", "))]"
    guard let tensor = archive[name] else {
      let near = NearestName.find(name, among: archive.names)
      let advice =
        near.map { "did you mean '\($0)'?" }
        ?? "the checkpoint has \(someNames); check 'params' or the checkpoint"
      throw problem("the tensor \(quotedForMessage(name)) of shape \(wanted) is missing; \(advice)")
    }
    reads.insert(name)
    let fits =
      tensor.shape.count == expected.count
      && zip(tensor.shape, expected).allSatisfy { $0 == $1 ?? $0 && $0 > 0 }
    guard fits else {
      throw problem(
        "the tensor \(quotedForMessage(name)) must have the shape \(wanted), not \(tensor.shape); "
          + "check the layers before it, or the checkpoint")
    }
    guard weights.count + tensor.count <= Self.largestNetwork else {
      throw problem(
        "the weights up to here are more than \(Self.largestNetwork) numbers, the most that a "
          + "network may have")
    }
    let values = tensor.doubles()
    if let index = values.firstIndex(where: { !Element($0).isFinite }) {
      throw problem(
        "the tensor \(quotedForMessage(name)) holds \(values[index]) at element \(index); "
          + "only finite numbers can be used, so save an earlier checkpoint of the training")
    }
    return (values, tensor.shape)
  }

  /// This stays within half a gigabyte.
  private static var largestNetwork: Int { 1 << 23 }

  /// The elements of a vector.
  func vector(_ name: String, count: Int) throws(NetworkError) -> [Double] {
    try tensor(name, [count]).values
  }

  /// The elements of a bias, or zeros where a layer has none.
  func bias(_ name: String, count: Int, isPresent: Bool) throws(NetworkError) -> [Double] {
    guard isPresent else { return [Double](repeating: 0, count: count) }
    guard archive[name] != nil else {
      throw problem(
        "the tensor \(quotedForMessage(name)) of shape [\(count)] is missing; write bias: false "
          + "where the layer was trained without one, else check 'params' or the checkpoint")
    }
    return try vector(name, count: count)
  }

  /// The elements of a weight, which may be stored as a direction v and lengths g: w = g v / |v|
  /// with the norm over the dimensions in which g has size 1.
  /// > T. Salimans, D. Kingma, "Weight Normalization", NeurIPS 2016.
  func weight(
    _ name: String, _ expected: [Int?]
  ) throws(NetworkError) -> (values: [Double], shape: [Int]) {
    let dot = name.lastIndex(of: ".").map { name.index(after: $0) } ?? name.startIndex
    let parametrization = "\(name[..<dot])parametrizations.\(name[dot...]).original"
    let pairs = [("\(name)_v", "\(name)_g"), ("\(parametrization)1", "\(parametrization)0")]
    guard archive[name] == nil,
      let (direction, length) = pairs.first(where: { archive[$0.0] != nil })
    else { return try tensor(name, expected) }
    let (v, shape) = try tensor(direction, expected)
    let normed = archive[length]?.shape ?? []
    let fits =
      normed.isEmpty
      || normed.count == shape.count && zip(normed, shape).allSatisfy { $0 == 1 || $0 == $1 }
    let g = try tensor(length, fits ? normed : shape.map { _ in 1 }).values
    /// The element of g that belongs to each element of v.
    let places = v.indices.map { index in
      var (rest, place, step) = (index, 0, 1)
      for dimension in shape.indices.reversed() {
        let position = rest % shape[dimension]
        rest /= shape[dimension]
        guard !normed.isEmpty, normed[dimension] > 1 else { continue }
        place += position * step
        step *= normed[dimension]
      }
      return place
    }
    var squares = [Double](repeating: 0, count: g.count)
    for (place, value) in zip(places, v) { squares[place] += value * value }
    guard squares.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw problem(
        "the tensor \(quotedForMessage(direction)) has a part of length 0, which has no direction")
    }
    return (zip(places, v).map { $1 * (g[$0] / squares[$0].squareRoot()) }, shape)
  }

  private var someNames: String {
    let names = archive.names
    guard !names.isEmpty else { return "no tensors" }
    let shown = names.prefix(4).map { quotedForMessage($0) }
    let rest = names.count - shown.count
    return listed(shown + (rest > 0 ? ["\(rest) more"] : []), "and")
  }

  /// Stores a vector, with zeros up to a length.
  mutating func keep(_ values: [Double], padded: Int? = nil) -> Int {
    let offset = weights.count
    weights += values.map { Element($0) }
    for _ in values.count..<max(values.count, padded ?? 0) { weights.append(0) }
    return offset
  }

  /// Stores a matrix of inputs x columns, whose elements `value` gives, panel after panel.
  mutating func keepPanels(
    inputs: Int, columns: Int, _ value: (_ input: Int, _ column: Int) -> Double
  ) -> PanelMatrix {
    let (wide, hasNarrow, _) = sizes.panels(of: columns)
    while !weights.count.isMultiple(of: sizes.wide) { weights.append(0) }
    let offset = weights.count
    let panels =
      (0..<wide).map { ($0 * sizes.wide, sizes.wide) }
      + (hasNarrow ? [(wide * sizes.wide, sizes.narrow)] : [])
    for (first, width) in panels {
      for input in 0..<inputs {
        for column in first..<(first + width) {
          weights.append(column < columns ? Element(value(input, column)) : 0)
        }
      }
    }
    return PanelMatrix(
      offset: offset, rows: inputs, widePanels: wide, hasNarrowPanel: hasNarrow)
  }

  /// The product of a value's rows with a matrix, plus a bias.
  mutating func affine(
    _ input: RowPlace, taps: Int = 1, step: Int = 1, dilation: Int = 1, columns: Int,
    bias: [Double],
    _ value: (_ input: Int, _ column: Int) -> Double
  ) -> NetworkValue {
    let inputs = taps * input.count
    let padded = sizes.panels(of: columns).padded
    let rows = (input.rows - (taps - 1) * dilation - 1) / step + 1
    var result = allocate(rows: rows, count: columns, stride: padded)
    let matrix = keepPanels(inputs: inputs, columns: columns, value)
    let bias = keep(bias, padded: padded)
    steps.append(
      .affine(
        AffineStep(
          input: input, taps: taps, step: step, dilation: dilation, matrix: matrix, bias: bias,
          output: result.rows,
          isFused: rows >= 8 && rows * inputs * columns >= Self.fusedThreshold)))
    result.isTable = true
    return result
  }

  /// The number of multiplications from which products are not rounded, which takes half the time.
  private static var fusedThreshold: Int { 131_072 }
}

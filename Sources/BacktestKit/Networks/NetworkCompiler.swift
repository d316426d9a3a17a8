import BacktestCheckpoints
import BacktestCore
import BacktestFiles

/// Turns layers and tensors into steps, and checks on the way that everything is there and fits.
struct NetworkCompiler<Element: NetworkElement> {
  let definition: NetworkDefinition
  let archive: TensorArchive
  let sizes = PanelSizes(Element.self)

  var steps: [NetworkStep] = []
  var weights: [Element] = []
  var memoryCount = 0
  var recurrences: [RecurrentPlace] = []
  var dropouts: [DropoutPlace] = []
  /// The values of recurrent layers that other heads may reuse, by `head.layer`.
  private var reusable: [String: NetworkValue] = [:]
  private var compiledHeads: Set<String> = []
  /// The layer that is being compiled, for messages.
  var place = ""
  /// The layer after it.
  var nextLayer: NetworkLayer?

  init(_ definition: NetworkDefinition, _ archive: TensorArchive) {
    self.definition = definition
    self.archive = archive
  }

  /// The program that evaluates some heads, one after the other, on one input.
  mutating func compile(
    heads: [String], inputShape: [Int]
  ) throws(PolicyError) -> NetworkProgram<Element> {
    let input = try inputValue(inputShape)
    var outputs: [NetworkOutput] = []
    for name in heads {
      place = "network.\(name)"
      guard compiledHeads.insert(name).inserted else { throw problem("is asked for twice") }
      var value = input
      let layers = try head(name).layers
      for (index, layer) in layers.enumerated() {
        nextLayer = index + 1 < layers.count ? layers[index + 1] : nil
        value = try compile(layer, index, of: name, value, input)
      }
      place = "network.\(name)"
      let output = try flattened(value)
      outputs.append(NetworkOutput(head: name, shape: value.shape, place: output.rows))
    }
    return NetworkProgram(
      steps: steps, weights: weights, memoryCount: memoryCount, input: input.rows,
      inputShape: inputShape, outputs: outputs, recurrences: recurrences, dropouts: dropouts)
  }

  private mutating func inputValue(_ shape: [Int]) throws(PolicyError) -> NetworkValue {
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

  private mutating func compile(
    _ layer: NetworkLayer, _ index: Int, of head: String, _ value: NetworkValue,
    _ input: NetworkValue
  ) throws(PolicyError) -> NetworkValue {
    place = "network.\(head)[\(index)] (\(layer.operation.rawValue))"
    if case .reuse(let source) = layer { return try reused(source, by: head, input) }
    if value.mustBeFlattened, layer != .flatten {
      throw problem("works on a vector or a table; put a flatten layer before it")
    }
    var result = try compile(layer, value, name: "\(head).\(index)")
    guard memoryCount <= Self.largestMemory else {
      throw problem("the values up to here take more than \(Self.largestMemory) numbers of memory")
    }
    if layer.isRecurrent {
      result.isKept = true
      reusable["\(head).\(index)"] = result
    }
    return result
  }

  /// The output of the first recurrent layer of another head from a place on; layers up to it are
  /// compiled where that head is not asked for itself.
  private mutating func reused(
    _ source: String, by head: String, _ input: NetworkValue
  ) throws(PolicyError) -> NetworkValue {
    let here = place
    guard let dot = source.lastIndex(of: "."), let from = Int(source[source.index(after: dot)...])
    else { throw problem("'of' must name a head and a layer, such as policy.0, not '\(source)'") }
    let name = String(source[..<dot])
    guard name != head else { throw problem("'of' must name another head, not '\(name)'") }
    let layers = try self.head(name).layers
    guard from >= 0,
      let index = layers.indices.dropFirst(from).first(where: { layers[$0].isRecurrent })
    else { throw problem("'\(name)' has no recurrent layer from layer \(from) on") }
    if let value = reusable["\(name).\(index)"] { return value }
    if compiledHeads.contains(name) { throw problem("'\(name)' reuses a layer of '\(head)'") }
    compiledHeads.insert(name)
    var value = input
    nextLayer = nil
    for position in 0...index {
      if case .reuse = layers[position] { throw problem("'\(name)' reuses a layer itself") }
      value = try compile(layers[position], position, of: name, value, input)
    }
    compiledHeads.remove(name)
    place = here
    return value
  }

  private func head(_ name: String) throws(PolicyError) -> NetworkDefinition.Head {
    if let head = definition[head: name] { return head }
    let names = definition.heads.map(\.name)
    let advice =
      NearestName.find(name, among: names).map { "did you mean '\($0)'?" }
      ?? (names.isEmpty ? "there are none" : "there are \(listed(names, "and"))")
    throw PolicyError("network: there is no head \(quotedForMessage(name)); \(advice)")
  }

  /// More memory is a slip in a size, or meant to harm: 128 MB in double precision.
  private static var largestMemory: Int { 1 << 24 }

  /// What is wrong with the layer that is being compiled.
  func problem(_ text: String) -> PolicyError { PolicyError("\(place): \(text)") }
}

/// A value between two layers.
struct NetworkValue {
  /// Where it is.
  var rows: RowPlace
  /// Whether it has two dimensions.
  var isTable = false
  /// Whether the table's columns are stored as rows.
  var isTransposed = false
  /// Whether it is needed later, so that nothing may be written over it.
  var isKept = false
  /// Whether it has more dimensions than layers other than `flatten` know.
  var mustBeFlattened = false

  /// The lengths of its dimensions.
  var shape: [Int] {
    if !isTable { return [rows.count] }
    return isTransposed ? [rows.count, rows.rows] : [rows.rows, rows.count]
  }

  /// The shape as a message names it.
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
    // Whole panels, so that no load or store crosses into a neighbour.
    memoryCount += (rows * stride + sizes.wide - 1) / sizes.wide * sizes.wide + sizes.wide
    return value
  }

  /// Space for numbers that are no value of a layer.
  mutating func allocate(_ count: Int) -> Int {
    allocate(rows: 1, count: count, stride: nil).rows.offset
  }

  /// The value in a place of its own, so that it may be written over.
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
  mutating func flattened(_ value: NetworkValue) throws(PolicyError) -> NetworkValue {
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

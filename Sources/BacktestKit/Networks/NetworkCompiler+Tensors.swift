import BacktestCheckpoints
import BacktestCore
import BacktestFiles

// Tensors and matrices
extension NetworkCompiler {
  /// The elements of a tensor of a known shape; a `nil` size may be anything and is returned with
  /// the elements.
  func tensor(
    _ name: String, _ expected: [Int?]
  ) throws(PolicyError) -> (values: [Double], shape: [Int]) {
    let wanted = "[\(expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", "))]"
    guard let tensor = archive[name] else {
      let near = NearestName.find(name, among: archive.names)
      let advice =
        near.map { "did you mean '\($0)'?" }
        ?? "the checkpoint has \(someNames); check 'params' or the checkpoint"
      throw problem("the tensor \(quotedForMessage(name)) of shape \(wanted) is missing; \(advice)")
    }
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
          + "only finite numbers can be used, so save the checkpoint of a sound training")
    }
    return (values, tensor.shape)
  }

  /// Copies for two kinds of products and for putting them together stay within half a gigabyte.
  private static var largestNetwork: Int { 1 << 23 }

  /// The elements of a vector.
  func vector(_ name: String, count: Int) throws(PolicyError) -> [Double] {
    try tensor(name, [count]).values
  }

  private var someNames: String {
    let names = archive.names
    guard !names.isEmpty else { return "no tensors" }
    let shown = names.prefix(4).map { quotedForMessage($0) }
    let rest = names.count - shown.count
    return listed(shown + (rest > 0 ? ["\(rest) more"] : []), "and")
  }

  /// Keeps a vector, with zeros up to a length.
  mutating func keep(_ values: [Double], padded: Int? = nil) -> Int {
    let offset = weights.count
    weights += values.map { Element($0) }
    for _ in values.count..<max(values.count, padded ?? 0) { weights.append(0) }
    return offset
  }

  /// Keeps a matrix of inputs x columns, of which `value` gives the elements, panel after panel.
  mutating func keepPanels(
    inputs: Int, columns: Int, _ value: (_ input: Int, _ column: Int) -> Double
  ) -> PanelMatrix {
    let (wide, hasNarrow, _) = sizes.panels(of: columns)
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
  ///
  /// A window of many rows goes through OpenBLAS, whose kernels use the widest registers there are.
  mutating func affine(
    _ input: RowPlace, taps: Int = 1, step: Int = 1, columns: Int, bias: [Double],
    _ value: (_ input: Int, _ column: Int) -> Double
  ) -> NetworkValue {
    let inputs = taps * input.count
    let padded = sizes.panels(of: columns).padded
    let rows = (input.rows - taps) / step + 1
    var result = allocate(rows: rows, count: columns, stride: padded)
    let matrix = keepPanels(inputs: inputs, columns: columns, value)
    let bias = keep(bias, padded: padded)
    var library: LibraryProduct?
    if rows >= 8, rows * inputs * columns >= Self.libraryThreshold, LinearAlgebra.isInstalled {
      let plain = weights.count
      for input in 0..<inputs {
        for column in 0..<columns { weights.append(Element(value(input, column))) }
      }
      let patches = taps > 1 ? allocate(rows * inputs) : input.offset
      library = LibraryProduct(matrix: plain, columns: columns, patches: patches)
    }
    steps.append(
      .affine(
        AffineStep(
          input: input, taps: taps, step: step, matrix: matrix, bias: bias, output: result.rows,
          library: library)))
    result.isTable = true
    return result
  }

  /// Multiplications from which on a call of OpenBLAS is worth while.
  private static var libraryThreshold: Int { 131_072 }
}

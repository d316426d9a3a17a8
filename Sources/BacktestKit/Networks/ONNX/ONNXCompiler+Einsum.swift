import BacktestFiles

// Sums of products by the letters of dimensions
extension ONNXCompiler {
  /// `bij,bjk->bik` and the like: a product of matrices whose batches, rows and columns are the
  /// dimensions that the letters name.
  mutating func einsum() throws(NetworkError) -> GraphValue {
    let equation = try text("equation", default: "")
    guard let letters = EinsumLetters(equation), letters.inputs.count == node.inputs.count else {
      throw problem(
        "the equation \(quotedForMessage(equation)) is not supported: it needs one or two inputs, "
          + "an output, each letter once in each of them, and no sum over one input alone")
    }
    var lengths: [Character: Int] = [:]
    var values: [GraphValue] = []
    for (index, input) in letters.inputs.enumerated() {
      let value = try self.input(index)
      guard value.shape.count == input.count,
        zip(input, value.shape).allSatisfy({ (lengths[$0] ?? $1) == $1 })
      else {
        throw problem("the equation \(quotedForMessage(equation)) does not fit \(value.shape)")
      }
      for (letter, length) in zip(input, value.shape) { lengths[letter] = length }
      values.append(value)
    }
    if values.count == 1 { return try turned(values[0], letters.inputs[0], to: letters.output) }

    let (left, right) = (letters.inputs[0], letters.inputs[1])
    let shared = left.filter(right.contains)
    let batch = shared.filter(letters.output.contains)
    let inner = shared.filter { !letters.output.contains($0) }
    let rows = left.filter { !shared.contains($0) }
    let columns = right.filter { !shared.contains($0) }
    func length(_ letters: [Character]) -> Int { letters.reduce(1) { $0 * (lengths[$1] ?? 1) } }
    let outer = batch.map { length([$0]) }
    let a = try turned(values[0], left, to: batch + rows + inner)
    let b = try turned(values[1], right, to: batch + inner + columns)
    let result = try product(
      try reshaped(a, to: outer + [length(rows), length(inner)]),
      try reshaped(b, to: outer + [length(inner), length(columns)]))
    let found = batch + rows + columns
    return try turned(
      try reshaped(result, to: found.map { length([$0]) }), found, to: letters.output)
  }

  /// The dimensions of a value in the order of other letters; nothing is copied.
  private mutating func turned(
    _ value: GraphValue, _ letters: [Character], to others: [Character]
  ) throws(NetworkError) -> GraphValue {
    let order = others.compactMap { letters.firstIndex(of: $0) }
    return view(value, try stored(value).permuted(order))
  }
}

/// The letters of an equation: one for each dimension of its inputs and of its output.
private struct EinsumLetters {
  let inputs: [[Character]]
  let output: [Character]

  /// `nil` for an equation that is more than a product of two tensors or a transposition of one.
  init?(_ equation: String) {
    let sides = equation.filter { $0 != " " }.split(
      separator: "->", omittingEmptySubsequences: false)
    guard sides.count == 2 else { return nil }
    inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    output = Array(sides[1])
    guard inputs.count == 1 || inputs.count == 2 else { return nil }
    for letters in inputs + [output] {
      let areLetters = letters.allSatisfy { $0.isASCII && $0.isLetter }
      guard areLetters, Set(letters).count == letters.count else { return nil }
    }
    let all = inputs.flatMap(\.self)
    let single = all.filter { letter in all.count { $0 == letter } == 1 }
    guard output.allSatisfy(all.contains), single.allSatisfy(output.contains) else { return nil }
  }
}

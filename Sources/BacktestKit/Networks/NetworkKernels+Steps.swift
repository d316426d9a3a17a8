import BacktestCore
internal import Glibc

// Steps without a state
extension NetworkKernels {
  /// All rows of a product, through OpenBLAS where that was decided.
  @inline(__always)
  func run(_ step: AffineStep) {
    if let library = step.library, runLibrary(step, library) { return }
    run(step, row: 0, rows: step.output.rows, outputRow: 0)
  }

  /// Some rows of a product, written from another row on.
  @inline(__always)
  func run(_ step: AffineStep, row: Int, rows: Int, outputRow: Int) {
    let input = step.input
    let isPacked = input.stride == input.count && step.dilation == 1
    let inputs = Inputs(
      first: memory + (input.offset &+ row &* step.step &* input.stride),
      runs: isPacked ? 1 : step.taps,
      runLength: isPacked ? step.taps &* input.count : input.count,
      stride: step.dilation &* input.stride)
    product(
      inputs, rows: rows, inputStep: step.step &* input.stride, step.matrix,
      initial: weights + step.bias, initialStep: 0,
      output: memory + (step.output.offset &+ outputRow &* step.output.stride),
      outputStep: step.output.stride)
  }

  private func runLibrary(_ step: AffineStep, _ library: LibraryProduct) -> Bool {
    let (input, output) = (step.input, step.output)
    let inner = step.matrix.rows
    if step.taps > 1 {
      for row in 0..<output.rows {
        for tap in 0..<step.taps {
          (memory + (library.patches + row * inner + tap * input.count)).update(
            from: memory + (input.offset + (row * step.step + tap * step.dilation) * input.stride),
            count: input.count)
        }
      }
    }
    let target = memory + output.offset
    for row in 0..<output.rows {
      (target + row * output.stride).update(from: weights + step.bias, count: output.stride)
    }
    return LinearAlgebra.addProduct(
      rows: output.rows, columns: library.columns, inner: inner,
      UnsafePointer(memory + library.patches),
      stride: step.taps > 1 ? inner : input.stride * step.step,
      weights + library.matrix, stride: library.columns, to: target, stride: output.stride)
  }

  /// A function of each element of some rows.
  @inline(__always)
  func run(_ step: PointwiseStep, row: Int, rows: Int) {
    let place = memory + (step.place.offset &+ row &* step.place.stride)
    let count = (rows &- 1) &* step.place.stride &+ step.place.count
    switch step.function {
    case .tanh: Self.map(place, count) { $0.hyperbolicTangent() }
    case .sigmoid: Self.map(place, count) { $0.logistic() }
    case .relu: Self.map(place, count) { $0.limited(atLeast: 0) }
    case .elu:
      Self.map(place, count) {
        let below = $0.negativeExponentialMinusOne()
        return $0.replaced(by: below, whereNegative: $0)
      }
    case .silu: Self.map(place, count) { $0 * $0.logistic() }
    case .selu: Self.map(place, count) { $0.scaledExponentialLinear() }
    case .mish: Self.map(place, count) { $0.mish() }
    case .softplus: Self.map(place, count) { $0.softplus() }
    case .scaled(let factor):
      let factor = Lanes(repeating: Element(factor))
      Self.map(place, count) { $0 * factor }
    case .leakyReLU(let slope):
      let slope = Lanes(repeating: Element(slope))
      Self.map(place, count) { $0.replaced(by: $0 * slope, whereNegative: $0) }
    case .hardtanh(let low, let high):
      let (low, high) = (Element(low), Element(high))
      Self.map(place, count) { $0.limited(atMost: high).limited(atLeast: low) }
    case .gelu:
      for index in 0..<count {
        let x = Double(place[index])
        place[index] = Element(x * NormalDistribution.cumulative(x))
      }
    }
  }

  /// weight * x + bias, element by element of each row.
  @inline(__always)
  func runScale(_ step: RowStep, row: Int, rows: Int) {
    let (scale, shift) = (weights + step.weight, weights + step.bias)
    for row in row..<(row + rows) {
      let place = memory + (step.place.offset &+ row &* step.place.stride)
      for index in 0..<step.place.count {
        place[index] = place[index] * scale[index] + shift[index]
      }
    }
  }

  /// Sums of a row go from its first to its last element.
  @inline(__always)
  func runLayerNorm(_ step: RowStep, row: Int, rows: Int) {
    let (weight, bias) = (weights + step.weight, weights + step.bias)
    let count = step.place.count
    for row in row..<(row + rows) {
      let place = memory + (step.place.offset &+ row &* step.place.stride)
      var sum: Element = 0
      for index in 0..<count { sum += place[index] }
      let mean = sum / Element(count)
      var squares: Element = 0
      for index in 0..<count { squares += (place[index] - mean) * (place[index] - mean) }
      let deviation = (squares / Element(count) + Element(step.eps)).squareRoot()
      for index in 0..<count {
        place[index] = (place[index] - mean) / deviation * weight[index] + bias[index]
      }
    }
  }

  @inline(__always)
  func runSoftmax(_ step: RowStep, row: Int, rows: Int) {
    for row in row..<(row + rows) {
      Self.softmax(memory + (step.place.offset &+ row &* step.place.stride), step.place.count)
    }
  }

  /// Subtracts the largest first, so that nothing overflows; the sum goes from first to last.
  @inline(__always)
  private static func softmax(_ place: UnsafeMutablePointer<Element>, _ count: Int) {
    var largest = place[0]
    for index in 1..<max(count, 1) where place[index] > largest { largest = place[index] }
    let top = Lanes(repeating: largest)
    map(place, count) { ($0 - top).exponential() }
    var sum: Element = 0
    for index in 0..<count { sum += place[index] }
    for index in 0..<count { place[index] /= sum }
  }

  /// Each head: scores of a row against all rows, their softmax, the mixture of the values.
  func run(_ step: AttentionStep) {
    let (width, stride) = (step.width, step.projections.stride)
    let size = width / step.heads
    let scale = Element(size).squareRoot()
    let scores = memory + step.scores
    for query in step.firstQuery..<step.projections.rows {
      let output = memory + (step.output.offset + (query - step.firstQuery) * step.output.stride)
      for head in 0..<step.heads {
        let rows = memory + (step.projections.offset + head * size)
        let asked = rows + query * stride
        let seen = step.isCausal ? query + 1 : step.projections.rows
        for row in 0..<seen {
          let key = rows + (row * stride + width)
          var sum: Element = 0
          for index in 0..<size { sum += asked[index] * key[index] }
          scores[row] = sum / scale
        }
        Self.softmax(scores, seen)
        for index in 0..<size {
          var sum: Element = 0
          for row in 0..<seen {
            sum += scores[row] * rows[row * stride + 2 * width + index]
          }
          output[head * size + index] = sum
        }
      }
    }
  }

  @inline(__always)
  func run(_ step: CopyStep) {
    let (from, to) = (step.from, step.to)
    for row in 0..<from.rows {
      let source = memory + (from.offset &+ row &* from.stride)
      if step.isTransposed {
        let target = memory + (to.offset &+ row)
        for index in 0..<from.count { target[index &* to.stride] = source[index] }
      } else {
        (memory + (to.offset &+ row &* to.stride)).update(from: source, count: from.count)
      }
    }
  }

  /// Masks are in the order of the layer's value: row-major, or column-major where it is
  /// transposed.
  func run(_ step: DropoutStep, _ masks: DropoutMasks<Element>?) {
    guard let masks else { return }
    let place = step.place
    masks.factors[step.index].withUnsafeBufferPointer { mask in
      for row in 0..<place.rows {
        for index in 0..<place.count {
          let position = step.isTransposed ? index * place.rows + row : row * place.count + index
          memory[place.offset + row * place.stride + index] *= mask[position]
        }
      }
    }
  }
}

// All steps of a program
extension NetworkKernels {
  /// Does steps in order, from one of them on.
  @inline(__always)
  func run(_ steps: [NetworkStep], from start: Int, _ masks: DropoutMasks<Element>?) {
    for index in start..<steps.count {
      switch steps[index] {
      case .affine(let step): run(step)
      case .longShortTermMemory(let step): runLongShortTermMemory(step)
      case .gatedRecurrentUnit(let step): runGatedRecurrentUnit(step)
      case .simpleRecurrence(let step): runSimpleRecurrence(step)
      case .attention(let step): run(step)
      case .pointwise(let step): run(step, row: 0, rows: step.place.rows)
      case .scale(let step): runScale(step, row: 0, rows: step.place.rows)
      case .layerNorm(let step): runLayerNorm(step, row: 0, rows: step.place.rows)
      case .groupNorm(let step): runGroupNorm(step)
      case .softmax(let step): runSoftmax(step, row: 0, rows: step.place.rows)
      case .combine(let step): run(step, row: 0, rows: step.output.rows)
      case .pool(let step): run(step)
      case .dropout(let step): run(step, masks)
      case .copy(let step): run(step)
      case .tensor(let step): run(step)
      }
    }
  }

  /// Copies the outputs of all heads, one after the other.
  @inline(__always)
  func write(_ outputs: [NetworkOutput], to target: UnsafeMutableBufferPointer<Element>) {
    var position = 0
    for index in outputs.indices {
      let place = outputs[index].place
      for element in 0..<place.count { target[position + element] = memory[place.offset + element] }
      position += place.count
    }
  }
}

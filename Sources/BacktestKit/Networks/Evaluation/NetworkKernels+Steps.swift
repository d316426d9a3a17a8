import BacktestCore
internal import CNetworkKernels

// Steps without a state
extension NetworkKernels {
  /// A function of each element of some rows.
  @inline(__always)
  func run(_ step: PointwiseStep, row: Int, rows: Int) {
    let place = memory + (step.place.offset &+ row &* step.place.stride)
    let count = (rows &- 1) &* step.place.stride &+ step.place.count
    if let kernel = step.function.kernel {
      kernels.pointee.map(kernel.function, place, count, kernel.first, kernel.second)
    } else {
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

  @inline(__always)
  func runLayerNorm(_ step: RowStep, row: Int, rows: Int) {
    var numbers = numbers(step, row, rows)
    kernels.pointee.normalise(&numbers)
  }

  @inline(__always)
  func runSoftmax(_ step: RowStep, row: Int, rows: Int) {
    var numbers = numbers(step, row, rows)
    kernels.pointee.softmax(&numbers)
  }

  @inline(__always)
  private func numbers(_ step: RowStep, _ row: Int, _ rows: Int) -> network_rows {
    network_rows(
      place: memory + (step.place.offset &+ row &* step.place.stride), rows: rows,
      count: step.place.count, stride: step.place.stride, weight: weights + step.weight,
      bias: weights + step.bias, eps: step.eps)
  }

  @inline(__always)
  func run(_ step: AttentionStep) {
    var attention = network_attention(
      projections: memory + step.projections.offset, rows: step.projections.rows,
      stride: step.projections.stride, width: step.width, heads: step.heads,
      first_query: step.firstQuery, is_causal: step.isCausal,
      scratch: UnsafeMutableRawPointer(memory + step.scratch).alignedUp(toMultipleOf: 64),
      output: memory + step.output.offset, output_stride: step.output.stride)
    kernels.pointee.attend(&attention)
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

extension PointwiseStep.Function {
  /// The kernel and its numbers; `nil` for `gelu`, which has none.
  @inline(__always)
  var kernel: (function: network_function, first: Double, second: Double)? {
    switch self {
    case .tanh: (network_function_tanh, 0, 0)
    case .sigmoid: (network_function_sigmoid, 0, 0)
    case .relu: (network_function_relu, 0, 0)
    case .elu: (network_function_elu, 0, 0)
    case .selu: (network_function_selu, 0, 0)
    case .silu: (network_function_silu, 0, 0)
    case .mish: (network_function_mish, 0, 0)
    case .softplus: (network_function_softplus, 0, 0)
    case .leakyReLU(let slope): (network_function_leaky_relu, slope, 0)
    case .hardtanh(let low, let high): (network_function_hardtanh, low, high)
    case .scaled(let factor): (network_function_scaled, factor, 0)
    case .gelu: nil
    }
  }
}

// All steps of a program
extension NetworkKernels {
  /// Does the steps of a program in order, from one of them on.
  @inline(__always)
  func run(_ program: NetworkProgram<Element>, from start: Int, _ masks: DropoutMasks<Element>?) {
    let last = program.rowLayers
    guard start <= last.firstStep else {
      return run(program.steps, start..<program.steps.count, masks)
    }
    run(program.steps, start..<last.firstStep, masks)
    kernels.pointee.run_layers(last.layers, last.count, memory)
  }

  /// Does some steps in order.
  func run(_ steps: [NetworkStep], _ range: Range<Int>, _ masks: DropoutMasks<Element>?) {
    for index in range {
      switch steps[index] {
      case .affine(let step): run(step, row: 0, rows: step.output.rows, outputRow: 0)
      case .longShortTermMemory, .gatedRecurrentUnit, .simpleRecurrence:
        runRecurrence(steps[index])
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

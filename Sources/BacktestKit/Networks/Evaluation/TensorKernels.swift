import BacktestCore
internal import CNetworkKernels
internal import Glibc

// Steps on tensors
extension NetworkKernels {
  func run(_ step: TensorStep) {
    switch step {
    case .copy(let from, let to, let loop): copy(pointer(from), memory + to, loop)
    case .function(let function, let offset, let count):
      apply(function, memory + offset, count)
    case .binary(let function, let a, let b, let to, let loop):
      apply(function, pointer(a), pointer(b), memory + to, loop)
    case .select(let condition, let a, let b, let to, let loop):
      let (condition, a, b) = (pointer(condition), pointer(a), pointer(b))
      let output = memory + to
      loop.forEachRun { position in
        for index in 0..<loop.count {
          let place = position &+ loop.steps &* index
          output[place[0]] = condition[place[1]] != 0 ? a[place[2]] : b[place[3]]
        }
      }
    case .reduce(let step): run(step)
    case .product(let step): run(step)
    case .gather(let step): run(step)
    case .gatherElements(let step): run(step)
    }
  }

  @inline(__always)
  private func pointer(_ operand: TensorOperand) -> UnsafePointer<Element> {
    (operand.isWeight ? weights : UnsafePointer(memory)) + operand.offset
  }

  @inline(__always)
  private func copy(
    _ from: UnsafePointer<Element>, _ to: UnsafeMutablePointer<Element>, _ loop: TensorLoop
  ) {
    let (target, source) = (loop.steps[0], loop.steps[1])
    loop.forEachRun { position in
      let (output, input) = (to + position[0], from + position[1])
      if target == 1 && source == 1 {
        output.update(from: input, count: loop.count)
      } else {
        for index in 0..<loop.count { output[index &* target] = input[index &* source] }
      }
    }
  }

  /// Functions that vectors have run on them; the others go number by number, in 64 bits.
  private func apply(
    _ function: TensorFunction, _ place: UnsafeMutablePointer<Element>, _ count: Int
  ) {
    switch function {
    case .exponential:
      kernels.pointee.map(network_function_exponential, place, count, 0, 0)
    case .negation: Self.map(place, count) { Lanes(repeating: 0) - $0 }
    case .absolute: Self.map(place, count) { $0.absolute }
    case .reciprocal: Self.map(place, count) { Lanes(repeating: 1) / $0 }
    case .elu(let alpha):
      let alpha = Lanes(repeating: Element(alpha))
      Self.map(place, count) {
        $0.replaced(by: alpha * $0.negativeExponentialMinusOne(), whereNegative: $0)
      }
    case .hardSigmoid(let slope, let shift):
      let (slope, shift) = (Lanes(repeating: Element(slope)), Lanes(repeating: Element(shift)))
      Self.map(place, count) { ($0 * slope + shift).limited(atMost: 1).limited(atLeast: 0) }
    default:
      for index in 0..<count {
        place[index] = Element(Self.value(function, Double(place[index])))
      }
    }
  }

  private static func value(_ function: TensorFunction, _ x: Double) -> Double {
    switch function {
    case .logarithm: log(x)
    case .squareRoot: x.squareRoot()
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .floor: x.rounded(.down)
    case .ceiling: x.rounded(.up)
    case .rounded: x.rounded(.toNearestOrEven)
    case .truncated: x.rounded(.towardZero)
    case .roundedTo32Bits: Double(Float(x))
    case .errorFunction: erf(x)
    case .sine: sin(x)
    case .cosine: cos(x)
    case .logicalNot: x == 0 ? 1 : 0
    case .isNonzero: x == 0 ? 0 : 1
    case .isNotANumber: x.isNaN ? 1 : 0
    case .isInfinite: x.isInfinite ? 1 : 0
    case .thresholded(let threshold): x > threshold ? x : 0
    case .exponential, .reciprocal, .negation, .absolute, .elu, .hardSigmoid: x
    }
  }

  private func apply(
    _ function: BinaryFunction, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>, _ loop: TensorLoop
  ) {
    switch function {
    case .add: mapLanes(a, b, output, loop) { $0 + $1 }
    case .subtract: mapLanes(a, b, output, loop) { $0 - $1 }
    case .multiply: mapLanes(a, b, output, loop) { $0 * $1 }
    case .divide: mapLanes(a, b, output, loop) { $0 / $1 }
    default:
      loop.forEachRun { position in
        for index in 0..<loop.count {
          let place = position &+ loop.steps &* index
          output[place[0]] = Self.value(function, a[place[1]], b[place[2]])
        }
      }
    }
  }

  @inline(__always)
  private func mapLanes(
    _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>, _ loop: TensorLoop,
    _ function: (Lanes, Lanes) -> Lanes
  ) {
    let lanes = Self.laneCount
    let (strideA, strideB) = (loop.steps[1], loop.steps[2])
    @inline(__always)
    func fetch(_ place: UnsafePointer<Element>, _ stride: Int, _ count: Int) -> Lanes {
      if stride == 0 { return Lanes(repeating: place[0]) }
      if stride == 1 && count >= lanes { return Self.load(place) }
      var result = Lanes(repeating: 0)
      for lane in 0..<min(lanes, count) { result[lane] = place[lane &* stride] }
      return result
    }
    loop.forEachRun { position in
      let (a, b, output) = (a + position[1], b + position[2], output + position[0])
      var index = 0
      while index < loop.count {
        let left = loop.count &- index
        let result = function(
          fetch(a + index &* strideA, strideA, left), fetch(b + index &* strideB, strideB, left))
        if left >= lanes {
          Self.store(result, output + index)
        } else {
          for lane in 0..<left { output[index &+ lane] = result[lane] }
        }
        index &+= lanes
      }
    }
  }

  private static func value(_ function: BinaryFunction, _ a: Element, _ b: Element) -> Element {
    switch function {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || a < b ? a : b
    case .maximum: a.isNaN || a > b ? a : b
    case .power: Element(pow(Double(a), Double(b)))
    case .wholeQuotient: (a / b).rounded(.towardZero)
    case .remainder: a - b * (a / b).rounded(.down)
    case .truncatedRemainder: a.truncatingRemainder(dividingBy: b)
    case .equal: a == b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    case .exclusiveOr: (a != 0) != (b != 0) ? 1 : 0
    case .parametricReLU: a < 0 ? a * b : a
    }
  }
}

// Steps that bring many numbers together
extension NetworkKernels {
  private func run(_ step: TensorReductionStep) {
    let input = pointer(step.input)
    let output = memory + step.output
    step.outer.forEachRun { position in
      for index in 0..<step.outer.count {
        let place = position &+ step.outer.steps &* index
        output[place[0]] = reduce(step.function, input + place[1], step.inner)
      }
    }
  }

  /// Elements are taken from first to last.
  private func reduce(
    _ function: TensorReductionStep.Function, _ first: UnsafePointer<Element>, _ loop: TensorLoop
  ) -> Element {
    @inline(__always)
    func fold(_ initial: Element, _ combine: (Element, Element) -> Element) -> Element {
      var result = initial
      loop.forEachRun { position in
        let run = first + position[0]
        for index in 0..<loop.count { result = combine(result, run[index &* loop.steps[0]]) }
      }
      return result
    }
    switch function {
    case .sum: return fold(0, +)
    case .mean: return fold(0, +) / Element(loop.total)
    case .product: return fold(1, *)
    case .minimum: return fold(.infinity) { Self.value(.minimum, $0, $1) }
    case .maximum: return fold(-.infinity) { Self.value(.maximum, $0, $1) }
    case .absoluteSum: return fold(0) { $0 + abs($1) }
    case .squareSum: return fold(0) { $0 + $1 * $1 }
    case .logSumExp:
      let top = fold(-.infinity) { Self.value(.maximum, $0, $1) }
      guard top.isFinite else { return top }
      let sum = fold(0) { $0 + Lanes(repeating: $1 - top).exponential()[0] }
      return top + Element(log(Double(sum)))
    case .position(let greatest, let last):
      var (best, bestIndex) = (first[0], 0)
      for index in 1..<max(loop.count, 1) {
        let value = first[index &* loop.steps[0]]
        let isBetter = greatest ? value > best : value < best
        if isBetter || (last && value == best) { (best, bestIndex) = (value, index) }
      }
      return Element(bestIndex)
    }
  }

  /// Sums go over the inner dimension from first to last, starting from 0.
  private func run(_ step: MatrixProductStep) {
    let (left, right) = (pointer(step.left), pointer(step.right))
    let output = memory + step.output
    step.matrices.forEachRun { position in
      for index in 0..<step.matrices.count {
        let place = position &+ step.matrices.steps &* index
        for row in 0..<step.rows {
          multiply(
            left + (place[1] &+ row &* step.leftRow), right + place[2],
            output + (place[0] &+ row &* step.columns), step)
        }
      }
    }
  }

  @inline(__always)
  private func multiply(
    _ row: UnsafePointer<Element>, _ matrix: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>, _ step: MatrixProductStep
  ) {
    let lanes = Self.laneCount
    var column = 0
    while column &+ 4 &* lanes <= step.columns {
      var (a, b) = (Lanes(repeating: 0), Lanes(repeating: 0))
      var (c, d) = (a, b)
      for index in 0..<step.inner {
        let x = Lanes(repeating: row[index &* step.leftColumn])
        let place = matrix + (index &* step.rightRow &+ column)
        a = a + Self.load(place) * x
        b = b + Self.load(place + lanes) * x
        c = c + Self.load(place + 2 &* lanes) * x
        d = d + Self.load(place + 3 &* lanes) * x
      }
      Self.store(a, output + column)
      Self.store(b, output + (column &+ lanes))
      Self.store(c, output + (column &+ 2 &* lanes))
      Self.store(d, output + (column &+ 3 &* lanes))
      column &+= 4 &* lanes
    }
    while column &+ lanes <= step.columns {
      var sum = Lanes(repeating: 0)
      for index in 0..<step.inner {
        let x = Lanes(repeating: row[index &* step.leftColumn])
        sum = sum + Self.load(matrix + (index &* step.rightRow &+ column)) * x
      }
      Self.store(sum, output + column)
      column &+= lanes
    }
    while column < step.columns {
      var sum: Element = 0
      for index in 0..<step.inner {
        sum += row[index &* step.leftColumn] * matrix[index &* step.rightRow &+ column]
      }
      output[column] = sum
      column &+= 1
    }
  }

  private func run(_ step: GatherStep) {
    let (data, indices) = (pointer(step.data), pointer(step.indices))
    for outer in 0..<step.outer {
      for wanted in 0..<step.wanted {
        let output = memory + (step.output &+ (outer &* step.wanted &+ wanted) &* step.inner)
        if let index = Self.position(indices[wanted], of: step.available) {
          output.update(
            from: data + (outer &* step.available &+ index) &* step.inner, count: step.inner)
        } else {
          output.update(repeating: .nan, count: step.inner)
        }
      }
    }
  }

  private func run(_ step: GatherElementsStep) {
    let (data, indices) = (pointer(step.data), pointer(step.indices))
    let output = memory + step.output
    step.loop.forEachRun { position in
      for index in 0..<step.loop.count {
        let place = position &+ step.loop.steps &* index
        let found = Self.position(indices[place[1]], of: step.available)
        output[place[0]] = found.map { data[place[2] &+ $0 &* step.stride] } ?? .nan
      }
    }
  }

  /// An index, from the end where it is negative; `nil` where there is no such element.
  private static func position(_ index: Element, of count: Int) -> Int? {
    guard let index = Int(exactly: index) else { return nil }
    let position = index < 0 ? index + count : index
    return 0..<count ~= position ? position : nil
  }
}

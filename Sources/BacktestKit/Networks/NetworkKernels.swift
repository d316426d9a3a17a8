/// The weights and the memory that steps work on, and the loops that all of them share.
struct NetworkKernels<Element: KernelElement> {
  typealias Lanes = Element.Lanes
  let weights: UnsafePointer<Element>
  let memory: UnsafeMutablePointer<Element>

  @inline(__always) static var laneCount: Int { 32 / MemoryLayout<Element>.stride }

  @inline(__always) static func load(_ place: UnsafePointer<Element>) -> Lanes {
    UnsafeRawPointer(place).loadUnaligned(as: Lanes.self)
  }

  @inline(__always) static func store(_ lanes: Lanes, _ place: UnsafeMutablePointer<Element>) {
    UnsafeMutableRawPointer(place).storeBytes(of: lanes, as: Lanes.self)
  }

  /// Applies a function to `count` elements in a row; nothing beyond them is touched.
  @inline(__always)
  static func map(
    _ place: UnsafeMutablePointer<Element>, _ count: Int, _ function: (Lanes) -> Lanes
  ) {
    let full = count / laneCount * laneCount
    var index = 0
    while index < full {
      store(function(load(place + index)), place + index)
      index &+= laneCount
    }
    guard full < count else { return }
    var rest = Lanes(repeating: 0)
    for lane in 0..<(count - full) { rest[lane] = place[full + lane] }
    rest = function(rest)
    for lane in 0..<(count - full) { place[full + lane] = rest[lane] }
  }
}

// Products
extension NetworkKernels {
  /// Inputs of one product: some runs of elements, each a stride after the one before.
  struct Inputs {
    var first: UnsafePointer<Element>
    var runs: Int
    var runLength: Int
    var stride: Int
  }

  /// output = initial + inputs * matrix, for some rows of inputs.
  ///
  /// Each panel of the matrix is used for all rows while it is near. A wide panel has eight
  /// registers of sums under way.
  @inline(__always)
  func product(
    _ inputs: Inputs, rows: Int, inputStep: Int, _ matrix: PanelMatrix,
    initial: UnsafePointer<Element>, initialStep: Int, output: UnsafeMutablePointer<Element>,
    outputStep: Int
  ) {
    let wide = 4 &* Self.laneCount
    var panel = weights + matrix.offset
    var column = 0
    for _ in 0..<matrix.widePanels {
      for row in 0..<rows {
        var inputs = inputs
        inputs.first += row &* inputStep
        Self.addWide(
          inputs, panel, initial + (row &* initialStep &+ column),
          output + (row &* outputStep &+ column))
      }
      panel += matrix.rows &* wide
      column &+= wide
    }
    guard matrix.hasNarrowPanel else { return }
    for row in 0..<rows {
      var inputs = inputs
      inputs.first += row &* inputStep
      Self.addNarrow(
        inputs, panel, initial + (row &* initialStep &+ column),
        output + (row &* outputStep &+ column))
    }
  }

  @inline(__always)
  private static func addWide(
    _ inputs: Inputs, _ panel: UnsafePointer<Element>, _ initial: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>
  ) {
    let lanes = laneCount
    var (a, b) = (load(initial), load(initial + lanes))
    var (c, d) = (load(initial + 2 &* lanes), load(initial + 3 &* lanes))
    var weight = panel
    var run = inputs.first
    @inline(__always) func add(_ input: Element) {
      let x = Lanes(repeating: input)
      a = a + load(weight) * x
      b = b + load(weight + lanes) * x
      c = c + load(weight + 2 &* lanes) * x
      d = d + load(weight + 3 &* lanes) * x
      weight += 4 &* lanes
    }
    for _ in 0..<inputs.runs {
      var index = 0
      while index &+ lanes <= inputs.runLength {
        // One load for several inputs: loads are what a product waits for.
        let several = load(run + index)
        for lane in 0..<lanes { add(several[lane]) }
        index &+= lanes
      }
      while index < inputs.runLength {
        add(run[index])
        index &+= 1
      }
      run += inputs.stride
    }
    store(a, output)
    store(b, output + lanes)
    store(c, output + 2 &* lanes)
    store(d, output + 3 &* lanes)
  }

  @inline(__always)
  private static func addNarrow(
    _ inputs: Inputs, _ panel: UnsafePointer<Element>, _ initial: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>
  ) {
    var sum = load(initial)
    var weight = panel
    var run = inputs.first
    for _ in 0..<inputs.runs {
      for index in 0..<inputs.runLength {
        sum = sum + load(weight) * Lanes(repeating: run[index])
        weight += laneCount
      }
      run += inputs.stride
    }
    store(sum, output)
  }
}

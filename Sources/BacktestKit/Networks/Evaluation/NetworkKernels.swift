internal import CNetworkKernels

/// The weights and the memory that steps work on, and the kernels that do the work.
struct NetworkKernels<Element: KernelElement> {
  let weights: UnsafePointer<Element>
  let memory: UnsafeMutablePointer<Element>
  var kernels = Element.kernels
}

// Lanes, for steps in Swift
extension NetworkKernels {
  typealias Lanes = Element.Lanes

  @inline(__always) static var laneCount: Int { 32 / MemoryLayout<Element>.stride }

  @inline(__always) static func load(_ place: UnsafePointer<Element>) -> Lanes {
    UnsafeRawPointer(place).loadUnaligned(as: Lanes.self)
  }

  @inline(__always) static func store(_ lanes: Lanes, _ place: UnsafeMutablePointer<Element>) {
    UnsafeMutableRawPointer(place).storeBytes(of: lanes, as: Lanes.self)
  }

  /// Applies a function to `count` consecutive elements and touches no others.
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

// Products and recurrence
extension NetworkKernels {
  /// Some rows of a product, written from another row on.
  @inline(__always)
  func run(_ step: AffineStep, row: Int, rows: Int, outputRow: Int) {
    let input = step.input
    var product = step.product(weights)
    product.input = UnsafeRawPointer(memory + (input.offset &+ row &* step.step &* input.stride))
    product.rows = rows
    product.output = UnsafeMutableRawPointer(
      memory + (step.output.offset &+ outputRow &* step.output.stride))
    kernels.pointee.multiply(&product)
  }

  /// A recurrent layer over the rows of its gates, which may lie in a ring that begins at a row.
  @inline(__always)
  func run(_ step: RecurrenceStep, _ kind: network_recurrence_kind, firstRow: Int = 0) {
    var recurrence = network_recurrence()
    recurrence.kind = kind
    recurrence.gates = UnsafeRawPointer(memory + step.gates.offset)
    recurrence.rows = step.gates.rows
    recurrence.gates_stride = step.gates.stride
    recurrence.first_row = firstRow
    recurrence.is_reversed = step.isReversed
    recurrence.is_stateful = step.isStateful
    recurrence.matrix = UnsafeRawPointer(weights + step.matrix.offset)
    recurrence.inputs = step.matrix.rows
    recurrence.wide_panels = step.matrix.widePanels
    recurrence.has_narrow_panel = step.matrix.hasNarrowPanel
    recurrence.bias = UnsafeRawPointer(weights + step.bias)
    recurrence.scratch = UnsafeMutableRawPointer(memory + step.scratch)
    recurrence.width = step.width
    recurrence.hidden = UnsafeMutableRawPointer(memory + step.hidden)
    recurrence.cell = UnsafeMutableRawPointer(memory + step.cell)
    recurrence.output = UnsafeMutableRawPointer(memory + step.output.offset)
    recurrence.output_stride = step.output.stride
    kernels.pointee.recur(&recurrence)
  }

  /// Long short-term memory, gated recurrent units or a plain recurrent layer.
  @inline(__always)
  func runRecurrence(_ step: NetworkStep, firstRow: Int = 0) {
    switch step {
    case .longShortTermMemory(let step): run(step, network_recurrence_lstm, firstRow: firstRow)
    case .gatedRecurrentUnit(let step): run(step, network_recurrence_gru, firstRow: firstRow)
    case .simpleRecurrence(let step):
      run(
        step, step.activation == .tanh ? network_recurrence_tanh : network_recurrence_relu,
        firstRow: firstRow)
    default: break
    }
  }
}

extension AffineStep {
  /// Its product, without the places of rows.
  @inline(__always)
  func product<Element>(_ weights: UnsafePointer<Element>) -> network_product {
    let isPacked = input.stride == input.count && dilation == 1
    var product = network_product()
    product.row_step = step &* input.stride
    product.runs = isPacked ? 1 : taps
    product.run_length = isPacked ? taps &* input.count : input.count
    product.run_stride = dilation &* input.stride
    product.matrix = UnsafeRawPointer(weights + matrix.offset)
    product.wide_panels = matrix.widePanels
    product.has_narrow_panel = matrix.hasNarrowPanel
    product.is_fused = isFused
    product.initial = UnsafeRawPointer(weights + bias)
    product.output_step = output.stride
    return product
  }
}

/// A compiled network: steps, weights and the memory that a state takes. It never changes, so all
/// copies of a network and its states share it.
final class NetworkProgram<Element: NetworkElement>: Sendable {
  let steps: [NetworkStep]
  /// Aligned to the widest registers, whose loads are slower across two lines of the cache.
  nonisolated(unsafe) let weights: UnsafePointer<Element>
  let memoryCount: Int
  let input: RowPlace
  let inputShape: [Int]
  let outputs: [NetworkOutput]
  let recurrences: [RecurrentPlace]
  let dropouts: [DropoutPlace]
  /// What need not be computed again when a window moves on by one row.
  let sliding: SlidingPlan?
  /// The last steps, where they are layers of a single row.
  let rowLayers: RowLayers<Element>

  init(
    steps: [NetworkStep], weights: [Element], memoryCount: Int, input: RowPlace,
    inputShape: [Int], outputs: [NetworkOutput], recurrences: [RecurrentPlace],
    dropouts: [DropoutPlace]
  ) {
    self.steps = steps
    let copy = UnsafeMutableRawPointer.allocate(
      byteCount: max(weights.count, 1) * MemoryLayout<Element>.stride, alignment: 64
    ).bindMemory(to: Element.self, capacity: max(weights.count, 1))
    weights.withUnsafeBufferPointer {
      if let first = $0.baseAddress { copy.initialize(from: first, count: $0.count) }
    }
    self.weights = UnsafePointer(copy)
    rowLayers = RowLayers(steps, weights: UnsafePointer(copy))
    self.memoryCount = memoryCount
    self.input = input
    self.inputShape = inputShape
    self.outputs = outputs
    self.recurrences = recurrences
    self.dropouts = dropouts
    sliding =
      inputShape.count == 2
      ? SlidingPlan(steps, input: input, outputs: outputs.map(\.place)) : nil
  }

  deinit {
    weights.deallocate()
    rowLayers.deallocate()
  }
}

/// Where a head's output is when all steps are done.
struct NetworkOutput: Sendable {
  var head: String
  var shape: [Int]
  var place: RowPlace
}

/// Where the state of a recurrent layer is.
struct RecurrentPlace: Sendable {
  /// The layer, such as `policy.1`.
  var name: String
  var hidden: Int
  var isStateful: Bool
  /// Where each level's hidden state and, for long short-term memory, cell begin.
  var levels: [(hidden: Int, cell: Int?)]
}

/// A dropout layer.
struct DropoutPlace: Sendable {
  var count: Int
  var probability: Double
}

/// A step of a compiled network. Positions are counted in elements from the start of the network's
/// weights or of a state's memory.
enum NetworkStep: Sendable {
  case affine(AffineStep)
  case longShortTermMemory(RecurrenceStep)
  case gatedRecurrentUnit(RecurrenceStep)
  case simpleRecurrence(RecurrenceStep)
  case attention(AttentionStep)
  case pointwise(PointwiseStep)
  case scale(RowStep)
  case layerNorm(RowStep)
  case groupNorm(RowStep)
  case softmax(RowStep)
  case combine(CombineStep)
  case pool(PoolStep)
  case dropout(DropoutStep)
  case copy(CopyStep)
  indirect case tensor(TensorStep)
}

/// Rows of equal length in memory.
struct RowPlace: Sendable, Equatable {
  var offset: Int
  var rows: Int
  /// The elements of a row.
  var count: Int
  /// From one row to the next, at least `count`.
  var stride: Int
}

/// A matrix laid out so that a product runs over outputs: panels of columns, each with its rows one
/// after the other; the last panel may be a narrow one.
struct PanelMatrix: Sendable {
  var offset: Int
  /// Inputs, which are the rows.
  var rows: Int
  var widePanels: Int
  var hasNarrowPanel: Bool
}

/// output[r] = bias + sum of the input's elements times the matrix's rows.
///
/// The sum begins with the bias and goes over the inputs in order, taps of a convolution one after
/// the other; no lane mixes with another.
struct AffineStep: Sendable {
  var input: RowPlace
  /// Input rows that one output row looks at, and how far the next one is.
  var taps: Int
  var step: Int
  /// Input rows from one tap to the next.
  var dilation = 1
  var matrix: PanelMatrix
  var bias: Int
  var output: RowPlace
  /// Whether products are added without being rounded first.
  var isFused: Bool
}

/// One level of a recurrent layer, after the input's part of its gates has been computed.
struct RecurrenceStep: Sendable {
  /// The input's part of the gates, one row for each time.
  var gates: RowPlace
  var matrix: PanelMatrix
  /// The bias of the hidden state's part; only gated recurrent units keep the two apart.
  var bias: Int
  /// Where the gates of one time are computed.
  var scratch: Int
  /// Lanes of hidden state, padded.
  var width: Int
  var hidden: Int
  var cell: Int
  var output: RowPlace
  var isStateful: Bool
  /// Whether it goes from the last row to the first.
  var isReversed = false
  /// What a plain recurrent layer applies.
  var activation = RecurrentActivation.tanh
}

/// Attention, after query, key and value have been computed side by side.
struct AttentionStep: Sendable {
  var projections: RowPlace
  var width: Int
  var heads: Int
  /// The first row whose result is needed.
  var firstQuery: Int
  /// Whether a row sees only those up to it.
  var isCausal = false
  /// Where a part of the queries, their scores and their results are.
  var scratch: Int
  var output: RowPlace
}

/// A function of each element.
struct PointwiseStep: Sendable {
  enum Function: Sendable {
    case tanh, relu, elu, selu, sigmoid, silu, gelu, mish, softplus
    case leakyReLU(Double)
    case hardtanh(Double, Double)
    case scaled(Double)
  }

  var function: Function
  var place: RowPlace
}

/// Work on each row with one or two vectors of weights.
struct RowStep: Sendable {
  var place: RowPlace
  var weight = 0
  var bias = 0
  var eps = 0.0
  /// How many parts of neighbouring columns are normalised separately.
  var groups = 1
}

/// Two values as one, element by element. A single row on either side goes with each row of the
/// other.
struct CombineStep: Sendable {
  enum Operation: Sendable { case add, multiply }

  var operation: Operation
  var left: RowPlace
  var right: RowPlace
  /// Whether the right side lies among the weights.
  var rightIsConstant = false
  var output: RowPlace
}

/// Neighbouring rows as one: their mean, or the largest of each column.
struct PoolStep: Sendable {
  var from: RowPlace
  var to: RowPlace
  var kernel: Int
  var stride: Int
  /// Rows before the first that count as zeros in a mean and not at all for the largest.
  var padding: Int
  var isMean: Bool
}

/// A mask over a value, where masks are given.
struct DropoutStep: Sendable {
  var place: RowPlace
  var isTransposed: Bool
  /// Which of the masks.
  var index: Int
}

/// A copy of rows to another place.
struct CopyStep: Sendable {
  var from: RowPlace
  var to: RowPlace
  var isTransposed = false
}

/// How many columns of a matrix are computed at once.
///
/// A wide panel keeps eight registers of 128 bits busy, enough to hide the latency of an addition;
/// a narrow one, of two registers, serves outputs of a few numbers.
struct PanelSizes {
  let wide: Int
  let narrow: Int

  init<Element: NetworkElement>(_: Element.Type) {
    wide = 128 / MemoryLayout<Element>.stride
    narrow = 32 / MemoryLayout<Element>.stride
  }

  /// The panels of a number of columns, and the columns with those that fill the last panel.
  func panels(of columns: Int) -> (wide: Int, hasNarrow: Bool, padded: Int) {
    let (full, rest) = columns.quotientAndRemainder(dividingBy: wide)
    if rest == 0 { return (full, false, columns) }
    if rest <= narrow { return (full, true, full * wide + narrow) }
    return (full + 1, false, (full + 1) * wide)
  }

  /// A number of elements that fills narrow panels.
  func roundedUp(_ count: Int) -> Int { (count + narrow - 1) / narrow * narrow }
}

import BacktestCheckpoints

/// A value of an ONNX graph while it is compiled: a constant, or a place in memory, or both.
struct GraphValue {
  /// What its elements are; all are computed as floating point numbers.
  enum Kind {
    case single, double, integer, boolean

    init(_ type: TensorElementType) {
      switch type {
      case .float64: self = .double
      case .float32, .float16, .bfloat16: self = .single
      case .int64, .int32, .int16, .int8, .uint8: self = .integer
      case .boolean: self = .boolean
      }
    }

    var isFloatingPoint: Bool { self == .single || self == .double }
  }

  var kind: Kind
  /// The lengths of its dimensions, the batch of one included.
  var shape: [Int]
  /// The elements in row-major order, where they are known when the graph is loaded.
  var constant: [Double]?
  /// Where the elements are; `nil` for a constant that no step has needed yet.
  var place: StridedTensor?
  /// Whether nothing else reads the place, so that the only node that uses the value may overwrite
  /// it.
  var isOwned = false

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// A constant.
  init(_ constant: [Double], _ kind: Kind, shape: [Int]) {
    self.constant = constant
    self.kind = kind
    self.shape = shape
  }

  /// A place in memory.
  init(_ place: StridedTensor, _ kind: Kind, isOwned: Bool = false) {
    self.place = place
    self.kind = kind
    self.isOwned = isOwned
    shape = place.shape
  }

  /// A list of whole numbers.
  init(integers: [Int]) {
    self.init(integers.map { Double($0) }, .integer, shape: [integers.count])
  }
}

/// The operators of ONNX that are read. This list is closed.
package enum ONNXOperator: String, CaseIterable, Sendable {
  case abs = "Abs"
  case add = "Add"
  case and = "And"
  case argMax = "ArgMax"
  case argMin = "ArgMin"
  case averagePool = "AveragePool"
  case batchNormalization = "BatchNormalization"
  case cast = "Cast"
  case castLike = "CastLike"
  case celu = "Celu"
  case ceil = "Ceil"
  case clip = "Clip"
  case concat = "Concat"
  case constant = "Constant"
  case constantOfShape = "ConstantOfShape"
  case conv = "Conv"
  case cos = "Cos"
  case div = "Div"
  case dropout = "Dropout"
  case einsum = "Einsum"
  case elu = "Elu"
  case equal = "Equal"
  case erf = "Erf"
  case exp = "Exp"
  case expand = "Expand"
  case flatten = "Flatten"
  case floor = "Floor"
  case gather = "Gather"
  case gatherElements = "GatherElements"
  case gelu = "Gelu"
  case gemm = "Gemm"
  case globalAveragePool = "GlobalAveragePool"
  case globalMaxPool = "GlobalMaxPool"
  case greater = "Greater"
  case greaterOrEqual = "GreaterOrEqual"
  case groupNormalization = "GroupNormalization"
  case gru = "GRU"
  case hardSigmoid = "HardSigmoid"
  case hardSwish = "HardSwish"
  case identity = "Identity"
  case instanceNormalization = "InstanceNormalization"
  case isInf = "IsInf"
  case isNaN = "IsNaN"
  case layerNormalization = "LayerNormalization"
  case leakyRelu = "LeakyRelu"
  case less = "Less"
  case lessOrEqual = "LessOrEqual"
  case log = "Log"
  case logSoftmax = "LogSoftmax"
  case lstm = "LSTM"
  case matMul = "MatMul"
  case max = "Max"
  case maxPool = "MaxPool"
  case mean = "Mean"
  case min = "Min"
  case mish = "Mish"
  case mod = "Mod"
  case mul = "Mul"
  case neg = "Neg"
  case not = "Not"
  case or = "Or"
  case pad = "Pad"
  case pow = "Pow"
  case pRelu = "PRelu"
  case range = "Range"
  case reciprocal = "Reciprocal"
  case reduceL1 = "ReduceL1"
  case reduceL2 = "ReduceL2"
  case reduceLogSum = "ReduceLogSum"
  case reduceLogSumExp = "ReduceLogSumExp"
  case reduceMax = "ReduceMax"
  case reduceMean = "ReduceMean"
  case reduceMin = "ReduceMin"
  case reduceProd = "ReduceProd"
  case reduceSum = "ReduceSum"
  case reduceSumSquare = "ReduceSumSquare"
  case relu = "Relu"
  case reshape = "Reshape"
  case rnn = "RNN"
  case round = "Round"
  case selu = "Selu"
  case shape = "Shape"
  case sigmoid = "Sigmoid"
  case sign = "Sign"
  case sin = "Sin"
  case size = "Size"
  case slice = "Slice"
  case softmax = "Softmax"
  case softplus = "Softplus"
  case softsign = "Softsign"
  case split = "Split"
  case sqrt = "Sqrt"
  case squeeze = "Squeeze"
  case sub = "Sub"
  case sum = "Sum"
  case tanh = "Tanh"
  case thresholdedRelu = "ThresholdedRelu"
  case tile = "Tile"
  case transpose = "Transpose"
  case trilu = "Trilu"
  case unsqueeze = "Unsqueeze"
  case where_ = "Where"
  case xor = "Xor"
}

/// The node that is being compiled: its inputs, and the attributes that were not read yet. What is
/// left at the end would have been ignored, and is an error.
struct GraphNode {
  let operation: ONNXOperator
  var inputs: [GraphValue?]
  var attributes: [String: ONNXAttribute]
  /// How many outputs it has.
  var outputCount: Int
  /// The highest input that was asked for.
  var usedInputs = 0
  /// The number of other nodes and outputs that read each input, this node included.
  var consumers: [Int] = []
  /// The bias that the next node adds to a product, which is computed with it.
  var addedBias: [Double]?
}

/// The part of an ONNX graph that a policy uses, and how.
package struct GraphBinding: Sendable, Equatable {
  /// An output of the graph, as a head.
  package struct Head: Sendable, Equatable {
    /// What it is for: `policy`, `value`, `predict`.
    package var name: String
    /// The output of the graph.
    package var output: String

    /// An output for a purpose.
    package init(name: String, output: String) {
      self.name = name
      self.output = output
    }
  }

  /// An input that continues with an output of the evaluation before; zeros at first.
  package struct State: Sendable, Equatable {
    /// The input of the graph.
    package var input: String
    /// The output of the graph.
    package var output: String

    /// A pair of names.
    package init(input: String, output: String) {
      self.input = input
      self.output = output
    }
  }

  /// The heads in the order of the manifest.
  package var heads: [Head]
  /// The input that takes the observation; `nil` where the graph has only one.
  package var observation: String?
  /// What is carried from one evaluation to the next.
  package var states: [State]
  /// The input that says whether an episode begins; `nil` where there is none. Because states begin
  /// with zeros anyway, it is always given 0.
  package var episodeStart: String?

  /// A binding from its parts.
  package init(
    heads: [Head], observation: String? = nil, states: [State] = [], episodeStart: String? = nil
  ) {
    self.heads = heads
    self.observation = observation
    self.states = states
    self.episodeStart = episodeStart
  }
}

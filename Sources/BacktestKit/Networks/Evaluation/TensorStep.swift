/// Where an operand begins.
struct TensorOperand: Sendable {
  var isWeight: Bool
  var offset: Int

  init(_ tensor: StridedTensor) {
    isWeight = tensor.isWeight
    offset = tensor.offset
  }
}

/// A step on tensors of any number of dimensions.
enum TensorStep: Sendable {
  /// A copy; elements may have gaps on both sides.
  case copy(TensorOperand, to: Int, TensorLoop)
  /// A function of consecutive elements, in place.
  case function(TensorFunction, offset: Int, count: Int)
  /// A function of two operands, element by element.
  case binary(BinaryFunction, TensorOperand, TensorOperand, to: Int, TensorLoop)
  /// The second operand where the first is not 0, else the third.
  case select(TensorOperand, TensorOperand, TensorOperand, to: Int, TensorLoop)
  case reduce(TensorReductionStep)
  case product(MatrixProductStep)
  case gather(GatherStep)
  case gatherElements(GatherElementsStep)
}

/// A function of one number.
enum TensorFunction: Sendable {
  case exponential, logarithm, squareRoot, reciprocal, negation, absolute, sign
  case floor, ceiling, rounded, truncated, roundedTo32Bits
  case errorFunction, sine, cosine
  case logicalNot, isNonzero, isNotANumber, isInfinite
  case elu(Double)
  /// max(0, min(1, slope x + shift)).
  case hardSigmoid(slope: Double, shift: Double)
  /// x where it is above a threshold, else 0.
  case thresholded(Double)
}

/// A function of two numbers; comparisons give 1 or 0.
enum BinaryFunction: Sendable {
  case add, subtract, multiply, divide, minimum, maximum, power
  /// The quotient of integers, rounded toward zero.
  case wholeQuotient
  /// The remainder with the sign of the divisor, or of the dividend.
  case remainder, truncatedRemainder
  case equal, less, lessOrEqual, greater, greaterOrEqual
  case and, or, exclusiveOr
  /// The first where it is not below 0, else the product of both.
  case parametricReLU
}

/// One number from many.
struct TensorReductionStep: Sendable {
  enum Function: Sendable {
    case sum, mean, product, minimum, maximum, absoluteSum, squareSum, logSumExp
    /// The position of the first or last of the greatest or smallest.
    case position(greatest: Bool, last: Bool)
  }

  var function: Function
  var input: TensorOperand
  var output: Int
  /// Over the results, which are consecutive.
  var outer: TensorLoop
  /// Over the elements that one result is made of.
  var inner: TensorLoop
}

/// Products of matrices, of which neither is a weight.
struct MatrixProductStep: Sendable {
  var left: TensorOperand
  /// Its columns are consecutive.
  var right: TensorOperand
  var output: Int
  var rows: Int
  var inner: Int
  var columns: Int
  /// Distances in the left matrix, and between the rows of the right one.
  var leftRow: Int
  var leftColumn: Int
  var rightRow: Int
  /// Over the matrices.
  var matrices: TensorLoop
}

/// Slices of a tensor by their positions.
struct GatherStep: Sendable {
  var data: TensorOperand
  var indices: TensorOperand
  var output: Int
  var outer: Int
  /// The slices there are, and those that are wanted.
  var available: Int
  var wanted: Int
  /// The consecutive elements of a slice.
  var inner: Int
}

/// Elements of a tensor by their position in one dimension.
struct GatherElementsStep: Sendable {
  var data: TensorOperand
  var indices: TensorOperand
  var output: Int
  var available: Int
  /// The distance of neighbours in that dimension.
  var stride: Int
  /// Over the results, the indices, and the data at index 0.
  var loop: TensorLoop
}

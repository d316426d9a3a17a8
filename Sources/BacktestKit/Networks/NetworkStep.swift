/// A piece of work of a compiled network. Places are counted in elements from the start of the
/// network's weights or of a state's memory.
package enum NetworkStep: Sendable {
  case affine(AffineStep)
  case longShortTermMemory(RecurrenceStep)
  case gatedRecurrentUnit(RecurrenceStep)
  case attention(AttentionStep)
  case pointwise(PointwiseStep)
  case scale(RowStep)
  case layerNorm(RowStep)
  case softmax(RowStep)
  case dropout(DropoutStep)
  case copy(CopyStep)
}

/// Rows of equal length in memory.
package struct RowPlace: Sendable, Equatable {
  var offset: Int
  var rows: Int
  /// The elements of a row.
  package var count: Int
  /// From one row to the next, at least `count`.
  var stride: Int

  /// The elements from the first to the end of the last row.
  var extent: Int { (rows - 1) * stride + count }
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
package struct AffineStep: Sendable {
  var input: RowPlace
  /// Input rows that one output row looks at, and how far the next one is.
  var taps: Int
  var step: Int
  var matrix: PanelMatrix
  var bias: Int
  package var output: RowPlace
  /// Where OpenBLAS does the whole window.
  var library: LibraryProduct?
}

/// What a product of whole matrices needs besides an ``AffineStep``.
struct LibraryProduct: Sendable {
  /// The matrix, row after row.
  var matrix: Int
  /// Columns of the matrix.
  var columns: Int
  /// Where the inputs of each output row are laid side by side, for more than one tap.
  var patches: Int
}

/// One level of a recurrent layer, after the input's part of its gates has been computed.
package struct RecurrenceStep: Sendable {
  /// The input's part of the gates, one row for each time.
  var gates: RowPlace
  var matrix: PanelMatrix
  /// The bias of the hidden state's part; only gated recurrent units keep the two apart.
  var bias: Int
  /// Where the gates of one time are worked out.
  var scratch: Int
  /// Lanes of hidden state, padded.
  var width: Int
  var hidden: Int
  var cell: Int
  var output: RowPlace
  var isStateful: Bool
}

/// Attention, after query, key and value have been computed side by side.
package struct AttentionStep: Sendable {
  var projections: RowPlace
  var width: Int
  var heads: Int
  /// The first row whose answer is asked for.
  var firstQuery: Int
  var scores: Int
  var output: RowPlace
}

/// A function of each element.
package struct PointwiseStep: Sendable {
  enum Function: Sendable {
    case tanh, relu, elu, sigmoid, silu, gelu
    case leakyReLU(Double)
    case hardtanh(Double, Double)
  }

  var function: Function
  var place: RowPlace
}

/// Work on each row with one or two vectors of weights.
package struct RowStep: Sendable {
  var place: RowPlace
  var weight = 0
  var bias = 0
  var eps = 0.0
}

/// A mask over a value, where masks are given.
package struct DropoutStep: Sendable {
  var place: RowPlace
  var isTransposed: Bool
  /// Which of the masks.
  var index: Int
}

/// Rows laid elsewhere.
package struct CopyStep: Sendable {
  var from: RowPlace
  var to: RowPlace
  var isTransposed = false
}

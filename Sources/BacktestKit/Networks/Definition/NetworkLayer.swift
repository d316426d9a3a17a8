/// One layer of a network: the complete list of what a policy's manifest may use.
///
/// Layers work on a vector or on a table. `params` is the prefix of a layer's tensors: the linear
/// layer `action_net` has `action_net.weight` and `action_net.bias`, named and laid out as in
/// PyTorch. With `bias: false` the tensors of biases are absent. A weight may be stored as a
/// direction and a length, as PyTorch's weight normalisation does: `weight_v` and `weight_g`, or
/// `parametrizations.weight.original1` and `original0`.
public enum NetworkLayer: Sendable, Equatable {
  /// Any shape to a vector, in row-major order.
  case flatten
  /// A vector or a table of as many numbers, in row-major order.
  case reshape([Int])
  /// W x + b for a vector or each row of a table. Tensors: weight (out, in), bias (out).
  case linear(params: String, bias: Bool = true)
  /// A convolution over time of a table of channels x time, zeros around it. A causal one has all
  /// its zeros before the first time, so that no output depends on later times and there are as
  /// many as inputs. Tensors: weight (out, in, kernel), bias (out).
  case conv1d(
    params: String, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    causal: Bool = false, bias: Bool = true)
  /// Long short-term memory over the rows of a table of time x features, or one step on a vector.
  /// Gates in the order input, forget, cell, output. Tensors of each level k: weight_ih_lk (4
  /// hidden, in), weight_hh_lk (4 hidden, hidden), bias_ih_lk, bias_hh_lk (4 hidden).
  ///
  /// A stateful one continues from where the last evaluation ended. A bidirectional one also goes
  /// back from the last row, with the tensors `…_reverse`, and puts both outputs side by side.
  /// > S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997.
  case lstm(
    params: String, hidden: Int, layers: Int = 1, stateful: Bool = false,
    bidirectional: Bool = false, bias: Bool = true)
  /// The same with one level, whose tensors have no `_l0` in their names.
  case lstmCell(params: String, hidden: Int, stateful: Bool = false, bias: Bool = true)
  /// Gated recurrent units, h' = (1 - z) n + z h with n = tanh(W x + b + r (U h + c)), gates in the
  /// order reset, update, new. Tensors as for `lstm`, with 3 hidden.
  /// > K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014.
  case gru(
    params: String, hidden: Int, layers: Int = 1, stateful: Bool = false,
    bidirectional: Bool = false, bias: Bool = true)
  /// A plain recurrent layer, h' = tanh(W x + b + U h + c), or max(…, 0). Tensors as for `lstm`,
  /// with 1 hidden.
  /// > J. Elman, "Finding Structure in Time", Cognitive Science 14(2), 1990.
  case rnn(
    params: String, hidden: Int, layers: Int = 1, activation: RecurrentActivation = .tanh,
    stateful: Bool = false, bidirectional: Bool = false, bias: Bool = true)
  /// Normalises each channel of a table of channels x time, or each element of a vector, by the
  /// running mean and variance. Tensors: weight, bias, running_mean, running_var (channels).
  case batchNorm(params: String, eps: Double = 1e-5)
  /// Normalises a vector or each row of a table by its mean and biased variance. Tensors: weight,
  /// bias.
  case layerNorm(params: String, eps: Double = 1e-5, bias: Bool = true)
  /// Normalises groups of neighbouring channels of a table of channels x time, or of neighbouring
  /// elements of a vector, by their mean and biased variance. Tensors: weight, bias (channels).
  /// > Y. Wu, K. He, "Group Normalization", ECCV 2018.
  case groupNorm(params: String, groups: Int, eps: Double = 1e-5)
  /// Scaled dot-product attention of the rows of a table to each other; where it is causal, of each
  /// row to those up to it. Tensors: in_proj_weight (3 width, width) with the rows of query, key
  /// and value, in_proj_bias, out_proj.weight, out_proj.bias.
  /// > A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
  case selfAttention(params: String, heads: Int, causal: Bool = false, bias: Bool = true)
  /// A layer of a Transformer encoder: attention and two linear layers, each added to its input and
  /// normalised afterwards or, with `normFirst`, before. Tensors as in PyTorch's layer of the same
  /// name: self_attn.…, linear1.…, linear2.…, norm1.…, norm2.….
  case transformerEncoderLayer(
    params: String, heads: Int, activation: EncoderActivation = .relu, normFirst: Bool = false,
    causal: Bool = false, eps: Double = 1e-5, bias: Bool = true)
  /// Adds sines and cosines of each row's number to a table of time x features: sin(t / 10000^(i /
  /// width)) to even features i, the cosine to the odd ones after them.
  /// > A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
  case sinusoidalPositions
  /// Adds the rows of a tensor of that name to those of a table of time x features. The tensor may
  /// have more rows, and a first dimension of 1.
  case learnedPositions(tensor: String)
  /// The hyperbolic tangent.
  case tanh
  /// max(x, 0).
  case relu
  /// x above 0, e^x - 1 below.
  case elu
  /// 1.0507… times x above 0 and 1.6733… (e^x - 1) below.
  /// > G. Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017.
  case selu
  /// x above 0, slope * x below.
  case leakyReLU(slope: Double = 0.01)
  /// 1 / (1 + e^-x).
  case sigmoid
  /// x / (1 + e^-x).
  case silu
  /// x times the normal distribution function of x, without approximation.
  case gelu
  /// x tanh(ln(1 + e^x)).
  /// > D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020.
  case mish
  /// ln(1 + e^x), and x above 20.
  case softplus
  /// x, limited to a range.
  case hardtanh(min: Double, max: Double)
  /// e^x over its sum, of a vector or each row of a table.
  case softmax
  /// Nothing, unless masks are given.
  case dropout(p: Double)
  /// A table of time x channels as channels x time, or back.
  case transposeTimeChannel
  /// The last row of a table.
  case lastStep
  /// The mean of the rows of a table of time x features, a vector.
  case meanOverTime
  /// The largest of each column of a table of time x features, a vector.
  case maxOverTime
  /// Means over neighbouring times of a table of channels x time, zeros around it.
  case averagePool1d(kernel: Int, stride: Int? = nil, padding: Int = 0)
  /// The largest of neighbouring times of a table of channels x time.
  case maxPool1d(kernel: Int, stride: Int? = nil, padding: Int = 0)
  /// The mean over all times of a table of channels x time, as channels x 1.
  case adaptiveAveragePool1d
  /// The largest of all times of a table of channels x time, as channels x 1.
  case adaptiveMaxPool1d
  /// Some neighbouring rows (dimension 0) or columns (dimension 1) of a table, or elements of a
  /// vector (dimension 0).
  case slice(dimension: Int, start: Int, count: Int)
  /// The sum of its inputs, which have one shape; a vector is added to each row of a table.
  case add
  /// The product of its inputs, element by element, as for ``add``.
  case multiply
  /// The mean of its inputs, which have one shape.
  case mean
  /// Its inputs side by side: vectors one after the other, tables along a dimension, by default the
  /// last.
  case concat(dimension: Int? = nil)
  /// The output of another head's recurrent layer: of `policy.1`, the first one from that position
  /// on.
  case reuse(of: String)
}

/// What a plain recurrent layer applies to its sums.
public enum RecurrentActivation: String, CaseIterable, Sendable {
  /// The hyperbolic tangent.
  case tanh
  /// max(x, 0).
  case relu
}

/// What a layer of a Transformer encoder applies between its two linear layers.
public enum EncoderActivation: String, CaseIterable, Sendable {
  /// max(x, 0).
  case relu
  /// x times the normal distribution function of x, without approximation.
  case gelu
}

extension NetworkLayer {
  /// The names of the layers in a manifest.
  package enum Operation: String, CaseIterable, Sendable {
    case flatten, reshape, linear, conv1d, lstm
    case lstmCell = "lstm_cell"
    case gru, rnn
    case batchNorm = "batch_norm"
    case layerNorm = "layer_norm"
    case groupNorm = "group_norm"
    case selfAttention = "self_attention"
    case transformerEncoderLayer = "transformer_encoder_layer"
    case sinusoidalPositions = "sinusoidal_positions"
    case learnedPositions = "learned_positions"
    case tanh, relu, elu, selu
    case leakyReLU = "leaky_relu"
    case sigmoid, silu, gelu, mish, softplus, hardtanh, softmax, dropout
    case transposeTimeChannel = "transpose_time_channel"
    case lastStep = "last_step"
    case meanOverTime = "mean_over_time"
    case maxOverTime = "max_over_time"
    case averagePool1d = "avg_pool1d"
    case maxPool1d = "max_pool1d"
    case adaptiveAveragePool1d = "adaptive_avg_pool1d"
    case adaptiveMaxPool1d = "adaptive_max_pool1d"
    case slice, add, multiply, mean, concat
    case reuse
  }

  /// The name in a manifest.
  package var operation: Operation {
    switch self {
    case .flatten: .flatten
    case .reshape: .reshape
    case .linear: .linear
    case .conv1d: .conv1d
    case .lstm: .lstm
    case .lstmCell: .lstmCell
    case .gru: .gru
    case .rnn: .rnn
    case .batchNorm: .batchNorm
    case .layerNorm: .layerNorm
    case .groupNorm: .groupNorm
    case .selfAttention: .selfAttention
    case .transformerEncoderLayer: .transformerEncoderLayer
    case .sinusoidalPositions: .sinusoidalPositions
    case .learnedPositions: .learnedPositions
    case .tanh: .tanh
    case .relu: .relu
    case .elu: .elu
    case .selu: .selu
    case .leakyReLU: .leakyReLU
    case .sigmoid: .sigmoid
    case .silu: .silu
    case .gelu: .gelu
    case .mish: .mish
    case .softplus: .softplus
    case .hardtanh: .hardtanh
    case .softmax: .softmax
    case .dropout: .dropout
    case .transposeTimeChannel: .transposeTimeChannel
    case .lastStep: .lastStep
    case .meanOverTime: .meanOverTime
    case .maxOverTime: .maxOverTime
    case .averagePool1d: .averagePool1d
    case .maxPool1d: .maxPool1d
    case .adaptiveAveragePool1d: .adaptiveAveragePool1d
    case .adaptiveMaxPool1d: .adaptiveMaxPool1d
    case .slice: .slice
    case .add: .add
    case .multiply: .multiply
    case .mean: .mean
    case .concat: .concat
    case .reuse: .reuse
    }
  }

  /// Whether it keeps a state from row to row.
  var isRecurrent: Bool {
    switch self {
    case .lstm, .lstmCell, .gru, .rnn: true
    default: false
    }
  }

  /// Whether it reads several nodes.
  var readsSeveral: Bool {
    switch self {
    case .add, .multiply, .mean, .concat: true
    default: false
    }
  }
}

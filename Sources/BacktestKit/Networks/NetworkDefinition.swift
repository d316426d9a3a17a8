/// The networks of a policy, as in its manifest: for each head its layers in order.
///
///     let actor = NetworkDefinition(heads: [
///       .init(name: "policy", layers: [
///         .flatten, .linear(params: "mlp_extractor.policy_net.0"), .tanh,
///         .linear(params: "action_net"),
///       ])
///     ])
public struct NetworkDefinition: Sendable, Equatable {
  /// A network that turns an observation into numbers.
  public struct Head: Sendable, Equatable {
    /// What it is for: `policy`, `value`, `predict`.
    public var name: String
    /// The layers from the observation to the output.
    public var layers: [NetworkLayer]

    /// A network of some layers.
    public init(name: String, layers: [NetworkLayer]) {
      self.name = name
      self.layers = layers
    }
  }

  /// The heads in the order of the manifest.
  public var heads: [Head]

  /// Networks that belong together.
  public init(heads: [Head]) { self.heads = heads }

  /// The head of a name, or `nil`.
  public subscript(head name: String) -> Head? { heads.first { $0.name == name } }
}

/// One layer of a network: the complete list of what a policy's manifest may use.
///
/// Layers work on a vector or on a table. `params` is the prefix of a layer's tensors: the linear
/// layer `action_net` has `action_net.weight` and `action_net.bias`, named and laid out as in
/// PyTorch.
public enum NetworkLayer: Sendable, Equatable {
  /// Any shape to a vector, in row-major order.
  case flatten
  /// W x + b for a vector or each row of a table. Tensors: weight (out, in), bias (out).
  case linear(params: String)
  /// A convolution over time of a table of channels x time, zeros around it. Tensors: weight (out,
  /// in, kernel), bias (out).
  case conv1d(params: String, kernel: Int, stride: Int = 1, padding: Int = 0)
  /// Long short-term memory over the rows of a table of time x features, or one step on a vector.
  /// Gates in the order input, forget, cell, output. Tensors of each level k: weight_ih_lk (4
  /// hidden, in), weight_hh_lk (4 hidden, hidden), bias_ih_lk, bias_hh_lk (4 hidden).
  ///
  /// A stateful one continues from where the last evaluation ended.
  /// > S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997.
  case lstm(params: String, hidden: Int, layers: Int = 1, stateful: Bool = false)
  /// The same with one level, whose tensors have no `_l0` in their names.
  case lstmCell(params: String, hidden: Int, stateful: Bool = false)
  /// Gated recurrent units, h' = (1 - z) n + z h with n = tanh(W x + b + r (U h + c)), gates in the
  /// order reset, update, new. Tensors as for `lstm`, with 3 hidden.
  /// > K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014.
  case gru(params: String, hidden: Int, layers: Int = 1, stateful: Bool = false)
  /// Normalises each channel of a table of channels x time, or each element of a vector, by the
  /// running mean and variance. Tensors: weight, bias, running_mean, running_var (channels).
  case batchNorm(params: String, eps: Double = 1e-5)
  /// Normalises a vector or each row of a table by its mean and biased variance. Tensors: weight,
  /// bias.
  case layerNorm(params: String, eps: Double = 1e-5)
  /// Scaled dot-product attention of the rows of a table to each other. Tensors: in_proj_weight (3
  /// width, width) with the rows of query, key and value, in_proj_bias, out_proj.weight,
  /// out_proj.bias.
  /// > A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
  case selfAttention(params: String, heads: Int)
  /// The hyperbolic tangent.
  case tanh
  /// max(x, 0).
  case relu
  /// x above 0, e^x - 1 below.
  case elu
  /// x above 0, slope * x below.
  case leakyReLU(slope: Double = 0.01)
  /// 1 / (1 + e^-x).
  case sigmoid
  /// x / (1 + e^-x).
  case silu
  /// x times the normal distribution function of x, without approximation.
  case gelu
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
  /// The output of another head's recurrent layer: of `policy.1`, the first one from that position
  /// on.
  case reuse(of: String)
}

extension NetworkLayer {
  /// The names of the layers in a manifest.
  package enum Operation: String, CaseIterable, Sendable {
    case flatten, linear, conv1d, lstm
    case lstmCell = "lstm_cell"
    case gru
    case batchNorm = "batch_norm"
    case layerNorm = "layer_norm"
    case selfAttention = "self_attention"
    case tanh, relu, elu
    case leakyReLU = "leaky_relu"
    case sigmoid, silu, gelu, hardtanh, softmax, dropout
    case transposeTimeChannel = "transpose_time_channel"
    case lastStep = "last_step"
    case reuse
  }

  /// The name in a manifest.
  package var operation: Operation {
    switch self {
    case .flatten: .flatten
    case .linear: .linear
    case .conv1d: .conv1d
    case .lstm: .lstm
    case .lstmCell: .lstmCell
    case .gru: .gru
    case .batchNorm: .batchNorm
    case .layerNorm: .layerNorm
    case .selfAttention: .selfAttention
    case .tanh: .tanh
    case .relu: .relu
    case .elu: .elu
    case .leakyReLU: .leakyReLU
    case .sigmoid: .sigmoid
    case .silu: .silu
    case .gelu: .gelu
    case .hardtanh: .hardtanh
    case .softmax: .softmax
    case .dropout: .dropout
    case .transposeTimeChannel: .transposeTimeChannel
    case .lastStep: .lastStep
    case .reuse: .reuse
    }
  }

  /// Whether it keeps a state from row to row.
  var isRecurrent: Bool {
    switch self {
    case .lstm, .lstmCell, .gru: true
    default: false
    }
  }
}

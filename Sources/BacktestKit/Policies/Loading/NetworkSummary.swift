import BacktestNetworks

extension TrainedPolicy {
  /// The deciding head in a few words: `17 -> 64 tanh -> 64 tanh -> 3`.
  ///
  /// Widths are those of the weights that were read. Layers that only reshape are left out.
  package var networkSummary: String {
    let layers = manifest.network?[head: manifest.decidingHead]?.layers ?? []
    var widths = network.affineWidths[...]
    // Attention multiplies by several matrices of one layer, so widths could not be told apart.
    let levels = layers.reduce(0) { $0 + $1.matrixCount }
    if levels != widths.count { widths = [] }
    var parts = [manifest.observation.shape.map(String.init).joined(separator: " x ")]
    for layer in layers {
      switch layer {
      case .linear: parts.append(widths.popFirst().map(String.init) ?? "linear")
      case .conv1d(_, let kernel, _, _):
        let width = widths.popFirst().map { " \($0)" } ?? ""
        parts.append("conv1d\(width) of \(kernel)")
      case .lstm(_, let hidden, let count, _), .gru(_, let hidden, let count, _):
        widths = widths.dropFirst(count)
        parts.append("\(layer.operation.rawValue) \(hidden)" + (count > 1 ? " x \(count)" : ""))
      case .lstmCell(_, let hidden, _):
        widths = widths.dropFirst()
        parts.append("lstm_cell \(hidden)")
      case .selfAttention, .batchNorm, .layerNorm, .reuse: parts.append(layer.operation.rawValue)
      case .flatten, .dropout, .transposeTimeChannel, .lastStep: break
      default: parts[parts.count - 1] += " \(layer.operation.rawValue)"
      }
    }
    if parts.last == "linear" { parts[parts.count - 1] = "\(network.outputCount)" }
    return parts.joined(separator: " -> ")
  }
}

extension NetworkLayer {
  /// How many matrices it multiplies by; -1 000 of a layer of which that is not told.
  fileprivate var matrixCount: Int {
    switch self {
    case .linear, .conv1d, .lstmCell: 1
    case .lstm(_, _, let levels, _), .gru(_, _, let levels, _): levels
    case .selfAttention, .reuse: -1_000
    default: 0
    }
  }
}

extension Network {
  /// The outputs of each matrix, in order.
  fileprivate var affineWidths: [Int] {
    program.steps.compactMap { step in
      if case .affine(let affine) = step { affine.output.count } else { nil }
    }
  }
}

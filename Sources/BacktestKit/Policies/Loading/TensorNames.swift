import BacktestCheckpoints

/// The names of a checkpoint's tensors.
struct TensorNames {
  let archive: TensorArchive

  init(_ archive: TensorArchive) { self.archive = archive }

  func has(_ name: String) -> Bool { archive[name] != nil }

  func tensorShape(_ name: String) -> [Int]? { archive[name]?.shape }

  /// The shape of a linear layer's weight, outputs first.
  func shape(_ layer: String) -> [Int]? {
    guard let shape = tensorShape("\(layer).weight"), shape.count == 2 else { return nil }
    return shape
  }

  /// Linear layers at the even positions of a sequence, each followed by an activation.
  func chain(_ prefix: String) -> [CheckpointLayout.Layer] {
    var layers: [CheckpointLayout.Layer] = []
    var place = 0
    while shape("\(prefix).\(place)") != nil {
      layers += [.linear("\(prefix).\(place)"), .activation]
      place += 2
    }
    // A layer at another position means that there are layers between that the names do not show.
    let known = Set(
      layers.compactMap { layer -> String? in
        guard case .linear(let name) = layer else { return nil }
        return "\(name).weight"
      })
    let all = archive.names.filter { $0.hasPrefix("\(prefix).") && $0.hasSuffix(".weight") }
    return Set(all) == known ? layers : []
  }
}

import BacktestCheckpoints

/// The names of a checkpoint's tensors, or of those below a key, without it.
struct TensorNames {
  private let archive: TensorArchive
  private let prefix: String

  init(_ archive: TensorArchive, below prefix: String = "") {
    self.archive = archive
    self.prefix = prefix
  }

  func has(_ name: String) -> Bool { archive[prefix + name] != nil }

  func tensorShape(_ name: String) -> [Int]? { archive[prefix + name]?.shape }

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
    let start = "\(self.prefix)\(prefix)."
    let all = archive.names.filter { $0.hasPrefix(start) && $0.hasSuffix(".weight") }
    return Set(all.map { String($0.dropFirst(self.prefix.count)) }) == known ? layers : []
  }
}

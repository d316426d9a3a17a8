internal import CNetworkKernels

/// The last steps of a program as far as they are products and functions of a single row, as all of
/// a perceptron are: one call computes them, because a separate step costs as much as a small
/// layer.
struct RowLayers<Element: NetworkElement>: Sendable {
  /// The step that comes first.
  let firstStep: Int
  /// The number of layers.
  let count: Int
  nonisolated(unsafe) let layers: UnsafePointer<network_layer>

  /// The last layers of a program. They use its weights, and must be deallocated.
  init(_ steps: [NetworkStep], weights: UnsafePointer<Element>) {
    let first = (steps.lastIndex { $0.layer(weights) == nil } ?? -1) + 1
    let last = steps[first...].compactMap { $0.layer(weights) }
    let copy = UnsafeMutablePointer<network_layer>.allocate(capacity: max(last.count, 1))
    for (index, layer) in last.enumerated() { (copy + index).initialize(to: layer) }
    (firstStep, count, layers) = (first, last.count, UnsafePointer(copy))
  }

  func deallocate() { layers.deallocate() }
}

extension NetworkStep {
  /// The step as a layer of a single row; `nil` where it is none.
  fileprivate func layer<Element: NetworkElement>(
    _ weights: UnsafePointer<Element>
  ) -> network_layer? {
    var layer = network_layer()
    switch self {
    case .affine(let step) where step.output.rows == 1:
      layer.is_product = true
      layer.product = step.product(weights)
      layer.product.rows = 1
      (layer.input, layer.output) = (step.input.offset, step.output.offset)
    case .pointwise(let step) where step.place.rows == 1:
      guard let kernel = step.function.kernel else { return nil }
      (layer.function, layer.first, layer.second) = kernel
      (layer.input, layer.count) = (step.place.offset, step.place.count)
    default: return nil
    }
    return layer
  }
}

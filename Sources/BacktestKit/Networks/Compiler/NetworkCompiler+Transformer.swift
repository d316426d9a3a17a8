import BacktestCheckpoints
import BacktestFiles

// Transformers
extension NetworkCompiler {
  /// A layer of a Transformer encoder. Where only the last row is read, the others are computed as
  /// far as its attention needs them.
  mutating func encoderLayer(
    _ layer: NetworkLayer, _ value: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    guard
      case .transformerEncoderLayer(
        let params, let heads, let activation, let normFirst, let isCausal, let eps, let hasBias) =
        layer
    else { throw problem("is not a layer of an encoder") }
    guard value.isTable else {
      throw problem("needs a table of time x features, not \(value.found)")
    }
    func norm(
      _ number: Int, _ value: NetworkValue, _ compiler: inout Self
    ) throws(NetworkError) -> NetworkValue {
      try compiler.layerNorm("\(params).norm\(number)", value, eps: eps, hasBias: hasBias)
    }
    var input = rowMajor(value)
    let mayOverwrite = !input.isKept
    input.isKept = true
    let seen = normFirst ? try norm(1, input, &self) : input
    let attended = try attention(
      "\(params).self_attn", seen, heads: heads, isCausal: isCausal, hasBias: hasBias)
    var residual = input
    residual.rows.offset += (input.rows.rows - attended.rows.rows) * input.rows.stride
    residual.rows.rows = attended.rows.rows
    residual.isKept = !mayOverwrite
    var middle = combine(.add, attended, residual)
    if !normFirst { middle = try norm(1, middle, &self) }
    middle.isKept = true
    let narrowInput = normFirst ? try norm(2, middle, &self) : middle
    let hidden = try linear("\(params).linear1", narrowInput, hasBias: hasBias)
    let wide = pointwise(activation == .gelu ? .gelu : .relu, hidden)
    let narrow = try linear("\(params).linear2", wide, hasBias: hasBias)
    guard narrow.rows.count == middle.rows.count else {
      throw problem(
        "the tensor \(quotedForMessage("\(params).linear2.weight")) must have \(middle.rows.count) "
          + "rows, not \(narrow.rows.count)")
    }
    let result = combine(.add, narrow, middle)
    return normFirst ? result : try norm(2, result, &self)
  }

  mutating func sinusoidalPositions(
    _ value: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    guard value.isTable else {
      throw problem("needs a table of time x features, not \(value.found)")
    }
    let value = rowMajor(value)
    let width = value.rows.count
    let rates = (0..<width).map { feature in
      SIMD4(repeating: -9.210340371976184 * Double(feature & ~1) / Double(width)).exponential()[0]
    }
    return addingConstants(
      value,
      (0..<value.rows.rows).flatMap { time in
        rates.enumerated().map { feature, rate in
          let (sine, cosine) = sineAndCosine(Double(time) * rate)
          return feature.isMultiple(of: 2) ? sine : cosine
        }
      })
  }

  mutating func learnedPositions(
    _ name: String, _ value: NetworkValue
  ) throws(NetworkError) -> NetworkValue {
    guard value.isTable else {
      throw problem("needs a table of time x features, not \(value.found)")
    }
    let (rows, width) = (value.shape[0], value.shape[1])
    let shape = archive[name]?.shape ?? []
    // Modules of the field also store 1 x time x width or time x 1 x width.
    let place = shape.count == 3 ? (shape[0] == 1 ? 1 : 0) : 0
    let expected: [Int?] =
      shape.count == 3 ? (place == 1 ? [1, nil, width] : [nil, 1, width]) : [nil, width]
    let (table, found) = try tensor(name, expected)
    guard found[place] >= rows else {
      throw problem(
        "the tensor \(quotedForMessage(name)) has \(found[place]) positions for \(rows) times")
    }
    return addingConstants(value, Array(table[..<(rows * width)]))
  }
}

/// The sine and cosine of a number between 0 and 10^6, to 2 units in the last place.
///
/// Multiples of a quarter turn are taken off in three parts, and series of Taylor give the rest.
/// They do not come from the C library because its results differ between systems.
private func sineAndCosine(_ x: Double) -> (sine: Double, cosine: Double) {
  let quarters = (x * 0.6366197723675814).rounded()
  let r =
    ((x - quarters * 0x1.921fb544p+0) - quarters * 0x1.0b4611a6p-34) - quarters
    * 0x1.3198a2e037073p-69
  let s = r * r
  var (sine, cosine) = (0.0, 0.0)
  for k in stride(from: 10, through: 1, by: -1) {
    sine = (1 + sine) * (-s / Double(2 * k * (2 * k + 1)))
    cosine = (1 + cosine) * (-s / Double((2 * k - 1) * 2 * k))
  }
  (sine, cosine) = (r + r * sine, 1 + cosine)
  switch Int(quarters) & 3 {
  case 0: return (sine, cosine)
  case 1: return (cosine, -sine)
  case 2: return (-sine, -cosine)
  default: return (-cosine, sine)
  }
}

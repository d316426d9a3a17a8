import Glibc

/// Standard normal numbers from a seed: SplitMix64 and the transform of Box and Muller.
/// > G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", 1958.
struct NormalStream {
  private var state: UInt64
  private var spare: Double?

  init(seed: UInt64) { state = seed }

  private mutating func nextBits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Uniform in (0, 1], so that its logarithm exists.
  private mutating func nextUnit() -> Double { Double((nextBits() >> 11) + 1) * 0x1p-53 }

  mutating func next() -> Double {
    if let spare {
      self.spare = nil
      return spare
    }
    let radius = (-2 * log(nextUnit())).squareRoot()
    let angle = 2 * Double.pi * nextUnit()
    spare = radius * sin(angle)
    return radius * cos(angle)
  }
}

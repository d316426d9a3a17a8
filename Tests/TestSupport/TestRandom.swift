/// SplitMix64, for inputs of property tests.
package struct TestRandom: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 to `limit` - 1.
  package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  /// An element.
  package mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

  /// A decimal number as people and programs write them.
  package mutating func decimalText() -> String {
    func digits(_ count: Int) -> String { (0..<count).map { _ in String(below(10)) }.joined() }
    switch below(5) {
    case 0: return digits(1 + below(5)) + "." + digits(1 + below(6))
    case 1: return (below(2) == 0 ? "-" : "") + digits(1 + below(20)) + "." + digits(below(25))
    case 2: return "." + digits(1 + below(20))
    case 3: return digits(1 + below(3)) + "." + digits(3) + "e" + pick(["", "-", "+"]) + digits(2)
    default: return "\(Double(bitPattern: next() & 0x7FEF_FFFF_FFFF_FFFF))"
    }
  }
}

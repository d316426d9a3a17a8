/// Random numbers that are the same on every machine: SplitMix64, one stream for each consumer, so
/// that a new consumer does not shift the others.
///
///     var random = Randomness(seed: 7, stream: "search/0")
///     let picks = random.sample(3, from: 64)   // three different numbers below 64
///
/// The stream is part of what results mean; its first values are held by a test.
/// > G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
/// > 2014.
public struct Randomness: Hashable, Sendable {
  @usableFromInline var state: UInt64

  /// The plain SplitMix64 sequence of a seed.
  public init(seed: UInt64) { state = seed }

  /// The stream of a name: the seed and the name's FNV-1a hash, each scrambled, are the state.
  public init(seed: UInt64, stream: String) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    state = scrambled(scrambled(seed &+ increment) ^ hash)
  }

  /// The next 64 bits.
  @inlinable public mutating func nextBits() -> UInt64 {
    state &+= increment
    return scrambled(state)
  }

  /// Leaves out the next so many 64 bits.
  /// - Complexity: O(1).
  mutating func skip(_ count: Int) { state &+= increment &* UInt64(truncatingIfNeeded: count) }

  /// The next number from 0 up to but not including 1, uniform over multiples of 2^-53.
  @inlinable public mutating func nextUnit() -> Double { Double(nextBits() &>> 11) * 0x1p-53 }

  /// The next whole number from 0 up to but not including `bound`, each equally likely.
  ///
  /// - Precondition: the bound is positive.
  /// > D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019.
  @inlinable public mutating func nextInteger(below bound: Int) -> Int {
    precondition(bound > 0, "nothing lies below \(bound)")
    let bound = UInt64(bound)
    var product = nextBits().multipliedFullWidth(by: bound)
    if product.low < bound {
      // The lowest products would make some numbers likelier than others.
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = nextBits().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// Different numbers below `population` in the order in which they are drawn; every order of
  /// every choice is equally likely.
  ///
  /// The first steps of a Fisher-Yates shuffle of `0..<population`, of which only the places that
  /// moved are kept.
  ///
  /// - Precondition: `0 <= count <= population`.
  /// - Complexity: O(count) time and memory.
  public mutating func sample(_ count: Int, from population: Int) -> [Int] {
    precondition(0 <= count && count <= population, "cannot draw \(count) of \(population)")
    var moved: [Int: Int] = [:]
    return (0..<count).map { place in
      let other = place + nextInteger(below: population - place)
      let drawn = moved[other] ?? other
      moved[other] = moved[place] ?? place
      return drawn
    }
  }
}

/// 2^64 over the golden ratio, odd: the step between states.
@usableFromInline let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

/// Spreads each bit of a state over all bits.
@inlinable func scrambled(_ state: UInt64) -> UInt64 {
  var bits = state
  bits = (bits ^ (bits &>> 30)) &* 0xBF58_476D_1CE4_E5B9
  bits = (bits ^ (bits &>> 27)) &* 0x94D0_49BB_1331_11EB
  return bits ^ (bits &>> 31)
}

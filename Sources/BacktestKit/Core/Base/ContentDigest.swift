/// A digest that takes its bytes in blocks of 64.
package protocol BlockDigest: Sendable {
  /// The bytes that wait until their block is full.
  var pending: [UInt8] { get set }
  /// How many bytes were taken in.
  var byteCount: UInt64 { get set }
  /// Takes in whole blocks, one behind the other.
  mutating func absorb(_ start: UnsafeRawPointer, blocks: Int)
}

extension BlockDigest {
  /// Takes in more bytes; how they are cut into calls does not matter.
  @inlinable
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(bytes.count)
    var position = 0
    if !pending.isEmpty {
      position = min(64 - pending.count, bytes.count)
      pending.append(contentsOf: bytes[0..<position])
      guard pending.count == 64 else { return }
      pending.withUnsafeBytes { absorb($0.baseAddress!, blocks: 1) }
      pending.removeAll(keepingCapacity: true)
    }
    let blocks = (bytes.count - position) / 64
    if blocks > 0 { absorb(bytes.baseAddress! + position, blocks: blocks) }
    pending.append(contentsOf: bytes[(position + 64 * blocks)...])
  }
}

/// A fast 128-bit digest that tells contents apart; it resists chance, not an attacker.
///
///     var digest = ContentDigest()
///     digest.update(bytes)
///     print(digest.value.hexadecimal)
///
/// The bytes are read in stripes of 64 bytes by four lanes, 16 bytes each. A lane has two words of
/// state (x, y). For its two input words (a, b), little-endian:
///
///     x ^= a;  y ^= b
///     p = (x ^ K0) * (y ^ K1)              // 64 x 64 -> 128 bits
///     (x, y) = (y + high(p), x + low(p))
///
/// The words that enter the product are carried past it as well, so a factor of zero loses nothing.
/// The last stripe is filled with zeros; then a fresh lane absorbs the four states, the length,
/// and three rounds of zeros. The first states, K0 and K1 are the first 64 bits of the
/// fractional parts of the square roots of the primes from 2 to 37, in this order.
package struct ContentDigest: BlockDigest {
  private var lanes = (
    DigestLane(0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B),
    DigestLane(0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1),
    DigestLane(0x510E_527F_ADE6_82D1, 0x9B05_688C_2B3E_6C1F),
    DigestLane(0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179)
  )
  package var pending: [UInt8] = []
  package var byteCount: UInt64 = 0

  /// The digest of nothing yet.
  package init() { pending.reserveCapacity(64) }

  /// The digest of some bytes.
  package static func of(_ bytes: some Sequence<UInt8>) -> Value {
    var digest = ContentDigest()
    Array(bytes).withUnsafeBytes { digest.update($0) }
    return digest.value
  }

  /// The digest of all bytes so far.
  package var value: Value {
    var copy = self
    if !pending.isEmpty {
      let last = pending + [UInt8](repeating: 0, count: 64 - pending.count)
      last.withUnsafeBytes { copy.absorb($0.baseAddress!, blocks: 1) }
    }
    var sum = DigestLane(0xCBBB_9D5D_C105_9ED8, 0x629A_292A_367C_D507)
    for lane in [copy.lanes.0, copy.lanes.1, copy.lanes.2, copy.lanes.3] {
      sum.absorb(lane.x, lane.y)
    }
    sum.absorb(byteCount, 0)
    for _ in 0..<3 { sum.absorb(0, 0) }
    return Value(high: sum.x, low: sum.y)
  }

  package mutating func absorb(_ start: UnsafeRawPointer, blocks: Int) {
    var (a, b, c, d) = lanes
    var next = start
    for _ in 0..<blocks {
      a.absorb(word(next, 0), word(next, 8))
      b.absorb(word(next, 16), word(next, 24))
      c.absorb(word(next, 32), word(next, 40))
      d.absorb(word(next, 48), word(next, 56))
      next += 64
    }
    lanes = (a, b, c, d)
  }

  @inline(__always)
  private func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// A finished digest.
  package struct Value: Hashable, Sendable, BitwiseCopyable {
    /// The first 64 bits.
    package var high: UInt64
    /// The last 64 bits.
    package var low: UInt64

    /// A digest from its halves.
    package init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    /// 32 hexadecimal digits, high half first.
    package var hexadecimal: String { hexadecimalDigits(high) + hexadecimalDigits(low) }
  }
}

private struct DigestLane {
  var x, y: UInt64

  init(_ x: UInt64, _ y: UInt64) {
    self.x = x
    self.y = y
  }

  @inline(__always)
  mutating func absorb(_ a: UInt64, _ b: UInt64) {
    let left = x ^ a
    let right = y ^ b
    let product = (left ^ 0x9159_015A_3070_DD17).multipliedFullWidth(
      by: right ^ 0x152F_ECD8_F70E_5939)
    x = right &+ product.high
    y = left &+ product.low
  }
}

/// A word as 16 hexadecimal digits.
func hexadecimalDigits(_ word: UInt64) -> String {
  let digits = String(word, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

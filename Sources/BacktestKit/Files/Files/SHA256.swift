import BacktestCore

/// The SHA-256 digest, for provenance that others can check with their own tools.
///
///     var sha = SHA256()
///     sha.update(bytes)
///     print(sha.hexadecimal)
///
/// > NIST, "Secure Hash Standard", FIPS 180-4, 2015.
package struct SHA256: BlockDigest {
  private var state: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
    0x5BE0_CD19,
  ]
  package var pending: [UInt8] = []
  package var byteCount: UInt64 = 0

  /// The digest of nothing yet.
  package init() { pending.reserveCapacity(128) }

  /// The digest of some bytes as 64 hexadecimal digits.
  package static func hexadecimal(of bytes: some Sequence<UInt8>) -> String {
    var sha = SHA256()
    Array(bytes).withUnsafeBytes { sha.update($0) }
    return sha.hexadecimal
  }

  /// The digest of a file as 64 hexadecimal digits, read in pieces.
  ///
  /// - Throws: `FileError` when the file cannot be read.
  package static func hexadecimal(ofFile path: String) throws(FileError) -> String {
    let input = try FileInput(path: path)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { chunk.deallocate() }
    var sha = SHA256()
    while case let count = try input.read(into: chunk), count > 0 {
      sha.update(UnsafeRawBufferPointer(rebasing: chunk[0..<count]))
    }
    return sha.hexadecimal
  }

  /// The digest of all bytes so far, 32 bytes.
  package var bytes: [UInt8] {
    var copy = self
    var tail = pending + [0x80]
    while tail.count % 64 != 56 { tail.append(0) }
    let bitCount = byteCount &* 8
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      tail.append(UInt8(truncatingIfNeeded: bitCount >> shift))
    }
    tail.withUnsafeBytes { copy.absorb($0.baseAddress!, blocks: tail.count / 64) }
    return copy.state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  /// The digest of all bytes so far, 64 hexadecimal digits.
  package var hexadecimal: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  package mutating func absorb(_ start: UnsafeRawPointer, blocks: Int) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
      for block in 0..<blocks {
        SHA256.expand(start + 64 * block, into: schedule)
        mix(schedule)
      }
    }
  }

  private static func expand(
    _ block: UnsafeRawPointer, into schedule: UnsafeMutableBufferPointer<UInt32>
  ) {
    for index in 0..<16 {
      let word = block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
      schedule[index] = UInt32(bigEndian: word)
    }
    for index in 16..<64 {
      let (far, near) = (schedule[index - 15], schedule[index - 2])
      let s0 = rotated(far, 7) ^ rotated(far, 18) ^ (far >> 3)
      let s1 = rotated(near, 17) ^ rotated(near, 19) ^ (near >> 10)
      schedule[index] = schedule[index - 16] &+ s0 &+ schedule[index - 7] &+ s1
    }
  }

  private mutating func mix(_ schedule: UnsafeMutableBufferPointer<UInt32>) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let s1 = SHA256.rotated(e, 6) ^ SHA256.rotated(e, 11) ^ SHA256.rotated(e, 25)
      let first = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ roundConstants[index] &+ schedule[index]
      let s0 = SHA256.rotated(a, 2) ^ SHA256.rotated(a, 13) ^ SHA256.rotated(a, 22)
      let second = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    (word >> count) | (word << (32 - count))
  }
}

private let roundConstants: [UInt32] = [
  0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
  0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
  0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
  0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
  0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
  0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
  0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
  0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
  0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
  0xc671_78f2,
]

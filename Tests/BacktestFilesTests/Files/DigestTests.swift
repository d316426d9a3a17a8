@testable import BacktestCore
@testable import BacktestFiles
import TestSupport
import Testing

struct SHA256Tests {
  /// Messages of FIPS 180-4 and its companion examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func publishedMessagesHaveTheirDigests(message: String, digest: String) {
    #expect(SHA256.hexadecimal(of: message.utf8) == digest)
  }

  @Test func aMillionLettersInUnevenPieces() {
    var sha = SHA256()
    var left = 1_000_000
    var piece = 1
    let letters = [UInt8](repeating: 0x61, count: 1_000)
    while left > 0 {
      let count = min(piece, left)
      letters[0..<count].withUnsafeBytes { sha.update($0) }
      left -= count
      piece = piece * 7 % 997 + 1
    }
    #expect(
      sha.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func aFileHasTheDigestItsOriginStates() throws {
    #expect(
      try SHA256.hexadecimal(ofFile: Fixture.path("prices/sp500.csv"))
        == "ddd480b67f8c51b89a3a074f7fff7a315b8375beab1dbc37f2f6cbcb83103de8")
  }
}

struct ContentDigestTests {
  private let sample = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 7) }

  @Test func theDigestIsWhatItsDescriptionSays() {
    for count in [0, 1, 15, 16, 63, 64, 65, 127, 128, 1_000] {
      let bytes = Array(sample.prefix(count))
      #expect(ContentDigest.of(bytes) == describedDigest(bytes))
    }
  }

  @Test func valuesNeverChange() {
    #expect(ContentDigest.of([]).hexadecimal == "10fba7d89d67c9d8f4e6a4e66f14852b")
    #expect(ContentDigest.of("abc".utf8).hexadecimal == "435b2dc81ae08cc0a93d6bcb1691d6b3")
    #expect(ContentDigest.of(sample).hexadecimal == "67bd1c5c385fc21bd30bdfad3a1d085f")
  }

  @Test func piecesDoNotMatter() {
    let whole = ContentDigest.of(sample)
    for size in [1, 3, 63, 64, 65, 500] {
      var digest = ContentDigest()
      for start in stride(from: 0, to: sample.count, by: size) {
        sample[start..<min(start + size, sample.count)].withUnsafeBytes { digest.update($0) }
      }
      #expect(digest.value == whole)
    }
  }

  @Test func eachBitOfTheInputMovesHalfOfTheOutput() {
    var bytes = Array(sample.prefix(200))
    let before = ContentDigest.of(bytes)
    var total = 0
    for bit in 0..<(200 * 8) {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      let after = ContentDigest.of(bytes)
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      let moved =
        (before.high ^ after.high).nonzeroBitCount + (before.low ^ after.low).nonzeroBitCount
      #expect((30...98).contains(moved), "bit \(bit) moves \(moved) of 128")
      total += moved
    }
    #expect(abs(Double(total) / 1_600 - 64) < 0.7)
  }

  @Test func zerosBlocksAndLengthsAreToldApart() {
    var seen: Set<ContentDigest.Value> = []
    for count in 0..<300 { seen.insert(ContentDigest.of([UInt8](repeating: 0, count: count))) }
    // Two blocks of 16 bytes trading places, at all distances of up to 40 stripes.
    let base = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 / 16) }
    for other in 1..<200 {
      var bytes = base
      for offset in 0..<16 { bytes.swapAt(offset, other * 16 + offset) }
      seen.insert(ContentDigest.of(bytes))
    }
    #expect(seen.count == 300 + 199)
  }

  /// The documented steps, one after another.
  private func describedDigest(_ bytes: [UInt8]) -> ContentDigest.Value {
    let roots: [UInt64] = [
      0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1,
      0x510E_527F_ADE6_82D1, 0x9B05_688C_2B3E_6C1F, 0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179,
      0xCBBB_9D5D_C105_9ED8, 0x629A_292A_367C_D507,
    ]
    func step(_ state: (UInt64, UInt64), _ a: UInt64, _ b: UInt64) -> (UInt64, UInt64) {
      let (x, y) = (state.0 ^ a, state.1 ^ b)
      let p = (x ^ 0x9159_015A_3070_DD17).multipliedFullWidth(by: y ^ 0x152F_ECD8_F70E_5939)
      return (y &+ p.high, x &+ p.low)
    }
    var padded = bytes
    while padded.count % 64 != 0 { padded.append(0) }
    func word(_ index: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(padded[index * 8 + $1]) << UInt64(8 * $1) }
    }
    var lanes = (0..<4).map { (roots[2 * $0], roots[2 * $0 + 1]) }
    for block in 0..<(padded.count / 16) {
      lanes[block % 4] = step(lanes[block % 4], word(2 * block), word(2 * block + 1))
    }
    var sum = (roots[8], roots[9])
    for lane in lanes { sum = step(sum, lane.0, lane.1) }
    sum = step(sum, UInt64(bytes.count), 0)
    for _ in 0..<3 { sum = step(sum, 0, 0) }
    return .init(high: sum.0, low: sum.1)
  }
}

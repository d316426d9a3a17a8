import BacktestCore
import Testing

struct RandomnessTests {
  @Test func theSequenceIsSplitMix64() {
    var random = Randomness(seed: 1_234_567)
    let first = (0..<5).map { _ in random.nextBits() }
    #expect(
      first == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func streamsHaveTheirFirstValues() {
    var a = Randomness(seed: 7, stream: "search/0")
    var b = Randomness(seed: 7, stream: "search/1")
    #expect(
      (0..<3).map { _ in a.nextBits() }
        == [0xDD79_1793_B2CC_9DC0, 0xA041_2437_0627_5069, 0x5089_AC5B_CD47_6C76])
    #expect(
      (0..<3).map { _ in b.nextBits() }
        == [0x35C6_5D49_A2C3_208D, 0x9902_1A79_8D85_01E2, 0xAB22_E592_0E9B_2B26])
    var unit = Randomness(seed: 7, stream: "search/0")
    #expect(
      (0..<3).map { _ in unit.nextUnit() }
        == [0.8651289687721139, 0.6259939798675564, 0.31460072747475254])
  }

  @Test func aSampleIsTheBeginningOfAShuffle() {
    var a = Randomness(seed: 7, stream: "search/0")
    #expect(a.sample(5, from: 64) == [55, 40, 21, 24, 45])
    var b = Randomness(seed: 7, stream: "search/0")
    #expect(b.sample(10, from: 10) == [8, 6, 4, 5, 0, 9, 1, 2, 7, 3])
    #expect(b.sample(0, from: 0) == [])
  }

  @Test func unitNumbersLieBelowOneAndSpread() {
    var random = Randomness(seed: 3)
    let numbers = (0..<10_000).map { _ in random.nextUnit() }
    #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
    // The deviation of the mean of 10,000 uniform numbers is 0.0029.
    #expect(abs(numbers.reduce(0, +) / 10_000 - 0.5) < 0.0145)
  }

  /// Without a correction for the bound 3 x 2^61, every third number would come up in a quarter of
  /// all draws instead of a third.
  @Test func largeBoundsHaveNoBias() {
    var random = Randomness(seed: 5)
    let bound = 3 << 61
    var counts = [0, 0, 0]
    for _ in 0..<9_000 {
      let number = random.nextInteger(below: bound)
      #expect(number >= 0 && number < bound)
      counts[number % 3] += 1
    }
    // The deviation of a count is 44.7.
    #expect(counts.allSatisfy { abs($0 - 3_000) < 225 })
  }

  @Test func smallBoundsReachEveryNumber() {
    var random = Randomness(seed: 11)
    var counts = Array(repeating: 0, count: 6)
    for _ in 0..<6_000 { counts[random.nextInteger(below: 6)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 1_000) < 145 })
    #expect((0..<10).allSatisfy { _ in random.nextInteger(below: 1) == 0 })
  }

  @Test func everyPairIsDrawnAlikeOften() {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<6_000 as Range<UInt64> {
      var random = Randomness(seed: seed, stream: "pairs")
      counts[random.sample(2, from: 3), default: 0] += 1
    }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { abs($0 - 1_000) < 145 })
  }
}

@testable import BacktestCheckpoints
import TestSupport
import Testing

struct RunningStatisticsTests {
  static let folders = [
    "dqn_d3", "ppo_box1", "ppo_box1_sde", "ppo_discrete", "ppo_portfolio4", "rppo_lstm_d3",
    "sac_box",
  ]

  @Test(arguments: folders)
  func statisticsEqualTheExportedOnesToTheBit(folder: String) throws {
    let path = Fixture.path("policies/\(folder)/vecnormalize.pkl")
    let read = try RunningStatistics(vecNormalize: path)
    let norm = try PolicyFixture.json("policies/\(folder)/norm.json")
    func exported(_ key: String) throws -> Double {
      try #require(PolicyFixture.member(key, of: norm).flatMap(PolicyFixture.number))
    }
    let mean = PolicyFixture.numbers(PolicyFixture.member("mean", of: norm))
    let variance = PolicyFixture.numbers(PolicyFixture.member("var", of: norm))
    #expect(read.mean.map(\.bitPattern) == mean.map(\.bitPattern) && !mean.isEmpty)
    #expect(read.variance.map(\.bitPattern) == variance.map(\.bitPattern))
    #expect(read.shape == [mean.count] && read.normalisesObservations)
    let (count, clip) = (try exported("count"), try exported("clip"))
    let epsilon = try exported("epsilon")
    #expect(read.count == count && read.clip == clip && read.epsilon == epsilon)
  }

  @Test func aModelIsNoStatistics() throws {
    for file in ["ppo_box1/model.zip", "rllib_ppo_d3/module_state.pkl"] {
      #expect(throws: CheckpointError.self) {
        try RunningStatistics(vecNormalize: Fixture.path("policies/\(file)"))
      }
    }
    let error = #expect(throws: CheckpointError.self) {
      try TensorArchive(path: Fixture.path("policies/ppo_box1/vecnormalize.pkl"))
    }
    #expect(try #require(error).description.contains("the file holds running statistics"))
  }

  @Test func namesOutsideOfTheListAreRefused() throws {
    var bytes = try Fixture.bytes("policies/ppo_box1/vecnormalize.pkl")
    // Another class of the same length, in the same place.
    let place = try #require(index(of: "VecNormalize", in: bytes))
    bytes[place + 11] = 0x61
    let error = #expect(throws: CheckpointError.self) {
      try RunningStatistics(vecNormalize: bytes, name: "v.pkl")
    }
    #expect(
      try #require(error).description.contains(
        "global 'stable_baselines3.common.vec_env.vec_normalize.VecNormaliza' is not allowed"))
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try Fixture.bytes("policies/dqn_d3/vecnormalize.pkl")
    for count in bytes.indices {
      #expect(throws: CheckpointError.self) {
        try RunningStatistics(vecNormalize: Array(bytes[..<count]), name: "v")
      }
    }
  }

  @Test func partsOfADictionaryAreReadInItsOrder() throws {
    let read = try RunningStatistics(
      vecNormalize: Fixture.path("policies/trainers/ppo_dict_vecnormalize.pkl"))
    #expect(read.parts.map(\.name) == ["account", "market"])
    #expect(read.parts.map(\.shape) == [[2], [5]] && read.mean.count == 7)
    let swapped = try read.ordered(read.parts.reversed())
    #expect(swapped.mean == Array(read.mean[2...] + read.mean[..<2]))
    #expect(swapped.variance == Array(read.variance[2...] + read.variance[..<2]))
    #expect(throws: CheckpointError.self) {
      try read.ordered([StableBaselinesSpace.Part(name: "prices", shape: [5])])
    }
  }

  @Test func partsWithoutStatisticsAreRefused() throws {
    let root = PickleText.object(
      "stable_baselines3.common.vec_env.vec_normalize", "VecNormalize",
      PickleText.dictionary([
        ("norm_obs", [0x88]), ("epsilon", PickleText.number(1e-8)),
        ("clip_obs", PickleText.number(10)),
        ("obs_rms", PickleText.dictionary([("prices", [0x4B, 1]), ("state", [0x4B, 2])])),
      ]))
    let error = #expect(throws: CheckpointError.self) {
      try RunningStatistics(vecNormalize: PickleText.whole(root, version: 4), name: "v.pkl")
    }
    #expect(
      try #require(error).description.hasPrefix("v.pkl: expected an instance of RunningMeanStd"))
  }

  @Test func statisticsThatWereSwitchedOffMayBeAbsent() throws {
    let root = PickleText.object(
      "stable_baselines3.common.vec_env.vec_normalize", "VecNormalize",
      PickleText.dictionary([
        ("norm_obs", [0x89]), ("epsilon", PickleText.number(1e-8)),
        ("clip_obs", PickleText.number(10)),
      ]))
    let read = try RunningStatistics(
      vecNormalize: PickleText.whole(root, version: 5), name: "v.pkl")
    #expect(!read.normalisesObservations && read.mean.isEmpty && read.clip == 10)
  }

  @Test func flagsOfNumPyAndNoBoundAreRead() throws {
    let type =
      PickleText.global("numpy", "dtype") + PickleText.tuple([PickleText.text("b1")]) + [0x52]
    let flag =
      PickleText.global("numpy.core.multiarray", "scalar")
      + PickleText.tuple([type, [0x43, 1, 0]]) + [0x52]
    let root = PickleText.object(
      "stable_baselines3.common.vec_env.vec_normalize", "VecNormalize",
      PickleText.dictionary([
        ("norm_obs", flag), ("epsilon", PickleText.number(1e-8)),
        ("clip_obs", PickleText.number(.infinity)),
      ]))
    let read = try RunningStatistics(
      vecNormalize: PickleText.whole(root, version: 4), name: "v.pkl")
    #expect(!read.normalisesObservations && read.clip == .greatestFiniteMagnitude)
  }

  private func index(of text: String, in bytes: [UInt8]) -> Int? {
    let word = Array(text.utf8)
    return bytes.indices.first { bytes[$0...].starts(with: word) }
  }
}

import MarketSimulation
import Testing

/// The engine against a second simulator that shares no code and no author's assumptions with it.
///
/// `script/simulate` plays many more seeds.
struct MarketSimulationTests {
  @Test(arguments: 0..<20 as Range<UInt64>)
  func bothSimulatorsGiveTheSame(block: UInt64) throws {
    for seed in 10 * block..<10 * (block + 1) {
      if let mismatch = try Scenario(seed: seed).mismatch() {
        Issue.record("\(mismatch)")
      }
    }
  }

  @Test func theSeedsReachAllCorners() throws {
    // Scenarios in which nothing happens would prove nothing.
    var corners: Set<String> = []
    for seed in 0..<200 as Range<UInt64> { corners.formUnion(try Scenario(seed: seed).corners()) }
    #expect(
      corners.isSuperset(of: [
        "filled", "cancelled", "cancelledByGroup", "expired", "parentGone", "nothingToReduce",
        "cut",
        "rejected buying-power", "rejected short-not-allowed", "rejected no-quantity",
        "rejected no-history", "rejected ruined", "stillLive", "ambiguous", "intrabar", "open",
        "several fills", "margin per contract",
      ]), "\(corners)")
  }
}

import Testing

@testable import BacktestEvidence

struct RegimeTransitionsTests {
  /// bull bull bear - bear bear bull: counted by hand, without the steps beside the gap.
  @Test func stepsAreCountedBetweenNeighbours() {
    let transitions = RegimeTransitions(
      names: ["bear", "bull"], runs: [[2..<3, 4..<6], [0..<2, 6..<7]])
    #expect(transitions.counts == [[1, 1], [1, 1]])
    #expect(transitions.share(from: 0, to: 1) == 0.5)
  }

  /// Against a count label by label.
  @Test func longLabelsAgreeWithACountOneByOne() {
    let labels = (0..<500).map { ($0 * $0 / 7 + $0 / 30) % 3 }
    var runs = [[Range<Int>]](repeating: [], count: 3)
    for (row, label) in labels.enumerated() {
      if let last = runs[label].last, last.upperBound == row {
        runs[label][runs[label].count - 1] = last.lowerBound..<(row + 1)
      } else {
        runs[label].append(row..<(row + 1))
      }
    }
    var counts = [[Int]](repeating: [0, 0, 0], count: 3)
    for (a, b) in zip(labels, labels.dropFirst()) { counts[a][b] += 1 }
    #expect(RegimeTransitions(names: ["a", "b", "c"], runs: runs).counts == counts)
  }

  @Test func aRegimeThatNothingFollowsHasNoShares() {
    let transitions = RegimeTransitions(names: ["a", "b"], runs: [[0..<3], [3..<4]])
    #expect(transitions.counts == [[2, 1], [0, 0]])
    #expect(transitions.share(from: 1, to: 0) == nil)
  }
}

@testable import BacktestCore
@testable import BacktestEvidence
import Testing

struct MomentsTests {
  @Test(arguments: [0.1, 0.01, -0.07, 1e-9, 3.3, 1.0 / 3])
  func equalValuesHaveNoDeviation(value: Double) {
    for count in [2, 3, 7, 10, 1_000, 54_321] {
      let dispersion = Dispersion(Array(repeating: value, count: count))
      #expect(dispersion.deviation() == 0, "\(count) x \(value)")
      #expect(abs(dispersion.mean - value) <= 4e-16 * abs(value))
    }
  }

  @Test func smallButRealDeviationsStay() throws {
    let values = (0..<1_000).map { 0.1 + ($0 % 2 == 0 ? 1e-9 : -1e-9) }
    let deviation = try #require(Dispersion(values).deviation())
    #expect(abs(deviation / 1.000500375312e-9 - 1) < 1e-6)
  }

  @Test func deviationsNeedMoreValuesThanTheDivisorTakes() {
    #expect(Dispersion([0.3]).deviation() == nil && Dispersion([0.3]).deviation(reduction: 0) == 0)
    #expect(Dispersion([]).deviation(reduction: 0) == nil)
  }

  @Test func compensatedSumsKeepWhatPlainOnesLose() {
    let terms = [1e100, 1, -1e100, 1]
    #expect(terms.compensatedSum { $0 } == 2 && terms.reduce(0, +) == 1)
  }

  @Test func vectorSumsTakeEveryValueOnce() {
    for count in 0..<40 {
      let values = (0..<count).map { Double(1 << ($0 % 20)) }
      let sum = values.withUnsafeBufferPointer { VectorSums.sum($0) }
      #expect(sum == values.reduce(0, +))
      let shortfalls = values.withUnsafeBufferPointer {
        VectorSums.squaredShortfalls($0, below: 4)
      }
      #expect(shortfalls == values.reduce(0) { $0 + ($1 < 4 ? (4 - $1) * (4 - $1) : 0) })
    }
  }

  @Test func quantilesOfTypeSeven() {
    let values: [Double] = [1, 2, 4, 8, 16]
    #expect(values.sortedQuantile(0.5) == 4 && values.sortedQuantile(0.1) == 1.4)
    #expect(values.sortedQuantile(1) == 16 && values.sortedQuantile(0) == 1)
    #expect([7.0].sortedQuantile(0.3) == 7)
  }

  @Test(arguments: [
    ("sharp", "sharpe"), ("maxdrawdown", "max-drawdown"), ("sortion", "sortino"),
    ("drawdown", "max-drawdown"),
  ])
  func closeNamesAreFound(wanted: String, meant: String) {
    let names = ["sharpe", "sortino", "max-drawdown", "calmar", "cagr"]
    #expect(NearestName.several(wanted, among: names).first == meant)
  }

  @Test func farNamesAreNotFound() {
    #expect(NearestName.several("xyzzy", among: ["sharpe", "calmar"]).isEmpty)
    #expect(NearestName.several("", among: ["sharpe"]).isEmpty)
  }
}

@testable import BacktestCore
import Foundation
import Testing

struct NumberFormatTests {
  @Test(arguments: [
    (NumberFormat.ratio, 1.005, "1.00"), (.ratio, 0.125, "0.13"), (.ratio, -0.001, "0.00"),
    (.ratio, -0.005, "−0.01"), (.ratio, 1.115, "1.11"), (.integer, 0.5, "1"),
    (.money, 1_234_567.891, "1,234,567.89"), (.money, -999.995, "−1,000.00"),
    (.money, 1e15, "1,000,000,000,000,000.00"), (.integer, 999, "999"), (.integer, 1_000, "1,000"),
    (.percent(decimals: 1), -0.1234, "−12.3%"), (.percent(decimals: 2), 1e-9, "0.00%"),
    (.signedPercent(decimals: 2), 0.05, "+5.00%"), (.signedPercent(decimals: 1), 1e-9, "0.0%"),
    (.signedPercent(decimals: 1), -0.05, "−5.0%"), (.basisPoints, 0.000_15, "1.5 bp"),
    (.compact(decimals: 1), 1_250_000, "1.3M"), (.compact(decimals: 0), -2_000, "−2k"),
    (.compact(decimals: 0), 12, "12"), (.number(decimals: 9), 0.000_000_001, "0.000000001"),
    (.probability, 0.0456, "0.046"), (.probability, 0.9979, "0.998"), (.probability, 0, "0.000"),
    (.probability, 0.0004, "<0.001"), (.probability, 0.9996, ">0.999"), (.probability, 1, "1.000"),
    (.ratio, .nan, "–"), (.ratio, .infinity, "–"), (.integer, 1e300, "1e+300"),
  ])
  func known(format: NumberFormat, value: Double, expected: String) {
    #expect(format.text(value) == expected)
  }

  @Test func aMissingValueIsADash() { #expect(NumberFormat.money.text(nil) == "–") }

  /// The C library rounds exactly, ties to even; only exact ties may differ.
  @Test func randomNumbersAgreeWithTheCLibrary() {
    var state: UInt64 = 20_240_821
    for _ in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let decimals = Int(state >> 60) % 7
      let size = [1.0, 1e-3, 1e3, 1e6][Int(state >> 58) % 4]
      // A short decimal lies near a tie more often than a random double does.
      let value = Double(Int64(bitPattern: state << 6) >> 40) / 4_096_000 * size
      let ours = NumberFormat.number(decimals: decimals).text(value)
      let plain = ours.replacing(",", with: "").replacing("−", with: "-")
      let theirs = String(format: "%.\(decimals)f", value)
      let isTie = (value * pow(10, Double(decimals)) * 2).truncatingRemainder(dividingBy: 2) != 0
      let isExactTie = isTie && Double(theirs) != Double(plain)
      let isZero = Double(theirs) == 0 && Double(plain) == 0
      #expect(plain == theirs || isZero || isExactTie && tieGap(value, ours: plain, theirs: theirs))
    }
  }

  /// Whether the value lies exactly between both texts.
  private func tieGap(_ value: Double, ours: String, theirs: String) -> Bool {
    guard let a = Decimal(string: ours), let b = Decimal(string: theirs) else { return false }
    guard let exact = Decimal(string: String(format: "%.60f", value)) else { return false }
    return a + b == exact * 2
  }

  /// Six digits are enough to know a price again.
  @Test(arguments: [
    (10.0, "10"), (3.8181794871794873, "3.81818"), (1_234.5678, "1234.57"),
    (0.00012345678, "0.000123457"),
    (123_456_789.0, "123456789"), (0, "0"), (-53.5, "-53.5"),
  ])
  func pricesAreShort(value: Double, text: String) {
    #expect(NumberText.price(value) == text)
  }
}

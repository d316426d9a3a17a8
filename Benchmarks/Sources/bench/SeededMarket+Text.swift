import BacktestKit
import Glibc

extension SeededMarket {
  /// Writes minute bars as text: `timestamp,open,high,low,close,volume`, six decimals.
  static func write(_ bars: BarSeries, to path: String) throws {
    guard let file = fopen(path, "w") else { throw BenchError("\(path): cannot be written") }
    defer { fclose(file) }
    fputs("timestamp,open,high,low,close,volume\n", file)
    for row in 0..<bars.count {
      let bar = bars[row]
      let stamp = bar.openTime.description.dropLast().map { $0 == "T" ? " " : $0 }
      let prices = [bar.open, bar.high, bar.low, bar.close].map(sixDecimals)
      fputs("\(String(stamp)),\(prices.joined(separator: ",")),\(Int(bar.volume))\n", file)
    }
  }

  private static func sixDecimals(_ price: Double) -> String {
    let millionths = Int((price * 1e6).rounded())
    let fraction = String(millionths % 1_000_000)
    return
      "\(millionths / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
  }
}

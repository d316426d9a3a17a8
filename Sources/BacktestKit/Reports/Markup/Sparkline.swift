import BacktestCore

/// A line of block characters that shows how values went.
///
///     Sparkline.text(of: equity, width: 40)   // ▁▂▂▃▄▅▆▇█
package enum Sparkline {
  private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// The values as blocks, the lowest lowest: the last finite value of each of `width` equal parts;
  /// empty where fewer than two values are finite.
  package static func text(of values: [Double], width: Int) -> String {
    let known = values.finiteValues
    guard known.count > 1, width > 0, let low = known.min(), let high = known.max() else {
      return ""
    }
    let count = min(width, known.count)
    return String(
      (1...count).map { part in
        let value = known[part * known.count / count - 1]
        let share = high > low ? (value - low) / (high - low) : 0
        return blocks[min(Int(share * 8), 7)]
      })
  }
}

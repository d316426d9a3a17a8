public import BacktestCore

/// Horizontal bars with a name and a figure each, for categories with long names: attribution by
/// instrument, costs by kind, importance of features.
public struct RankedBars: ReportBlock {
  /// One bar.
  public struct Item: Hashable, Sendable {
    /// The name.
    public var name: String
    /// The value; one that is not finite has a figure "–" and no bar.
    public var value: Double

    /// A bar.
    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// What the bars show.
  public var caption: String
  /// The bars, top to bottom.
  public var items: [Item]
  /// How the figures are written.
  public var format: NumberFormat
  /// Whether each bar begins where the one before ended, which turns a sum into steps. The last bar
  /// is the sum, and begins at zero.
  public var isWaterfall = false
  /// Whether bars below zero are losses and bars above gains; `false` where neither is better.
  var isSigned = true

  /// Bars from their parts.
  public init(caption: String, items: [Item], format: NumberFormat = .money) {
    self.caption = caption
    self.items = items
    self.format = format
  }

  /// Steps from a first sum to a last one.
  public init(caption: String, waterfall: [Item], format: NumberFormat = .money) {
    self.init(caption: caption, items: waterfall, format: format)
    isWaterfall = true
  }

  /// Where each bar begins and ends.
  var spans: [(from: Double, to: Double)] {
    var sum = 0.0
    return items.enumerated().map { i, item in
      guard isWaterfall, item.value.isFinite, i < items.count - 1 else { return (0, item.value) }
      defer { sum += item.value }
      return (sum, sum + item.value)
    }
  }

  /// What a step takes away is a cost, and no loss.
  func style(_ row: Int) -> StaticString {
    if !isSigned { return "s1" }
    if isWaterfall, row > 0, row < items.count - 1 { return "s0" }
    return items[row].value < 0 ? ChartStyle.loss : ChartStyle.gain
  }

  /// The values from the left end of the bars to the right one; zero is among them.
  var extent: ClosedRange<Double> {
    let own = ChartScale.extent(of: spans.flatMap { [$0.from, $0.to] }) ?? 0...0
    return min(own.lowerBound, 0)...max(own.upperBound, 0)
  }

  /// Writes a table with a row a bar.
  public func write(to writer: inout MarkupWriter) {
    let (spans, extent) = (spans, extent)
    let (low, high) = (extent.lowerBound, extent.upperBound)
    let span = high > low ? high - low : 1
    writer.element("table", ["class": "bars"]) { writer in
      writer.element("caption", text: caption)
      for (row, (item, bar)) in zip(items, spans).enumerated() {
        writer.element("tr") { writer in
          writer.element("th", ["scope": "row"], text: item.name)
          writer.element("td", ["class": "n"], text: format.text(item.value))
          writer.element("td", ["aria-hidden": "true"]) { writer in
            guard item.value.isFinite else { return }
            let left = NumberFormat.markup((min(bar.from, bar.to) - low) / span * 100, decimals: 2)
            let width = NumberFormat.markup(abs(bar.to - bar.from) / span * 100, decimals: 2)
            writer.element(
              "i",
              [
                "class": "\(style(row))",
                "style": "margin-left:\(left)%;width:\(width)%",
              ], text: "")
          }
        }
      }
    }
  }
}

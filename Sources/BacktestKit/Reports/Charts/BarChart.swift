import BacktestCore

/// Vertical bars over a few categories with short names, side by side or stacked: returns by year,
/// costs by kind and year.
public struct BarChart: ReportChart {
  /// The bars of one colour.
  public struct Group: Sendable {
    /// The name in the legend.
    public var name: String
    /// A value for each category; one that is not finite leaves a gap.
    public var values: [Double]
    /// Whether it is the benchmark, which is grey in every chart.
    public var isBenchmark: Bool

    /// Bars from a name and values.
    public init(_ name: String, values: [Double], isBenchmark: Bool = false) {
      self.name = name
      self.values = values
      self.isBenchmark = isBenchmark
    }

    /// The class that colours the bars; by default the next colour.
    var style: StaticString?

    /// Bars in a given colour.
    init(_ name: String, values: [Double], style: StaticString) {
      self.init(name, values: values)
      self.style = style
    }
  }

  /// The heading.
  public var title: String
  /// A line below the heading.
  public var subtitle: String?
  /// The names below the bars. Up to eight may be long and take several lines; of more, such as
  /// years, some go where they do not all fit.
  public var categories: [String]
  /// The groups, each with a value for each category.
  public var groups: [Group]
  /// Whether bars of one category stand on each other rather than side by side.
  public var isStacked: Bool
  /// How the labels of the y axis are written.
  public var unit: AxisUnit
  /// The title above the y axis.
  public var yTitle: String?
  /// How tall it is.
  public var height: ChartHeight
  /// The title below the x axis.
  public var xTitle: String?
  /// Values that dashed lines mark from side to side.
  public var limits: [Double] = []
  /// Labels below the bars where their names are too long for an axis; some of them may go.
  var shortNames: [AxisTick] = []
  /// Whether every name is written, upright where there is no other way.
  var showsEveryName = false

  /// A chart from its parts.
  public init(
    title: String, subtitle: String? = nil, categories: [String], groups: [Group],
    isStacked: Bool = false, unit: AxisUnit = .plain, yTitle: String? = nil,
    height: ChartHeight = .medium
  ) {
    precondition(groups.allSatisfy { $0.values.count == categories.count }, "a value a category")
    self.title = title
    self.subtitle = subtitle
    self.categories = categories
    self.groups = groups
    self.isStacked = isStacked
    self.unit = unit
    self.yTitle = yTitle
    self.height = height
  }

  /// The chart, ready to be shown; `nil` where there are no values.
  public func drawing() -> ChartDrawing? {
    let bars = placedBars()
    guard let extent = ChartScale.extent(of: bars.flatMap { [$0.from, $0.to] } + limits) else {
      return nil
    }
    let frame = frame(extent)
    var marks = MarkupWriter()
    marks.grid(of: frame)
    var titled = [[(data: PathData, title: String)]](repeating: [], count: groups.count)
    for bar in bars {
      let slot = Double(bar.category)
      var data = PathData()
      data.rectangle(
        frame.point(slot + bar.left, bar.from), frame.point(slot + bar.right, bar.to))
      let value = format.text(groups[bar.group].values[bar.category])
      titled[bar.group].append(
        (data, "\(groups[bar.group].name), \(categories[bar.category]): \(value)"))
    }
    for group in groups.indices { marks.titledPaths("bar", style(group), titled[group]) }
    for limit in limits { marks.horizontal(limit, in: frame, "dash soft") }
    marks.horizontal(0, in: frame, "base")
    return ChartDrawing(frame: frame, marks: marks)
  }
}

extension BarChart {
  private struct Bar {
    var group: Int
    var category: Int
    var left: Double
    var right: Double
    var from: Double
    var to: Double
  }

  private func style(_ i: Int) -> StaticString {
    if let style = groups[i].style { return style }
    if groups[i].isBenchmark { return ChartStyle.benchmark }
    return ChartStyle.line(groups[..<i].count { !$0.isBenchmark })
  }

  private var format: NumberFormat {
    switch unit {
    case .percent: .percent(decimals: 1)
    case .plain: .money
    case .count: .integer
    }
  }

  private func placedBars() -> [Bar] {
    var bars: [Bar] = []
    for category in categories.indices {
      var (above, below) = (0.0, 0.0)
      for group in groups.indices {
        let value = groups[group].values[category]
        guard value.isFinite else { continue }
        var bar = Bar(
          group: group, category: category, left: 0.2, right: 0.8, from: 0, to: value)
        if isStacked {
          bar.from = value < 0 ? below : above
          bar.to = bar.from + value
          if value < 0 { below = bar.to } else { above = bar.to }
        } else {
          let width = 0.72 / Double(groups.count)
          bar.left = 0.14 + Double(group) * width
          bar.right = bar.left + width
        }
        bars.append(bar)
      }
    }
    return bars
  }

  private func frame(_ extent: ClosedRange<Double>) -> ChartFrame {
    let (low, high) = (min(extent.lowerBound, 0), max(extent.upperBound, 0))
    // Room for the figures above and below.
    let share = 21 / Double(height.rawValue)
    let margin = high > low ? (high - low) * share : 0.5
    var frame = ChartFrame(
      title: title, subtitle: subtitle, summary: summary, height: height,
      legend: groups.count < 2
        ? []
        : groups.enumerated().map { i, group in
          LegendEntry(name: group.name, mark: .area, style: style(i))
        },
      xScale: ChartScale(0...Double(max(categories.count, 1))),
      // Where all bars hang from the top, zero is not written against what is above the chart.
      yScale: ChartScale(
        (low < 0 ? low - margin : 0)...(high > 0 || low == 0 ? high + margin : (0 - low) * 0.06)),
      xTitle: xTitle, yTitle: yTitle)
    let count = [.short: 3, .medium: 5, .tall: 7][height] ?? 5
    frame.placeYTicks(AxisTicks.linear(frame.yScale.range, count: count, unit: unit))
    placeNames(in: &frame)
    placeFigures(in: &frame)
    return frame
  }

  /// The names below the bars: shortened, on several lines or upright where they do not fit.
  private func placeNames(in frame: inout ChartFrame) {
    func place(_ ticks: [AxisTick]) -> Bool {
      frame.placeXTicks(ticks)
      return frame.xTicks.count == ticks.count
        && !frame.xTicks.contains { $0.isOptional || $0.isForWidePages }
    }
    let names = categories.enumerated().map { AxisTick(value: Double($0) + 0.5, label: $1) }
    guard !place(shortNames.isEmpty ? names : shortNames) else { return }
    if shortNames.isEmpty, categories.count <= 8 || showsEveryName {
      frame.xTicks = []
      frame.xCategories = categories
      frame.hasUprightCategories = categories.count > 8
    } else if categories.allSatisfy({ $0.count == 4 && $0.allSatisfy(\.isNumber) }) {
      // Years after the first need two digits.
      _ = place(
        names.enumerated().map { i, tick in
          AxisTick(value: tick.value, label: i == 0 ? tick.label : "’\(tick.label.suffix(2))")
        })
    }
  }

  /// The figures of a few bars of one colour, above or below them.
  private func placeFigures(in frame: inout ChartFrame) {
    guard groups.count == 1, (1...10).contains(categories.count) else {
      return placeExtremes(in: &frame)
    }
    let share = 0.9 / Double(categories.count)
    let isOptional = !groups[0].values.allSatisfy {
      LabelThinning.fits(format.text($0), across: share, isNarrow: true)
    }
    for (i, value) in groups[0].values.enumerated() where value.isFinite {
      let text = format.text(value)
      guard LabelThinning.fits(text, across: share) else { return }
      frame.pointLabels.append(
        PointLabel(
          x: (Double(i) + 0.5) / Double(categories.count), y: frame.yScale.position(value),
          text: text, isAbove: value >= 0, isCentred: true, isOptional: isOptional))
    }
  }

  /// The figures of the longest bar upwards and of the longest downwards.
  private func placeExtremes(in frame: inout ChartFrame) {
    let bars = placedBars()
    guard let highest = bars.max(by: { $0.to < $1.to }),
      let lowest = bars.min(by: { $0.to < $1.to })
    else { return }
    for (bar, isAbove) in [(highest, true), (lowest, false)] {
      guard isAbove ? bar.to > 0 : bar.to < 0 else { continue }
      frame.pointLabels.append(
        PointLabel(
          x: (Double(bar.category) + (bar.left + bar.right) / 2) / Double(categories.count),
          y: frame.yScale.position(bar.to), text: format.text(bar.to), isAbove: isAbove))
    }
  }

  private var summary: String {
    groups.map { group in
      let values = zip(categories, group.values).map { "\($0) \(format.text($1))" }
      return "\(group.name): \(values.joined(separator: ", "))."
    }.joined(separator: " ")
  }
}

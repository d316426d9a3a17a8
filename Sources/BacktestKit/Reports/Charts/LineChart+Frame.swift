import BacktestCore

extension LineChart {
  /// The class of a line: the benchmark is grey in every chart, others take the colours in turn.
  func lineStyle(_ i: Int) -> StaticString {
    if let style = series[i].style { return style }
    if series[i].isBenchmark { return ChartStyle.benchmark }
    return ChartStyle.line(series[..<i].count { !$0.isBenchmark })
  }

  /// The class of a set of dots.
  func markerStyle(_ i: Int) -> StaticString {
    ChartStyle.line(series.count { !$0.isBenchmark } + i)
  }

  /// The names of the shades, each once.
  var bandNames: [String] {
    var names: [String] = []
    for band in bands where !names.contains(band.name) { names.append(band.name) }
    return names
  }

  func frame() -> ChartFrame? {
    let lineExtents = series.map { ChartScale.extent(of: $0.y) }
    let extents =
      lineExtents + background.map { ChartScale.extent(of: $0.y) }
      + markers.map { ChartScale.extent(of: $0.values) }
      + ranges.flatMap { [ChartScale.extent(of: $0.lower), ChartScale.extent(of: $0.upper)] }
    guard
      var yExtent = ChartScale.extent(
        of: extents.flatMap { [$0?.lowerBound, $0?.upperBound] }
          .compactMap(\.self)),
      let xExtent = ChartScale.extent(
        of: (series + background).flatMap { line in
          ChartScale.extent(of: line.x).map { [$0.lowerBound, $0.upperBound] } ?? []
        })
    else { return nil }
    let isLog = isLogarithmic && yExtent.lowerBound > 0
    if let baseline, baseline > 0 || !isLog {
      yExtent = min(yExtent.lowerBound, baseline)...max(yExtent.upperBound, baseline)
    }
    var frame = ChartFrame(
      title: title, subtitle: subtitle,
      summary: summary
        ?? (zip(series, lineExtents).map { $0.spoken(as: format, extent: $1) }
        + (markers.isEmpty ? [] : ["Marked: \(markers.map(\.name).joined(separator: ", "))."]))
        .joined(separator: " "),
      height: height,
      legend: legend, xScale: ChartScale(xRange(xExtent)),
      yScale: ChartScale(yRange(yExtent, isLog: isLog), isLogarithmic: isLog),
      xTitle: xTitle, yTitle: yTitle.map { isLog ? $0 + ", log scale" : $0 })
    placeTicks(in: &frame)
    placeBandLabels(in: &frame)
    placeValues(in: &frame, ownExtent: lineExtents.first ?? nil)
    return frame
  }

  private var format: NumberFormat {
    switch unit {
    case .percent: .percent(decimals: 1)
    case .plain: .ratio
    case .count: .integer
    }
  }

  /// The y axis, with room for what is written above the highest and below the lowest point.
  private func yRange(_ extent: ClosedRange<Double>, isLog: Bool) -> ClosedRange<Double> {
    if !yPlaces.isEmpty { return -0.5...max(Double(yPlaces.count) - 0.5, 0.5) }
    let pixels = Double(height.rawValue)
    let above =
      (extremes == .highest || extremes == .both ? 20 / pixels : 0)
      + (bands.contains { $0.label != nil } ? 24 / pixels : 0)
    let below = extremes == .lowest || extremes == .both ? 20 / pixels : 0
    let padded = ChartScale.padded(extent, by: 0.04, isLogarithmic: isLog)
    // Of the whole height a share is taken by the labels, and the rest holds the values.
    let high = ChartScale.padded(
      padded, by: above / (1 - above - below), isLogarithmic: isLog
    ).upperBound
    let low = ChartScale.padded(
      padded, by: below / (1 - above - below), isLogarithmic: isLog
    ).lowerBound
    // What is filled down or up to zero begins exactly there.
    if isFilled, extent.upperBound <= 0 { return low...0 }
    if isFilled, extent.lowerBound >= 0 { return 0...high }
    return low...high
  }

  /// The x axis ends with the data; a single time gets a day around it.
  private func xRange(_ extent: ClosedRange<Double>) -> ClosedRange<Double> {
    if case .places(let names) = xAxis { return -0.5...max(Double(names.count) - 0.5, 0.5) }
    if extent.lowerBound < extent.upperBound { return extent }
    guard case .time = xAxis else { return ChartScale.padded(extent, by: 0.5) }
    return extent.lowerBound - 43_200...extent.upperBound + 43_200
  }

  private func placeTicks(in frame: inout ChartFrame) {
    let count = [.short: 3, .medium: 5, .tall: 7][height] ?? 5
    if yPlaces.isEmpty {
      frame.placeYTicks(
        frame.yScale.isLogarithmic
          ? AxisTicks.logarithmic(frame.yScale.range, count: count + 1, unit: unit)
          : AxisTicks.linear(frame.yScale.range, count: count, unit: unit))
    } else {
      frame.placeYTicks(
        yPlaces.enumerated().map { AxisTick(value: Double($0), label: $1, isMajor: true) })
    }
    switch xAxis {
    case .time:
      frame.placeXTicks(
        sessionTicks(frame.xScale.range) ?? TimeTicks.ticks(frame.xScale.range, count: 12))
    case .sessions(let axis): frame.placeXTicks(axis.ticks(count: 12))
    case .number(let unit):
      frame.placeXTicks(AxisTicks.linear(frame.xScale.range, count: 10, unit: unit))
    case .places(let names):
      frame.placeXTicks(
        names.enumerated().map { AxisTick(value: Double($0), label: $1, isMajor: true) })
    }
  }

  /// A tick at each of a few sessions, between which there is nothing; `nil` for a longer time, or
  /// for several points a session.
  private func sessionTicks(_ range: ClosedRange<Double>) -> [AxisTick]? {
    let places = series.flatMap { $0.x.prefix(20) }.filter { range.contains($0) }
    let days = Set(places).sorted()
    guard let first = days.first, let last = days.last, last - first <= 10 * 86_400,
      series.allSatisfy({ $0.x.count <= 11 }), days.count <= 11,
      zip(days, days.dropFirst()).allSatisfy({ $1 - $0 > 43_200 })
    else { return nil }
    return days.enumerated().map { i, x in TimeTicks.day(at: x, isFirst: i == 0) }
  }

  private func placeBandLabels(in frame: inout ChartFrame) {
    let labels = bands.compactMap { band -> PlacedLabel? in
      guard let text = band.label else { return nil }
      let from = frame.xScale.position(axisValue(of: band.from))
      let to = frame.xScale.position(axisValue(of: band.to))
      // A label wider than its range would seem to belong to the next one too; a number does not.
      guard to > 0, from < 1, text.count <= 2 || LabelThinning.fits(text, across: to - from)
      else { return nil }
      return PlacedLabel(position: (max(from, 0) + min(to, 1)) / 2, text: text)
    }
    frame.bandLabels = LabelThinning.apart(labels).sorted { $0.position < $1.position }
  }

  /// The values at the ends of the lines and at the extremes of the first.
  private func placeValues(in frame: inout ChartFrame, ownExtent: ClosedRange<Double>?) {
    guard yPlaces.isEmpty else { return }
    let range = frame.yScale.range
    let magnitude =
      frame.yScale.isLogarithmic ? AxisMagnitude.logarithmic(range) : AxisMagnitude(range)
    let text = { (value: Double) in
      unit != .plain
        ? format.text(value)
        : (magnitude ?? AxisMagnitude(value)).short(value)
    }
    if showsEnds {
      frame.placeEndLabels(
        series.enumerated().compactMap { i, line in
          guard let last = line.y.lastIndex(where: \.isFinite) else { return nil }
          // A line that ends before the chart does has no value at its right edge.
          guard frame.xScale.position(line.x[last]) > 0.99 else { return nil }
          return EndLabel(
            position: min(max(frame.yScale.position(line.y[last]), 0), 1),
            text: text(line.y[last]), name: namesEnds ? line.name : "",
            isOwn: i == 0)
        })
    }
    guard let line = series.first, let extent = ownExtent,
      extent.lowerBound < extent.upperBound
    else { return }
    func add(_ value: Double, isAbove: Bool) {
      guard let row = line.y.firstIndex(of: value) else { return }
      frame.pointLabels.append(
        PointLabel(
          x: frame.xScale.position(line.x[row]), y: frame.yScale.position(value),
          text: text(value) + (moment(at: line.x[row]).map { " on \($0)" } ?? ""), isAbove: isAbove)
      )
    }
    if extremes == .highest || extremes == .both { add(extent.upperBound, isAbove: true) }
    if extremes == .lowest || extremes == .both { add(extent.lowerBound, isAbove: false) }
  }

  /// The date at a place of the x axis, with the time of day where that tells bars apart.
  private func moment(at x: Double) -> String? {
    switch xAxis {
    case .time: CivilDate(daysSinceEpoch: Int((x / 86_400).rounded(.down))).description
    case .sessions(let axis): axis.hasTimesOfDay ? axis.text(at: x) : axis.date(at: x)?.description
    case .number, .places: nil
    }
  }

  private var legend: [LegendEntry] {
    let lines = series.enumerated().map { i, line in
      LegendEntry(name: line.name, mark: .line, style: lineStyle(i))
    }
    let dots = markers.enumerated().map { i, set in
      LegendEntry(
        name: set.name, mark: [.dot: .dot, .ring: .ring, .tick: .tick][set.shape] ?? .dot,
        style: markerStyle(i))
    }
    let areas =
      ranges.enumerated().map { i, range in
        LegendEntry(name: range.name, mark: .area, style: ChartStyle.range(i))
      }
      + bandNames.enumerated().map { i, name in
        LegendEntry(name: name, mark: .area, style: ChartStyle.band(i))
      }
    let others = backgroundName.map {
      [LegendEntry(name: $0, mark: .line, style: ChartStyle.benchmark)]
    }
    // One line alone is what the title says.
    return series.count == 1 && dots.isEmpty && areas.isEmpty && others == nil
      ? [] : lines + (others ?? []) + dots + areas
  }
}

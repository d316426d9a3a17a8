import BacktestCore

extension ChartFrame {
  /// Writes the chart as an HTML figure; `marks` is the inside of the drawing.
  func writeFigure(marks: MarkupWriter, to writer: inout MarkupWriter) {
    writer.element("figure", ["class": isSquare ? "chart sq" : "chart", "style": plotStyle]) {
      writer in
      writer.element("figcaption") { writer in
        writer.element("strong", text: title)
        if let subtitle { writer.element("span", text: subtitle) }
      }
      writeLegend(to: &writer)
      if let yTitle { writer.element("p", ["class": "ytitle"], text: yTitle) }
      writer.element("div", ["class": "plot"]) { writer in
        writeYLabels(to: &writer)
        writer.element("div", ["class": "area"]) { writer in
          writeDrawing(marks: marks, to: &writer)
          writeBandLabels(to: &writer)
          writePointLabels(to: &writer)
        }
        writeEndLabels(to: &writer)
        writeXLabels(to: &writer)
      }
      if let xTitle { writer.element("p", ["class": "xtitle"], text: xTitle) }
    }
  }

  /// The room for the labels of the y axis: the same for most charts, so that charts one above the
  /// other share their x axis to the eye.
  private var plotStyle: String {
    let longest = yTicks.map(\.text.count).max() ?? 0
    let end = endLabels.map(\.fullText.count).max() ?? 0
    let narrow = endLabels.map(\.text.count).max() ?? 0
    let right =
      end == 0 ? "" : ";--r:\(end + 2)ch" + (narrow < end ? ";--q:\(narrow + 2)ch" : "")
    return "--y:\(max(longest, 5) + 1)ch;--h:\(height.rawValue)px\(right)"
  }

  private func writeLegend(to writer: inout MarkupWriter) {
    guard !legend.isEmpty else { return }
    writer.element("ul", ["class": "legend"]) { writer in
      for entry in legend {
        writer.element("li") { writer in
          let mark =
            switch entry.mark {
            case .line: "k "
            case .area: "k ka "
            case .dot: "k kd "
            case .ring: "k kr "
            case .tick: "k kt "
            case .dashed: "k kx "
            }
          writer.element("i", ["class": mark + "\(entry.style)"], text: "")
          writer.text(entry.name)
        }
      }
    }
  }

  private func writeDrawing(marks: MarkupWriter, to writer: inout MarkupWriter) {
    let frame: KeyValuePairs<StaticString, String> = [
      "viewBox": "0 0 \(ChartFrame.width) \(ChartFrame.height)", "preserveAspectRatio": "none",
      "role": "img",
    ]
    writer.element("svg", frame) { writer in
      writer.element("title", text: title)
      writer.element("desc", text: summary)
      writer.append(marks)
    }
  }

  private func writeYLabels(to writer: inout MarkupWriter) {
    writer.element("div", ["class": "ylab", "aria-hidden": "true"]) { writer in
      for tick in yTicks {
        let top = NumberFormat.markup(100 - tick.position * 100, decimals: 2)
        writer.element("span", ["style": "top:\(top)%"], text: tick.text)
      }
    }
  }

  /// Names whose longest word does not fit stand upright on a narrow page.
  private var categoryClass: String {
    if hasUprightCategories { return "xlab cats up" }
    let words = xCategories.flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "-" }) }
    let share = 1 / Double(max(xCategories.count, 1))
    let fits = words.allSatisfy { LabelThinning.fits($0 + ".", across: share, isNarrow: true) }
    return fits ? "xlab cats" : "xlab cats many"
  }

  private func writeXLabels(to writer: inout MarkupWriter) {
    if !xCategories.isEmpty {
      let style: KeyValuePairs<StaticString, String> = [
        "class": categoryClass, "style": "--n:\(xCategories.count)", "aria-hidden": "true",
      ]
      writer.element("div", style) { writer in
        for name in xCategories { writer.element("span", text: name) }
      }
    }
    guard !xTicks.isEmpty else { return }
    writer.element("div", ["class": "xlab", "aria-hidden": "true"]) { writer in
      for tick in xTicks { writeAcross(tick, to: &writer) }
    }
  }

  private func writeBandLabels(to writer: inout MarkupWriter) {
    guard !bandLabels.isEmpty else { return }
    writer.element("div", ["class": "bandlab", "aria-hidden": "true"]) { writer in
      for label in bandLabels { writeAcross(label, to: &writer) }
    }
  }

  private func writeEndLabels(to writer: inout MarkupWriter) {
    guard !endLabels.isEmpty else { return }
    writer.element("div", ["class": "endlab", "aria-hidden": "true"]) { writer in
      for label in endLabels {
        let top = NumberFormat.markup(100 - label.position * 100, decimals: 2)
        let attributes: KeyValuePairs<StaticString, String> =
          label.isOwn ? ["class": "own", "style": "top:\(top)%"] : ["style": "top:\(top)%"]
        writer.element("span", attributes) { writer in
          if !label.name.isEmpty { writer.element("i", ["class": "o"], text: label.name + " ") }
          writer.text(label.text)
        }
      }
    }
  }

  private func writePointLabels(to writer: inout MarkupWriter) {
    guard !pointLabels.isEmpty else { return }
    writer.element("div", ["class": "pointlab", "aria-hidden": "true"]) { writer in
      for label in pointLabels {
        let left = NumberFormat.markup(label.x * 100, decimals: 2)
        let top = NumberFormat.markup(100 - label.y * 100, decimals: 2)
        let level = label.isInside ? "m" : label.isBeside ? "b" : label.isAbove ? "u" : "d"
        let side =
          label.isBeside || label.isCentred || label.isInside
          ? "" : label.x < 0.3 ? " l" : label.x > 0.7 ? " r" : ""
        writer.element(
          "span",
          [
            "class": level + side + (label.isOptional ? " o" : ""),
            "style": "left:\(left)%;top:\(top)%",
          ], text: label.text)
      }
    }
  }

  private func writeAcross(_ label: PlacedLabel, to writer: inout MarkupWriter) {
    let left = "left:\(NumberFormat.markup(label.position * 100, decimals: 2))%"
    if label.isOptional {
      let style = label.isForWidePages ? "p" : "o"
      writer.element("span", ["class": style, "style": left], text: label.text)
    } else {
      writer.element("span", ["style": left], text: label.text)
    }
  }
}

extension MarkupWriter {
  /// Writes a path with its class and, beside it, the class that colours it; `title` is shown when
  /// the reader points at it.
  mutating func path(
    _ data: PathData, _ style: StaticString, _ colour: StaticString? = nil, title: String? = nil
  ) {
    guard !data.bytes.isEmpty else { return }
    markup("<path class=\"")
    markup(style)
    if let colour {
      markup(" ")
      markup(colour)
    }
    markup("\" d=\"")
    append(pathCommands: data.bytes)
    guard let title else {
      markup("\"/>")
      return
    }
    markup("\"><title>")
    text(title)
    markup("</title></path>")
  }

  /// Writes the line of a series, which charts beside this one may draw again.
  mutating func line(_ data: PathData, _ style: StaticString) {
    let start = bytes.count
    path(data, style)
    if data.bytes.count > Self.longPathLength { noteLongPath(from: start) }
  }

  /// From how many bytes on a line is worth a reference where it comes again.
  private static let longPathLength = 200

  /// Writes marks of one look, each with what is shown when the reader points at it.
  mutating func titledPaths(
    _ style: StaticString, _ colour: StaticString? = nil, _ marks: [(data: PathData, title: String)]
  ) {
    guard !marks.isEmpty else { return }
    markup("<g class=\"")
    markup(style)
    if let colour {
      markup(" ")
      markup(colour)
    }
    markup("\">")
    for mark in marks {
      markup("<path d=\"")
      append(pathCommands: mark.data.bytes)
      markup("\"><title>")
      text(mark.title)
      markup("</title></path>")
    }
    markup("</g>")
  }

  /// Writes horizontal grid lines, and vertical ones where asked for.
  mutating func grid(of frame: ChartFrame, isVertical: Bool = false) {
    var data = PathData()
    for tick in frame.yTicks {
      let y = Int(((1 - tick.position) * Double(ChartFrame.height)).rounded())
      data.polyline([DrawingPoint(x: 0, y: y), DrawingPoint(x: ChartFrame.width, y: y)])
    }
    if isVertical {
      for tick in frame.xTicks {
        let x = Int((tick.position * Double(ChartFrame.width)).rounded())
        data.polyline([DrawingPoint(x: x, y: 0), DrawingPoint(x: x, y: ChartFrame.height)])
      }
    }
    path(data, "grid")
  }

  /// Writes a horizontal line across the drawing.
  mutating func horizontal(_ value: Double, in frame: ChartFrame, _ style: StaticString) {
    guard frame.yScale.range.contains(value) else { return }
    let y = frame.row(value)
    var data = PathData()
    data.polyline([DrawingPoint(x: 0, y: y), DrawingPoint(x: ChartFrame.width, y: y)])
    path(data, style)
  }

  /// Writes a vertical line across the drawing.
  mutating func vertical(_ value: Double, in frame: ChartFrame, _ style: StaticString) {
    guard frame.xScale.range.contains(value) else { return }
    let x = frame.column(value)
    var data = PathData()
    data.polyline([DrawingPoint(x: x, y: 0), DrawingPoint(x: x, y: ChartFrame.height)])
    path(data, style)
  }
}

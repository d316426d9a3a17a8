/// A chart that is ready to be shown: its frame and the marks inside it. The charts of the kit make
/// it.
public struct ChartDrawing: Sendable {
  var frame: ChartFrame
  var marks: MarkupWriter

  /// The chart as a separate SVG file, 960 pixels wide, with its title, legend and labels.
  func svg() -> [UInt8] {
    let layout = ImageLayout(frame: frame)
    var writer = MarkupWriter()
    let attributes: KeyValuePairs<StaticString, String> = [
      "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(ImageLayout.width) \(layout.height)",
      "role": "img",
    ]
    writer.element("svg", attributes) { writer in
      writer.element("title", text: frame.title)
      writer.element("desc", text: frame.summary)
      writer.imageStyle()
      writeTexts(layout, to: &writer)
      writeLegend(layout, to: &writer)
      let area: KeyValuePairs<StaticString, String> = [
        "x": "\(layout.left)", "y": "\(layout.top)", "width": "\(layout.plotWidth)",
        "height": "\(frame.height.rawValue)", "preserveAspectRatio": "none",
        "viewBox": "0 0 \(ChartFrame.width) \(ChartFrame.height)", "overflow": "visible",
      ]
      writer.element("svg", area) { $0.append(marks) }
      writeLabels(layout, to: &writer)
    }
    writer.markup("\n")
    return writer.bytes
  }

  private func writeTexts(_ layout: ImageLayout, to writer: inout MarkupWriter) {
    writer.svgText(frame.title, x: ImageLayout.margin, y: 32, "title")
    if let subtitle = frame.subtitle {
      writer.svgText(subtitle, x: ImageLayout.margin, y: 53, "subtitle")
    }
    if let yTitle = frame.yTitle {
      writer.svgText(yTitle, x: ImageLayout.margin, y: layout.top - 12, "axis-title")
    }
    if let xTitle = frame.xTitle {
      let right = layout.left + layout.plotWidth
      writer.svgText(xTitle, x: right, y: layout.bottom + 40, "end")
    }
  }

  private func writeLegend(_ layout: ImageLayout, to writer: inout MarkupWriter) {
    for (entry, place) in zip(frame.legend, layout.legend) {
      let middle = place.y - 4
      var data = PathData()
      switch entry.mark {
      case .line, .dashed:
        data.polyline([
          DrawingPoint(x: place.x, y: middle), DrawingPoint(x: place.x + 18, y: middle),
        ])
        writer.path(data, entry.mark == .line ? "key" : "dash", entry.style)
      case .area:
        data.rectangle(
          DrawingPoint(x: place.x + 3, y: middle - 6), DrawingPoint(x: place.x + 15, y: middle + 6))
        writer.path(data, "area", entry.style)
      case .tick:
        data.tick(at: DrawingPoint(x: place.x + 9, y: middle), height: 12)
        writer.path(data, "key", entry.style)
      case .dot, .ring:
        data.dot(at: DrawingPoint(x: place.x + 9, y: middle))
        writer.path(data, "dot", entry.style)
        if entry.mark == .ring { writer.path(data, "dot hole") }
      }
      writer.svgText(entry.name, x: place.x + 26, y: place.y, "name")
    }
  }

  private func writeLabels(_ layout: ImageLayout, to writer: inout MarkupWriter) {
    let height = Double(frame.height.rawValue)
    for tick in frame.yTicks {
      let y = layout.top + Int(((1 - tick.position) * height).rounded()) + 4
      writer.svgText(tick.text, x: layout.left - 9, y: y, "end")
    }
    for tick in frame.xTicks {
      let x = layout.left + Int((tick.position * Double(layout.plotWidth)).rounded())
      writer.svgText(tick.text, x: x, y: layout.bottom + 21, "middle")
    }
    let slot = Double(layout.plotWidth) / Double(max(frame.xCategories.count, 1))
    for (i, name) in frame.xCategories.enumerated() {
      let room = max(Int(slot / 7.5), 2)
      let text = name.count <= room ? name : name.prefix(room - 1) + "…"
      let x = layout.left + Int((slot * (Double(i) + 0.5)).rounded())
      writer.svgText(text, x: x, y: layout.bottom + 21, "middle")
    }
    for label in frame.bandLabels {
      let x = layout.left + Int((label.position * Double(layout.plotWidth)).rounded())
      writer.svgText(label.text, x: x, y: layout.top + 15, "middle")
    }
    for label in frame.endLabels {
      let y = layout.top + Int(((1 - label.position) * height).rounded()) + 4
      let x = layout.left + layout.plotWidth + 8
      writer.svgText(label.fullText, x: x, y: y, label.isOwn ? "own" : "start")
    }
    for label in frame.pointLabels {
      let x = layout.left + Int((label.x * Double(layout.plotWidth)).rounded())
      let y = layout.top + Int(((1 - label.y) * height).rounded())
      if label.isInside {
        writer.svgText(label.text, x: x, y: y + 4, "inside")
      } else if label.isBeside {
        writer.svgText(label.text, x: x + 6, y: y + 4, "own")
      } else {
        let style: StaticString =
          label.isCentred
          ? "own middle" : label.x < 0.3 ? "own" : label.x > 0.7 ? "own end" : "own middle"
        writer.svgText(label.text, x: x, y: label.isAbove ? y - 8 : y + 17, style)
      }
    }
  }
}

/// The positions of the parts of a chart in a separate file, in pixels.
private struct ImageLayout {
  static let width = 960
  static let margin = 24

  let left: Int
  let top: Int
  let bottom: Int
  let height: Int
  let legend: [DrawingPoint]
  let plotWidth: Int

  init(frame: ChartFrame) {
    let longest = frame.yTicks.map(\.text.count).max() ?? 0
    left = ImageLayout.margin + max(longest, 5) * 7 + 12
    let end = frame.endLabels.map(\.fullText.count).max() ?? 0
    let room = ImageLayout.width - left - ImageLayout.margin - 12 - end * 7
    plotWidth = frame.isSquare ? min(frame.height.rawValue, room) : room
    let legendTop = frame.subtitle == nil ? 58 : 79
    legend = ImageLayout.flow(frame.legend, top: legendTop)
    let below = legend.last.map { $0.y + 6 } ?? (legendTop - 18)
    top = below + (frame.yTitle == nil ? 16 : 38)
    bottom = top + frame.height.rawValue
    height = bottom + (frame.xTitle == nil ? 40 : 58)
  }

  /// Entries of a legend side by side, going on in a new line where one is full.
  private static func flow(_ entries: [LegendEntry], top: Int) -> [DrawingPoint] {
    var place = DrawingPoint(x: margin, y: top)
    return entries.map { entry in
      let length = 26 + entry.name.count * 8
      if place.x > margin, place.x + length > width - margin {
        place = DrawingPoint(x: margin, y: place.y + 22)
      }
      defer { place.x += length + 18 }
      return place
    }
  }
}

extension MarkupWriter {
  /// The styles of a picture in a separate file.
  mutating func imageStyle() {
    markup("<style>")
    for part in [ReportStyleSheet.colours, ReportStyleSheet.image, ReportStyleSheet.marks] {
      markup(part)
      markup("\n")
    }
    markup("</style>")
  }

  /// Writes a text of a picture in a separate file.
  mutating func svgText(_ text: String, x: Int, y: Int, _ style: StaticString) {
    element("text", ["x": "\(x)", "y": "\(y)", "class": "\(style)"], text: text)
  }
}

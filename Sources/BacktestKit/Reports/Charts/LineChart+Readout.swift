import BacktestCore

extension LineChart {
  /// Invisible fields over the drawing, one for each month or a similar period, that show the
  /// values at its end when the reader points at them. They need no script.
  func drawReadouts(in frame: ChartFrame, to marks: inout MarkupWriter) {
    guard isOverTime, showsReadouts, let line = series.first, line.x.count > 1 else { return }
    var left = 0
    var fields: [(data: PathData, title: String)] = []
    for last in periodEnds(of: line.x) {
      let right = frame.column(line.x[last])
      guard right > left else { continue }
      var data = PathData()
      data.column(from: left, to: right)
      fields.append((data, readout(at: last, of: line)))
      left = right
    }
    marks.titledPaths("h", nil, fields)
  }

  /// The values of all lines at a row of the first.
  private func readout(at row: Int, of line: ChartSeries) -> String {
    let format: NumberFormat =
      unit == .percent ? .percent(decimals: 2) : abs(line.y[row]) >= 1_000 ? .integer : .ratio
    // Of one line alone the title of the chart says what it is.
    let isAlone = series.count == 1 && ranges.isEmpty
    let parts = series.compactMap { other -> String? in
      let value: Double
      if other.x.count == line.x.count {
        value = other.y[row]
      } else if let place = other.x.lastIndex(where: { $0 <= line.x[row] }) {
        value = other.y[place]
      } else {
        return nil
      }
      guard value.isFinite else { return nil }
      return isAlone ? format.text(value) : "\(other.name) \(format.text(value))"
    }
    let between = ranges.compactMap { range -> String? in
      guard let place = range.x.lastIndex(where: { $0 <= line.x[row] }),
        range.lower[place].isFinite, range.upper[place].isFinite
      else { return nil }
      return "\(range.name) \(format.text(range.lower[place])) to "
        + format.text(range.upper[place])
    }
    return ([label(at: line.x[row])] + parts + between).joined(separator: "\n")
  }

  private func label(at x: Double) -> String {
    if case .sessions(let axis) = xAxis { return axis.text(at: x) }
    return CivilDate(daysSinceEpoch: Int((x / 86_400).rounded(.down))).description
  }

  /// The last row of each period: days, weeks, months, quarters or years, whichever are the
  /// shortest that the limit allows.
  private func periodEnds(of x: [Double]) -> [Int] {
    if case .sessions = xAxis { return evenEnds(x.count) }
    let keys: [(CivilDate) -> Int] = [
      { $0.daysSinceEpoch }, { ($0.daysSinceEpoch + 3).flooredQuotient(by: 7).quotient },
      { Int($0.year) * 12 + Int($0.month) - 1 }, { Int($0.year) * 4 + (Int($0.month) - 1) / 3 },
      { Int($0.year) },
    ]
    guard let first = x.first, let last = x.last else { return [] }
    let (start, end) = (Self.date(first), Self.date(last))
    let key = keys.first { $0(end) - $0(start) < readoutLimit }
    guard let key else { return evenEnds(x.count) }
    var ends: [Int] = []
    // A whole day has one key, so the calendar is asked once a day only.
    var (day, current, lastRow) = (0.0..<0.0, Int?.none, 0)
    for row in x.indices {
      if !day.contains(x[row]) {
        guard x[row].isFinite else { continue }
        let today = (x[row] / 86_400).rounded(.down)
        let next = key(CivilDate(daysSinceEpoch: Int(today)))
        if let current, next != current { ends.append(lastRow) }
        (day, current) = (today * 86_400..<(today + 1) * 86_400, next)
      }
      lastRow = row
    }
    if current != nil { ends.append(lastRow) }
    return ends
  }

  private func evenEnds(_ count: Int) -> [Int] {
    let step = max(1, (count + readoutLimit - 1) / readoutLimit)
    return stride(from: min(step, count) - 1, to: count, by: step).map { $0 }
  }

  private static func date(_ seconds: Double) -> CivilDate {
    CivilDate(daysSinceEpoch: Int((seconds / 86_400).rounded(.down)))
  }
}

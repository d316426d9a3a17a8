@testable import BacktestCore
@testable import BacktestIngest
import TestSupport
import Testing

/// Both lanes must give the same bars, the same findings and the same errors.
struct CSVLaneTests {
  private enum Outcome: Equatable {
    case series([String])
    case error(String)
  }

  private func outcome(_ bytes: [UInt8], fast: Bool, _ options: CSVReadOptions) -> Outcome {
    var reader = CSVReader(options)
    reader.usesPlainRowParser = fast
    do throws(DataError) {
      let all = try reader.load(bytes: bytes, name: "random.csv")
      return .series(
        all.map { series in
          let rows = (0..<series.count).map { row in
            let bar = series[row]
            let bits = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(\.bitPattern)
            return "\(bar.openTime.nanoseconds) \(bar.closeTime.nanoseconds) \(bits)"
          }
          return "\(series.instrument.symbol) \(series.timeframe) \(rows) \(series.issues)"
        })
    } catch {
      return .error(error.description)
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func bothLanesAgreeOnRandomText(seed: UInt64) {
    var random = TestRandom(seed: seed)
    var read = 0
    for _ in 0..<120 {
      var options = CSVReadOptions()
      options.quality = random.below(3) == 0 ? .strict : .repair
      options.priceBasis = random.below(4) == 0 ? .adjusted : .raw
      if random.below(2) == 0 { options.calendar = PlainWeekdays() }
      let bytes = random.csvFile()
      let fast = outcome(bytes, fast: true, options)
      let slow = outcome(bytes, fast: false, options)
      #expect(fast == slow, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      if case .series = fast { read += 1 }
    }
    #expect(read > 20, "too few of the files can be read at all, seed \(seed)")
  }

  @Test func rowsAcrossWindowsAreWhole() throws {
    // More than two windows of text, with rows for libcsv at odd distances.
    var text = "time,note,open,high,low,close\n"
    var minute = 0
    while text.utf8.count < 2_300_000 {
      let stamp = Timestamp(seconds: 1_577_836_800 + Int64(minute) * 60)
      let note = minute % 977 == 0 ? "\"x,\n\"\"y\"" : "plain text of a row"
      text += "\(stamp),\(note),\(minute + 1).25,99999,0.5,\(minute + 2)\r\n"
      minute += 1
    }
    let bars = try csvSeries(text) { $0.quality = .repair }[0]
    #expect(bars.count == minute && bars.timeframe == .intraday(seconds: 60))
    #expect((0..<minute).allSatisfy { bars.open[$0] == Double($0) + 1.25 })
  }
}

extension TestRandom {
  /// A small file, mostly sound, with all that may stand in one.
  fileprivate mutating func csvFile() -> [UInt8] {
    let separator = pick([",", ",", ";", "\t", "|"])
    let ending = pick(["\n", "\n", "\r\n", "\r"])
    let hasSymbol = below(4) == 0
    let isDaily = below(2) == 0
    let isClean = below(3) > 0
    var names = ["date", "open", "high", "low", "close", "adj_close", "volume", "note"]
    if hasSymbol { names.insert("symbol", at: below(names.count)) }
    var text = below(4) == 0 ? "\u{FEFF}" : ""
    text += names.joined(separator: separator) + ending
    for row in 0..<below(20) {
      if below(8) == 0 { text += pick(["", " ", "\t"]) + (separator == "\t" ? "" : ending) }
      var fields: [String] = []
      let price = 100 + below(30)
      for name in names {
        fields.append(field(name, row: row, price: price, isDaily: isDaily, isClean: isClean))
      }
      if !isClean && below(15) == 0 { fields.removeLast() }
      text += fields.map { quoted($0, separator) }.joined(separator: separator)
      text += row == 19 && below(2) == 0 ? "" : ending
    }
    return Array(text.utf8)
  }

  private mutating func field(
    _ name: String, row: Int, price: Int, isDaily: Bool, isClean: Bool
  ) -> String {
    if !isClean && below(25) == 0 {
      return pick(["", "NaN", "x", "-1", "1e2", "0", "\"", "+5", "12345678901234567890", "0x1p3"])
    }
    switch name {
    case "date":
      let time = Timestamp(seconds: 1_577_836_800 + Int64(row) * (isDaily ? 86_400 : 900))
      let full = time.description
      if isDaily { return String(full.prefix(10)) }
      return pick([full, String(full.dropLast()), full.replacing("T", with: " "), full])
    case "symbol": return pick(["A", "BB", "C D"])
    case "note": return pick(["", "plain", "two words", "a,b;c", "line\nbreak", "ä\u{1F600}"])
    case "high": return "\(price + 10).5"
    case "low": return "\(price - 10).25"
    case "volume": return pick(["10", "1e3", "250.5", "7"])
    default: return pick(["\(price)", "\(price).125", "\(price).1234567890123456789"])
    }
  }

  private mutating func quoted(_ field: String, _ separator: String) -> String {
    let needed = field.contains(separator) || field.contains("\n") || field.contains("\"")
    guard needed || below(20) == 0 else {
      return below(40) == 0 ? " \(field) " : field
    }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}

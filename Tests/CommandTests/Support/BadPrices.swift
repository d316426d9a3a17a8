import TestSupport

/// Price files that no reader may accept, each with one fault.
struct BadPrices {
  private var random: TestRandom

  init(seed: UInt64) { random = TestRandom(seed: seed) }

  /// A file, and what is wrong with it.
  mutating func next() -> (fault: String, bytes: [UInt8], ending: String) {
    let text = SampleStudy.prices(seed: random.next() % 1_000, days: 20 + random.below(40))
    switch random.below(8) {
    case 0: return whole(text)
    case 1: return columns(text)
    default: return row(text)
    }
  }

  /// The same text with another row, or another order of rows.
  private mutating func row(_ text: String) -> (fault: String, bytes: [UInt8], ending: String) {
    var lines = text.split(separator: "\n").map(String.init)
    let place = 2 + random.below(lines.count - 3)
    var fields = lines[place].split(separator: ",").map(String.init)
    let price = 1 + random.below(4)
    var fault: String
    switch random.below(10) {
    case 0:
      fields[price] = random.pick(["", "nan", "abc", "1 000", "--1", "0x10", "1e999", "1€2", "∞"])
      fault = "price \(fields[price])"
    case 1:
      fields[price] = random.pick([
        String(repeating: "9x", count: 500), "\u{1B}[31m5", "1\t2", "\r5",
      ])
      fault = "odd price"
    case 2:
      fields[price] = random.pick(["0", "-1", "-0.0", "-1e300"])
      fault = "price \(fields[price])"
    case 3:
      (fields[2], fields[3]) = ("10", "20")
      fault = "high below low"
    case 4:
      fields[random.pick([1, 4])] = "1e9"
      fault = "outside high and low"
    case 5:
      fields[0] = random.pick([
        "2011-02-30", "yesterday", "2011/99/01", "", "36586", "1499-01-01", "12.5",
        String(repeating: "2011-01-03", count: 100), "2011-01-03T25:00:00",
      ])
      fault = "time \(fields[0].prefix(20))"
    case 6:
      if random.below(2) == 0 {
        fields.removeLast(1 + random.below(3))
      } else {
        fields += ["1", "2"]
      }
      fault = "\(fields.count) fields"
    case 7:
      fields[6] = random.pick(["-1", "many", "inf", "-inf", "1e999"])
      fault = "volume \(fields[6])"
    case 8:
      lines.insert(lines[random.below(2) == 0 ? place : 1], at: place + 1)
      fault = "a row twice"
    default:
      fields[price] = random.pick(["\"5", "5\"5", "\"5\"5", "5\u{0}"])
      fault = "quotes or NUL"
    }
    if fault != "a row twice" { lines[place] = fields.joined(separator: ",") }
    return (fault, Array((lines.joined(separator: "\n") + "\n").utf8), "csv")
  }

  /// The same rows under another header.
  private mutating func columns(_ text: String) -> (fault: String, bytes: [UInt8], ending: String) {
    var lines = text.split(separator: "\n").map(String.init)
    var names = lines[0].split(separator: ",").map(String.init)
    var column = random.below(5)
    switch random.below(4) {
    case 0: names[column] = random.pick(["x", "", "  ", "\u{1B}[2J", "clos", "price", "日付"])
    case 1: names[column] = String(repeating: "long name ", count: 60)
    case 2:
      if column == 0 { column = 6 }
      names[column == 1 ? 2 : 1] = names[column]
    default: names = (0..<(200 + random.below(200))).map { "column \($0)" }
    }
    lines[0] = names.joined(separator: ",")
    return ("header", Array((lines.joined(separator: "\n") + "\n").utf8), "csv")
  }

  /// Something else altogether.
  private mutating func whole(_ text: String) -> (fault: String, bytes: [UInt8], ending: String) {
    let bytes = Array(text.utf8)
    switch random.below(9) {
    case 0: return ("empty", [], "csv")
    case 1: return ("blank", Array(repeating: random.pick([0x0A, 0x20, 0x0D]), count: 500), "csv")
    case 2: return ("header alone", Array(bytes.prefix { $0 != 0x0A }), "csv")
    case 3: return ("wide", [0xFF, 0xFE] + bytes.flatMap { [$0, 0] }, "csv")
    case 4: return ("cut gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + bytes.prefix(50), "csv.gz")
    case 5:
      return (
        "noise", (0..<(10 + random.below(2_000))).map { _ in UInt8(random.below(256)) }, "csv"
      )
    case 6: return ("page", Array("<!DOCTYPE html>\n<html><body>404, \(text)\n".utf8), "csv")
    case 7: return ("one line", Array(String(repeating: "date,", count: 300_000).utf8), "csv")
    default:
      let year = random.pick(["1650", "1777", "2250", "9999", "0000"])
      return ("year \(year)", Array(text.replacing("2011-", with: "\(year)-").utf8), "csv")
    }
  }
}

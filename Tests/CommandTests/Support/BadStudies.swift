import TestSupport
import Foundation

/// Studies that no reader may accept, each with one fault.
struct BadStudies {
  private var random: TestRandom

  init(seed: UInt64) { random = TestRandom(seed: seed) }

  /// What a key accepts, and values that it does not.
  private enum Kind {
    case text, word, date, number, whole, list, table
  }

  private static let keys: [(path: [String], kind: Kind)] = [
    (["name"], .text), (["data"], .table), (["data", "calendar"], .word),
    (["data", "timeframe"], .word), (["data", "resample"], .word), (["data", "price"], .word),
    (["data", "quality"], .word), (["data", "from"], .date), (["data", "to"], .date),
    (["data", "cache"], .text), (["data", "columns"], .table),
    (["data", "columns", "timestamps"], .word), (["data", "columns", "time-zone"], .word),
    (["data", "columns", "headers"], .list),
    (["account"], .table), (["account", "cash"], .number), (["account", "leverage"], .number),
    (["execution"], .table), (["execution", "fill"], .word), (["execution", "limit-fill"], .word),
    (["execution", "latency"], .word), (["execution", "participation"], .number),
    (["execution", "slippage"], .table), (["execution", "slippage", "basis-points"], .number),
    (["execution", "commission", "per-share"], .number), (["execution", "size-at"], .word),
    (["decide"], .word), (["warmup"], .whole), (["risk-free"], .number), (["seed"], .whole),
    (["strategy"], .table), (["strategy", "name"], .word),
    (["walk-forward"], .table), (["walk-forward", "train"], .number),
    (["walk-forward", "test"], .number), (["walk-forward", "objective"], .word),
    (["walk-forward", "boundary"], .word), (["walk-forward", "anchored"], .word),
    (["regimes"], .list), (["benchmark"], .table), (["benchmark", "symbol"], .text),
    (["output"], .table), (["output", "folder"], .text),
  ]

  /// A study in JSON or YAML, and what is wrong with it.
  mutating func next() -> (fault: String, text: String, ending: String) {
    if random.below(5) == 0 { return syntax() }
    var study = Self.sample
    let fault: String
    switch random.below(4) {
    case 0:
      let table = random.pick([[], ["data"], ["account"], ["execution"], ["strategy"]])
      let name = unknownName()
      Self.set(1, at: table + [name], in: &study)
      fault = "unknown key in \(table)"
    case 1:
      let path = random.pick([
        ["data"], ["strategy"], ["data", "calendar"], ["data", "files"], ["strategy", "name"],
        ["walk-forward", "train"], ["walk-forward", "test"],
      ])
      Self.set(nil, at: path, in: &study)
      fault = "no \(path)"
    default:
      let key = random.pick(Self.keys)
      Self.set(badValue(key.kind), at: key.path, in: &study)
      fault = "value of \(key.path)"
    }
    return (fault, Self.text(study), "json")
  }

  private mutating func unknownName() -> String {
    random.pick([
      "acount", "nmae", "slipage", "x", "", " ", "fill ", "\u{1B}[31m", "a\nb", "日本語",
      String(repeating: "long", count: 200), "data.calendar", "[0]",
    ])
  }

  private mutating func badValue(_ kind: Kind) -> Any {
    let long = String(repeating: "very long ", count: 200)
    let steering = "\u{1B}[31m\nnext line\u{7}"
    switch kind {
    case .text: return random.pick([5, true, [String](), ["a": 1], "", "a\u{0}b"] as [Any])
    case .word:
      return random.pick([5, true, ["x"], ["a": 1], "", "neext-open", long, steering] as [Any])
    case .date:
      return random.pick(["2011-02-30", "1.2.2011", 20_110_101, "", long, steering] as [Any])
    case .number:
      return random.pick([-5, "1,000", "10%", true, ["x"], ["a": 1], long, "1e400"] as [Any])
    case .whole: return random.pick([-1, 1.5, "x", true, ["x"], 1e30, long] as [Any])
    case .list: return random.pick(["bull-bear", 5, true, ["a": 1], [5], [long]] as [Any])
    case .table: return random.pick(["text", 5, true, ["item"], long] as [Any])
    }
  }

  /// Texts that are no document.
  private mutating func syntax() -> (fault: String, text: String, ending: String) {
    let text = SampleStudy.text
    let line = "\n" + random.pick(["account", "data", "strategy"])
    switch random.below(9) {
    case 0: return ("twice", text + "name: again\n", "yaml")
    case 1: return ("anchor", text.replacing("\naccount: {", with: "\naccount: &a {"), "yaml")
    case 2: return ("tag", text.replacing("name: Two", with: "name: !!str Two"), "yaml")
    case 3: return ("tab", text.replacing(line, with: "\n\t\(line.dropFirst())"), "yaml")
    case 4: return ("deep", String(repeating: "[", count: 100 + random.below(5_000)), "yaml")
    case 5: return ("bracket", text + "more: [1, 2\n", "yaml")
    case 6: return ("control", text + "name\u{1}: 5\n", "yaml")
    case 7:
      let json = Self.text(Self.sample)
      return ("cut", String(json.prefix(1 + random.below(json.count - 2))), "json")
    default:
      return ("scalar", random.pick(["", "5", "text", "[1, 2]", "null", "---\n---\n"]), "yaml")
    }
  }

  /// The sample study as a tree.
  private static var sample: [String: Any] {
    [
      "name": "Two shares", "account": ["cash": 100_000],
      "data": [
        "calendar": "weekdays", "files": [["path": "prices/a.csv", "symbol": "AAA"]],
      ] as [String: Any],
      "execution": ["slippage": ["basis-points": 2], "commission": ["per-share": 0.005]],
      "strategy": ["name": "buy-and-hold"], "walk-forward": ["train": 80, "test": 40],
    ]
  }

  private static func set(_ value: Any?, at path: [String], in table: inout [String: Any]) {
    guard path.count > 1 else {
      table[path[0]] = value
      return
    }
    var part = table[path[0]] as? [String: Any] ?? [:]
    set(value, at: Array(path.dropFirst()), in: &part)
    table[path[0]] = part
  }

  private static func text(_ study: [String: Any]) -> String {
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys]
    guard let data = try? JSONSerialization.data(withJSONObject: study, options: options) else {
      return ""
    }
    return String(decoding: data, as: UTF8.self)
  }
}

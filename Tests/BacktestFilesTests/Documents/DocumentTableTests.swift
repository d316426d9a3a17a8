@testable import BacktestCore
@testable import BacktestFiles
import Testing

/// A small schema with one of everything.
private struct Sketch: Equatable {
  enum Fill: String, CaseIterable { case nextOpen = "next-open", sameClose = "same-close" }

  struct Execution: Equatable {
    var commission: Double, slippage: Double?, fill: Fill
    init(_ table: inout DocumentTable) {
      commission = table.value("commission", .number(.notNegative))
      slippage = table.section("slippage") { $0.optional("basis-points", .number(.positive)) }
      fill = table.value("fill", .choice(), default: .nextOpen)
    }
  }

  var strategy: String, cash: Double, seed: Int, isQuiet: Bool, from: CivilDate?
  var symbols: [String], grid: [Double], execution: Execution, runs: [String], costs: [String]

  init(_ table: inout DocumentTable) {
    strategy = table.value("strategy", .text)
    cash = table.value("cash", .number(.positive), default: 100_000)
    seed = table.value("seed", .integer(.within(0...1000)), default: 1)
    isQuiet = table.value("quiet", .flag, default: false)
    from = table.optional("from", .date)
    symbols = table.list("symbols", of: .text)
    grid = table.optionalList("grid", of: .number(.fraction)) ?? []
    execution = table.section("execution", Execution.init)
    runs = table.sections("runs") { $0.value("name", .text) }
    costs = table.section("costs") { table in
      table.keys.map { name in
        table.section(name) { "\(name)=\($0.value("fee", .integer()))" }
      }
    }
    if cash > 1e9 { table.report("'cash' is more than the model is made for", at: "cash") }
  }
}

private func messages(_ text: String, set overrides: [String] = []) -> [String] {
  do throws(DocumentError) {
    _ = try sketch(text, set: overrides)
    return []
  } catch {
    return error.problems.map(\.description)
  }
}

private func sketch(_ text: String, set: [String] = []) throws(DocumentError) -> Sketch {
  var root = try DocumentReader.read(Array(text.utf8), name: "study.yaml", format: .yaml)
  for argument in set { root = try DocumentOverride(parsing: argument).applied(to: root) }
  return try root.decode(Sketch.init)
}

private let whole = """
  strategy: crossover
  cash: 1e6
  seed: 1e2
  quiet: true
  from: 2018-12-31
  symbols: [SPX, 'NO']
  grid: 0.5
  execution:
    commission: 1
    slippage: {basis-points: 2}
    fill: same-close
  runs:
    - name: first
    - name: second
  costs:
    SPX: {fee: 3}

  """

struct DocumentTableTests {
  @Test func aWholeStudyIsDecoded() throws {
    let study = try sketch(whole)
    #expect(study.cash == 1e6 && study.seed == 100 && study.isQuiet)
    #expect(study.from == CivilDate(year: 2018, month: 12, day: 31))
    #expect(study.symbols == ["SPX", "NO"] && study.grid == [0.5])
    #expect(study.execution.slippage == 2 && study.execution.fill == .sameClose)
    #expect(study.runs == ["first", "second"] && study.costs == ["SPX=3"])
  }

  @Test func absentAndNullKeysTakeTheirDefaults() throws {
    let study = try sketch(
      "strategy: x\nsymbols: SPX\ncash: null\nexecution: {commission: 0, slippage: }")
    #expect(study.cash == 100_000 && study.seed == 1 && !study.isQuiet && study.from == nil)
    #expect(study.symbols == ["SPX"] && study.grid.isEmpty && study.runs.isEmpty)
    #expect(study.execution.slippage == nil && study.execution.fill == .nextOpen)
  }

  @Test func everythingThatIsWrongIsSaidAtOnce() {
    let text = """
      strategy: 5
      cash: 1,000
      seed: 2000
      quiet: yes
      from: 2018-02-30
      symbols: [SPX, NO, true, 600519]
      grid: [0.5, 2, x]
      execution:
        comission: 3
        slippage: 4
        fill: next_open
      runs: all
      costs:
        SPX: {fee: 1.5}
      colour: blue
      """
    #expect(
      messages(text) == [
        "study.yaml:1:11: 'strategy' must be text, not the number 5; put it in quotes",
        "study.yaml:2:7: 'cash' must be a number above 0, not the text '1,000'; "
          + "write it without quotes and separators",
        "study.yaml:3:7: 'seed' must be a whole number from 0 to 1000, not the number 2000",
        "study.yaml:4:8: 'quiet' must be true or false, not the text 'yes'; write true",
        "study.yaml:5:7: 'from' must be a date such as 2018-12-31, not the text '2018-02-30'",
        "study.yaml:6:20: 'symbols[2]' must be text, not the boolean true; put it in quotes",
        "study.yaml:6:26: 'symbols[3]' must be text, not the number 600519; put it in quotes",
        "study.yaml:7:13: 'grid[1]' must be a number from 0 to 1, not the number 2",
        "study.yaml:7:16: 'grid[2]' must be a number from 0 to 1, not the text 'x'",
        "study.yaml:9:3: unknown key 'comission' in 'execution'; did you mean 'commission'?",
        "study.yaml:10:13: 'execution.slippage' must be a table (lines of 'key: value'), "
          + "not the number 4",
        "study.yaml:11:9: 'execution.fill' must be next-open or same-close, "
          + "not the text 'next_open'; did you mean 'next-open'?",
        "study.yaml:12:7: 'runs' must be a list of tables, not the text 'all'",
        "study.yaml:14:14: 'costs.SPX.fee' must be a whole number, not the number 1.5",
        "study.yaml:15:1: unknown key 'colour'; known are cash, seed, quiet, from, costs "
          + "and 5 more",
      ])
  }

  @Test func missingKeysAreNamedWithWhatTheyMustHold() {
    #expect(
      messages("cash: 5e9\nruns:\n  - {}\n") == [
        "study.yaml:1:1: key 'commission' is missing in 'execution'; "
          + "add it with a number of at least 0",
        "study.yaml:1:1: key 'strategy' is missing; add it with text",
        "study.yaml:1:1: key 'symbols' is missing; add it with a list, each item text",
        "study.yaml:1:7: 'cash' is more than the model is made for",
        "study.yaml:3:5: key 'name' is missing in 'runs[0]'; add it with text",
      ])
    #expect(
      messages("[1]") == [
        "study.yaml:1:1: the document must be a table (lines of 'key: value'), not a list of 1"
      ])
  }

  @Test func numbersMustBeFiniteAndWhole() {
    let base = "strategy: x\nsymbols: x\nexecution: {commission: 0}\n"
    #expect(messages(base + "cash: .nan")[0].contains("not the number .nan"))
    #expect(messages(base + "cash: 1e999")[0].contains("not the number 1e999"))
    #expect(messages(base + "cash: 5%")[0].hasSuffix("not the text '5%'; write it without %"))
    #expect(messages(base + "seed: 1.5")[0].contains("must be a whole number from 0 to 1000"))
    #expect(messages(base + "symbols2: x")[0].contains("unknown key 'symbols2'"))
  }

  @Test func hostileTextStaysHarmlessInMessages() {
    let base = "strategy: x\nsymbols: x\nexecution: {commission: 0}\n"
    #expect(messages(base + "costs: {\"a\\nb\": 1}")[0].contains("'costs.a\\nb' must be a table"))
    let key = String(repeating: "k", count: 5_000)
    #expect(
      messages(base + "\"\\e[31m\\n\\u202E\": 1")[0].contains("'\\u{1b}[31m\\n\\u{202e}'"))
    #expect(messages(base + "? \(key)\n: 1")[0].utf8.count < 300)
    let many = (0..<1_000).map { "k\($0): 1\n" }.joined()
    let all = messages(base + many)
    #expect(all.count == 21 && all[0].contains("980 more unknown keys; remove them"))
    let wrong = messages(base + "grid: [\(String(repeating: "x, ", count: 10_000))x]")
    #expect(wrong.count == 101)
    #expect(wrong.last == "study.yaml: there may be more problems; fix these first")
  }
}

struct DocumentOverrideTests {
  @Test func valuesAreReplacedAndMade() throws {
    let study = try sketch(
      whole,
      set: [
        "cash=5", "execution.slippage.basis-points=7", "symbols[1]=QQQ", "symbols[2]='600519'",
        "runs=[{name: only}]", "costs.'BRK.B'={fee: 9}", "from=", "runs[0].name=renamed",
      ])
    #expect(study.cash == 5 && study.execution.slippage == 7 && study.from == nil)
    #expect(study.symbols == ["SPX", "QQQ", "600519"] && study.runs == ["renamed"])
    #expect(study.costs == ["SPX=3", "BRK.B=9"])
    let made = try sketch(
      "strategy: x\nsymbols: SPX\nexecution:",
      set: ["execution.commission=1", "execution.slippage.basis-points=2"])
    #expect(made.execution.commission == 1 && made.execution.slippage == 2)
  }

  @Test func problemsNameTheOption() {
    #expect(
      messages(whole, set: ["execution.comission=3", "cash=x"]) == [
        "--set cash=x: 'cash' must be a number above 0, not the text 'x'",
        "--set execution.comission=3: unknown key 'comission' in 'execution'; "
          + "did you mean 'commission'?",
      ])
  }

  @Test(arguments: [
    ("cash", "--set cash: write --set key.key=value, or key[0]=value for an item of a list"),
    ("=1", "--set =1: write --set key.key=value, or key[0]=value for an item of a list"),
    ("a..b=1", "--set a..b=1: write --set key.key=value, or key[0]=value for an item of a list"),
    ("a[x]=1", "--set a[x]=1: write --set key.key=value, or key[0]=value for an item of a list"),
    ("a[0=1", "--set a[0=1: write --set key.key=value, or key[0]=value for an item of a list"),
    (
      "cash.deep=1",
      "--set cash.deep=1: study.yaml:2:7 holds the number 1e6, which is not a table, "
        + "so it has no key 'deep'"
    ),
    ("cash[0]=1", "--set cash[0]=1: study.yaml:2:7 holds the number 1e6, which is not a list"),
    (
      "symbols[7]=1",
      "--set symbols[7]=1: 'symbols' has 2 items; write an index from 0 to 2"
    ),
    ("cash=[1", "--set cash=[1: the value: this is not valid YAML: "),
    ("cash=&a 1", "--set cash=&a 1: the value: anchors (&name) are not supported; "),
  ])
  func malformedOverridesAreRefused(argument: String, message: String) {
    let found = messages(whole, set: [argument])
    #expect(found.count == 1 && found[0].hasPrefix(message), "\(found)")
  }
}

struct NearestNameTests {
  @Test(arguments: [
    ("comission", "commission"), ("risk_free", "risk-free"), ("riskFree", "risk-free"),
    ("slipage", "slippage"), ("hcekc", nil), ("chekc", "check"), ("zzz", nil), ("", nil),
    ("c", nil),
  ])
  func slipsFindTheirName(word: String, name: String?) {
    let names = ["commission", "risk-free", "slippage", "check", "a"]
    #expect(NearestName.find(word, among: names) == name)
  }

  @Test func theFirstOfEquallyNearNamesWins() {
    #expect(NearestName.find("bat", among: ["cat", "hat"]) == "cat")
    #expect(NearestName.find("bat", among: ["hat", "cat"]) == "hat")
  }

  @Test func distancesAreThoseOfTheLiterature() {
    func distance(_ a: String, _ b: String) -> Int {
      NearestName.distance(Array(a.unicodeScalars), Array(b.unicodeScalars))
    }
    #expect(distance("kitten", "sitting") == 3 && distance("saturday", "sunday") == 3)
    #expect(distance("ca", "abc") == 3 && distance("teh", "the") == 1 && distance("", "ab") == 2)
  }
}

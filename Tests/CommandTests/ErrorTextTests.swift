import Testing

/// What a user reads when something is wrong, word by word, with the exit status.
struct ErrorTextTests {
  @Test func commandLine() throws {
    let folder = try SampleStudy.folder()
    var transcript = Transcript(in: folder)
    try transcript.run()
    try transcript.run("rnu")
    try transcript.run("--verison")
    try transcript.run("data", "chekc")
    try transcript.run("run")
    try transcript.run("run", "study.yaml", "--sett", "a=b")
    try transcript.run("run", "study.yaml", "--out")
    try transcript.run("run", "study.yaml", "--threads", "0")
    try transcript.run("run", "study.yaml", "--expect", "12ab")
    try transcript.run(
      "run", "study.yaml", "study.yaml", "--expect", "00000000000000000000000000000000")
    try transcript.run("regimes", "study.yaml", "--by", "bull-baer")
    try transcript.run("data", "check", "prices/a.csv", "--timeframe", "9000000000000000000h")
    try transcript.run("data", "check", "prices/a.csv", "--calendar", "XNYSE")
    try transcript.run("data", "check", "prices/a.csv", "--separator", ";;")
    try transcript.run("data", "import", "prices/a.csv")
    try transcript.run("strategies", "sma-crosover")
    try transcript.run("completion", "tcsh")
    try transcript.check("command-line-errors")
    #expect(folder.names() == ["prices", "study.yaml"])
  }

  @Test func overrides() throws {
    let folder = try SampleStudy.folder()
    var transcript = Transcript(in: folder)
    for override in [
      "foo", "=1", "execution.fill=next-opne", "data.files[7].path=x",
      "name.first=x", "acount.cash=1", "account.cash=1,000", "data.files[0].lot=0",
      "walk-forward.train=0y", "warmup=-1", "a..b=1", "execution.latency=9000000000h",
      "strategy.parameters.fast=0", "strategy.parameters.fst=3",
    ] {
      try transcript.run("run", "study.yaml", "--set", override)
    }
    try transcript.check("override-errors")
    #expect(!folder.exists("Reports"))
  }

  @Test func studies() throws {
    let folder = try SampleStudy.folder()
    try folder.write(brokenStudy, to: "broken.yaml")
    try folder.write("", to: "empty.yaml")
    try folder.write("name: [1, 2\nx", to: "syntax.yaml")
    try folder.write("{\"name\": \"x\",}", to: "syntax.json")
    try folder.write("{\"schema\": \"backtestkit.result/9\"}", to: "result.json")
    try folder.write([0x00, 0xFF, 0xFE, 0x80], to: "binary.yaml")
    try folder.write("", to: "file")
    try folder.write(
      SampleStudy.text.replacing("walk-forward:", with: "# walk-forward:")
        .replacing("  train: 80\n  test: 40\n  grid: {fast: [3, 5], slow: [10, 20]}\n", with: ""),
      to: "plain.yaml")
    var transcript = Transcript(in: folder)
    try transcript.run("run", "nowhere.yaml")
    try transcript.run("run", "prices")
    for name in ["broken.yaml", "empty.yaml", "syntax.yaml", "syntax.json", "result.json"] {
      try transcript.run("run", name)
    }
    try transcript.run("run", "binary.yaml")
    try transcript.run("walkforward", "plain.yaml")
    try transcript.run("run", "study.yaml", "--out", "file")
    try transcript.run("run", "study.yaml", "--out", "file/below")
    try transcript.run("run", "study.yaml", "--set", "data.files[0].path=prices/nowhere.csv")
    try transcript.run("run", "study.yaml", "--set", "data.files[0].symbol=AAA")
    try transcript.run("run", "study.yaml", "--set", "benchmark.symbol=CCC")
    try transcript.run("run", "study.yaml", "--set", "data.from=2031-01-01")
    try transcript.run("walkforward", "study.yaml", "--set", "walk-forward.train=3y")
    try transcript.check("study-errors")
  }

  @Test func prices() throws {
    let folder = try SampleStudy.folder()
    let header = "date,open,high,low,close,volume\n"
    let good = "2011-01-03,10,11,9,10,100\n"
    try folder.write(header + good + "2011-01-04,10,11,12,10,100\n", to: "low.csv")
    try folder.write(header + good + good, to: "twice.csv")
    try folder.write(header + good + "2011-01-04,10,11,9,ten,100\n", to: "text.csv")
    try folder.write(header + good + "2011-01-04,10,11", to: "cut.csv")
    try folder.write(header + good + "2011-01-04,10,\"11", to: "quote.csv")
    try folder.write(header + good + "2011-01-04,,11,9,10,100\n", to: "missing.csv")
    try folder.write(header + good + "2011-01-04,0,11,0,10,100\n", to: "zero.csv")
    try folder.write(header, to: "header.csv")
    try folder.write("", to: "empty.csv")
    try folder.write("date,price\n2011-01-03,1\n", to: "columns.csv")
    try folder.write([0x7F, 0x45, 0x4C, 0x46, 0, 0, 1, 2, 0xFF, 0xFE, 10, 0], to: "binary.csv")
    try folder.write(Array((header + good).utf8).flatMap { [$0, 0] }, to: "wide.csv")
    try folder.write([0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3, 0x4B], to: "cut.csv.gz")
    var transcript = Transcript(in: folder)
    for name in folder.names() where name.hasSuffix(".csv") || name.hasSuffix(".gz") {
      try transcript.run("data", "check", name)
    }
    try transcript.run("data", "check", "prices", "nowhere.csv", "prices/a.csv")
    try transcript.run("data", "info", "low.csv", "prices/a.csv")
    try transcript.run("data", "check", "low.csv", "--repair")
    try transcript.run("run", "study.yaml", "--set", "data.files[0].path=low.csv")
    try transcript.check("price-errors")
  }
}

/// A study in which nearly all is wrong.
private let brokenStudy = """
  nmae: Wrong in many ways
  data:
    calendar: XNYSE
    price: adjsted
    timeframe: 1x
    from: 2012-13-01
    files:
      - {path: prices/a.csv, symbl: AAA}
      - {path: prices/b.csv, tick: -1}
  account:
    cash: "100000"
    currency: 5
    levrage: 2
  execution:
    fill: next opn
    comission: {basis-points: 1}
    slippage: {basis-points: 1, half-spread: 1}
    participation: 20%
    gap-improvement: yes
  strategy:
    name: sma-crossover
    parameters: {fast: 50, slwo: 20}
  walk-forward:
    train: 3 years
    objective: sharp
    grid: {fast: []}
  regimes: [bull-bear, moon]
  benchmark: {}
  seed: -1

  """

import Testing

/// Every message is some lines of at most 300 characters, whatever was given.
struct MessageTests {
  private static let long = String(repeating: "x", count: 2_000)

  /// Overrides of the sample study, each of them wrong.
  private static let overrides = [
    "strategy.name=sma-crosover", "strategy.name=\(long)", "strategy.parameters.fsat=3",
    "strategy.parameters.fast=-1", "strategy.parameters.\(long)=1", "strategy.zzz=1",
    "walk-forward.grid.fsat=[3]", "walk-forward.grid.fast=[]", "walk-forward.grid.fast=[-1]",
    "walk-forward.skip=1e9", "walk-forward.test=9223372036854775807", "walk-forward.objective=foo",
    "walk-forward.train=9223372036854775807", "warmup=9223372036854775807", "zzzzzz=1",
    "data.zzzzz=1", "execution.zzzzz=1", "data.columns.separator=x", "data.columns.separator='|'",
    "data.columns.time-format=qq", "data.columns.time-format=yyyy/MM/dd",
    "data.files[0].path=\(long).csv", "data.files[0].path=\(long)", "benchmark.symbol=\(long)",
    "data.columns.close=\(long)", "execution={\(long): 1}", "regimes=[\(long)]", "\(long)=1",
    "\(long)", "strategy={policy: \(long)}", "strategy={command: [\(long)], manifest: \(long)}",
    "data.calendar=\(long)", "account.currency=\(long)", "seed=\(long)", "name=[\(long)]",
  ]

  private func check(_ ended: BuiltProgram.Ended, _ what: String) {
    #expect(ended.status == 2, "\(what.prefix(80)): \(ended.status)")
    for line in ended.errors.split(separator: "\n") {
      #expect(line.count <= 300, "\(what.prefix(80)): \(line.count) characters: \(line)")
    }
    #expect(!ended.errors.isEmpty && ended.output.isEmpty, "\(what.prefix(80))")
  }

  @Test func linesAreShort() throws {
    let folder = try SampleStudy.folder()
    let jobs = try Self.overrides.map { override in
      try BuiltProgram.start(["walkforward", "study.yaml", "-q", "--set", override], in: folder)
    }
    for (override, job) in zip(Self.overrides, jobs) { check(try job.finish(), override) }
    for words in [
      [Self.long], ["run", Self.long], ["run", "--\(Self.long)"], ["data", "check", Self.long],
      ["strategies", Self.long], ["run", "study.yaml", "--out", Self.long],
      ["policy", "verify", Self.long], ["policy", "inspect", Self.long],
      ["policy", "list", Self.long], ["data", "check", "study.yaml", "--separator", Self.long],
    ] {
      check(try BuiltProgram.run(words, in: folder), words.joined(separator: " "))
    }
    #expect(folder.names() == ["prices", "study.yaml"])
  }

  /// The wrong thing, and the first line about it without the path.
  @Test(arguments: [
    (
      "strategy.name=sma-crosover",
      "'strategy.name' must be a strategy of the catalogue, not the text 'sma-crosover'; did you "
        + "mean 'sma-crossover'?"
    ),
    (
      "strategy.parameters.fsat=3", "sma-crossover has no parameter 'fsat'; did you mean 'fast'?"
    ),
    (
      "walk-forward.grid.fsat=[3]", "sma-crossover has no parameter 'fsat'; did you mean 'fast'?"
    ),
    (
      "data.columns.separator=x",
      "'data.columns.separator' must be one character such as ';' that is no letter or digit, or "
        + "'tab', not the text 'x'"
    ),
    (
      "data.columns.time-format=yyyy/MM/dd",
      "'data.columns.time-format' does not fit prices/b.csv line 2: \"2011-01-03\" is not a time"
    ),
  ])
  func theFirstErrorIsTheOnlyOne(_ override: String, _ message: String) throws {
    let folder = try SampleStudy.folder()
    let ended = try BuiltProgram.run("walkforward", "study.yaml", "--set", override, in: folder)
    #expect(ended.errors == "bt-run walkforward: --set \(override): \(message)\n", "\(ended)")
  }

  @Test func aWarmupIsNotIgnored() throws {
    let folder = try SampleStudy.folder()
    for bars in ["30", "9223372036854775807"] {
      let ended = try BuiltProgram.run(
        "walkforward", "study.yaml", "--set", "warmup=\(bars)", in: folder)
      #expect(
        ended.status == 2 && ended.errors.contains("'warmup' is for a single run"), "\(ended)")
    }
    #expect(try BuiltProgram.run("run", "study.yaml", "--set", "warmup=30", in: folder).status == 0)
  }

  @Test func aByteOrderMarkIsNoPartOfAStudy() throws {
    let folder = try SampleStudy.folder()
    try folder.write([0xEF, 0xBB, 0xBF] + Array(SampleStudy.text.utf8), to: "marked.yaml")
    #expect(try BuiltProgram.run("run", "marked.yaml", "-q", in: folder).status == 0)
  }
}

import Testing

/// Every help screen, word by word.
struct HelpTextTests {
  @Test func helpScreens() throws {
    let folder = try WorkFolder()
    var transcript = Transcript(in: folder)
    try transcript.run("--help")
    for name in ["run", "walkforward", "regimes", "data", "strategies", "init", "completion"] {
      try transcript.run(name, "--help")
    }
    for name in ["check", "info", "import"] { try transcript.run("data", name, "--help") }
    try transcript.check("help")
    #expect(folder.names().isEmpty)
  }

  @Test func helpIsThereInEverySpelling() throws {
    let folder = try WorkFolder()
    let wanted = try BuiltProgram.run("run", "--help", in: folder)
    for words in [["run", "-h"], ["help", "run"], ["run", "study.yaml", "--help"]] {
      let ended = try BuiltProgram.run(words, in: folder)
      #expect(ended.output == wanted.output && ended.status == 0, "\(words)")
    }
  }

  @Test func strategiesAndVersion() throws {
    let folder = try WorkFolder()
    var transcript = Transcript(in: folder)
    try transcript.run("--version")
    try transcript.run("strategies")
    try transcript.run("strategies", "sma-crossover")
    try transcript.run("strategies", "momentum", "--json")
    try transcript.check("strategies")
  }
}

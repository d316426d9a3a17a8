import Foundation
import Glibc
import Testing

/// A signal ends whatever a command is doing: at once, with exit status 130, nothing written.
struct InterruptTests {
  private static func prices(_ bars: Int) -> String {
    var text = "time,open,high,low,close,volume\n"
    for bar in 0..<bars {
      let price = 100 + bar % 13
      text += "\(1_000_000_000 + 60 * bar),\(price),\(price + 1),\(price - 1),\(price),5\n"
    }
    return text
  }

  private static let study = """
    name: Long
    data: {calendar: 24x7, files: [{path: long.csv, symbol: LONG}]}
    account: {cash: 100000}
    strategy: {name: sma-crossover, parameters: {fast: 2, slow: 3}}

    """

  private func folder(bars: Int) throws -> WorkFolder {
    let folder = try WorkFolder()
    try folder.write(Self.prices(bars), to: "long.csv")
    try folder.write(Self.study, to: "long.yaml")
    return folder
  }

  /// Sends a signal once a job has used some processor time, and looks at how it ended.
  private func interrupt(
    _ words: String..., with signal: Int32, after milliseconds: Int, in folder: WorkFolder
  ) throws {
    let before = folder.listing
    let job = try BuiltProgram.start(words, in: folder)
    try job.waitUntilItListens()
    var used = 0
    let isRunning = try job.wait {
      used = job.processorTime ?? used
      return used >= milliseconds * 1_000_000
    }
    job.send(signal)
    let ended = try job.finish()
    #expect(isRunning && ended.status == 130, "\(words): \(ended)")
    #expect(ended.errors == "bt-run: interrupted; no file is half written\n", "\(words)")
    #expect(ended.output == "", "\(words)")
    #expect(ended.processorTime - used < 500_000_000, "\(words): it went on for long")
    #expect(folder.listing == before, "\(words)")
  }

  @Test func whileReading() throws {
    // More than is read before the signal comes.
    let folder = try folder(bars: 400_000)
    try interrupt("data", "check", "long.csv", with: SIGINT, after: 40, in: folder)
    try interrupt("data", "info", "long.csv", with: SIGTERM, after: 60, in: folder)
    try interrupt("data", "import", "long.csv", "--out", "out", with: SIGINT, after: 50, in: folder)
    try interrupt("run", "long.yaml", with: SIGTERM, after: 40, in: folder)
  }

  @Test func whileRunning() throws {
    let folder = try folder(bars: 20_000)
    // With the columns cached little time goes into reading.
    let cached = ["--set", "data.cache=cache"]
    let whole = try BuiltProgram.run(
      ["run", "long.yaml", "-q", "--out", "first"] + cached, in: folder)
    #expect(whole.status == 0, "\(whole)")
    let total = whole.processorTime / 1_000_000
    for percent in [20, 40, 60] {
      try interrupt(
        "run", "long.yaml", "--out", "out", cached[0], cached[1], with: SIGINT,
        after: total * percent / 200, in: folder)
    }
  }

  @Test func whileAPolicySaysNothing() throws {
    let folder = try folder(bars: 5_000)
    let manifest = CommandFixture.path("policies/ppo_discrete")
    try folder.write(
      """
      name: Deaf
      data: {calendar: 24x7, files: [{path: long.csv, symbol: LONG}], to: 2001-09-10}
      strategy: {command: [sh, -c, "echo $$ > pid; trap '' TERM; while :; do sleep 1; done"], \
      manifest: \(manifest)}

      """, to: "deaf.yaml")
    let job = try BuiltProgram.start(["run", "deaf.yaml"], in: folder)
    let isAsked = try job.wait { (try? folder.text("pid"))?.hasSuffix("\n") ?? false }
    #expect(isAsked)
    job.send(SIGINT)
    let ended = try job.finish(within: 20)
    #expect(ended.status == 130 && ended.output == "", "\(ended)")
    #expect(ended.errors.hasSuffix("interrupted; no file is half written\n"), "\(ended)")
    let policy = try #require(pid_t(try folder.text("pid").dropLast()))
    // It is gone once the system's first process has taken note of its end.
    for _ in 0..<1_000 where kill(policy, 0) == 0 { poll(nil, 0, 10) }
    #expect(kill(policy, 0) != 0, "the policy ends with the program that started it")
    #expect(!folder.exists("Reports"))
  }
}

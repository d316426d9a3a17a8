import Foundation
import Glibc
import Testing

/// Pipes, devices and folders in the place of files: refused at once, wherever a file is read.
struct SpecialFileTests {
  @Test(arguments: ["pipe", "/dev/zero", "."])
  func nothingWaitsForThem(name: String) throws {
    let folder = try SampleStudy.folder()
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    let before = folder.listing
    let commands = [
      ["run", name], ["walkforward", name], ["data", "check", name], ["data", "info", name],
      ["data", "import", name, "--out", "in"],
      ["run", "study.yaml", "--set", "data.files[0].path=\(name)"],
      ["run", "study.yaml", "--set", "benchmark={file: \(name)}"],
      ["run", "study.yaml", "--set", "strategy={policy: \(name)}"],
      ["policy", "inspect", name], ["policy", "verify", name],
      ["policy", "import", name, "--out", "p"],
      ["policy", "import", "prices/a.csv", "--with", name, "--out", "p"],
      ["policy", "import", "prices/a.csv", "--vecnormalize", name, "--out", "p"],
    ]
    let jobs = try commands.map { try BuiltProgram.start($0, in: folder) }
    for (command, job) in zip(commands, jobs) {
      let ended = try job.finish(within: 30)
      #expect(ended.status == 2 && ended.output == "" && ended.errors != "", "\(command): \(ended)")
    }
    #expect(folder.listing == before)
  }

  @Test func standardInputIsReadByName() throws {
    let folder = try SampleStudy.folder()
    let program = BuiltProgram.path
    func shell(_ command: String) throws -> String {
      try Shell.output("cd '\(folder.path)' && \(command); echo \"status $?\"")
    }
    let check = try shell("cat prices/a.csv | '\(program)' data check - --symbol A")
    #expect(check.hasPrefix("A: 260 bars of 1d") && check.hasSuffix("status 0\n"))
    #expect(try shell("'\(program)' data info /dev/stdin < prices/a.csv").contains("260"))
    let run = try shell("cat study.yaml | '\(program)' run - -q")
    #expect(run == "status 0\n" && folder.names("Reports") == ["study-run"])
    // Prices of a study are read twice, so they are a file.
    let prices = try shell(
      "cat prices/a.csv | '\(program)' run study.yaml --set data.files[0].path=/dev/stdin -q")
    #expect(prices.hasSuffix("status 2\n"))
  }
}

import Foundation
import Testing

/// The progress bar is there for a person, and for nobody else.
struct ProgressTests {
  private static let script = "/usr/bin/script"

  /// Runs a command with a terminal of its own, and gives all that it shows.
  private func terminal(_ command: String, in folder: WorkFolder) throws -> String {
    try Shell.output(
      "cd '\(folder.path)' && \(Self.script) -qec '\(BuiltProgram.path) \(command)' /dev/null")
  }

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: ProgressTests.script),
      "needs `script` of util-linux, which makes a terminal"))
  func aBarWithTimeLeftOnATerminal() throws {
    let folder = try SampleStudy.folder()
    let text = try terminal("walkforward study.yaml --threads 1", in: folder)
    #expect(text.contains("\rTwo shares [") && text.contains("] "))
    #expect(text.contains(" ETA 0:"))
    let bar = try #require(text.range(of: "\r\u{1B}[K", options: .backwards))
    #expect(!text[bar.upperBound...].contains("ETA"), "the bar goes before the table comes")
    #expect(text[bar.upperBound...].contains("Fingerprint: "))
    let quiet = try terminal("walkforward study.yaml --quiet", in: folder)
    #expect(quiet == "")
  }

  /// Blocks for a person, and plain text for everything else.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: ProgressTests.script),
      "needs `script` of util-linux, which makes a terminal"))
  func equityAsBlocksOnATerminal() throws {
    let folder = try SampleStudy.folder()
    let shown = try Shell.output(
      "cd '\(folder.path)' && export TERM=xterm && unset NO_COLOR && stty cols 60 2>/dev/null; "
        + "\(Self.script) -qec 'stty cols 60; \(BuiltProgram.path) run study.yaml' /dev/null")
    let lines = shown.split(whereSeparator: \.isNewline)
    let equity = try #require(lines.first { $0.hasPrefix("equity    ") })
    #expect(equity.contains("100,000 to ") && equity.contains("▁") && equity.contains("█"))
    let drawdown = try #require(lines.first { $0.hasPrefix("drawdown  ") })
    #expect(drawdown.contains("worst −"))
    for line in [equity, drawdown] { #expect(line.count < 60, "\(line)") }
    for plain in ["NO_COLOR=1", "TERM=dumb"] {
      let text = try Shell.output(
        "cd '\(folder.path)' && \(Self.script) -qec "
          + "'env \(plain) \(BuiltProgram.path) run study.yaml' /dev/null")
      #expect(text.contains("Fingerprint: ") && !text.contains("▁"), "\(plain)")
    }
    let piped = try BuiltProgram.run("run", "study.yaml", in: folder)
    #expect(!piped.output.contains("▁"))
  }

  @Test func noBarInAPipe() throws {
    let folder = try SampleStudy.folder()
    let ended = try BuiltProgram.run("walkforward", "study.yaml", in: folder)
    #expect(ended.errors == "" && !ended.output.contains("ETA"))
  }

  @Test func aClosedPipeIsNoFault() throws {
    let folder = try SampleStudy.folder()
    let text = try Shell.output(
      "cd '\(folder.path)' && { '\(BuiltProgram.path)' run study.yaml; echo \"$?\" >&2; } | true")
    #expect(text == "0\n")
    #expect(folder.exists("Reports/study-run/result.json"))
  }
}

import Foundation
import Testing

/// What a user sees of some commands: the command lines, what they print, and how they end.
///
/// It is compared with a file of `Fixtures/commands`. With `BACKTESTKIT_REWRITE=1` in the
/// environment the file is written instead: read the difference before keeping it.
struct Transcript {
  private let folder: WorkFolder
  private(set) var text = ""

  init(in folder: WorkFolder) { self.folder = folder }

  /// Runs a command and notes all that a user sees of it.
  mutating func run(_ words: String...) throws {
    let ended = try BuiltProgram.run(words, in: folder)
    let line = words.map { $0.contains(" ") || $0.isEmpty ? "'\($0)'" : $0 }
    text += "$ " + (["bt-run"] + line).joined(separator: " ") + "\n"
    text += ended.output
    text += ended.errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map { "! \($0)\n" }.joined()
    text += "[exit \(ended.status)]\n\n"
  }

  /// Compares with the file of that name.
  func check(_ name: String, _ place: SourceLocation = #_sourceLocation) throws {
    let file = CommandFixture.path("commands/\(name).txt")
    if ProcessInfo.processInfo.environment["BACKTESTKIT_REWRITE"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      return
    }
    let expected = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    let (new, old) = (text.split(separator: "\n"), expected.split(separator: "\n"))
    for (line, wanted) in zip(new, old) where line != wanted {
      Issue.record("\(name).txt: expected '\(wanted)', got '\(line)'", sourceLocation: place)
      return
    }
    #expect(text == expected, sourceLocation: place)
  }
}

import Foundation
import TestSupport
import Testing

/// A job that is killed at any of its calls to the file system leaves the old files or the new.
///
/// `strace` kills it at the beginning of a chosen call, so no moment is missed by chance.
struct KillAtCallTests {
  /// What the trial needs.
  private static let isPossible =
    (try? Shell.output("strace -o /dev/null -f true && echo yes")) == "yes\n"

  /// The calls that change what is on the disk, with how many of each a sample tries.
  private static let calls = [
    ("mkdir", 2), ("rename", 2), ("renameat2", 2), ("link", 2), ("unlink", 3), ("rmdir", 2),
    ("fsync", 2),
  ]

  @Test(.enabled(if: isPossible, "strace is not here, or may not trace"))
  func everyCallMayBeTheLast() throws {
    let folder = try SampleStudy.folder()
    func words(_ name: String) -> [String] {
      ["run", "study.yaml", "--set", "name=\(name)", "--out", "out", "-q"]
    }
    #expect(try BuiltProgram.run(words("new"), in: folder).status == 0)
    let new = try folder.files("out")
    func prepare() throws -> [String: [UInt8]] {
      #expect(try BuiltProgram.run(words("old"), in: folder).status == 0)
      try folder.write("mine", to: "out/own/notes.txt")
      try folder.write("mine", to: "out/notes.txt")
      return try folder.files("out", skipping: "own")
    }
    let old = try prepare()
    var killedCount = 0
    for (call, sample) in Self.calls {
      for count in 1...(Torture.isFull ? 100 : sample) {
        let text = try Shell.output(
          """
          cd '\(folder.path)' && strace -qq -f -o /dev/null -e trace='?\(call)' \
          -e inject='?\(call)':signal=KILL:when=\(count) '\(BuiltProgram.path)' \
          \(words("new").joined(separator: " ")) > /dev/null 2>&1; echo "status $?"
          """)
        var found = try folder.files("out", skipping: "own")
        let notes = found.removeValue(forKey: "notes.txt")
        #expect(notes == Array("mine".utf8), "\(call) \(count): the user's file is gone")
        #expect(found == new || found == old.filter { $0.key != "notes.txt" }, "\(call) \(count)")
        guard text != "status 0\n" else { break }
        killedCount += 1
        // The next job tidies up, whatever the killed one left, and has the user's folder back.
        #expect(try prepare() == old, "\(call) \(count)")
        #expect(
          folder.names() == ["out", "prices", "study.yaml"], "\(call) \(count): \(folder.names())")
      }
    }
    #expect(killedCount >= 10, "few jobs were killed")
  }

  /// Where files are renamed one by one, a job may leave some of them; the next one is not put off.
  @Test(.enabled(if: isPossible, "strace is not here, or may not trace"))
  func whatIsLeftOfAResultIsReplaced() throws {
    let folder = try SampleStudy.folder()
    let job = "'\(BuiltProgram.path)' run ../study.yaml --out . -q"
    let text = try Shell.output(
      """
      mkdir '\(folder.path)/out' && cd '\(folder.path)/out' && \(job) && ls -A | wc -l
      strace -qq -f -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when=3 \
      \(job) > /dev/null 2>&1
      ls -A | grep -c -e result.json -e partial
      \(job) && ls -A | wc -l
      """)
    let counts = text.split(separator: "\n")
    // Without result.json, and with the hidden folder; then whole again, and nothing beside.
    #expect(counts.count == 3 && counts[1] == "1" && counts[0] == counts[2], "\(text)")
  }

  /// Of two jobs one makes the folder, and the other has it first. The one that is refused leaves
  /// it, although it is still empty.
  @Test(.enabled(if: isPossible, "strace is not here, or may not trace"))
  func aRefusedJobLeavesTheFolderThatItMade() throws {
    let folder = try SampleStudy.folder()
    func job(_ name: String, delaying call: String, milliseconds: Int) -> String {
      "strace -qq -f -o /dev/null -e trace=\(call) -e "
        + "inject=\(call):delay_enter=\(milliseconds * 1_000):when=1 '\(BuiltProgram.path)' run "
        + "study.yaml --out out -q --set name=\(name) 2> \(name).txt"
    }
    let text = try Shell.output(
      """
      cd '\(folder.path)'
      { \(job("maker", delaying: "flock", milliseconds: 1_000)); echo "maker $?"; } &
      while [ ! -d out ]; do sleep 0.01; done
      \(job("owner", delaying: "renameat2", milliseconds: 2_000)); echo "owner $?"
      wait
      """)
    #expect(text == "maker 2\nowner 0\n", "\(text)")
    #expect(try folder.text("maker.txt").contains("another job"))
    #expect(try folder.text("owner.txt") == "" && folder.exists("out/result.json"))
  }
}

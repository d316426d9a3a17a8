@testable import BacktestFiles
import TestSupport
import Glibc
import Testing

/// Programs started, spoken to and ended.
@Suite struct ChildProcessTests {
  private static func shell(
    _ script: String, streams: ChildProcess.Streams = .lines
  ) throws -> ChildProcess {
    try ChildProcess(["sh", "-c", script], streams: streams)
  }

  private static func text(_ line: ChildLine) -> String? {
    guard case .line(let bytes) = line else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func linesGoInAndComeOut() throws {
    let child = try ChildProcess(["cat"], streams: .lines)
    for text in ["one", "", "three with blanks"] {
      #expect(Self.text(child.exchange(Array("\(text)\n".utf8), within: 60)) == text)
    }
    child.terminate(grace: 60)
    #expect(child.waitForExit(within: 0) == .status(0))
    #expect(child.exchange(Array("late\n".utf8), within: 60) == .closed)
  }

  @Test func aLineOfAMebibytePasses() throws {
    let child = try ChildProcess(["cat"], streams: .lines)
    let line = [UInt8](repeating: 0x61, count: 1 << 20)
    #expect(child.exchange(line + [0x0A], within: 60) == .line(line))
    #expect(child.exchange(line + [0x61, 0x0A], within: 60) == .tooLong)
  }

  @Test func fullErrorPipesHoldNobodyUp() throws {
    let child = try Self.shell(
      "head -c 300000 /dev/zero | tr '\\0' x >&2; echo last >&2; read line; echo got $line")
    #expect(Self.text(child.exchange(Array("it\n".utf8), within: 60)) == "got it")
    child.terminate(grace: 60)
    #expect(child.lastLines(1).first?.hasSuffix("xlast") == true)
  }

  @Test func wordsAreHandedOverAsTheyAre() throws {
    let child = try ChildProcess(
      ["sh", "-c", "printf '%s,' \"$@\"; echo", "sh", "a b", "$HOME", "*", ""], streams: .lines)
    #expect(Self.text(child.exchange([], within: 60)) == "a b,$HOME,*,,")
  }

  @Test func itWorksInItsFolder() throws {
    let folder = try ScratchFolder()
    try PlainFile.write(Array("here\n".utf8), to: "\(folder.path)/place")
    let child = try ChildProcess(["cat", "place"], folder: folder.path, streams: .lines)
    #expect(Self.text(child.exchange([], within: 60)) == "here")
  }

  @Test func whatCannotBeStartedSaysWhy() throws {
    let folder = try ScratchFolder()
    try PlainFile.write(Array("echo hello\n".utf8), to: "\(folder.path)/plain")
    func reason(_ command: [String], folder place: String? = nil) -> String {
      do throws(FileError) {
        _ = try ChildProcess(command, folder: place ?? folder.path, streams: .lines)
        return ""
      } catch {
        return error.description
      }
    }
    #expect(reason(["no-such-program-at-all"]).contains("on the PATH"))
    #expect(
      reason(["./none"]).contains(
        "'./none': cannot start the program: there is no program of this name, seen from the folder"
      ))
    #expect(reason(["./plain"]).contains("is not executable"))
    #expect(reason(["cat"], folder: "\(folder.path)/none").contains("there is no folder"))
    #expect(reason([]).contains("needs a program"))
    #expect(reason(["cat", "a\0b"]).contains("NUL"))
    chmod("\(folder.path)/plain", 0o755)
    #expect(reason(["./plain"]).contains("first line"))
  }

  @Test func theExitIsTold() throws {
    #expect(try Self.shell("exit 7").waitForExit(within: 60) == .status(7))
    #expect(try Self.shell("kill -KILL $$").waitForExit(within: 60) == .signal(SIGKILL))
    #expect(try Self.shell("sleep 60").waitForExit(within: 0.01) == nil)
    #expect(ChildExit.signal(SIGKILL).description == "was ended by signal 9 (SIGKILL)")
  }

  @Test func writingToOneThatReadsNoMoreIsNoSignal() throws {
    // The test process may not ignore the signal on this thread's behalf.
    let child = try Self.shell("exec <&-; echo closed; sleep 60")
    #expect(Self.text(child.exchange([], within: 60)) == "closed")
    #expect(child.exchange(Array("more\n".utf8), within: 0.05) == .timedOut)
    child.terminate(grace: 0.05)
    var waiting = sigset_t()
    sigpending(&waiting)
    #expect(sigismember(&waiting, SIGPIPE) == 0)
  }

  @Test func oneThatIgnoresSignalsIsKilled() throws {
    let child = try Self.shell("trap '' TERM; echo ready; while :; do sleep 1; done")
    #expect(Self.text(child.exchange([], within: 60)) == "ready")
    child.terminate(grace: 0.05)
    #expect(child.waitForExit(within: 0) == .signal(SIGKILL))
  }

  @Test func oneThatEndsWhenAskedIsAskedFirst() throws {
    let child = try Self.shell(
      "trap 'echo asked >&2; exit 5' TERM; echo ready; while :; do sleep 0.01; done")
    #expect(Self.text(child.exchange([], within: 60)) == "ready")
    // The first grace is for its input, which it does not read; the second has to be long enough.
    while child.waitForExit(within: 0) == nil { child.terminate(grace: 1) }
    #expect(child.waitForExit(within: 0) == .status(5))
    #expect(child.lastLines(1) == ["asked"])
  }

  @Test func whatItStartedEndsWithIt() throws {
    let child = try Self.shell("sleep 600 & echo $!; wait")
    let helper = try #require(Self.text(child.exchange([], within: 60)).flatMap { pid_t($0) })
    #expect(kill(helper, 0) == 0)
    child.terminate(grace: 0.05)
    // Its new parent has to take notice of its end first.
    for _ in 0..<1000 where kill(helper, 0) == 0 && !isZombie(helper) { poll(nil, 0, 10) }
    #expect(kill(helper, 0) != 0 || isZombie(helper))
  }

  @Test func nothingIsLeftOfIt() throws {
    var child: ChildProcess? = try Self.shell(
      "echo $$ $(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); cat")
    let told = try #require(child.flatMap { Self.text($0.exchange([], within: 60)) })
    let words = told.split(separator: " ").map(String.init)
    let process = try #require(pid_t(words[0]))
    let pipes = words.dropFirst()
    #expect(pipes.count == 3 && pipes.allSatisfy { $0.hasPrefix("pipe:") })
    #expect(pipes.allSatisfy { openPipes().contains($0) })
    // Another program, started meanwhile, holds none of them.
    let other = try Self.shell("readlink /proc/$$/fd/* | tr '\\n' ' '; echo; cat")
    let foreign = try #require(Self.text(other.exchange([], within: 60)))
    #expect(foreign.contains("pipe:") && !pipes.contains { foreign.contains($0) })
    child = nil
    #expect(!pipes.contains { openPipes().contains($0) })
    // A process that nobody has reaped could still be signalled.
    #expect(kill(process, 0) == -1 && errno == ESRCH)
  }

  @Test func capturedOutputKeepsItsEnd() throws {
    let child = try Self.shell(
      "cat; echo one; echo two >&2; printf '10%%\\r20%%\\n\\n'; exit 3", streams: .captured)
    #expect(child.waitForExit(within: 60) == .status(3))
    #expect(child.lastLines(3) == ["two", "10%", "20%"])
  }

  /// The pipes that this process holds, as the system names them.
  private func openPipes() -> Set<String> {
    var pipes: Set<String> = []
    for descriptor in 0..<4096 {
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = bytes.withUnsafeMutableBytes { raw in
        raw.withMemoryRebound(to: CChar.self) { text in
          text.baseAddress.map { readlink("/proc/self/fd/\(descriptor)", $0, 64) } ?? -1
        }
      }
      if count > 0 { pipes.insert(String(decoding: bytes[..<count], as: UTF8.self)) }
    }
    return pipes
  }

  private func isZombie(_ process: pid_t) -> Bool {
    guard let file = fopen("/proc/\(process)/stat", "r") else { return true }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self).contains(") Z ")
  }
}

@testable import BacktestCommands
@testable import BacktestFiles
import TestSupport
import Glibc
import Testing

struct CompletionTests {
  /// What a shell command writes, and how it ends.
  private static func shell(_ command: String) throws -> (text: String, status: Int32) {
    let pipe = try #require(popen(command + " 2>&1", "r"))
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 12)
    while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 {
      bytes += chunk[0..<count]
    }
    return (String(decoding: bytes, as: UTF8.self), pclose(pipe))
  }

  /// A folder with the bash script and some files to complete, removed at the end.
  private final class Folder {
    let path: String

    init() throws {
      var template = Array((P_tmpdir + "/backtestkit-XXXXXX").utf8CString)
      path = try #require(mkdtemp(&template).map { String(cString: $0) })
      let script = DemoProgram.output("completion", "bash").text
      try FileBytes.write(Array(script.utf8), to: path + "/script")
      for name in ["a study.yaml", "b.json", "c.csv"] {
        try FileBytes.write([], to: path + "/" + name)
      }
      mkdir(path + "/results", 0o777)
    }

    deinit {
      for name in ["a study.yaml", "b.json", "c.csv", "script"] { unlink("\(path)/\(name)") }
      rmdir(path + "/results")
      rmdir(path)
    }

    /// The words that bash offers for the last of `words`.
    func offers(_ words: [String]) throws -> [String] {
      let quoted = words.map { "'\($0)'" }.joined(separator: " ")
      let command = """
        cd '\(path)' && bash --norc -c 'source ./script && COMP_WORDS=("$@") && \
        COMP_CWORD=$(($# - 1)) && _demo_run_complete; \
        printf "%s\\n" "${COMPREPLY[@]}"' bash demo-run \(quoted)
        """
      return try CompletionTests.shell(command).text.split(separator: "\n").map(String.init)
        .sorted()
    }
  }

  @Test func bashFindsTheScriptWellFormed() throws {
    let folder = try Folder()
    let (text, status) = try Self.shell("bash -n '\(folder.path)/script'")
    #expect(text == "" && status == 0)
    let registered = try Self.shell(
      "bash --norc -c 'source \"\(folder.path)/script\" && complete -p demo-run'")
    #expect(registered.text == "complete -F _demo_run_complete demo-run\n")
  }

  @Test func bashCompletesWords() throws {
    let folder = try Folder()
    let cases: [([String], [String])] = [
      ([""], ["completion", "data", "fail", "run"]),
      (["r"], ["run"]),
      (["--"], ["--help", "--version"]),
      (["data", ""], ["check"]),
      (["data", "check", "--l"], ["--limit"]),
      (["run", "--s"], ["--seed", "--set", "--since"]),
      (["run", "-f", ""], ["next-open", "same-close"]),
      (["run", "--fill", "s"], ["same-close"]),
      (["run", "--fill", "="], ["next-open", "same-close"]),
      (["run", "--fill", "=", "n"], ["next-open"]),
      (["run", "--seed", ""], []),
      (["run", ""], ["a study.yaml", "b.json", "results"]),
      (["run", "-o", ""], ["results"]),
      (["run", "-q", "b"], ["b.json"]),
      (["data", "check", "c"], ["c.csv"]),
      (["fail", "in"], ["input", "interrupt"]),
      (["completion", ""], ["bash", "fish", "zsh"]),
    ]
    for (words, offers) in cases {
      #expect(try folder.offers(words) == offers, "\(words)")
    }
  }

  @Test func everyScriptNamesEveryOption() {
    for shell in ["bash", "zsh", "fish"] {
      let (text, _, status) = DemoProgram.output("completion", shell)
      #expect(status == .done)
      for option in DemoProgram.run.declarations where option.form != .argument {
        let spelling = shell == "fish" ? "-l \(option.name)" : "--\(option.name)"
        #expect(text.contains(spelling), "\(shell) \(spelling)")
      }
    }
  }

  @Test func wordsThatAShellWouldReadAreNotOffered() {
    let words = ArgumentCompletion.words(["a-b", "$(touch x)", "it's", "", "`x`", "B.2"])
    #expect(words.safeWords == ["a-b", "B.2"])
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func scriptsAreAsTheyWereTried(shell: String) throws {
    #expect(
      try DemoProgram.output("completion", shell).text == Fixture.text("commands/demo-run.\(shell)")
    )
  }
}

@testable import BacktestCommands
import TestSupport
import BacktestFiles
import Testing

struct ArgumentTests {
  @Test func everySpellingIsUnderstood() {
    let expected = "s.yaml out 7 sameClose 2018-12-31 [\"a.b=1\", \"c=d=e\"] true false\n"
    for words in [
      "run s.yaml --out out --seed 7 --fill same-close --since 2018-12-31 --set a.b=1 "
        + "--set c=d=e -q",
      "run --out=out --seed=7 --fill=same-close --since=2018-12-31 --set=a.b=1 --set=c=d=e "
        + "--quiet s.yaml",
      "run -o out --seed 7 -f same-close --since 2018-12-31 --set a.b=1 --set c=d=e -q -- s.yaml",
      "run -oout --seed 7 -qfsame-close --since 2018-12-31 --set a.b=1 s.yaml --set c=d=e",
      "run -o=out --seed 7 -qf=same-close --since 2018-12-31 --set a.b=1 s.yaml --set c=d=e",
      "run -qo out --seed 7 -f same-close --since 2018-12-31 --set a.b=1 s.yaml --set c=d=e",
    ] {
      let (text, errors, status) = run(words)
      #expect(text == expected && errors.isEmpty && status == .done, "\(words): \(text)\(errors)")
    }
    #expect(run("run s").text == "s Reports 1 nextOpen - [] false false\n")
    #expect(run("run -qn s").text == "s Reports 1 nextOpen - [] true true\n")
    #expect(run("run -- --seed").text == "--seed Reports 1 nextOpen - [] false false\n")
    #expect(run("run -").text == "- Reports 1 nextOpen - [] false false\n")
    #expect(run("data check a -5 --limit .5 b").text == "[\"a\", \"-5\", \"b\"] 0.5\n")
    #expect(run("data check a --limit 1").status == .gateFailed)
  }

  @Test(arguments: [
    ("", "a command is missing"),
    ("data", "a command is missing"),
    ("rnu", "unknown command 'rnu'; did you mean 'run'?"),
    ("xyz", "unknown command 'xyz'; commands are run, data, fail and completion"),
    ("data chekc", "unknown command 'chekc'; did you mean 'check'?"),
    ("--quiet run", "unknown option '--quiet'; options come after the command"),
    ("--verison", "unknown option '--verison'; did you mean '--version'?"),
    ("run", "argument '<study>' is missing"),
    ("run a b", "unexpected argument 'b'; remove it"),
    ("run a --sed 1", "unknown option '--sed'; did you mean '--seed'?"),
    ("run a --frobnicate", "unknown option '--frobnicate'"),
    ("run a -x", "unknown option '-x'"),
    ("run a -qx", "unknown option '-x'"),
    ("run a -5", "unexpected argument '-5'; remove it"),
    ("run a --seed", "option '--seed' needs a value: --seed <n>"),
    ("run a -o --quiet", "option '-o' needs a value: -o <folder>"),
    ("run a -o --", "option '-o' needs a value: -o <folder>"),
    ("run a --out=", "'--out' must be text that is not empty, not ''"),
    ("run a --quiet=yes", "option '--quiet' takes no value; write '--quiet' alone"),
    ("run a --seed 1 --seed 2", "option '--seed' is given twice; remove one of them"),
    ("run a --seed 1.5", "'--seed' must be a whole number of at least 0, not '1.5'"),
    ("run a --seed -5", "'--seed' must be a whole number of at least 0, not '-5'"),
    (
      "run a -f next_open",
      "'--fill' must be next-open or same-close, not 'next_open'; did you mean 'next-open'?"
    ),
    (
      "run a --since 2018-02-30", "'--since' must be a date such as 2018-12-31, not '2018-02-30'"
    ),
    ("run a -n -o x", "'--dry-run' writes nothing; leave out '--out'"),
    ("data check --limit 1", "argument '<file>' is missing"),
    ("data check a", "option '--limit' is missing; it must be a number from 0 to 1"),
    (
      "data check a --limit nan",
      "'--limit' must be a number from 0 to 1, not 'nan'; write it without quotes and separators"
    ),
    ("completion tcsh", "'<shell>' must be bash, zsh or fish, not 'tcsh'"),
  ])
  func whatIsWrongIsSaid(words: String, message: String) {
    let (text, errors, status) = run(words)
    let first = errors.split(separator: "\n").first.map(String.init) ?? ""
    #expect(first.hasSuffix(": " + message), "\(first)")
    #expect(status == .wrongInput && text.isEmpty)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func noWordsBringTheProgramDown(seed: UInt64) {
    let words = [
      "run", "data", "check", "fail", "completion", "help", "-h", "--", "-", "", "=", "--=", "-o",
      "--out", "--out=", "-qn", "-q=", "-oqn", "--set", "--set=a", "--seed", "-5", "x", "bash",
      "--limit", "0.5", "input", "ü", "-ü", "--version", "---", "-\u{301}", "--seed=\n",
    ]
    var stream = TestRandom(seed: seed)
    var statuses: Set<ExitCode> = []
    for _ in 0..<2_000 {
      let line = (0..<stream.next() % 6).map { _ in words[Int(stream.next() % UInt64(words.count))]
      }
      let (output, errors) = (MemoryStream(), MemoryStream())
      let context = CommandContext(
        output: output, errors: errors, clock: SystemClock(), interrupt: Interrupt())
      let status = DemoProgram.program.run(line, in: context)
      statuses.insert(status)
      #expect(errors.text.isEmpty == (status != .wrongInput), "seed \(seed): \(line)")
    }
    #expect(statuses.isSuperset(of: [.done, .wrongInput]))
  }

  private func run(_ words: String) -> (text: String, errors: String, status: ExitCode) {
    let (output, errors) = (MemoryStream(), MemoryStream())
    let context = CommandContext(
      output: output, errors: errors, clock: SystemClock(), interrupt: Interrupt())
    let status = DemoProgram.program.run(words.split(separator: " ").map(String.init), in: context)
    return (output.text, errors.text, status)
  }
}

struct CommandProgramTests {
  @Test func usageErrorsShowTheUsage() {
    let (text, errors, status) = DemoProgram.output("data", "check", "a", "--limt", "1")
    #expect(text.isEmpty && status == .wrongInput)
    #expect(
      errors == """
        demo-run data check: unknown option '--limt'; did you mean '--limit'?
        Usage: demo-run data check [options] --limit <percent> <file>...
        See 'demo-run data check --help'.

        """)
  }

  @Test func errorsOfCommandsSetTheStatus() {
    let input = DemoProgram.output("fail", "input")
    #expect(input.errors == "demo-run fail: a.yaml:1:2: is wrong\n" && input.status == .wrongInput)
    let fault = DemoProgram.output("fail", "fault")
    #expect(
      fault.errors == "demo-run fail: the fingerprint differs\n" && fault.status == .fault)
    let interrupt = DemoProgram.output("fail", "interrupt", interrupted: true)
    #expect(interrupt.errors == "demo-run: interrupted; no file is half written\n")
    #expect(interrupt.status == .interrupted)
    #expect(DemoProgram.output("fail", "interrupt").status == .done)
    #expect(ExitCode.allCases.map(\.rawValue) == [0, 1, 2, 3, 130])
  }

  @Test func versionAndHelpComeBeforeErrors() {
    #expect(DemoProgram.output("--version").text == "demo-run 1.2.3\n")
    let help = DemoProgram.output("run", "--help").text
    for words in [
      ["run", "-h"], ["help", "run"], ["--help", "run"], ["run", "--nonsense", "--help"],
    ] {
      let (output, errors) = (MemoryStream(), MemoryStream())
      let context = CommandContext(
        output: output, errors: errors, clock: SystemClock(), interrupt: Interrupt())
      #expect(DemoProgram.program.run(words, in: context) == .done)
      #expect(output.text == help && errors.text.isEmpty)
    }
    #expect(DemoProgram.output("run", "--", "--help").text.hasPrefix("--help Reports"))
  }
}

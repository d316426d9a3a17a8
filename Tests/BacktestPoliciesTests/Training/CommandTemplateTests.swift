@testable import BacktestPolicies
import Testing

@Suite struct CommandTemplateTests {
  private static let names = ["train_start", "train_end", "checkpoint", "seed"]

  /// Lines, and their words as a POSIX shell tells them apart.
  @Test(arguments: [
    ("python train.py", ["python", "train.py"]),
    ("  a\tb  c ", ["a", "b", "c"]),
    ("a 'b c' d", ["a", "b c", "d"]),
    ("a \"b 'c'\" d", ["a", "b 'c'", "d"]),
    ("a 'b \"c\"' d", ["a", "b \"c\"", "d"]),
    ("a b\\ c", ["a", "b c"]),
    ("a \"b \\\" c\"", ["a", "b \" c"]),
    ("a 'b \\n c'", ["a", "b \\n c"]),
    ("a \"b \\n c\"", ["a", "b \\n c"]),
    ("a '' \"\"", ["a", "", ""]),
    ("a b'c d'e", ["a", "bc de"]),
    ("a '|' \"&&\" \\;", ["a", "|", "&&", ";"]),
    ("train --rate={seed} {\"a\":1}", ["train", "--rate={seed}", "{a:1}"]),
  ])
  func aLineBecomesWords(_ line: String, _ words: [String]) throws {
    #expect(try CommandTemplate(line, placeholders: Self.names).words == words)
  }

  @Test func valuesStandWherePlaceholdersStood() throws {
    let template = try CommandTemplate(
      "python train.py --window={train_start}..{train_end} --out {checkpoint} {seed}{seed}",
      placeholders: Self.names)
    #expect(template.usedPlaceholders == ["train_start", "train_end", "checkpoint", "seed"])
    let words = template.substituted([
      "train_start": "2010-01-01", "train_end": "2015-12-31", "checkpoint": "a folder/{seed}.zip",
      "seed": "7",
    ])
    #expect(
      words == [
        "python", "train.py", "--window=2010-01-01..2015-12-31", "--out", "a folder/{seed}.zip",
        "77",
      ])
  }

  @Test(arguments: [
    ("{{seed}}", "{seed}"), ("{\"seed\": 1}", "{\"seed\": 1}"), ("{}", "{}"), ("{", "{"),
    ("}{", "}{"), ("{{", "{{"), ("{{{seed}}}", "{{seed}}"), ("{a b}", "{a b}"),
    ("{x1}", "{x1}"), ("{{seed}", "{7"), ("é{seed}é", "é7é"),
    ("{\"a\":{\"b\":{seed}}}", "{\"a\":{\"b\":7}}"),
  ])
  func otherBracesAreLeftAlone(_ word: String, _ expected: String) throws {
    let template = try CommandTemplate(words: ["x", word], placeholders: ["seed"])
    #expect(template.substituted(["seed": "7"]) == ["x", expected])
  }

  @Test(arguments: [
    ("", "has no program"), ("   ", "has no program"), ("'' a", "has no program"),
    ("a {checkpont}", "did you mean '{checkpoint}'?"), ("a {nothing}", "known are {train_start}"),
    ("a 'b", "the quote ' is not closed"), ("a | b", "'|' has no meaning"),
    ("a > b", "'>' has no meaning"), ("a $HOME", "'$' has no meaning"),
    ("a; b", "';' has no meaning"), ("a && b", "'&' has no meaning"),
    ("a `b`", "'`' has no meaning"),
  ])
  func whatCannotBeMeantIsRefused(_ line: String, _ part: String) {
    do throws(PolicyError) {
      _ = try CommandTemplate(line, placeholders: Self.names)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains(part), "\(error)")
    }
  }
}

@Suite struct CommandRunTests {
  private func error(
    _ command: [String], within seconds: Double? = nil, isInterrupted: () -> Bool = { false }
  ) -> PolicyError? {
    do throws(PolicyError) {
      try CommandRun.run(command, within: seconds, isInterrupted: isInterrupted)
      return nil
    } catch {
      return error
    }
  }

  @Test func aCommandThatEndsWellIsNoError() {
    #expect(error(["true"]) == nil)
    #expect(error(["sh", "-c", "cat; echo done"]) == nil)
  }

  @Test func aFailureIsQuoted() throws {
    let script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; echo bad >&2; exit 4"
    let failure = try #require(error(["sh", "-c", script]))
    #expect(failure.source == CommandTemplate.shown(["sh", "-c", script]))
    #expect(failure.problem == "it ended with exit status 4")
    #expect(failure.lastLines == (4...12).map { "line \($0)" } + ["bad"])
    #expect(failure.description.hasSuffix("it ended with exit status 4; its last line is 'bad'"))
    #expect(error(["sh", "-c", "kill -KILL $$"])?.problem == "it was ended by signal 9 (SIGKILL)")
    #expect(error(["no-such-program-at-all"])?.problem.contains("there is no program") == true)
  }

  @Test func itIsEndedWhenItMust() {
    let slow = ["sh", "-c", "echo started; exec sleep 600"]
    #expect(error(slow, within: 0.2)?.problem == "it did not end within 0.2 s and was stopped")
    #expect(error(slow, isInterrupted: { true })?.problem == "it was interrupted")
  }
}

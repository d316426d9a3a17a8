@testable import BacktestCommands
import BacktestFiles
import Glibc
import Testing

/// A clock that a test moves.
private final class HandClock: MonotonicClock, @unchecked Sendable {
  var seconds = 0.0
}

struct ProgressBarTests {
  private func context(
    _ errors: MemoryStream, _ clock: HandClock
  ) -> CommandContext {
    CommandContext(output: MemoryStream(), errors: errors, clock: clock, interrupt: Interrupt())
  }

  @Test func theBarShowsWhatIsDoneAndLeft() {
    let (errors, clock) = (MemoryStream(isTerminal: true), HandClock())
    var progress = ProgressBar("folds", total: 4, in: context(errors, clock), isQuiet: false)
    for _ in 0..<4 {
      clock.seconds += 30
      progress.advance()
    }
    progress.finish()
    #expect(
      errors.text.split(separator: "\r") == [
        "folds [######------------------] 25 %  1/4  ETA 1:30\u{1B}[K",
        "folds [############------------] 50 %  2/4  ETA 1:00\u{1B}[K",
        "folds [##################------] 75 %  3/4  ETA 0:30\u{1B}[K",
        "folds [########################] 100 %  4/4\u{1B}[K",
        "\u{1B}[K",
      ])
  }

  @Test func fastStepsAreNotAllDrawn() {
    let (errors, clock) = (MemoryStream(isTerminal: true), HandClock())
    var progress = ProgressBar("x", total: 1_000, in: context(errors, clock), isQuiet: false)
    for _ in 0..<1_000 {
      clock.seconds += 0.001
      progress.advance()
    }
    #expect(errors.text.filter { $0 == "\r" }.count == 10)
  }

  @Test func nobodyWatchingMeansNoBar() {
    for (isTerminal, isQuiet, total) in [(false, false, 5), (true, true, 5), (false, false, 0)] {
      let (errors, clock) = (MemoryStream(isTerminal: isTerminal), HandClock())
      var progress = ProgressBar("x", total: total, in: context(errors, clock), isQuiet: isQuiet)
      progress.advance(by: 5)
      progress.finish()
      #expect(errors.text.isEmpty)
    }
  }

  @Test func theLineNeverWraps() {
    let (errors, clock) = (MemoryStream(isTerminal: true, width: 30), HandClock())
    var progress = ProgressBar("walk-forward", total: 9, in: context(errors, clock), isQuiet: false)
    progress.advance()
    #expect(errors.text == "\rwalk-forward [##------------…\u{1B}[K")
  }

  @Test func anErrorLeavesNoBarBehind() {
    func work(_ errors: MemoryStream) throws {
      var progress = ProgressBar("x", total: 2, in: context(errors, HandClock()), isQuiet: false)
      progress.advance()
      throw CommandError.interrupted
    }
    let errors = MemoryStream(isTerminal: true)
    #expect(throws: CommandError.self) { try work(errors) }
    #expect(errors.text.hasSuffix("\r\u{1B}[K"))
  }

  @Test func clocksReadAsClocks() {
    let texts = [0, 0.2, 59.5, 61, 3_600, 1e9, .infinity, -5].map { clockText(seconds: $0) }
    #expect(
      texts == ["0:00", "0:01", "1:00", "1:01", "1:00:00", "99:59:59", "99:59:59", "0:00"])
  }
}

struct InterruptTests {
  @Test func theFirstSignalEndsAndTheSecondIsTheSystems() throws {
    signal(SIGINT, SIG_DFL)
    defer { signal(SIGTERM, SIG_DFL) }
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    let interrupt = ProcessSignals.listen { _ = write(writing, "e", 1) }
    #expect(!interrupt.isRaised)
    var ended = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
    interrupt.shield {
      // To the process: the threads of the tests block signals, the main thread takes it soon.
      kill(getpid(), SIGINT)
      #expect(poll(&ended, 1, 100) == 0, "nothing ends what is shielded")
    }
    #expect(poll(&ended, 1, 60_000) == 1 && interrupt.isRaised)
    var present = sigaction()
    sigaction(SIGINT, nil, &present)
    #expect(unsafeBitCast(present.__sigaction_handler.sa_handler, to: Int.self) == 0)
  }

  @Test func aCommandThatAsksIsStopped() {
    let interrupt = Interrupt()
    interrupt.raise()
    let context = CommandContext(
      output: MemoryStream(), errors: MemoryStream(), clock: HandClock(), interrupt: interrupt)
    #expect(throws: CommandError.interrupted) { try context.checkInterrupt() }
    #expect(interrupt.claimEnd() && !interrupt.claimEnd())
  }
}

struct StageProgressTests {
  @Test func eachStageHasABar() {
    let (errors, clock) = (MemoryStream(isTerminal: true), HandClock())
    let context = CommandContext(
      output: MemoryStream(), errors: errors, clock: clock, interrupt: Interrupt())
    let bars = StageProgress(context, isQuiet: false)
    for (stage, done) in [("reading", 50), ("reading", 100), ("running", 25), ("running", 50)] {
      clock.seconds += 10
      bars.show(stage, done, of: 100)
    }
    bars.finish()
    #expect(
      errors.text.split(separator: "\r") == [
        "reading [############------------] 50 %\u{1B}[K",
        "reading [########################] 100 %\u{1B}[K", "\u{1B}[K",
        "running [######------------------] 25 %\u{1B}[K",
        "running [############------------] 50 %  ETA 0:10\u{1B}[K", "\u{1B}[K",
      ])
  }
}

struct TextTableTests {
  @Test func columnsAlign() {
    var table = TextTable([.left("metric"), .right("value"), .left("")])
    table.add(["Sharpe", "0.48", ""])
    table.add(["größte", "-33.92 %", "note"])
    table.add(["日本", "1", "x"])
    #expect(
      table.text(in: nil) == """
        metric     value
        ------  --------  ----
        Sharpe      0.48
        größte  -33.92 %  note
        日本           1  x

        """)
  }

  @Test func tablesWithoutHeadingsAreRowsOnly() {
    var table = TextTable([.left(""), .right("")])
    table.add(["a", "10"])
    table.add(["bcd", "2"])
    #expect(table.text(in: nil) == "a    10\nbcd   2\n")
    #expect(TextTable([.left("none")]).text(in: nil) == "none\n----\n")
  }

  @Test func textGoesOnBelowBeforeColumnsAreLeftOut() {
    var table = TextTable([.left("strategy"), .right("Sharpe"), .left("what it does")])
    table.add(["trend", "0.48", "buys what rose for a year and sells it after"])
    table.add(["a-name-without-any-blank", "1.20", ""])
    #expect(
      table.text(in: 50) == """
        strategy              Sharpe  what it does
        --------------------  ------  --------------------
        trend                   0.48  buys what rose for a
                                      year and sells it
                                      after
        a-name-without-any-b    1.20
        lank

        """)
    #expect(
      table.text(in: 30) == """
        strategy                Sharpe
        ----------------------  ------
        trend                     0.48
        a-name-without-any-bla    1.20
        nk
        without what it does, for which the line is too short

        """)
    #expect(table.text(in: 200) == table.text(in: nil))
  }

  @Test func widthsAreThoseOfTheTerminal() {
    #expect("abc".displayWidth == 3 && "e\u{301}".displayWidth == 1 && "表".displayWidth == 2)
    #expect("😀".displayWidth == 2 && "\u{200B}".displayWidth == 0)
    #expect("日本語".cut(to: 5) == "日本…" && "abc".cut(to: 3) == "abc" && "abcd".cut(to: 0) == "")
  }
}

struct FileStreamTests {
  private func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(Glibc.pipe(&ends) == 0)
    return (ends[0], ends[1])
  }

  /// What a stream makes of a text.
  private func written(_ text: String, isSteered: Bool) throws -> String {
    let (reading, writing) = try pipe()
    let stream = FileStream(descriptor: writing, isSteered: isSteered)
    stream.write(text)
    #expect(!stream.isTerminal && stream.width == 80 && stream.problem == nil)
    close(writing)
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(reading, &bytes, 256)
    close(reading)
    return String(decoding: bytes[0..<max(count, 0)], as: UTF8.self)
  }

  @Test func textArrivesWhole() throws {
    #expect(try written("grün\t1\n", isSteered: false) == "grün\t1\n")
    #expect(try written("\r\u{1B}[K", isSteered: true) == "\r\u{1B}[K")
  }

  @Test func namesDoNotSteerTheTerminal() throws {
    #expect(
      try written("a\u{1B}[2Jb \u{202E}c\u{9B}\r\n", isSteered: false)
        == "a\\u{1b}[2Jb \\u{202e}c\\u{9b}\\u{d}\n")
  }

  @Test func aReaderThatWentAwayIsNoProblem() throws {
    signal(SIGPIPE, SIG_IGN)
    let (reading, writing) = try pipe()
    close(reading)
    let stream = FileStream(descriptor: writing, isSteered: true)
    stream.write("nobody reads this")
    stream.write("nor this")
    #expect(stream.problem == nil)
    close(writing)
  }

  @Test func aFullDiskIsAProblem() throws {
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    let stream = FileStream(descriptor: full, isSteered: true)
    stream.write("x")
    #expect(stream.problem == "No space left on device")
    close(full)
  }

  @Test func theClockGoesOn() {
    let clock = SystemClock()
    let first = clock.seconds
    #expect(first > 0 && clock.seconds >= first)
  }
}

struct ParagraphTests {
  /// No line is wider than the terminal, and no word is lost.
  @Test(arguments: [20, 33, 80])
  func linesFitTheTerminal(width: Int) {
    let text = "Liquidity was unlimited: orders filled completely, 株式市場の取引 😀⭐ whatever it was"
    let item = listItem(text, in: width)
    let lines = item.split(separator: "\n")
    #expect(lines.allSatisfy { $0.displayWidth <= width } && lines[0].hasPrefix("- Liquidity"))
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("  ") && !$0.hasPrefix("   ") })
    let words = lines.joined(separator: " ").filter { $0 != " " }
    #expect(words == "-" + text.filter { $0 != " " })
    #expect(listItem(text, in: nil) == "- \(text)\n")
  }

  /// A name breaks no line.
  @Test func namesAreOnOneLine() {
    #expect(paragraph("a\nb\tc\u{1B}[31m", in: nil) == "a\\nb\\tc\\u{1b}[31m\n")
    #expect(paragraph("", in: 10) == "\n")
  }

  @Test func emojiAreTwoColumnsWide() {
    #expect("⭐⌚⚡😀🇩🇪".displayWidth == 10 && "aé漢".displayWidth == 4)
  }
}

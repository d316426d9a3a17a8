import Testing

struct HelpScreenTests {
  @Test func theProgram() {
    #expect(
      DemoProgram.output("--help").text == """
        Test strategies on history.

        Usage: demo-run <command>

        Commands:
          run         Run one strategy over one bar file.
          data        Look at data.
          fail        Fail in one of several ways.
          completion  Print a completion script for a shell.

        Options:
          -h, --help     Show this help.
              --version  Show the version.

        Exit status:
          0    Done.
          1    A gate failed, or look-ahead was found.
          2    The input or the command line is wrong.
          3    A fault of the program, or a run that does not reproduce its fingerprint.
          130  Interrupted; no file is half written.

        See 'demo-run <command> --help' for more on a command.

        """)
  }

  @Test func aGroup() {
    #expect(
      DemoProgram.output("data", "--help").text == """
        Look at data.

        Usage: demo-run data <command>

        Commands:
          check  Check bar files.

        Options:
          -h, --help  Show this help.

        Exit status:
          0    Done.
          2    The input or the command line is wrong.
          3    A fault of the program, or a run that does not reproduce its fingerprint.
          130  Interrupted; no file is half written.

        See 'demo-run data <command> --help' for more on a command.

        """)
  }

  @Test func aCommand() {
    #expect(
      DemoProgram.output("run", "--help").text == """
        Run one strategy over one bar file.

        Usage: demo-run run [options] <study>

        The results are written into a folder.

        It's made where it is missing.

        Arguments:
          <study>  The study to run.

        Options:
          -o, --out <folder>     Where the results go. (default: Reports)
              --seed <n>         The seed of all randomness. (default: 1)
          -f, --fill <rule>      When market orders fill. (one of: next-open,
                                 same-close; default: next-open)
              --since <date>     The first day.
              --set <key=value>  Replace a value of the study, such as
                                 execution.slippage=2, for this run only. (may be
                                 repeated)
          -q, --quiet            Print only the result.
          -n, --dry-run          Read everything, run nothing.
          -h, --help             Show this help.

        Exit status:
          0    Done.
          2    The input or the command line is wrong.
          3    A fault of the program, or a run that does not reproduce its fingerprint.
          130  Interrupted; no file is half written.

        """)
  }

  @Test func narrowTerminalsWrapTheLines() {
    #expect(
      DemoProgram.output("data", "check", "--help", width: 56).text == """
        Check bar files.

        Usage: demo-run data check [options] --limit <percent>
                  <file>...

        Arguments:
          <file>  The files.

        Options:
              --limit <percent>  How many may fail. (required)
          -h, --help             Show this help.

        Exit status:
          0    Done.
          2    The input or the command line is wrong.
          3    A fault of the program, or a run that does not
               reproduce its fingerprint.
          130  Interrupted; no file is half written.

        """)
  }

  @Test func noLineIsWiderThanTheTerminal() {
    for width in [50, 63, 80, 100, 200] {
      let text = DemoProgram.output("run", "--help", width: width).text
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= min(width, 100) })
    }
  }
}

@testable import BacktestCommands
@testable import BacktestCore
@testable import BacktestFiles
import TestSupport

/// A program with one of everything, for the tests of the framework.
enum DemoProgram {
  enum Fill: String, CaseIterable, Sendable {
    case nextOpen = "next-open", sameClose = "same-close"
  }

  struct RunOptions {
    var study: String, out: String, seed: Int, fill: Fill, since: CivilDate?, overrides: [String]
    var isQuiet: Bool, isDry: Bool

    init(_ parameters: inout ParameterReader) {
      study = parameters.argument(
        "study", .file(endings: ["yaml", "json"]), help: "The study to run.")
      out = parameters.option(
        "out", short: "o", .folder(), default: "Reports", help: "Where the results go.")
      seed = parameters.option(
        "seed", .integer("n", .notNegative), default: 1, help: "The seed of all randomness.")
      fill = parameters.option(
        "fill", short: "f", .choice("rule"), default: .nextOpen, help: "When market orders fill.")
      since = parameters.optionalOption("since", .date(), help: "The first day.")
      overrides = parameters.options(
        "set", .text("key=value"),
        help: "Replace a value of the study, such as execution.slippage=2, for this run only.")
      isQuiet = parameters.flag("quiet", short: "q", help: "Print only the result.")
      isDry = parameters.flag("dry-run", short: "n", help: "Read everything, run nothing.")
      parameters.require(
        !isDry || out == "Reports", "'--dry-run' writes nothing; leave out '--out'")
    }
  }

  static let run = Command(
    "run", summary: "Run one strategy over one bar file.",
    discussion: "The results are written into a folder.\n\nIt's made where it is missing."
  ) { parameters in
    let options = RunOptions(&parameters)
    return { context in
      context.output.write(
        "\(options.study) \(options.out) \(options.seed) \(options.fill) "
          + "\(options.since.map(\.description) ?? "-") \(options.overrides) "
          + "\(options.isQuiet) \(options.isDry)\n")
      return .done
    }
  }

  static let check = Command("check", summary: "Check bar files.") { parameters in
    let files = parameters.arguments("file", .file(), isRequired: true, help: "The files.")
    let limit = parameters.option(
      "limit", .number("percent", .fraction), help: "How many may fail.")
    return { context in
      context.output.write("\(files) \(limit)\n")
      return .gateFailed
    }
  }

  static let fail = Command("fail", summary: "Fail in one of several ways.") { parameters in
    let way = parameters.argument(
      "way", .oneOf(["input", "fault", "interrupt"], name: "way"), help: "How to fail.")
    return { context in
      switch way {
      case "input":
        throw DocumentError(at: DocumentPlace(source: "a.yaml", line: 1, column: 2), "is wrong")
      case "fault": throw CommandError(status: .fault, message: "the fingerprint differs")
      default: try context.checkInterrupt()
      }
      return .done
    }
  }

  static let program = CommandProgram(
    "demo-run", version: "1.2.3", summary: "Test strategies on history.",
    subcommands: [
      run, Command("data", summary: "Look at data.", subcommands: [check]), fail,
    ])

  /// What the program writes and how it ends.
  static func output(
    _ words: String..., width: Int = 80, interrupted: Bool = false
  ) -> (text: String, errors: String, status: ExitCode) {
    let (output, errors) = (MemoryStream(width: width), MemoryStream(width: width))
    let interrupt = Interrupt()
    if interrupted { interrupt.raise() }
    let context = CommandContext(
      output: output, errors: errors, clock: SystemClock(), interrupt: interrupt)
    let status = program.run(words, in: context)
    return (output.text, errors.text, status)
  }
}

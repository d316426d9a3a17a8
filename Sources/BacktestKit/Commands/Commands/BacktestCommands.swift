public import BacktestCore

/// The program `bt-run` over a catalogue of strategies.
///
/// A package with strategies of its own has all commands from a main of a few lines:
///
///     import BacktestKit
///     import Strategies
///
///     BacktestCommands(catalogue: .standard.adding([MyStrategy.definition])).main()
public struct BacktestCommands: Sendable {
  let program: CommandProgram

  /// The program over a catalogue.
  ///
  /// - Parameters:
  ///   - catalogue: the strategies that studies can name.
  ///   - name: how the program is called on the command line.
  public init(catalogue: StrategyCatalogue, name: String = "bt-run") {
    program = CommandProgram(
      name, version: BacktestKitVersion.current,
      summary: "Backtest trading strategies on historical bars, and say what the result proves.",
      subcommands: [
        .run(catalogue), .walkForward(catalogue), .regimes(catalogue), .data,
        .policy, .strategies(catalogue), .initialize(catalogue),
      ])
  }

  /// Runs the command line of this process and ends the process with one of the exit codes.
  public func main() -> Never { program.main(CommandLine.arguments) }
}

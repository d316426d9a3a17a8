public import BacktestCore
import BacktestFiles
import BacktestStudies

/// The program `bt-run` over a catalogue of strategies.
///
/// A package with its own strategies gets all commands from a main of a few lines:
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
      summary:
        "Backtest trading strategies on historical bars and evaluate the results.",
      subcommands: [
        .run(catalogue),
        .walkForward(catalogue),
        .sweep(catalogue),
        .tune(catalogue),
        .sensitivity(catalogue),
        .crossValidation(catalogue),
        .batch(catalogue),
        .merge(catalogue),
        .monteCarlo(catalogue),
        .regimes(catalogue),
        .lookahead(catalogue),
        .gate(catalogue),
        .report(catalogue),
        .compare,
        .index(program: name),
        .runs,
        .inputs(catalogue),
        .data,
        .policy(program: name),
        .strategies(catalogue),
        .initialize(catalogue, program: name),
      ])
  }

  /// Runs the command line of this process and ends the process with one of the exit codes.
  public func main() -> Never { program.main(CommandLine.arguments) }
}

extension Command {
  /// `strategies`: what the catalogue offers.
  static func strategies(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "strategies", summary: "List the strategies of the catalogue, or one with its parameters."
    ) { parameters in
      let name = parameters.optionalArgument(
        "name", .oneOf(catalogue.definitions.map(\.name), name: "strategy"),
        help: "The strategy to show.")
      let printsJSON = parameters.flag("json", help: "Print JSON instead of tables.")
      return { context in
        let shown = catalogue.definitions.filter { name == nil || $0.name == name }
        if printsJSON {
          let json = JSONValue.list(shown.map(strategyJSON))
          context.output.write(String(decoding: JSONWriter.bytes(of: json), as: UTF8.self))
        } else if name != nil, let one = shown.first {
          context.output.write(
            "\(one.name): \(one.summary)\n\n\(parameterTable(one, context.output.tableWidth))")
        } else {
          var table = TextTable([.left("strategy"), .left("description")])
          for one in shown { table.add([one.name, one.summary]) }
          context.output.write(table.text(in: context.output.tableWidth))
        }
        return .done
      }
    }
  }
}

private func parameterTable(_ definition: StrategyDefinition, _ width: Int?) -> String {
  var table = TextTable([
    .left("parameter"), .right("default"), .left("values"), .left("description"),
  ])
  for one in definition.parameters {
    table.add([one.name, "\(one.defaultValue)", "\(one.domain)", one.help])
  }
  return table.text(in: width)
}

private func strategyJSON(_ definition: StrategyDefinition) -> JSONValue {
  [
    "name": .text(definition.name), "summary": .text(definition.summary),
    "parameters": .list(
      definition.parameters.map { one in
        [
          "name": .text(one.name), "default": JSONValue(one.defaultValue),
          "domain": .text("\(one.domain)"), "help": .text(one.help),
        ] as JSONValue
      }),
  ]
}

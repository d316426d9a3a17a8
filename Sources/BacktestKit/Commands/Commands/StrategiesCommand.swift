import BacktestCore
import BacktestFiles
import BacktestStudies

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
          context.output.write("\(one.name): \(one.summary)\n\n\(parameterTable(one))")
        } else {
          var table = TextTable([.left("strategy"), .left("what it does")])
          for one in shown { table.add([one.name, one.summary]) }
          context.output.write(table.text)
        }
        return .done
      }
    }
  }
}

private func parameterTable(_ definition: StrategyDefinition) -> String {
  var table = TextTable([
    .left("parameter"), .right("default"), .left("what it may be"), .left("what it is"),
  ])
  for one in definition.parameters {
    table.add([one.name, "\(one.defaultValue)", "\(one.domain)", one.help])
  }
  return table.text
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

import BacktestCore
import BacktestFiles
import BacktestStudies

extension Command {
  /// `inputs`: the files that a study reads.
  static func inputs(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "inputs", summary: "List the files that a study reads.",
      discussion: """
        Prints a path on each line: the study itself, its prices and what else it names, and the \
        manifests and weights of its policies. Programs that an external policy or a training \
        starts are not known. Whoever runs a study elsewhere takes these files along.
        """
    ) { parameters in
      let path = parameters.argument(
        "study", .file(endings: ["yaml", "yml", "json"]), help: "The study file.")
      let overrides = parameters.options(
        "set", .text("key=value"), help: "Override a key of the study.")
      let printsJSON = parameters.flag("json", help: "Print a list in JSON.")
      return { context in
        let study = try Study.read(path, overrides: overrides, catalogue: catalogue).study
        var seen: Set<String> = []
        let paths = study.inputs.filter { fileExists($0) && seen.insert($0).inserted }.sorted()
        if printsJSON {
          let json = JSONValue.list(paths.map { .text($0) })
          context.output.write(String(decoding: JSONWriter.bytes(of: json), as: UTF8.self))
        } else {
          context.output.write(paths.map { "\($0)\n" }.joined())
        }
        return .done
      }
    }
  }
}

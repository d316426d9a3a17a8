import BacktestCore
import BacktestFiles

extension Command {
  /// `init`: a commented example of a study.
  static func initialize(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "init", summary: "Write a commented example of a study file.",
      discussion: "An existing file is left alone unless --force is given."
    ) { parameters in
      let path =
        parameters.optionalArgument(
          "file", .file(endings: ["yaml"]), help: "The file to write; study.yaml unless given.")
        ?? "study.yaml"
      let isForced = parameters.flag("force", help: "Replace an existing file.")
      return { context in
        if !isForced, fileExists(path) {
          throw CommandFailure(
            status: .wrongInput, message: "\(path) is there already; --force replaces it")
        }
        try FileBytes.write(exampleStudy, to: path)
        context.output.write(
          "Wrote \(path). Name your price files in it, then: bt-run walkforward \(path)\n")
        return .done
      }
    }
  }
}

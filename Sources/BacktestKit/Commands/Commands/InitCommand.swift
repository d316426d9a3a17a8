import BacktestCore
import BacktestFiles
import BacktestPolicies

extension Command {
  /// `init`: a commented example of a study.
  static func initialize(_ catalogue: StrategyCatalogue, program: String) -> Command {
    Command(
      "init", summary: "Write a commented example of a study file.",
      discussion: """
        With --policy it is a study of that policy, with --batch a batch file. An existing file \
        is kept unless --force is given.
        """
    ) { parameters in
      let path =
        parameters.optionalArgument(
          "file", .file(endings: ["yaml"]),
          help: "The file to write (default: study.yaml, or batch.yaml with --batch).")
      let policy = parameters.optionalOption(
        "policy", .folder(), help: "The policy that decides: a folder with a manifest.")
      let isBatch = parameters.flag("batch", help: "Write a batch file instead of a study.")
      let isForced = parameters.flag("force", help: "Replace an existing file.")
      parameters.require(
        !isBatch || policy == nil, "'--policy' is for a study; a batch file has 'policies'")
      return { context in
        let path = path ?? (isBatch ? "batch.yaml" : "study.yaml")
        if !isForced, fileExists(path) {
          throw CommandError.input("\(path) already exists; use --force to overwrite it")
        }
        if isBatch {
          try FileBytes.write(ExampleStudy.batch(program: program), to: path)
          context.output.write(
            "Wrote \(path). Edit its studies, then run: \(program) batch \(path)\n")
          return .done
        }
        let example = try ExampleStudy(
          catalogue, program: program, policy: policy.map { try PolicyManifest(path: $0) },
          path: path)
        try FileBytes.write(example.text, to: path)
        context.output.write(
          "Wrote \(path). Edit its price files, then run: \(program) walkforward \(path)\n")
        return .done
      }
    }
  }
}

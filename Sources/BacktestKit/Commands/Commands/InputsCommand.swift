import BacktestCore
import BacktestFiles
import BacktestStudies

extension Command {
  /// `inputs`: the files that a study reads.
  static func inputs(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "inputs", summary: "List the files that a study or a batch reads.",
      discussion: """
        Prints a path on each line: the study itself, its prices and what else it names, and the \
        manifests and weights of its policies; of a batch file those of all its studies, with a \
        warning where one cannot be read. Programs that an external policy or a training starts \
        are not known. Whoever runs a study elsewhere takes these files along.
        """
    ) { parameters in
      let path = parameters.argument(
        "study", .file(endings: ["yaml", "yml", "json"]), help: "The study or batch file.")
      let overrides = parameters.options(
        "set", .text("key=value"), help: "Override a key of the study.")
      let printsJSON = parameters.flag("json", help: "Print a list in JSON.")
      return { context in
        let named = Set(try files(of: path, overrides, catalogue, context))
        let paths = named.filter(fileExists).sorted()
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

  private static func files(
    of path: String, _ overrides: [String], _ catalogue: StrategyCatalogue,
    _ context: CommandContext
  ) throws -> [String] {
    guard case .table(let keys) = try DocumentReader.read(path: path).content,
      keys.contains(where: { $0.key == "studies" })
    else { return try Study.read(path, overrides: overrides, catalogue: catalogue).study.inputs }
    for override in overrides { _ = try DocumentOverride(parsing: override) }
    var paths = [path]
    var read: Set<[String]> = []
    for entry in try BatchPlan(path: path).entries {
      // Parameters and seeds name no files.
      let others = entry.overrides.filter {
        !$0.hasPrefix("strategy.parameters.") && !$0.hasPrefix("seed=")
      }
      guard read.insert([entry.path] + others).inserted else { continue }
      paths.append(entry.path)
      do {
        paths += try Study.read(
          entry.path, overrides: entry.overrides + overrides, catalogue: catalogue
        ).study.inputs
      } catch {
        // It fails as an entry of the batch, while others go on.
        context.report("warning: \(error)")
      }
    }
    return paths
  }
}

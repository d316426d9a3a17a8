extension Command {
  /// `policy import`: a checkpoint made into a policy.
  static var policyImport: Command {
    Command(
      "import", summary: "Make a policy of a checkpoint that a training library wrote.",
      discussion: """
        Writes manifest.json, model.safetensors and, where observations were normalised, \
        norm.json, all of them or none. Reads archives of Stable-Baselines3 and sb3-contrib \
        (zipped or unpacked), torch zips (.pt, .pth, CleanRL), safetensors and RLlib checkpoints; \
        nothing in them is executed.

        What a checkpoint cannot say, above all which features it observed and what its actions \
        mean, comes from a file of answers: a YAML or JSON document with the keys of a manifest. \
        Without them the command says which are missing, by name, and writes nothing.
        """
    ) { parameters in
      let checkpoint = parameters.argument(
        "checkpoint", .file("checkpoint"), help: "The file, or the folder of an unpacked one.")
      let vecNormalize = parameters.optionalOption(
        "vecnormalize", .file(endings: ["pkl"]),
        help: "The statistics by which Stable-Baselines3 normalised observations.")
      let answers = parameters.optionalOption(
        "with", .file(endings: ["yaml", "yml", "json"]),
        help: "Answers to what the checkpoint cannot say.")
      let name = parameters.optionalOption(
        "name", .text("name"), help: "The policy's name; else the name of the folder.")
      let out = parameters.option("out", short: "o", .folder(), help: "Where the policy goes.")
      return { context in
        let source = try PolicyImport(checkpoint: checkpoint, vecNormalize: vecNormalize)
        let answers = try answers.map { path throws(PolicyError) in
          try PolicyImport.Answers(path: path)
        }
        let missing = try source.missingAnswers(answers)
        guard missing.isEmpty else {
          throw CommandFailure(status: .wrongInput, message: questions(missing, source))
        }
        let stem = out.split(separator: "/").last.map(String.init) ?? "policy"
        let policy = try source.policy(named: name ?? stem, answers)
        try ResultFolder.check(out)
        try policy.write(to: out)
        context.output.write(importSummary(policy, out))
        return .done
      }
    }
  }
}

/// What was written, and what to do next.
private func importSummary(_ policy: ImportedPolicy, _ folder: String) -> String {
  let remarks = policy.remarks.map { "note: \($0)\n" }.joined()
  let files = policy.hasNormaliser ? ", \(folder)/norm.json" : ""
  return remarks + "\(folder)/manifest.json, \(folder)/model.safetensors\(files)\n"
    + "Next: bt-run policy verify \(folder), then 'strategy: {policy: \(folder)}' in a study\n"
}

/// The answers that are missing, and what the checkpoint did say.
private func questions(
  _ missing: [PolicyImport.MissingAnswer], _ source: PolicyImport
) -> String {
  let lines = missing.map { "  \($0)" }
  let found = source.layout.map { "the network is that of \($0.family.rawValue)" }
  let known = found.map { " (\($0))" } ?? ""
  return "\(source.checkpoint) does not say all that a policy needs\(known); "
    + "give in a file, with --with FILE:\n" + lines.joined(separator: "\n")
}

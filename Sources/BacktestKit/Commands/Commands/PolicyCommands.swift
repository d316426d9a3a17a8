import BacktestCore
import BacktestCheckpoints
import BacktestFiles
import BacktestPolicies

extension Command {
  /// `policy`: imports and shows trained policies.
  static func policy(program: String) -> Command {
    Command(
      "policy", summary: "Import, inspect, verify or list trained policies.",
      subcommands: [
        policyImport(program: program), policyInspect, policyVerify, policyList(program: program),
      ])
  }

  private static var policyVerify: Command {
    Command(
      "verify", summary: "Check a policy's files, its network and its golden decisions.",
      discussion: """
        Every weights file that the manifest names must, if present, match its digest and hold the \
        same network. Golden decisions must be reproduced: discrete actions exactly, numbers to \
        1e-5.
        """
    ) { parameters in
      let paths = parameters.arguments(
        "policy", .folder("policy"), isRequired: true,
        help: "Folders with a manifest.json, or manifests.")
      return { context in
        var failed: [String] = []
        for path in paths {
          do throws(PolicyError) {
            let check = try PolicyCheck(path: path)
            context.output.write("\(path): \(check.summary)\n")
          } catch {
            context.report("\(error)")
            failed.append(path)
          }
        }
        guard failed.isEmpty else {
          throw CommandError.input(
            "\(failed.count) of \(paths.count) policies cannot be used: "
              + NumberText.list(failed))
        }
        return .done
      }
    }
  }

  private static func policyList(program: String) -> Command {
    Command("list", summary: "List the policies below a folder.") { parameters in
      let folder = parameters.optionalArgument(
        "folder", .folder(), help: "Where to look (default: the current folder).")
      return { context in
        var table = TextTable([
          .left("policy"), .left("algorithm"), .left("observes"), .left("decides"),
          .right("golden"), .left("state"),
        ])
        let paths = PolicyFolder.manifests(below: folder ?? ".")
        guard !paths.isEmpty else {
          throw CommandError.input(
            "\(folder ?? "."): no manifest.json of a policy below it; bring one in with "
              + "'\(program) policy import'")
        }
        for path in paths { table.add(policyRow(path)) }
        context.output.write(table.text(in: context.output.tableWidth))
        return .done
      }
    }
  }
}

/// One policy as a line of the list; the last column says what is wrong with it.
private func policyRow(_ path: String) -> [String] {
  let name = path.hasSuffix("/manifest.json") ? String(path.dropLast(14)) : path
  do throws(DocumentError) {
    let manifest = try PolicyManifest(path: path)
    var state = "external"
    if manifest.hasNetwork {
      do throws(PolicyError) {
        _ = try TrainedPolicy(manifest: manifest)
        state = "ready"
      } catch {
        state = error.problem
      }
    }
    return [
      name, shown(manifest.algorithm), "\(manifest.observation.shape)", shown(manifest.decides),
      "\(manifest.golden.count)", shown(state),
    ]
  } catch {
    return [name, "–", "–", "–", "–", error.problems[0].message]
  }
}

extension PolicyManifest {
  /// What comes out, in a few words.
  var decides: String {
    if let action {
      let sizes = action.sizes.map(String.init).joined(separator: " x ")
      return "\(action.kind.rawValue) \(sizes), \(action.meaning.name)"
    }
    guard let output else { return "nothing" }
    switch output.kind {
    case .classes(let classes): return "probabilities of \(listed(classes.names, "and"))"
    case .regression: return "an expected return"
    case .gaussian: return "a mean and a variance"
    }
  }
}

extension ActionDefinition.Meaning {
  /// The word of a manifest.
  var name: String {
    switch self {
    case .targetWeights: "target_weights"
    case .softmaxWeights: "softmax_weights"
    case .shareDeltas: "share_deltas"
    case .positionCommands(let table): "position_commands of \(table.rawValue)"
    case .onChangeTargets: "on_change_targets"
    case .orders: "orders"
    }
  }
}

extension Command {
  /// `policy inspect`: what a checkpoint or a policy holds.
  static var policyInspect: Command {
    Command(
      "inspect", summary: "Describe a checkpoint or a policy; nothing in it is executed."
    ) { parameters in
      let path = parameters.argument(
        "file", .file("file"), help: "A checkpoint, a policy's folder or its manifest.")
      let printsJSON = parameters.flag("json", help: "Print JSON instead of tables.")
      return { context in
        let report: PolicyInspection
        if PolicyFolder.isPolicy(path) {
          report = try PolicyInspection(policy: path)
        } else {
          report = try PolicyInspection(checkpoint: path)
        }
        let width = context.output.tableWidth
        context.output.write(printsJSON ? report.json.text : report.text(in: width))
        return .done
      }
    }
  }
}

/// What a checkpoint or a policy holds, as facts and tensors.
struct PolicyInspection: Sendable {
  private var facts: [(name: String, value: String)] = []
  private var tensors: [NamedTensor] = []

  /// A checkpoint.
  init(checkpoint path: String) throws(PolicyError) {
    let source = try PolicyImport(checkpoint: path)
    tensors = source.tensors.tensors
    if let layout = source.layout {
      add("layout", layout.family.rawValue)
      add("inputs", "\(layout.inputCount)")
      add("outputs", "\(layout.outputCount)")
      if !layout.isWhole { add("not in the layout", layout.unexplained.joined(separator: ", ")) }
    } else if let graph = source.graph?.model {
      add("layout", "an ONNX graph of \(graph.nodes.count) nodes, operator set \(graph.opset)")
      if !graph.producer.isEmpty { add("producer", graph.producer) }
      add("inputs", graph.inputs.map(\.summary).joined(separator: ", "))
      add("outputs", graph.outputs.map(\.summary).joined(separator: ", "))
    } else {
      add("layout", "unknown; an import needs the 'network' in its answers")
    }
    if let metadata = source.metadata { add(metadata) }
    if let name = source.metadata?.activation {
      add("activation", name)
    } else if let activation = try? source.activation() {
      add("activation", activation + " (the library's default)")
    }
    addCounts()
  }

  /// A policy.
  init(policy path: String) throws {
    let manifest = try PolicyManifest(path: path)
    add("name", manifest.name)
    add("algorithm", manifest.algorithm)
    let observation = manifest.observation
    add("observes", "\(observation.shape), \(observation.features.count) features")
    add("decides", manifest.decides)
    if let execution = manifest.execution { add("trained to act at", execution.rawValue) }
    for remark in manifest.remarks { add("remark", remark) }
    add("golden decisions", "\(manifest.golden.count)")
    guard manifest.hasNetwork else { return }
    let policy = try TrainedPolicy(manifest: manifest)
    add("network", policy.networkSummary)
    add("weights", "\(policy.weightsPath), SHA-256 \(policy.weightsDigest)")
    tensors = try TensorArchive(path: policy.weightsPath).tensors
    addCounts()
  }

  /// Adds a fact from a file, without characters that could control a terminal.
  private mutating func add(_ name: String, _ value: String?) {
    if let value { facts.append((name, shown(value))) }
  }

  private mutating func addCounts() {
    add("tensors", "\(tensors.count)")
    add("parameters", "\(tensors.reduce(0) { $0 + $1.count })")
    let odd = tensors.filter { !$0.isFinite }.map(\.name)
    if !odd.isEmpty { add("not finite", odd.joined(separator: ", ")) }
  }

  private mutating func add(_ metadata: StableBaselinesMetadata) {
    add("library", metadata.version.map { "stable-baselines3 \($0)" })
    add("policy class", metadata.policyClass.map { "\(metadata.policyModule ?? "?").\($0)" })
    add("observation space", metadata.observationSpace.map(\.summary))
    add("action space", metadata.actionSpace.map(\.summary))
    add("trained steps", metadata.trainedSteps.map { "\($0)" })
    add("seed", metadata.seed.map { "\($0)" })
  }

  /// Two tables.
  func text(in tableWidth: Int?) -> String {
    let width = facts.map(\.name.count).max() ?? 0
    let lines = facts.map { fact in
      fact.name + String(repeating: " ", count: width + 2 - fact.name.count) + fact.value + "\n"
    }
    guard !tensors.isEmpty else { return lines.joined() }
    var table = TextTable([.left("tensor"), .left("shape"), .left("type"), .right("numbers")])
    for tensor in tensors {
      table.add([
        shown(tensor.name), "\(tensor.shape)", tensor.elementType.rawValue, "\(tensor.count)",
      ])
    }
    return lines.joined() + "\n" + table.text(in: tableWidth)
  }

  /// The same for programs.
  var json: JSONValue {
    [
      "facts": .table(facts.map { JSONMember(key: $0.name, value: .text($0.value)) }),
      "tensors": .list(
        tensors.map { tensor in
          [
            "name": .text(tensor.name), "shape": .list(tensor.shape.map { .integer($0) }),
            "type": .text(tensor.elementType.rawValue),
          ] as JSONValue
        }),
    ]
  }
}

/// Text of a file on one line, without quotes.
func shown(_ text: String) -> String {
  String(quotedForMessage(text, limit: 400).dropFirst().dropLast())
}

extension Command {
  /// `policy import`: a checkpoint made into a policy.
  fileprivate static func policyImport(program: String) -> Command {
    Command(
      "import", summary: "Make a policy from a checkpoint of a training library.",
      discussion: """
        Writes manifest.json, model.safetensors and, where observations were normalised, \
        norm.json, all of them or none. Reads archives of Stable-Baselines3 and sb3-contrib \
        (zipped or unpacked), torch zips (.pt, .pth, CleanRL), safetensors, RLlib checkpoints and \
        ONNX models, which are kept as model.onnx; nothing in them is executed.

        What a checkpoint does not record, above all its features and the meaning of its actions, \
        comes from a file of answers: a YAML or JSON document with the keys of a manifest. If \
        answers are missing, the command names them and writes nothing; --template prints such a \
        file. python/backtestkit_policy.py writes one from the live model, with golden decisions.
        """
    ) { parameters in
      let checkpoint = parameters.argument(
        "checkpoint", .file("checkpoint"), help: "The file, or the folder of an unpacked one.")
      let vecNormalize = parameters.optionalOption(
        "vecnormalize", .file(endings: ["pkl"]),
        help: "The statistics by which Stable-Baselines3 normalised observations.")
      let answersPath = parameters.optionalOption(
        "with", .file(endings: ["yaml", "yml", "json"]),
        help: "Answers to what the checkpoint does not record.")
      let name = parameters.optionalOption(
        "name", .text("name"), help: "The policy's name (default: the folder's name).")
      let template = parameters.flag(
        "template", help: "Print a file of answers to complete, and import nothing.")
      let folder = parameters.optionalOption(
        "out", short: "o", .folder(), help: "Where the policy goes; required without --template.")
      return { context in
        let source = try PolicyImport(checkpoint: checkpoint, vecNormalize: vecNormalize)
        let answers = try answersPath.map { path throws(PolicyError) in
          try PolicyImport.Answers(path: path)
        }
        if template {
          context.output.write(try source.answersTemplate(answers))
          return .done
        }
        guard let out = folder else {
          throw CommandError.usage("option '--out' is missing; it must be a folder")
        }
        let missing = try source.missingAnswers(answers)
        guard missing.isEmpty else { throw CommandError.input(questions(missing, source)) }
        let stem = out.split(separator: "/").last.map(String.init) ?? "policy"
        let policy = try source.policy(named: name ?? stem, answers)
        try checkOutput(out, reading: [checkpoint, vecNormalize, answersPath])
        do throws(PolicyError) {
          try policy.write(to: out, interrupt: context.interrupt)
        } catch {
          try context.checkInterrupt()
          throw error
        }
        context.output.write(importSummary(policy, out, program: program))
        return .done
      }
    }
  }
}

/// Refuses to replace what is imported, also inside the folder of an unpacked checkpoint.
private func checkOutput(_ folder: String, reading inputs: [String?]) throws(FileError) {
  var paths: [String] = []
  for path in inputs.compactMap(\.self) {
    guard FolderTree.isFolder(path) else {
      paths.append(path)
      continue
    }
    paths += try FolderTree.files(below: path).map { "\(path)/\($0)" }
  }
  try FileIdentity.check(
    writing: ["manifest.json", "model.safetensors", "model.onnx", "norm.json"], in: folder,
    reading: paths)
}

/// What was written, and what to do next.
private func importSummary(
  _ policy: ImportedPolicy, _ folder: String, program: String
) -> String {
  let remarks = policy.remarks.map { "note: \($0)\n" }.joined()
  let files = policy.hasNormaliser ? ", \(folder)/norm.json" : ""
  return remarks + "\(folder)/manifest.json, \(folder)/\(policy.weightsFile)\(files)\n"
    + "Next: \(program) policy verify \(folder), then 'strategy: {policy: \(folder)}' in a study\n"
}

/// The answers that are missing, and what the checkpoint does record.
private func questions(
  _ missing: [PolicyImport.MissingAnswer], _ source: PolicyImport
) -> String {
  let lines = missing.map { "  \($0)" }
  let whole = source.layout.flatMap { $0.isWhole ? $0 : nil }
  let found = whole.map { "the network is that of \($0.family.rawValue)" }
  let known = found.map { " (\($0))" } ?? ""
  return "\(source.checkpoint) does not record all that a policy needs\(known); "
    + "give these answers in a file, with --with FILE:\n" + lines.joined(separator: "\n")
}

import BacktestCheckpoints
import BacktestFiles
import BacktestNetworks
import BacktestPolicies

extension Command {
  /// `policy inspect`: what a checkpoint or a policy holds.
  static var policyInspect: Command {
    Command(
      "inspect", summary: "Say what a checkpoint or a policy holds; nothing in it is executed."
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
        context.output.write(printsJSON ? report.json.text : report.text)
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
    } else {
      add("layout", "none that is known; an import needs the 'network' in its answers")
    }
    if let facts = source.facts { add(facts) }
    if let name = source.facts?.activation {
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
    guard manifest.network != nil else { return }
    let policy = try TrainedPolicy(manifest: manifest)
    add("network", policy.networkSummary)
    add("weights", "\(policy.weightsPath), SHA-256 \(policy.weightsDigest)")
    tensors = try TensorArchive(path: policy.weightsPath).tensors
    addCounts()
  }

  /// What stands in a file is shown without anything that could steer a terminal.
  private mutating func add(_ name: String, _ value: String?) {
    if let value { facts.append((name, shown(value))) }
  }

  private mutating func addCounts() {
    add("tensors", "\(tensors.count)")
    add("parameters", "\(tensors.reduce(0) { $0 + $1.count })")
    let odd = tensors.filter { !$0.isFinite }.map(\.name)
    if !odd.isEmpty { add("not finite", odd.joined(separator: ", ")) }
  }

  private mutating func add(_ facts: StableBaselinesFacts) {
    add("library", facts.version.map { "stable-baselines3 \($0)" })
    add("policy class", facts.policyClass.map { "\(facts.policyModule ?? "?").\($0)" })
    add("observation space", facts.observationSpace.map(\.summary))
    add("action space", facts.actionSpace.map(\.summary))
    add("trained steps", facts.trainedSteps.map { "\($0)" })
    add("seed", facts.seed.map { "\($0)" })
  }

  /// Two tables.
  var text: String {
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
    return lines.joined() + "\n" + table.text
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

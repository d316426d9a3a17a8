/// What the command line asks for.
struct BenchOptions {
  var workloads: [any Workload.Type] = []
  /// The folder of `.npy` columns; `nil` for seeded data.
  var dataDirectory: String?
  /// How often each figure is taken; the median counts.
  var repeats = 5
  /// Whether small data and one repeat suffice, to prove that everything runs.
  var isSmoke = false

  static let usage =
    "usage: script/bench [WORKLOAD ...] [--data DIR] [--repeats N] [--smoke]; there are: "
    + WorkloadRegistry.all.map { $0.name }.joined(separator: " ")

  init(arguments: [String]) throws(BenchError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--data":
        guard let directory = rest.popFirst() else {
          throw BenchError("--data needs a folder; \(Self.usage)")
        }
        dataDirectory = directory
      case "--repeats":
        guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else {
          throw BenchError("--repeats needs a positive whole number; \(Self.usage)")
        }
        repeats = count
      case "--smoke": isSmoke = true
      default:
        guard let workload = WorkloadRegistry.all.first(where: { $0.name == argument }) else {
          throw BenchError("there is no workload \(argument); \(Self.usage)")
        }
        workloads.append(workload)
      }
    }
    if workloads.isEmpty { workloads = WorkloadRegistry.all }
    if isSmoke { repeats = 1 }
  }
}

/// Why nothing was measured, in words.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

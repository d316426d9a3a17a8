import BacktestKit

/// What gates let through: how often the best of 100 strategies passes where there is nothing to
/// find, and where there is an edge of known size.
///
///     bench gate-noise [--searches N] [--threads N]
enum GateNoise {
  static let usage = "usage: script/bench gate-noise [--searches N] [--threads N]"

  static func run(_ arguments: [String]) throws {
    var searches = 1_000
    var threads: Int?
    var rest = arguments[...]
    while let option = rest.popFirst() {
      guard let value = rest.popFirst().flatMap({ Int($0) }), value > 0 else {
        throw BenchError(usage)
      }
      switch option {
      case "--searches": searches = value
      case "--threads": threads = value
      default: throw BenchError(usage)
      }
    }
    print("# Nothing to find: the share of \(searches) searches whose best strategy passes\n")
    print(header(first: "strategies, years"))
    for kind in [NoiseSearch.crossovers, .shortCrossovers, .unrelated] {
      for years in [5, 10] {
        let found = try verdicts(kind, searches, years: years, threads: threads)
        print(row("\(kind.rawValue), \(years)", found))
      }
    }
    let planted = max(searches / 5, 1)
    print("\n# Edges of known size: the share of \(planted) searches that pass\n")
    print(header(first: "strategies, years, true annual Sharpe"))
    for kind in [NoiseSearch.oneEdge, .sharedEdge] {
      for years in [5, 10] {
        for edge in [0.5, 1, 1.5, 2, 3] {
          let found = try verdicts(
            kind, planted, years: years, edge: edge, threads: threads)
          print(row("\(kind.rawValue), \(years), \(edge)", found))
        }
      }
    }
  }

  private static func verdicts(
    _ kind: NoiseSearch, _ count: Int, years: Int, edge: Double = 0, threads: Int?
  ) throws -> [SearchVerdict] {
    try parallelMap(count: count, threads: threads) { index in
      try kind.run(rows: years * 252, seed: UInt64(index) + 1, edge: edge)
    }
  }

  private static func header(first: String) -> String {
    let titles = [
      first, "Sharpe > 1", "PSR >= 0.95", "DSR, N counted", "DSR, N correlation", "DSR, N rank",
      "PBO <= 0.20", "SPA p <= 0.05", "default gate", "median N correlation", "median N rank",
    ]
    return "| " + titles.joined(separator: " | ") + " |\n|"
      + String(repeating: " --- |", count: titles.count)
  }

  private static func row(_ name: String, _ verdicts: [SearchVerdict]) -> String {
    func share(_ passes: (SearchVerdict) -> Bool) -> String {
      let tenths = Double(verdicts.count(where: passes)) / Double(verdicts.count) * 1_000
      return "\(tenths.rounded() / 10) %"
    }
    func median(_ method: TrialCount.Method) -> String {
      let values = verdicts.compactMap { $0.counts[method] }.sorted()
      return "\((values[values.count / 2] * 10).rounded() / 10)"
    }
    let cells = [
      name, share { $0.annualSharpe > 1 }, share { $0.psr >= 0.95 },
      share { $0.isDeflated(.counted) }, share { $0.isDeflated(.averageCorrelation) },
      share { $0.isDeflated(.effectiveRank) }, share { $0.overfitting <= 0.2 },
      share { $0.superiority <= 0.05 }, share { $0.passesDefaultGate },
      median(.averageCorrelation), median(.effectiveRank),
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }
}

import BacktestCore
package import BacktestEvidence
import BacktestFiles

extension ResultRecord {
  /// What the run was compared with.
  package struct Benchmark: Sendable, Equatable {
    /// Its name.
    package var name: String
    /// Its own main figures over the time of the run; those without a value are left out.
    package var metrics: [Metric]
    /// The run compared with it, such as alpha and beta; those without a value are left out.
    package var comparison: [Metric]

    /// The benchmark of an outcome; `nil` where there is none.
    init?(_ outcome: StudyOutcome) {
      guard let benchmark = outcome.benchmark else { return nil }
      name = benchmark.name
      let own = outcome.benchmarkMetrics
      metrics = Metrics.headlineNames.compactMap { name in
        guard let value = (try? own?.value(of: name)) ?? nil else { return nil }
        return Metric(name: name, value: value)
      }
      let compared = outcome.benchmarkComparison
      comparison = (compared?.all ?? []).compactMap { metric, value in
        guard metric.group == .benchmark else { return nil }
        return value.map { Metric(name: metric.name, value: $0) }
      }
    }

    init(_ table: inout DocumentTable) {
      name = table.value("name", .text)
      metrics = Metric.all(in: &table, "metrics")
      comparison = Metric.all(in: &table, "comparison")
    }

    var json: JSONValue {
      [
        "name": .text(name), "metrics": Metric.json(metrics),
        "comparison": Metric.json(comparison),
      ]
    }
  }
}

extension ResultRecord.Metric {
  /// The metrics of a table by name.
  static func all(in table: inout DocumentTable, _ key: String) -> [ResultRecord.Metric] {
    table.section(key) { table in
      table.keys.compactMap { name in
        table.optional(name, .number()).map { ResultRecord.Metric(name: name, value: $0) }
      }
    }
  }

  /// Metrics as a table.
  static func json(_ metrics: [ResultRecord.Metric]) -> JSONValue {
    .table(metrics.map { JSONMember(key: $0.name, value: .number($0.value)) })
  }
}

extension StudyOutcome {
  /// The run compared with the benchmark on their common days; `nil` without a benchmark.
  package var benchmarkComparison: PerformanceMetrics? {
    let sessions = result.sessionSample
    let aligned = benchmark.flatMap {
      try? $0.aligned(with: sessions, timeframe: result.universe.shortestTimeframe)
    }
    return aligned.map { PerformanceMetrics(sessions, benchmark: $0) }
  }
}

/// One figure, with what the measured run came to.
struct Measurement {
  /// What was measured.
  var engine = "backtestkit"
  /// The unit of the figure, such as `bars/s`.
  var metric: String
  /// The figure by wall time.
  var value: Double
  /// The figure by user and system time.
  var cpuValue: Double
  /// Fills of one run.
  var fills: Int?
  /// Equity at the end of one run.
  var finalEquity: Double?
  /// The time of one run.
  var time: ProcessTime
  /// Further numbers by name, in the order in which they are printed.
  var extras: [(name: String, value: Double)] = []

  /// Units per second: runs `body` once to warm up, then takes the median of `repeats` runs by
  /// their CPU time. A repeat calls `body` as often as it takes to fill `shortest` seconds.
  ///
  /// It is not optimised, because the compiler would do a thousand calls without side effects as
  /// one.
  ///
  /// - Returns: the measurement and the last result of `body`.
  @inline(never) @_optimize(none)
  static func rate<Result>(
    _ metric: String, units: Double, repeats: Int, shortest: Double = 0.2,
    body: () throws -> Result
  ) rethrows -> (measurement: Measurement, result: Result) {
    let start = ProcessTime.now
    var result: Result? = try body()
    let once = ProcessTime.now - start
    let calls = repeats == 1 ? 1 : max(1, Int(shortest / max(once.wall, 1e-6)))
    var times: [ProcessTime] = []
    for _ in 0..<repeats {
      let start = ProcessTime.now
      for _ in 0..<calls {
        // One result at a time, so that the peak of memory is that of a run.
        result = nil
        result = try body()
      }
      times.append((ProcessTime.now - start) / Double(calls))
    }
    times.sort { $0.cpu < $1.cpu }
    let median = times[times.count / 2]
    let measurement = Measurement(
      metric: metric, value: units / max(median.wall, 1e-9),
      cpuValue: units / max(median.cpu, 1e-9), time: median)
    return (measurement, result!)
  }

  /// The figure as one line of JSON.
  func jsonLine(workload: String, data: BenchData, repeats: Int) -> String {
    var fields: [(String, String)] = [
      ("workload", quoted(workload)), ("engine", quoted(engine)), ("version", quoted(version)),
      ("metric", quoted(metric)), ("value", number(value)), ("value_cpu", number(cpuValue)),
      ("fills", fills.map(String.init) ?? "null"),
      ("final_equity", finalEquity.map(number) ?? "null"),
      ("user_s", number(time.user)), ("wall_s", number(time.wall)),
      ("max_rss_mb", number(ProcessMemory.peakMegabytes)),
      ("import_s", number(data.importSeconds)),
      ("repeats", String(repeats)), ("data", quoted(data.origin)),
    ]
    fields += extras.map { ($0.name, number($0.value)) }
    return "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }

  private var version: String { "0.1.0" }

  private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }

  private func quoted(_ text: String) -> String { "\"\(text)\"" }
}

import BacktestCore
package import BacktestEvidence
import BacktestFiles

extension ResultRecord {
  /// The Sharpe ratio of one regime, as known at the time.
  package struct RegimeSharpe: Sendable, Equatable {
    /// The regimes and the label, such as `bull/bear 20 %: bear`.
    package var name: String
    /// The number of returns.
    package var barCount: Int
    /// The ratio a year; `nil` where it does not exist.
    package var sharpe: Double?
  }

  /// The regimes of `regimes`, those without returns or without a label left out.
  static func regimeSharpes(_ regimes: JSONValue?) -> [RegimeSharpe] {
    (regimes?.items ?? []).flatMap { analysis in
      let name = analysis["name"]?.textValue ?? ""
      return (analysis["causal"]?.items ?? []).compactMap { part -> RegimeSharpe? in
        guard let label = part["label"]?.textValue, label != "unlabelled",
          let bars = part["bars"]?.wholeValue, bars > 0
        else { return nil }
        return RegimeSharpe(
          name: "\(name): \(label)", barCount: bars, sharpe: part["sharpe"]?.numberValue)
      }
    }
  }

  /// The total return of each fold of `folds`.
  static func foldReturns(_ folds: JSONValue?) -> [Double?] {
    (folds?.items ?? []).map { $0["total-return"]?.numberValue }
  }
}

extension JSONValue {
  /// The items of a list.
  var items: [JSONValue]? { if case .list(let items) = self { items } else { nil } }
  /// A text.
  var textValue: String? { if case .text(let text) = self { text } else { nil } }
  /// Yes or no.
  var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// A whole number.
  var wholeValue: Int? { if case .integer(let value) = self { value } else { nil } }
  /// A number.
  var numberValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}

extension GateInputs {
  /// What a result tells a gate.
  ///
  /// - Parameters:
  ///   - record: the result.
  ///   - metrics: the metrics of the same run, which know why one has no value.
  package init(_ record: ResultRecord, metrics: PerformanceMetrics? = nil) {
    self.init { name in
      GateFigure(
        record.figure(name), interval95: record.interval95(of: name),
        absence: record.absence(of: name, metrics))
    }
    limits = record.caveats.map { ($0.code, $0.message) }
    let ruined = ResultCaveat.Code.ruined.rawValue
    if let time = record.ruinedAt, !limits.contains(where: { $0.code == ruined }) {
      limits.append((ruined, "Nothing was left of the equity at \(time)."))
    }
    let counts = record.counts
    closedTrades = GateFigure(
      Double(counts.trades - counts.openTrades), absence: "not counted")
    if record.kind == .walkForward {
      efficiency = GateFigure(
        record.efficiency,
        absence: "nothing was chosen or trained, the mean in-sample objective is not positive, the "
          + "out-of-sample one is negative, or less is better")
      profitableFolds = Self.profitableFolds(record.foldReturns)
    } else {
      efficiency = .missing("the result is no walk-forward")
      profitableFolds = .missing("the result is no walk-forward")
    }
    worstRegimeSharpe = Self.worst(record.regimeSharpes)
  }

  private static func profitableFolds(_ returns: [Double?]) -> GateFigure {
    let known = returns.compactMap(\.self)
    guard !returns.isEmpty, known.count == returns.count else {
      return .missing(
        "\(NumberText.grouped(returns.count - known.count)) of "
          + "\(NumberText.count(returns.count, "fold")) have no return")
    }
    return GateFigure(Double(known.count { $0 > 0 }) / Double(known.count), absence: "no folds")
  }

  private static func worst(_ regimes: [ResultRecord.RegimeSharpe]) -> GateFigure {
    guard !regimes.isEmpty else {
      return .missing("the result has no regime that was known at the time")
    }
    if let blank = regimes.first(where: { $0.sharpe == nil }) {
      return .missing("the regime '\(blank.name)' has no Sharpe ratio")
    }
    return GateFigure(regimes.compactMap(\.sharpe).min(), absence: "no regime")
  }
}

extension ResultRecord {
  /// The bounds of a metric with 95 % confidence, where the result has them.
  func interval95(of name: String) -> ClosedRange<Double>? {
    guard let found = intervals.first(where: { $0.metric == name && $0.level == 0.95 }),
      found.lower <= found.upper
    else { return nil }
    return found.lower...found.upper
  }

  /// How a stored metric differs from that of the same run made again; `nil` where none does. The
  /// last digits may differ between machines.
  func differingMetric(from again: ResultRecord) -> String? {
    for metric in again.metrics {
      let stored = self[metric.name] ?? .nan
      let isSame = abs(stored - metric.value) <= 1e-9 * max(abs(metric.value), 1e-9)
      guard !isSame else { continue }
      let shown = stored.isNaN ? "no \(metric.name)" : "\(metric.name) \(NumberText.exact(stored))"
      return "the result says \(shown), and the run gives \(NumberText.exact(metric.value))"
    }
    return nil
  }

  /// A metric of the run, or of its comparison with the benchmark.
  fileprivate func figure(_ name: String) -> Double? {
    self[name] ?? benchmark?.comparison.first { $0.name == name }?.value
  }

  fileprivate func absence(of name: String, _ metrics: PerformanceMetrics?) -> String {
    if Metrics.find(name)?.group == .benchmark {
      return benchmark == nil
        ? "the study has no benchmark" : "the benchmark shares too few days with the run"
    }
    return (try? metrics?.absence(of: name)).flatMap { $0?.description }
      ?? "the result has no value for it"
  }
}

extension GateInputs.Baseline {
  /// A result as the baseline of another.
  package init(_ record: ResultRecord, name: String) {
    let inputs = GateInputs(record)
    self.init(name: name) { $0.figure(inputs) }
  }
}

extension ResultRecord {
  /// Why a result cannot be compared with this one as its baseline; `nil` where it can.
  package func differenceAsBaseline(_ other: ResultRecord) -> String? {
    func symbols(_ record: ResultRecord) -> String {
      NumberText.list(Set(record.data.map(\.symbol)).sorted())
    }
    if other.name != name {
      return "it is a result of another study, \(quotedForMessage(other.name)), not of "
        + quotedForMessage(name)
    }
    if other.strategy != strategy {
      return
        "its strategy is \(quotedForMessage(other.strategy)), not \(quotedForMessage(strategy))"
    }
    if other.kind != kind {
      return "it is a \(other.kind.rawValue), not a \(kind.rawValue)"
    }
    if symbols(other) != symbols(self) {
      return "its instruments are \(symbols(other)), not \(symbols(self))"
    }
    return nil
  }
}

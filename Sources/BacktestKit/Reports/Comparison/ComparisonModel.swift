import BacktestCore
import BacktestEvidence
import BacktestFiles

/// What several parts of a comparison need, computed once.
struct ComparisonModel {
  /// The runs, the best first.
  let runs: [ComparedRun]
  /// The run that was given first, with which the others are compared.
  let reference: Int
  /// The metric that ranks them.
  let metric: MetricDefinition
  /// The rules that are not the same in all runs, by key; a value for each run.
  let differences: [(key: String, values: [String?])]
  /// The runs that have daily values.
  let charted: [Int]
  /// Their returns, in the order of `charted`.
  let curves: DailyCurves
  /// The correlations of their returns, in the order of `charted`.
  let correlations: [[Double?]]
  /// What is left of the best; `nil` where it cannot be said.
  let best: BestOfRuns?

  init(_ all: [ComparedRun], rankedBy metric: MetricDefinition) {
    let given = all.map(\.withoutSearchedParameters)
    let order = given.indices.sorted { a, b in
      let (x, y) = (given[a].metrics[metric.name], given[b].metrics[metric.name])
      return x == y ? a < b : metric.isBetter(x, than: y)
    }
    runs = Self.shownNames(of: order.map { given[$0] })
    reference = order.firstIndex(of: 0) ?? 0
    self.metric = metric
    let keys = Set(given.flatMap(\.settings.keys)).sorted()
    let runs = runs
    differences = keys.compactMap { key in
      let values = runs.map { $0.settings[key] }
      return Set(values).count > 1 ? (key, values) : nil
    }
    charted = runs.indices.filter { (runs[$0].curve?.dates.count ?? 0) > 1 }
    let known = charted.compactMap { runs[$0].curve }
    curves = DailyCurves(known)
    correlations = curves.correlations
    best =
      charted.first == 0
      ? BestOfRuns(
        curves, correlations: correlations, best: 0,
        riskFree: charted.map { runs[$0].riskFreePerDay }, daysPerYear: known.map(\.daysPerYear))
      : nil
  }

  /// The runs with names that are short and plain, and still tell them apart.
  private static func shownNames(of runs: [ComparedRun]) -> [ComparedRun] {
    var taken: [String: Int] = [:]
    return runs.map { run in
      var run = run
      let plain = printable(run.name, limit: 400)
      // Names of folders often differ at their end.
      let short = plain.count <= 40 ? plain : plain.prefix(16) + "…" + plain.suffix(22)
      taken[short, default: 0] += 1
      run.name = taken[short] == 1 ? short : "\(short) (\(taken[short] ?? 0))"
      return run
    }
  }

  /// The parameters of the strategies among the differences, with their names alone.
  var parameters: [(name: String, values: [String?])] {
    differences.compactMap { key, values in
      key.hasPrefix("parameters.") ? (String(key.dropFirst("parameters.".count)), values) : nil
    }
  }

  /// The place of a run among those with daily values.
  func place(of run: Int) -> Int? { charted.firstIndex(of: run) }

  /// A run less the reference; `nil` where one of them has no daily values, or they share too few.
  func difference(of run: Int) -> ReturnDifference? {
    guard run != reference, let own = place(of: run), let other = place(of: reference) else {
      return nil
    }
    return curves.common(own, other).flatMap { ReturnDifference($0) }
  }

  /// The returns that a run and the reference have in common; `nil` where one of them has no daily
  /// values.
  func commonDays(of run: Int) -> Int? {
    guard let own = place(of: run), let other = place(of: reference) else { return nil }
    return curves.common(own, other)?.returns.count ?? 0
  }

  /// Fewer common days than these show no correlation.
  static let fewDays = 20

  /// The returns in a year that a run and the reference have in common.
  func daysPerYear(_ run: Int) -> Double {
    guard let own = place(of: run), let other = place(of: reference) else { return 252 }
    return curves.commonPerYear(own, other)
  }
}

extension DailyCurve {
  /// Its value as a multiple of that at the base point.
  var growth: [Double] { wealth.map { $0 / wealth[0] } }
}

// What makes runs hard to compare
extension ComparisonModel {
  /// What a reader has to know before comparing figures.
  var caveats: [String] {
    [inSample, dates, apart, kinds, data, costs, currencies, versions, repetitions, missing]
      .compactMap(\.self)
  }

  private var inSample: String? {
    let names = runs.filter { $0.inSampleReason != nil }.map(\.label)
    guard !names.isEmpty else { return nil }
    return "In-sample: \(NumberText.list(names, limit: 4)). Data by which they are judged was used "
      + "to train them or to choose their parameters, so their figures are too good."
  }

  /// Whether any two runs have enough days in common to be compared day by day.
  private var sharesDays: Bool {
    correlations.indices.contains { a in correlations[a][(a + 1)...].contains { $0 != nil } }
  }

  /// Runs that cannot be compared day by day, because they share too few days.
  private var apart: String? {
    let pairs = charted.indices.flatMap { a in ((a + 1)..<charted.count).map { (a, $0) } }
    var (none, few) = (0, 0)
    for (a, b) in pairs where correlations[a][b] == nil {
      let count = curves.common(a, b)?.returns.count ?? 0
      if count == 0 { none += 1 } else if count < Self.fewDays { few += 1 }
    }
    guard none + few > 0 else { return nil }
    if runs.count == 2 {
      return none > 0
        ? "The runs have no day in common, so there is no correlation and no difference of returns."
        : "The runs have fewer than \(Self.fewDays) days in common, so there is no correlation."
    }
    let parts = [
      none > 0
        ? "\(NumberText.grouped(none)) \(none == 1 ? "has" : "have") no day in common" : nil,
      few > 0
        ? "\(NumberText.grouped(few)) \(few == 1 ? "has" : "have") fewer than \(Self.fewDays)"
        : nil,
    ]
    return "Of \(NumberText.count(pairs.count, "pair")) of runs, "
      + "\(parts.compactMap(\.self).joined(separator: " and ")). They have no correlation, and "
      + "count as unlike each other in the number of independent runs."
  }

  private var dates: String? {
    groups(by: { "\($0.dates.lowerBound) to \($0.dates.upperBound)" }).map {
      "The runs cover different times: \($0). Figures of different times are not comparable"
        + (sharesDays ? "; differences and correlations are taken over common days." : ".")
    }
  }

  private var kinds: String? {
    groups(by: \.kind).map {
      "What was done differs: \($0). A walk-forward is judged out of sample; parameters of the "
        + "others may have been chosen on the same data."
    }
  }

  private var data: String? {
    if let text = groups(by: { NumberText.list($0.symbols, limit: 4) }) {
      return "The instruments differ: \(text)."
    }
    let known = runs.filter { !$0.data.isEmpty }
    let files = Set(known.map(\.data))
    return files.count > 1
      ? "The runs read \(files.count) different versions of the files of prices." : nil
  }

  private var costs: String? {
    let keys = differences.map(\.key).filter { key in
      ["execution.commission", "execution.slippage", "account.borrow", "account.interest"]
        .contains { key.hasPrefix($0) } || key.hasPrefix("account.tax")
    }
    guard !keys.isEmpty else { return nil }
    return "The runs pay different costs: \(NumberText.list(keys, limit: 4))."
  }

  private var currencies: String? {
    groups(by: { $0.settings["account.currency"] ?? "–" }).map {
      "The accounts are in different currencies: \($0). Returns are not converted."
    }
  }

  private var versions: String? {
    groups(by: \.version).map { "Different versions of BacktestKit made the runs: \($0)." }
  }

  private var repetitions: String? {
    let same = Dictionary(grouping: runs, by: \.fingerprint).values.filter { $0.count > 1 }
      .map { $0.map(\.name).sorted() }.sorted { $0[0] < $1[0] }
    guard !same.isEmpty else { return nil }
    let names = same.map { NumberText.list($0, limit: 4) }
    if runs.count == 2 {
      return "Both are the same run, or one is a copy of the other: fills and equity are the same."
    }
    return "These runs made the same fills and the same equity: "
      + NumberText.list(names.map { "(\($0))" }, limit: 4) + "."
  }

  private var missing: String? {
    let names = runs.indices.filter { !charted.contains($0) }.map { runs[$0].name }
    guard !names.isEmpty else { return nil }
    return "\(NumberText.count(names.count, "run")) without daily values: "
      + "\(NumberText.list(names, limit: 4)). The files are gone or belong to another run, so "
      + "curves, differences and correlations leave them out."
  }

  /// How many runs have each value of a property; `nil` where all have the same.
  private func groups(by property: (ComparedRun) -> String) -> String? {
    let counts = Dictionary(grouping: runs, by: property).map { ($0.key, $0.value.count) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    guard counts.count > 1 else { return nil }
    return NumberText.list(
      counts.map { "\($0.0) (\(NumberText.count($0.1, "run")))" }, limit: 4)
  }
}

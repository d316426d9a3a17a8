public import BacktestCore
public import BacktestEvidence
public import BacktestIngest

/// The page on which a run or a walk-forward is judged: one HTML file that loads nothing, with
/// every chart inside it.
///
///     try Report(result).write(to: "Reports/crossover.html")
///
/// Caveats come first, then the verdict in figures, then the evidence. The same report always gives
/// the same bytes.
public struct Report: ReportPage {
  /// The heading.
  public var title: String
  /// The benchmark; by default equal parts of the universe, bought at the base point and held.
  /// `nil` leaves the comparison out.
  public var benchmark: BenchmarkCurve?
  /// Results by market regime.
  public var regimes: [RegimeAnalysis] = []
  /// Forecasts of value at risk from the run's own returns, with their tests.
  package var valueAtRisk: [TestedValueAtRisk] = []
  /// What factors explain of the returns; `nil` where none are given.
  public var factors: FactorRegression?
  /// Why the return differs from a benchmark's by segments; `nil` where none are given.
  package var segments: SegmentAttribution?
  /// The contents and findings of the data; by default one report for each series.
  public var dataQuality: [DataQualityReport]
  /// Where the result comes from, such as the study or a commit. An item replaces one of the same
  /// term that the report would show anyway.
  package var provenance: [ProvenanceItem] = []
  /// The caveats, shown first; by default those of the run or the walk-forward.
  public var caveats: [ResultCaveat]
  /// The SHA-256 of data files by path, where they are known.
  package var fileDigests: [String: String] = [:]
  /// The policies that decided; the report then also says whether they showed an edge.
  package var policies: [ReportPolicy] = []
  /// The spread of figures over several checkpoints, of which this run is the median.
  package var replicates: Replicates?
  /// The strategy in synthetic markets; `nil` leaves the section out.
  package var monteCarlo: ReportMonteCarlo?
  /// The intervals of the main figures; `nil` leaves them out.
  public var intervals: MetricIntervals?
  /// The trials behind the result; `nil` says nothing of them.
  public var trials: TrialCounting?
  /// The sweep of which this run is the best set.
  package var sweep: ParameterSweepResult?
  /// How the sets of a heat map's cell become one value.
  package var heatMapReduction = ParameterHeatMap.Reduction.median
  /// What becomes of the run when one thing is changed.
  package var sensitivity: SensitivityResult?
  /// Differences between a policy's training and this run, in sentences.
  package var policyRemarks: [String] = []
  /// Whether the page holds a small script that shows the values under the pointer, hides lines,
  /// looks closer at a range of time and sorts tables. Nothing essential needs it.
  public var isInteractive = true
  /// Custom sections, shown before the assumptions.
  public var customSections: [ReportSection] = []

  /// Whether only returns are known, and nothing of orders, positions and costs.
  var isOfReturns = false

  private let run: BacktestResult
  private let walkForward: WalkForwardResult?

  /// A report on one run.
  public init(_ result: BacktestResult) {
    self.init(
      run: result, walkForward: nil, caveats: result.caveats,
      title: "\(result.strategy) on \(Report.universeName(result.universe))")
  }

  /// A report on a walk-forward, which judges its stitched out-of-sample run.
  public init(_ walkForward: WalkForwardResult) {
    let run = walkForward.stitched
    self.init(
      run: run, walkForward: walkForward, caveats: walkForward.caveats,
      title: "Walk-forward of \(walkForward.strategy) on \(Report.universeName(run.universe))")
  }

  init(
    run: BacktestResult, walkForward: WalkForwardResult?, caveats: [ResultCaveat], title: String
  ) {
    self.caveats = caveats
    self.run = run
    self.walkForward = walkForward
    self.title = title
    benchmark = BenchmarkCurve.buyAndHold(run)
    dataQuality = run.universe.series.map { DataQualityReport($0) }
  }

  /// The file, as UTF-8.
  public func bytes() -> [UInt8] { document().bytes() }

  /// The main parts of the page as Markdown: verdict, caveats, figures, and the tables of folds,
  /// metrics and assumptions.
  public func markdown() -> [UInt8] {
    document().markdown(sections: [
      "equity", "certainty", "folds", "metrics", "sweep", "policy", "assumptions", "provenance",
    ])
  }

  /// Every chart as a separate SVG file, with the name of its file: section and title, such as
  /// `equity-drawdown.svg`.
  public func charts() -> [(name: String, svg: [UInt8])] { document().charts }

  private func document() -> ReportDocument {
    let model = model
    var document = ReportDocument(
      title: title, subtitle: model.subtitle, verdict: model.headline, summary: model.summary,
      sections: isOfReturns ? sectionsOfReturns(model) : sections(model),
      footer: "BacktestKit \(BacktestKitVersion.current) · fingerprint \(model.fingerprint)")
    document.isInteractive = isInteractive
    document.kind = isOfReturns ? .returns : nil
    return document
  }

  private func sections(_ model: ReportModel) -> [ReportSection] {
    Self.made([
      { [model.equitySection, model.certaintySection] },
      { model.sweepSections(sweep, reducing: heatMapReduction) },
      { model.sensitivitySections(sensitivity) + model.replicateSections },
      { model.policySections + model.decisionSections },
      { [model.returnsSection] }, { model.rollingSections }, { model.exposureSections },
      { model.walkForwardSections + model.monteCarloSections(monteCarlo) },
      { model.forecastSections }, { model.regimeSections(regimes) }, { [model.tradesSection] },
      { [model.costsSection, model.attributionSection] + model.segmentSections(segments) },
      { model.crisisSections + model.factorSections(factors) },
      { model.riskSections(valueAtRisk) },
      { [model.metricsSection] + model.noteSections + customSections },
      {
        [
          model.assumptionsSection, model.dataSection(dataQuality),
          model.provenanceSection(provenance, fileDigests: fileDigests),
        ]
      },
    ])
  }

  /// Sections in their order, several made at a time.
  private static func made(_ parts: [@Sendable () -> [ReportSection]]) -> [ReportSection] {
    parallelMap(count: parts.count) { (part) throws(Never) in parts[part]() }.flatMap(\.self)
  }

  private func sectionsOfReturns(_ model: ReportModel) -> [ReportSection] {
    Self.made([
      { [model.equitySection, model.certaintySection] }, { [model.returnsSection] },
      { model.rollingSections }, { model.regimeSections(regimes) },
      { model.crisisSections + model.factorSections(factors) },
      { model.riskSections(valueAtRisk) },
      { [model.metricsSection] + customSections + [model.provenanceOfReturns(provenance)] },
    ])
  }

  private var model: ReportModel {
    var model = ReportModel(run: run, walkForward: walkForward, benchmark: benchmark)
    model.caveats = caveats
    let others = benchmark?.caveats(on: run, model.sample) ?? []
    model.caveats = ResultCaveat.mostSeriousFirst(
      caveats + others.filter { other in !caveats.contains { $0.code == other.code } })
    model.isOfReturns = isOfReturns
    model.policies = policies
    model.replicates = replicates
    model.trials = trials
    model.intervals = intervals
    model.policyRemarks = policyRemarks
    return model
  }

  /// Whether the policies showed an edge; `nil` of a report without policies.
  package var policyVerdict: PolicyVerdict? { model.policyVerdict }

  private static func universeName(_ universe: Universe) -> String {
    let symbols = universe.series.map(\.instrument.symbol)
    return symbols.count <= 4
      ? symbols.joined(separator: ", ") : "\(symbols.count) instruments"
  }
}

/// One line of where a result comes from.
package struct ProvenanceItem: Hashable, Sendable {
  /// What it is: `Study`.
  package var term: String
  /// Its value.
  package var value: String

  /// A line of a term and its value.
  package init(_ term: String, _ value: String) {
    self.term = term
    self.value = value
  }
}

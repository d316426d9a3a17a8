public import BacktestCore
public import BacktestEvidence
public import BacktestFiles
public import BacktestIngest

/// The page on which a run or a walk-forward is judged: one HTML file without scripts, with every
/// chart inside it.
///
///     try Report(result).write(to: "Reports/crossover.html")
///
/// What limits the result stands first, then the verdict in figures, then the evidence. The same
/// report always gives the same bytes.
public struct Report: Sendable {
  /// The heading.
  public var title: String
  /// What the account is held against; equal parts of the universe, bought at the base point and
  /// held, unless set; `nil` leaves the comparison out.
  public var benchmark: BenchmarkCurve?
  /// The weather by which the account is taken apart.
  public var regimes: [RegimeAnalysis] = []
  /// What the data holds and what was odd about it; by default one report for each series.
  public var dataQuality: [DataQualityReport]
  /// Where the result comes from, beyond what the result knows itself: the study, a commit. A term
  /// that the report would show anyway takes its place.
  public var provenance: [ProvenanceItem] = []
  /// What limits the result beyond what the run knows itself; shown first.
  public var limits: [ResultLimit] = []
  /// The policies that decided; the report then also says whether they showed an edge.
  public var policies: [ReportPolicy] = []
  /// How figures are spread over several checkpoints, the middle one of which is this run.
  public var replicates: Replicates?
  /// What a policy's training assumed and this run does otherwise, in sentences.
  public var policyRemarks: [String] = []
  /// Sections of your own, shown before the assumptions.
  public var customSections: [ReportSection] = []

  private let run: BacktestResult
  private let walkForward: WalkForwardResult?

  /// A report on one run.
  public init(_ result: BacktestResult) {
    self.init(
      run: result, walkForward: nil,
      title: "\(result.strategy) on \(Report.universeName(result.universe))")
  }

  /// A report on a walk-forward: its stitched out-of-sample run is what is judged.
  public init(_ walkForward: WalkForwardResult) {
    let run = walkForward.stitched
    self.init(
      run: run, walkForward: walkForward,
      title: "Walk-forward of \(walkForward.strategy) on \(Report.universeName(run.universe))")
  }

  private init(run: BacktestResult, walkForward: WalkForwardResult?, title: String) {
    self.run = run
    self.walkForward = walkForward
    self.title = title
    benchmark = BenchmarkCurve.buyAndHold(run)
    dataQuality = run.universe.series.map { DataQualityReport($0) }
  }

  /// The file, as UTF-8.
  public func bytes() -> [UInt8] { document().bytes() }

  /// Writes the file; whoever reads it meanwhile finds the old one or the new.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public func write(to path: String) throws(FileError) {
    try FileBytes.write(bytes(), to: path)
  }

  private func document() -> ReportDocument {
    let facts = facts
    let sections =
      facts.replicateSections + facts.policySections
      + [facts.equitySection, facts.returnsSection] + facts.walkForwardSections
      + facts.forecastSections + facts.regimeSections(regimes)
      + [facts.tradesSection, facts.costsSection, facts.metricsSection] + facts.noteSections
      + customSections
      + [
        facts.assumptionsSection, facts.dataSection(dataQuality),
        facts.provenanceSection(provenance),
      ]
    return ReportDocument(
      title: title, subtitle: facts.subtitle, opening: facts.opening, sections: sections,
      footer: footer)
  }

  private var facts: ReportFacts {
    var facts = ReportFacts(run: run, walkForward: walkForward, benchmark: benchmark)
    facts.limits = limits
    facts.policies = policies
    facts.replicates = replicates
    facts.policyRemarks = policyRemarks
    return facts
  }

  /// Whether the policies showed an edge; `nil` of a report without policies.
  package var policyVerdict: PolicyVerdict? { facts.policyVerdict }

  private var footer: String {
    "BacktestKit \(BacktestKitVersion.current) · fingerprint \(run.fingerprint)"
  }

  private static func universeName(_ universe: Universe) -> String {
    let symbols = universe.series.map(\.instrument.symbol)
    return symbols.count <= 4
      ? symbols.joined(separator: ", ") : "\(symbols.count) instruments"
  }
}

/// One line of where a result comes from.
public struct ProvenanceItem: Hashable, Sendable {
  /// What it is: `Study`.
  public var term: String
  /// Its value.
  public var value: String

  /// A line of a term and its value.
  public init(_ term: String, _ value: String) {
    self.term = term
    self.value = value
  }
}

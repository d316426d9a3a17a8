internal import BacktestCore
package import BacktestEvidence

/// The page on which a gate is judged: its verdict, and each rule with its value, its bound and its
/// margin.
package struct GatePage: Sendable {
  /// The name of what was judged.
  package var name: String
  /// `passed`, or `failed: 2 of 6 rules`.
  package var outcome: String
  /// What was judged, in one line.
  package var subject: String
  /// The findings.
  package var verdict: GateVerdict
  /// What the probability of overfitting is made of, where a rule asks for it.
  package var overfitting: OverfittingProbability?
  /// How many returns a year has, which annualises the ratios; `nil` without a calendar.
  package var barsPerYear: Double?
  /// Where the verdict comes from, such as the study and the baseline.
  package var provenance: [ProvenanceItem] = []

  /// A page about a verdict.
  package init(name: String, outcome: String, subject: String, verdict: GateVerdict) {
    self.name = name
    self.outcome = outcome
    self.subject = subject
    self.verdict = verdict
  }

  /// The file, as UTF-8.
  package func bytes() -> [UInt8] {
    var document = ReportDocument(
      title: "Gate: \(name)", subtitle: subject, verdict: "Gate \(outcome).",
      summary: [notice, ReportTiles(tiles)],
      sections: [rules] + overfittingSections + [provenanceSection])
    document.windowTitle = "\(name): gate \(outcome)"
    document.isInteractive = true
    return document.bytes()
  }

  private var notice: ReportNotice {
    guard !verdict.passes else {
      return ReportNotice(.passed, title: "Every rule that applies holds")
    }
    guard !verdict.failures.isEmpty else {
      return ReportNotice(.failed, title: "No rule applies, so nothing shows that it passes")
    }
    return ReportNotice(
      .failed, title: "What fails",
      items: verdict.failures.map { "\($0.rule.text): \($0.change)" })
  }

  private var tiles: [ReportTiles.Tile] {
    func count(_ state: GateFinding.State) -> String {
      "\(verdict.findings.count { $0.state == state })"
    }
    let nearest = verdict.findings.filter { $0.state == .passed }
      .compactMap { finding in finding.relativeMargin.map { (finding, $0) } }
      .min { $0.1 < $1.1 }
    return [
      ReportTiles.Tile("Rules that hold", value: count(.passed)),
      ReportTiles.Tile("Rules that fail", value: count(.failed)),
      ReportTiles.Tile("Rules that do not apply", value: count(.skipped)),
      ReportTiles.Tile(
        "Smallest margin of those that hold",
        value: nearest?.0.marginText ?? NumberFormat.missing,
        detail: [nearest?.0.rule.text, withoutShare].compactMap(\.self).joined(separator: "; "),
        definition: "the margin that is the smallest share of its bound"),
    ]
  }

  /// How many of the margins are no share of their bound, because that is 0.
  private var withoutShare: String? {
    let count = verdict.findings.count { $0.margin != nil && $0.bound == 0 }
    return count == 0
      ? nil
      : "without \(NumberText.count(count, "rule")) whose bound is 0, of which no margin is a share"
  }

  private var rules: ReportSection {
    var blocks: [any ReportBlock] = [table]
    let bars = verdict.findings.compactMap { finding in
      finding.relativeMargin.map { RankedBars.Item(finding.rule.text, $0) }
    }
    if !bars.isEmpty {
      blocks.append(
        RankedBars(
          caption: "Margin as a share of the bound"
            + (withoutShare.map { ", \($0)" } ?? ""), items: bars,
          format: .signedPercent(decimals: 1)))
    }
    return ReportSection(
      id: "rules", title: "Rules",
      summary: "The margin is how far a value is on the right side of its bound; below zero the "
        + "rule fails. A rule about something without a value fails too.", blocks: blocks)
  }

  private var table: ReportTable {
    let hasPlaces = verdict.findings.contains { $0.rule.place != nil }
    var table = ReportTable(
      caption: "Rules, in the order of the gate",
      columns: [
        .text("Rule"), .text("Verdict"), .number("Value", as: .ratio).at("value"),
        .number("Bound", as: .ratio).at("bound"), .number("Margin", as: .ratio).at("margin"),
        .prose("What would change it"),
      ] + (hasPlaces ? [.text("Written in")] : []),
      rows: verdict.findings.map { finding in
        let place = finding.rule.place.map { place in
          place.line.map { "\(place.file):\($0)" } ?? place.file
        }
        return [
          .text(finding.rule.text), .text(finding.state.mark), .text(finding.valueText),
          .text(finding.boundText), .text(finding.marginText), .text(finding.change),
        ] + (hasPlaces ? [.text(place ?? "")] : [])
      })
    table.rowKeys = verdict.findings.indices.map { "rules.\($0)" }
    return table
  }

  /// How the candidates of the search did where they were not chosen; empty without a search.
  private var overfittingSections: [ReportSection] {
    guard let overfitting else { return [] }
    return [
      OverfittingBlocks.section(OverfittingBlocks.blocks(overfitting, barsPerYear: barsPerYear))
    ]
  }

  private var provenanceSection: ReportSection {
    ReportSection(
      id: "provenance", title: "Provenance",
      summary: "The same study, rules and count of trials give the same verdict.",
      blocks: [
        ReportDefinitions(provenance.map { ReportDefinitions.Item($0.term, $0.value) })
      ])
  }
}

extension GateFinding {
  /// The margin over the size of the bound; `nil` without a margin, or where the bound is 0.
  var relativeMargin: Double? {
    guard let margin, let bound, bound != 0, margin.isFinite else { return nil }
    return margin / abs(bound)
  }
}

extension GateFinding.State {
  /// The state with a sign, so that it does not depend on colour.
  fileprivate var mark: String {
    switch self {
    case .passed: "✓\u{A0}passed"
    case .failed: "✗\u{A0}failed"
    case .skipped: "– skipped"
    }
  }
}

import BacktestCore
import BacktestEvidence

extension ReportModel {
  /// Where the figures come from: the study, the files by content, and the configuration.
  func provenanceSection(
    _ given: [ProvenanceItem], fileDigests: [String: String]
  ) -> ReportSection {
    let terms = Set(given.map { $0.term.lowercased() })
    let own = ownItems.filter { !terms.contains($0.term.lowercased()) }
    let items = given.map { ReportDefinitions.Item($0.term, $0.value) } + own
    return ReportSection(
      id: "provenance", title: "Provenance",
      summary: "The same files and configuration give the same figures.",
      blocks: [ReportDefinitions(items), sourceTable(fileDigests), configurationTable])
  }

  /// Where returns come from that no run made.
  func provenanceOfReturns(_ given: [ProvenanceItem]) -> ReportSection {
    let items =
      given.map { ReportDefinitions.Item($0.term, $0.value) } + [
        .init("BacktestKit", BacktestKitVersion.current), .init("Annualisation", annualization),
        .init("Calendar", run.universe.calendars.map(\.name).joined(separator: ", ")),
        .init("Fingerprint", fingerprint.description),
      ]
    return ReportSection(
      id: "provenance", title: "Provenance",
      summary: "The same returns give the same figures.", blocks: [ReportDefinitions(items)])
  }

  private var ownItems: [ReportDefinitions.Item] {
    var items: [ReportDefinitions.Item] = [
      .init("BacktestKit", BacktestKitVersion.current),
      .init("Fingerprint", fingerprint.description), .init("Strategy", run.strategy),
    ]
    if let walkForward {
      let fixed = walkForward.grid.fixed.map { "\($0.name)=\($0.value)" }
      if !fixed.isEmpty { items.append(.init("Fixed parameters", fixed.joined(separator: " "))) }
      items.append(.init("Searched", searched(walkForward)))
      items.append(.init("Seed", "\(walkForward.plan.seed)"))
    }
    return items
  }

  private func searched(_ walkForward: WalkForwardResult) -> String {
    guard !walkForward.grid.dimensions.isEmpty else { return "nothing" }
    return walkForward.grid.dimensions.map { dimension in
      "\(dimension.name): \(dimension.values.map(\.description).joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  /// - Parameter digests: the SHA-256 by path; without them the digest by which a cache knows a
  ///   file.
  private func sourceTable(_ digests: [String: String]) -> ReportTable {
    ReportTable(
      caption: "Data files",
      columns: [
        .text("Series"), .text("File"), .number("Bars", as: .integer),
        .number("Bytes", as: .integer), .prose(digests.isEmpty ? "Digest, 128 bits" : "SHA-256"),
      ],
      rows: run.universe.series.map { series in
        [
          .text(series.instrument.symbol), .text(series.source?.path ?? "made in memory"),
          .number(Double(series.count)),
          .number(series.source.map { Double($0.byteCount) }, else: "made in memory"),
          .text(series.source.map { digests[$0.path] ?? $0.digest } ?? ""),
        ]
      }, limit: .init(rowCount: 60, file: "result.json"))
  }

  private var configurationTable: ReportTable {
    ReportTable(
      caption: "Configuration", columns: [.text("Key"), .text("Value")],
      rows: run.configuration.settings.map { [.text($0.key), .text($0.value)] }, isFolded: true)
  }
}

import BacktestCore
import BacktestEvidence
import BacktestFiles

/// The contents of a store for people to read.
package enum RunMarkdown {
  /// All families and their runs, with every note.
  package static func text(of store: RunStore, _ filter: RunFilter) throws(RunStoreError) -> String
  {
    var text = "# Runs\n"
    let runs = try store.runs(filter)
    for family in try store.families(filter.family) {
      let own = runs.filter { $0.family == family.family }.reversed()
      guard !own.isEmpty || filter.tag == nil && filter.name == nil else { continue }
      text += "\n## \(MarkdownText.escaped(family.family.description))\n\n"
      text +=
        "\(NumberText.count(family.trialCount, "trial")) of "
        + "\(NumberText.count(family.configurationCount, "configuration")) counted"
      if family.forgottenCount > 0 {
        text += ", \(NumberText.grouped(family.forgottenCount)) more forgotten"
      }
      text += ". \(NumberText.count(family.runCount, "run")) stored.\n" + notes(family.notes)
      for one in own { text += "\n" + run(one, level: 3) }
    }
    return text
  }

  /// A run.
  ///
  /// - Parameter level: how deep its heading is.
  package static func run(_ run: StoredRun, level: Int) -> String {
    let heading = String(repeating: "#", count: level)
    var lines = ["\(heading) Run \(run.number): \(MarkdownText.escaped(run.name))", ""]
    lines.append(
      "\(run.kind) of \(MarkdownText.escaped(run.family.description)), "
        + "\(run.firstDate) to \(run.lastDate), "
        + "\(NumberText.count(run.returnCount, "return")).")
    var facts = ["fingerprint \(run.fingerprint)", "BacktestKit \(run.version)"]
    if let stored = run.recordedAt { facts.append("stored \(stored)") }
    if run.timesSeen > 1 { facts.append("seen \(run.timesSeen) times") }
    if let folder = run.folder { facts.append("files in `\(folder)`") }
    lines.append(NumberText.sentence(facts.joined(separator: ", ")))
    if !run.tags.isEmpty {
      lines.append("Tags: \(MarkdownText.escaped(run.tags.joined(separator: ", "))).")
    }
    var text = lines.joined(separator: "\n") + "\n" + notes(run.notes)
    let metrics = Metrics.headlineNames.compactMap { Metrics.find($0) }
    text += "\n| metric | value |\n| --- | --- |\n"
    for metric in metrics {
      text += "| \(metric.title) | \(metric.unit.format().text(run.metrics[metric.name])) |\n"
    }
    text += "\n| rule | value |\n| --- | --- |\n"
    for (key, value) in run.settings.sorted(by: { $0.key < $1.key }) {
      text += "| `\(key)` | \(MarkdownText.escaped(value)) |\n"
    }
    return text
  }

  private static func notes(_ notes: [StoredNote]) -> String {
    guard !notes.isEmpty else { return "" }
    let lines = notes.map { note in
      let day = note.recordedAt.map { "\($0.description.prefix(10)): " } ?? ""
      return "- \(day)\(note.text.split(separator: "\n").joined(separator: "\n  "))\n"
    }
    return "\n" + lines.joined()
  }
}

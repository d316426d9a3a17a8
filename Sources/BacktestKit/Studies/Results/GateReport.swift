import BacktestCore
package import BacktestEvidence
package import BacktestFiles
import BacktestReports

/// A verdict of a gate together with what it is about, in the forms that people and programs read.
package struct GateReport: Sendable {
  /// The schema of the JSON form.
  static let schema = "backtestkit.gate/1"
  /// The names of the files of a gate, the one that says that the others are complete last.
  package static let names = [
    "gate.txt", "gate.md", "gate.junit.xml", "gate.github.txt", "gate.html", "gate.json",
  ]

  /// The verdict.
  package var verdict: GateVerdict
  /// The result that was judged.
  package var record: ResultRecord
  /// The study or the result as it was named on the command line.
  package var source: String
  /// The baseline and what it is called.
  package var baseline: (record: ResultRecord, path: String)?
  /// What the probability of overfitting is made of, where a rule asks for it.
  package var overfitting: OverfittingProbability?

  /// A report.
  package init(
    _ verdict: GateVerdict, on record: ResultRecord, from source: String,
    baseline: (record: ResultRecord, path: String)? = nil
  ) {
    self.verdict = verdict
    self.record = record
    self.source = source
    self.baseline = baseline
  }

  /// `passed`, or `failed: 2 of 6 rules`.
  package var outcome: String {
    guard !verdict.passes else { return "passed" }
    let count = verdict.failures.count
    guard count > 0 else { return "failed: no rule applies" }
    return "failed: \(count) of \(NumberText.count(verdict.findings.count, "rule"))"
  }

  /// What was judged, in one line.
  package var subject: String {
    "\(record.strategy), \(record.kind.rawValue) from \(record.firstDate) to \(record.lastDate), "
      + "fingerprint \(record.fingerprint)"
  }

  /// What it was compared with, in one line, and by which other rules that was run; `nil` without a
  /// baseline.
  package var comparison: String? {
    baseline.map {
      let changes = record.settings(differingFrom: $0.record)
      return "baseline \($0.path), from \($0.record.firstDate) to \($0.record.lastDate), "
        + "fingerprint \($0.record.fingerprint)"
        + (changes.isEmpty ? "" : "; run by other rules: " + changes.joined(separator: ", "))
    }
  }
}

extension ResultRecord {
  /// The first rules in effect that were others in an earlier result, with both values, and how
  /// many more there are.
  fileprivate func settings(differingFrom earlier: ResultRecord, limit: Int = 4) -> [String] {
    let (now, before) = (configuration.valuesByKey, earlier.configuration.valuesByKey)
    let keys = Set(now.keys).union(before.keys).filter { now[$0] != before[$0] }.sorted()
    let shown = keys.prefix(keys.count > limit + 1 ? limit : keys.count).map { key in
      "\(key) \(Self.text(before[key])) before and \(Self.text(now[key])) now"
    }
    return shown + (shown.count < keys.count ? ["and \(keys.count - shown.count) more"] : [])
  }

  private static func text(_ value: ParameterValue?) -> String {
    guard let value else { return "not set" }
    return value.number.map { NumberText.exact($0) } ?? value.description
  }
}

extension [ResultRecord.Setting] {
  fileprivate var valuesByKey: [String: ParameterValue] {
    Dictionary(map { ($0.key, $0.value) }) { first, _ in first }
  }
}

// For a reviewer
extension GateReport {
  /// The report as a page, as UTF-8.
  package var page: [UInt8] {
    var page = GatePage(
      name: record.name, outcome: outcome, subject: subject, verdict: verdict)
    page.overfitting = overfitting
    page.barsPerYear = record.barsPerYear
    page.provenance = [
      ProvenanceItem("Judged", source),
      ProvenanceItem("Baseline", comparison ?? "none"),
      ProvenanceItem("BacktestKit", BacktestKitVersion.current),
    ]
    return page.bytes()
  }
}

// For programs
extension GateReport {
  /// The report as JSON.
  package var json: JSONValue {
    [
      "schema": .text(Self.schema), "verdict": .text(verdict.passes ? "passed" : "failed"),
      "source": .text(source), "name": .text(record.name), "kind": .text(record.kind.rawValue),
      "strategy": .text(record.strategy), "from": .text(record.firstDate.description),
      "to": .text(record.lastDate.description), "fingerprint": .text(record.fingerprint),
      "baseline": baseline.map {
        ["path": .text($0.path), "fingerprint": .text($0.record.fingerprint)]
      } ?? .null,
      "version": .text(BacktestKitVersion.current),
      "rules": .list(verdict.findings.map(finding)),
    ]
  }

  private func finding(_ finding: GateFinding) -> JSONValue {
    let place: JSONValue? = finding.rule.place.map { place in
      ["file": .text(place.file), "line": place.line.map { .integer($0) } ?? .null]
    }
    return [
      "rule": .text(finding.rule.text), "verdict": .text(finding.state.rawValue),
      "value": JSONValue(finding.value), "bound": JSONValue(finding.bound),
      "margin": JSONValue(finding.margin), "change": .text(finding.change),
      "place": place ?? .null,
    ]
  }

  /// The report as JUnit XML: a test case for each rule.
  package var junit: String {
    let findings = verdict.findings
    let skipped = findings.count { $0.state == .skipped }
    let failures = verdict.failures.count
    var writer = MarkupWriter()
    writer.markup("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    let counts = (tests: "\(findings.count)", failures: "\(failures)", skipped: "\(skipped)")
    writer.element(
      "testsuites",
      ["name": "gate", "tests": counts.tests, "failures": counts.failures, "errors": "0"]
    ) { writer in
      writer.markup("\n  ")
      writer.element(
        "testsuite",
        [
          "name": record.name, "tests": counts.tests, "failures": counts.failures, "errors": "0",
          "skipped": counts.skipped, "time": "0",
        ]
      ) { writer in
        for finding in findings {
          writer.markup("\n    ")
          write(finding, to: &writer)
        }
        writer.markup("\n  ")
      }
      writer.markup("\n")
    }
    writer.markup("\n")
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(_ finding: GateFinding, to writer: inout MarkupWriter) {
    writer.element(
      "testcase", ["name": finding.rule.text, "classname": "gate", "time": "0"]
    ) { writer in
      switch finding.state {
      case .passed: writer.element("system-out", text: Self.sentence(finding))
      case .skipped: writer.element("skipped", text: finding.change)
      case .failed:
        writer.element(
          "failure", ["message": Self.sentence(finding), "type": "gate"],
          text: finding.rule.place.map { "\($0.file):\($0.line.map(String.init) ?? "")" } ?? "")
      }
    }
  }

  /// A finding in one line: `value 0.42, bound ≥ 0.50, margin −0.08: has to rise by 0.08`.
  static func sentence(_ finding: GateFinding) -> String {
    let parts = [
      ("value", finding.valueText), ("bound", finding.boundText), ("margin", finding.marginText),
    ]
    return parts.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
      + ": " + finding.change
  }
}

// For a hosted job
extension GateReport {
  /// The report as Markdown, for the summary of a job.
  package var markdown: String {
    var lines = [
      "## Gate \(outcome): \(MarkdownText.escaped(record.name))", "", MarkdownText.escaped(subject),
      "",
    ]
    if let comparison { lines += [MarkdownText.escaped(comparison), ""] }
    lines += [
      "| | rule | value | bound | margin | what would change it |",
      "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for finding in verdict.findings {
      let cells = [
        finding.state.rawValue, finding.rule.text, finding.valueText, finding.boundText,
        finding.marginText, finding.change,
      ]
      lines.append("| " + cells.map(MarkdownText.escaped).joined(separator: " | ") + " |")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The report as workflow commands of GitHub: an error for each rule that fails, and a notice
  /// with the outcome.
  package var annotations: String {
    let errors = verdict.failures.map { finding in
      let place = finding.rule.place ?? GateRule.Place(file: source, line: nil)
      let line = place.line.map { ",line=\($0)" } ?? ""
      return "::error file=\(Self.property(place.file))\(line),title="
        + "\(Self.property("Gate: \(finding.rule.text)"))::"
        + Self.message("\(record.name): \(Self.sentence(finding))") + "\n"
    }
    let notice = Self.message("Gate \(outcome): \(record.name), \(subject)")
    return errors.joined() + "::notice title=Gate::\(notice)\n"
  }

  /// Text of a workflow command after its properties.
  private static func message(_ text: String) -> String {
    text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }

  /// The value of a property of a workflow command.
  private static func property(_ text: String) -> String {
    message(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }
}

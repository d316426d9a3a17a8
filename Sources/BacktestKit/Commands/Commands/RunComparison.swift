import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

/// Two stored runs side by side.
struct RunComparison {
  let first: StoredRun
  let second: StoredRun
  /// Whether what is the same is shown as well.
  let showsAll: Bool

  /// What a key is set to in each of them.
  private var settings: [(key: String, first: String?, second: String?)] {
    var all: [(key: String, first: String?, second: String?)] = [
      ("kind", first.kind, second.kind), ("family", "\(first.family)", "\(second.family)"),
      ("from", "\(first.firstDate)", "\(second.firstDate)"),
      ("to", "\(first.lastDate)", "\(second.lastDate)"),
      ("version", first.version, second.version),
    ]
    for key in Set(first.settings.keys).union(second.settings.keys).sorted() {
      all.append((key, first.settings[key], second.settings[key]))
    }
    return all.filter { showsAll || $0.first != $0.second }
  }

  /// The value of a metric in each of them, in the order of the catalogue.
  private var metrics: [(metric: MetricDefinition, first: Double?, second: Double?)] {
    Metrics.all.compactMap { metric in
      let (one, other) = (first.metrics[metric.name], second.metrics[metric.name])
      guard one != nil || other != nil, showsAll || one != other else { return nil }
      guard showsAll || Metrics.headlineNames.contains(metric.name) else { return nil }
      return (metric, one, other)
    }
  }

  /// The tables, as wide as a terminal.
  func text(in width: Int?) -> String {
    let heading: [TextTable.Column] = [
      .left(""), .left("run \(first.number)"), .left("run \(second.number)"),
    ]
    var rules = TextTable(heading)
    for row in settings {
      rules.add([row.key, (row.first ?? "–").cut(to: 40), (row.second ?? "–").cut(to: 40)])
    }
    var table = TextTable([
      heading[0], .right("run \(first.number)"), .right("run \(second.number)"),
      .right("difference"),
    ])
    for (metric, one, other) in metrics {
      let format = metric.unit.format()
      let difference = one.flatMap { one in other.map { $0 - one } }
      table.add([metric.title, format.text(one), format.text(other), format.text(difference)])
    }
    return "\(first.number): \(first.name)\n\(second.number): \(second.name)\n\n"
      + (settings.isEmpty ? "No rule differs.\n" : rules.text(in: width)) + "\n"
      + (metrics.isEmpty ? "No metric differs.\n" : table.text(in: width))
  }

  var json: JSONValue {
    [
      "first": .integer(first.number), "second": .integer(second.number),
      "settings": .list(
        settings.map {
          [
            "key": .text($0.key), "first": JSONValue($0.first), "second": JSONValue($0.second),
          ] as JSONValue
        }),
      "metrics": .list(
        metrics.map {
          [
            "name": .text($0.metric.name), "first": JSONValue($0.first),
            "second": JSONValue($0.second),
          ] as JSONValue
        }),
    ]
  }
}

extension StoredRun {
  /// The run as `--json` prints it.
  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("number", .integer(number)), ("kind", .text(kind)), ("name", .text(name)),
      ("family", .text(family.description)), ("fingerprint", .text(fingerprint)),
      ("from", .text(firstDate.description)), ("to", .text(lastDate.description)),
      ("returns", .integer(returnCount)), ("version", .text(version)),
      ("folder", JSONValue(folder)), ("times-seen", .integer(timesSeen)),
      ("stored", JSONValue(recordedAt?.description)), ("tags", .list(tags.map { .text($0) })),
      ("notes", .list(notes.map(\.json))),
    ]
    members.append(
      (
        "settings",
        .table(
          settings.sorted { $0.key < $1.key }.map { JSONMember(key: $0, value: .text($1)) })
      ))
    members.append(
      (
        "metrics",
        .table(
          metrics.sorted { $0.key < $1.key }.map { JSONMember(key: $0, value: .number($1)) })
      ))
    return .table(members.map { JSONMember(key: $0.0, value: $0.1) })
  }
}

extension StoredNote {
  /// The note as `--json` prints it.
  var json: JSONValue {
    ["text": .text(text), "stored": JSONValue(recordedAt?.description)]
  }
}

extension StoredFamily {
  /// The family as `--json` prints it.
  var json: JSONValue {
    [
      "number": .integer(number), "strategy": .text(family.strategy),
      "symbols": .list(family.symbols.map { .text($0) }), "timeframe": .text(family.timeframe),
      "trials": .integer(trialCount), "configurations": .integer(configurationCount),
      "forgotten": .integer(forgottenCount), "runs": .integer(runCount),
      "notes": .list(notes.map(\.json)),
    ]
  }
}

import BacktestCheckpoints
import BacktestFiles

extension PolicyImport {
  /// A file of answers to complete: every key that the checkpoint does not give, with what it must
  /// hold as a comment, and the optional ones that results depend on.
  ///
  ///     let source = try PolicyImport(checkpoint: "model.zip")
  ///     print(try source.answersTemplate())
  ///
  /// Keys that stay empty count as not answered.
  ///
  /// - Parameter answers: answers that there are already; they are left out.
  /// - Throws: `PolicyError` as `missingAnswers(_:)` does.
  public func answersTemplate(_ answers: Answers? = nil) throws(PolicyError) -> String {
    var lines = ["# Answers for the import of \(checkpoint)."]
    if let layout, layout.isWhole {
      lines.append("# The network is that of \(layout.family.rawValue).")
    }
    lines.append("# Complete the keys below; keys that stay empty count as not answered.")
    var groups: [(key: String, lines: [String])] = []
    for missing in try missingAnswers(answers) {
      let keys = keys(of: missing)
      for key in keys {
        let parts = key.split(separator: ".").map(String.init)
        let indent = parts.count > 1 ? "  " : ""
        // A question about several keys is asked once.
        let comment =
          key == keys.first ? Self.wrapped(missing.expected, indent: indent + "# ") : []
        let entry = comment + ["\(indent)\(parts[parts.count - 1]):"]
        if parts.count == 1 {
          groups.append((key, entry))
        } else if let place = groups.firstIndex(where: { $0.key == parts[0] }) {
          groups[place].lines += entry
        } else {
          groups.append((parts[0], ["\(parts[0]):"] + entry))
        }
      }
    }
    if asksForMasks(answers) {
      let masks = [
        "  # the actions that each position allows, {short: […], flat: […], long: […]}; optional",
        "  masks:",
      ]
      if let place = groups.firstIndex(where: { $0.key == "action" }) {
        groups[place].lines += masks
      } else {
        groups.append(("action", ["action:"] + masks))
      }
    }
    lines += groups.flatMap { [""] + $0.lines }
    lines += [
      "", "trained:", "  # the last day of the training data, such as 2012-12-31; optional",
      "  data_end:", "",
      "# when the trainer's environment acted: close_t, next_open or next_close; optional",
      "execution:", "",
      "# golden decisions, as python/backtestkit_policy.py writes them; optional",
      "golden:",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// Whether it was trained with masks that neither it nor the answers hold.
  private func asksForMasks(_ answers: Answers?) -> Bool {
    let given = answers.map { JSONValue($0.document).withoutNothing }
    return metadata?.policyModule?.contains("maskable") == true && given?["action"]?["masks"] == nil
  }

  /// The keys of a question, which may be about several.
  private func keys(of missing: MissingAnswer) -> [String] {
    switch missing.key {
    case "action.meaning":
      if case .box? = metadata?.actionSpace { return [missing.key] }
      return [missing.key, "action.targets"]
    case "action or output":
      return [
        "action.kind", "action.size", "action.low", "action.high", "action.transform",
        "action.meaning", "action.targets",
      ]
    default:
      return missing.key.split(separator: ",").map { key in
        String(key.drop { $0 == " " })
      }
    }
  }

  /// Words as lines of at most 98 columns.
  private static func wrapped(_ text: String, indent: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !line.isEmpty, indent.count + line.count + 1 + word.count > 98 {
        lines.append(indent + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + (line.isEmpty ? [] : [indent + line])
  }
}

extension JSONValue {
  /// The value without members that have no value, as they are in a template.
  var withoutNothing: JSONValue {
    guard case .table(let members) = self else { return self }
    return .table(
      members.compactMap { member in
        guard member.value != .null else { return nil }
        let value = member.value.withoutNothing
        // A table whose keys are all empty is no answer.
        if case .table(let rest) = value, rest.isEmpty, value != member.value { return nil }
        return JSONMember(key: member.key, value: value)
      })
  }
}

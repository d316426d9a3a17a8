import BacktestCore
import BacktestFiles
import BacktestPolicies
import BacktestStudies

/// The study that `init` writes: the keys that need no other beside them, each with its meaning.
struct ExampleStudy {
  /// The keys that are given, with values that fit each other; all others are commented out.
  private var given = [
    "name": "One share",
    "data.calendar": "XNYS", "data.price": "adjusted",
    "data.files[].path": "prices.csv", "data.files[].symbol": "SHARE",
    "account.cash": "100000",
    "execution.fill": "next-open", "execution.commission": "{basis-points: 1}",
    "execution.slippage": "{basis-points: 1}",
    "walk-forward.train": "3y", "walk-forward.test": "6mo", "walk-forward.objective": "sharpe",
    "regimes": "[bull-bear, volatility]",
  ]
  /// The keys that do not go with what is given.
  private var omitted: Set<String> = ["execution.fee-schedule", "sensitivity.scenarios"]
  private static let commentColumn = 34
  private static let lineWidth = 100

  /// The text of the study.
  private(set) var text: String

  /// The example for a program and its catalogue of strategies.
  ///
  /// - Parameters:
  ///   - policy: the policy that decides instead of a strategy of the catalogue.
  ///   - path: where the study will be.
  init(
    _ catalogue: StrategyCatalogue, program: String, policy: PolicyManifest? = nil, path: String
  ) {
    text = """
      # A study: which bars, which account, which costs, which strategy, and how it is judged.
      # Run it with `\(program) run`, `\(program) walkforward` or `\(program) regimes`. Keys that
      # are commented out show their defaults or an example. Paths are relative to the folder of
      # this file.

      """
    if let policy {
      give(policy, to: path)
    } else if catalogue.definitions.contains(where: { $0.name == "sma-crossover" }) {
      given["name"] = "Moving averages on one share"
      given["strategy.name"] = "sma-crossover"
      given["strategy.parameters"] = "{fast: 10, slow: 50}"
      given["walk-forward.grid"] = "{fast: [5, 10, 20], slow: [50, 100, 200]}"
    } else if let first = catalogue.definitions.first {
      let values = first.parameters.map { "\($0.name): \($0.defaultValue)" }
      given["strategy.name"] = first.name
      given["strategy.parameters"] = "{\(values.joined(separator: ", "))}"
      given["walk-forward.grid"] =
        first.parameters.first.map { "{\($0.name): [\($0.defaultValue)]}" } ?? "{}"
    }
    add(Study.rows(catalogue), at: "", indent: "")
  }

  /// A batch file for a program.
  static func batch(program: String) -> String {
    var example = ExampleStudy()
    example.given = [
      "name": "Two studies", "studies[].path": "study.yaml", "objective": "sharpe",
      "parameters": "{fast: [5, 10], slow: [50, 100]}",
    ]
    example.text = """
      # A batch: studies, and what is varied about each of them; every combination is an entry.
      # Run it with `\(program) batch`. Keys that are commented out show their defaults or an
      # example. Paths are relative to the folder of this file.

      """
    example.add(BatchPlan.rows, at: "", indent: "")
    return example.text
  }

  private init() { text = "" }

  private mutating func give(_ policy: PolicyManifest, to path: String) {
    given["name"] = "\(policy.name) on one share"
    given["data.price"] = policy.observation.price == .adjustedClose ? "adjusted" : "raw"
    given["strategy.policy"] =
      policy.folder.hasPrefix("/")
      ? policy.folder : relativePath(from: folderPath(of: path), to: policy.folder)
    given["walk-forward.train"] = "1y"
    given["benchmark"] = "{hold: equal-parts}"
    omitted.formUnion(["strategy.name", "strategy.parameters", "walk-forward.grid"])
  }

  /// - Parameter indent: what begins a line; it ends in `- ` before the first key of a list's item.
  private mutating func add(_ rows: [StudyRow], at path: String, indent: String) {
    var indent = indent
    var followsTable = false
    for row in rows where !row.isDerived {
      let path = path + row.name
      guard !omitted.contains(path), row.companion.isEmpty || given[path] != nil else { continue }
      let holdsTable = row.table != nil && row.example.isEmpty
      if indent.isEmpty, holdsTable || followsTable { text += "\n" }
      followsTable = holdsTable
      if let value = given[path] {
        add("\(indent)\(row.name): \(value)", row.note)
      } else if let table = row.table, holdsTable {
        addTable(row, table, path, indent)
      } else {
        let value = row.fallback.isEmpty ? row.example : row.fallback
        add("\(indent.commented)\(row.name): \(value)", row.note)
      }
      indent = indent.replacing("- ", with: "  ")
    }
  }

  private mutating func addTable(
    _ row: StudyRow, _ table: [StudyRow], _ path: String, _ indent: String
  ) {
    let path = path + (row.isList ? "[]." : ".")
    let isGiven = given.keys.contains { $0.hasPrefix(path) }
    let indent = isGiven ? indent : indent.commented
    add("\(indent)\(row.name):", row.note)
    add(table, at: path, indent: indent + (row.isList ? "  - " : "  "))
  }

  /// Adds a line with a comment, which goes on below itself where the line is too short for it.
  private mutating func add(_ start: String, _ comment: String) {
    var line = start
    var used = line.count
    var isEmpty = true
    func pad(_ line: String) -> String {
      let missing = max(line.isEmpty ? 0 : 2, Self.commentColumn - line.count)
      return line + String(repeating: " ", count: missing) + "#"
    }
    line = pad(line)
    used = line.count
    for word in comment.split(separator: " ") {
      if !isEmpty, used + 1 + word.count > Self.lineWidth {
        text += line + "\n"
        line = pad("")
        used = line.count
      }
      line += " " + word
      used += 1 + word.count
      isEmpty = false
    }
    text += line + "\n"
  }
}

extension StudyRow {
  /// What the key means and accepts, as a comment.
  fileprivate var note: String {
    var note = help.hasSuffix(".") ? String(help.dropLast()) : help
    let choices = table.map { rows in
      rows.filter(\.companion.isEmpty).map(\.name).joined(separator: ", ")
    }
    if let choices, values.hasPrefix("table with") {
      note += " (one of \(choices))"
    } else if values.contains("`"), words != ["true", "false"] {
      note += " (\(values))"
    }
    return note.filter { $0 != "`" }
  }
}

extension String {
  /// The beginning of a line that is commented out; a comment inside one needs no second mark.
  fileprivate var commented: String { contains("#") ? self : self + "# " }
}

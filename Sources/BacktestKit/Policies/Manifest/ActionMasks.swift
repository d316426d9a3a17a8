import BacktestCore
import BacktestFiles

/// Which actions an environment allowed in which position, as `MaskablePPO` of sb3-contrib was
/// trained with.
///
///     "masks": {"short": [0, 4], "flat": [0, 1, 3], "long": [0, 2]}
///
/// An action that is not allowed is never chosen, however great its output is.
package struct ActionMasks: Sendable, Equatable, BitwiseCopyable {
  /// A bit for each action that may be chosen while short, flat and long.
  package var short: UInt64
  package var flat: UInt64
  package var long: UInt64

  /// The most actions that masks can have.
  static let largestCount = 64

  /// The actions that a holding allows.
  func allowed(shares: Double) -> UInt64 { shares < 0 ? short : shares > 0 ? long : flat }

  fileprivate init(_ table: inout DocumentTable, actions: Int) {
    let choice = DocumentRule<Int>.integer(.within(0...Double(max(actions, 1) - 1)))
    func bits(_ key: String, _ table: inout DocumentTable) -> UInt64 {
      let numbers = table.list(key, of: choice)
      if numbers.isEmpty { table.report("at least one action must be allowed", at: key) }
      return numbers.reduce(0) { $0 | 1 << UInt64($1) }
    }
    short = bits("short", &table)
    flat = bits("flat", &table)
    long = bits("long", &table)
  }
}

extension ActionDefinition {
  private enum MaskName: String, CaseIterable { case ignored }

  /// Reads `masks`: a table of allowed actions, or the word `ignored`.
  mutating func readMasks(_ table: inout DocumentTable) {
    guard let node = table.node("masks") else { return }
    if case .text = node.content {
      _ = table.value("masks", .choice(of: MaskName.self))
      ignoresMasks = true
      return
    }
    guard kind == .discrete, sizes[0] <= ActionMasks.largestCount else {
      table.report(
        "masks are for one discrete choice of at most \(ActionMasks.largestCount) actions",
        at: "masks")
      return
    }
    let count = sizes[0]
    masks = table.section("masks") { ActionMasks(&$0, actions: count) }
  }
}

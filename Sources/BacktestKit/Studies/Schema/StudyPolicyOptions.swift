import BacktestFiles
import BacktestPolicies

extension PolicyOptions {
  /// The keys of `strategy` that say how decisions become positions.
  static let studyKeys = [
    "rebalance-threshold", "sizing", "maximum-weight", "long-only", "on-refusal",
    "episode-length", "drift", "decide",
  ]

  /// Reads them.
  init(_ table: inout DocumentTable) {
    self.init()
    rebalanceThreshold = table.value("rebalance-threshold", .number(.notNegative), default: 0)
    sizing = table.optionalSection("sizing") { PolicySizing(&$0) }
    maximumWeight = table.optional("maximum-weight", .number(.positive))
    isLongOnly = table.value("long-only", .flag, default: false)
    onRefusal = table.value("on-refusal", .choice(), default: .flat)
    episodeLength = table.optional("episode-length", .integer(.atLeast(1)))
    drift = table.value("drift", .choice(), default: .target)
    decide = table.value("decide", .choice(), default: .allClosed)
  }

  /// The options in effect as `result.json` has them.
  var json: JSONValue {
    var parts: [(String, JSONValue?)] = [
      ("rebalance-threshold", .number(rebalanceThreshold)), ("sizing", sizing?.json),
      ("maximum-weight", maximumWeight.map { .number($0) }), ("long-only", .bool(isLongOnly)),
      ("on-refusal", .text(onRefusal.rawValue)),
      ("episode-length", episodeLength.map { .integer($0) }), ("drift", .text(drift.rawValue)),
    ]
    parts.append(("decide", .text(decide.rawValue)))
    return .table(parts.compactMap { key, value in value.map { JSONMember(key: key, value: $0) } })
  }
}

private enum SizingChoice: String, CaseIterable { case sign, proportional, confidence }

extension PolicySizing {
  fileprivate init(_ table: inout DocumentTable) {
    let rule = table.value("by", .choice(of: SizingChoice.self))
    let threshold = table.optional("threshold", .number(.notNegative))
    let factor = table.optional("factor", .number(.positive))
    let scale = table.optional("scale", .number(.positive))
    func unused(_ key: String, _ value: Double?, _ owner: SizingChoice) {
      if value != nil, rule != owner {
        table.report("'\(key)' goes with 'by: \(owner.rawValue)'", at: key)
      }
    }
    unused("threshold", threshold, .sign)
    unused("factor", factor, .proportional)
    unused("scale", scale, .confidence)
    self =
      switch rule {
      case .sign: .sign(threshold: threshold ?? 0)
      case .proportional: .proportional(factor: factor ?? 1)
      case .confidence: .confidence(scale: scale ?? 1)
      }
  }

  fileprivate var json: JSONValue {
    switch self {
    case .sign(let threshold): ["by": "sign", "threshold": .number(threshold)]
    case .proportional(let factor): ["by": "proportional", "factor": .number(factor)]
    case .confidence(let scale): ["by": "confidence", "scale": .number(scale)]
    }
  }
}

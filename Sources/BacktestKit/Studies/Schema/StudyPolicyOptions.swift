import BacktestCore
import BacktestFiles
import BacktestPolicies

extension PolicyOptions {
  /// The keys of `strategy` that say how decisions become positions.
  static var table: StudyTable<PolicyOptions> {
    StudyTable(
      initial: PolicyOptions(),
      keys: [
        .value(
          "rebalance-threshold", \.weights.rebalanceThreshold, .number(.notNegative),
          "A weight that differs less than this from the last one is not traded."
        ).example("0.05"),
        .optionalTable(
          "sizing", "How a decision becomes a weight.", { _ in SizingKeys.table },
          rows: SizingKeys.table.rows
        ) {
          $0.sizing.map(SizingKeys.init)
        } set: {
          $0.sizing = $1.sizing
        }.absent("actions unchanged, the sign of predictions"),
        .optional(
          "minimum-probability", \.abstention.minimumProbability, .number(.within(0.5...1)),
          "Where the likelier direction has a smaller probability, no position is held."
        ).absent("none").example("0.6"),
        .optional(
          "minimum-deviations", \.abstention.minimumDeviations, .number(.positive),
          "Where the expected return lies fewer predicted deviations from 0, no position is held."
        ).absent("none").example("0.5"),
        .optional(
          "maximum-weight", \.weights.maximumWeight, .number(.positive),
          "The largest share of equity in one instrument."
        ).absent("none for actions, 1 for predictions").example("0.5"),
        .value("long-only", \.weights.isLongOnly, .flag, "Whether short positions are left out.")
          .example("true"),
        .value(
          "on-refusal", \.onRefusal, .choice(),
          "What happens to positions when a policy does not decide: closed, kept, or closed for "
            + "the rest of the run."
        ).example("hold"),
        .optional(
          "episode-length", \.episodeLength, .integer(.atLeast(1)),
          "Decisions after which recurrent state is reset."
        ).absent("one episode").example("252"),
        .value(
          "drift", \.weights.drift, .choice(),
          "Whether positions that drifted are traded back to an unchanged weight."
        ).example("rebalance"),
        .value(
          "decide", \.decide, .choice(),
          "Whether a policy of several assets decides where all of them closed, or any."
        ).example("any-closed"),
      ].map { (key: StudyKey<PolicyOptions>) in key.beside("policy") })
  }
}

/// The keys of `strategy.sizing`.
private struct SizingKeys {
  var rule = Rule.sign
  var threshold: Double?
  var factor: Double?
  var scale: Double?

  enum Rule: String, CaseIterable { case sign, proportional, confidence }

  init() {}

  init(_ sizing: PolicySizing) {
    switch sizing {
    case .sign(let threshold): (rule, self.threshold) = (.sign, threshold)
    case .proportional(let factor): (rule, self.factor) = (.proportional, factor)
    case .confidence(let scale): (rule, self.scale) = (.confidence, scale)
    }
  }

  var sizing: PolicySizing {
    switch rule {
    case .sign: .sign(threshold: threshold ?? 0)
    case .proportional: .proportional(factor: factor ?? 1)
    case .confidence: .confidence(scale: scale ?? 1)
    }
  }

  static var table: StudyTable<SizingKeys> {
    StudyTable(
      initial: SizingKeys(),
      keys: [
        .required(
          "by", \.rule, .choice(),
          "The sign of a prediction, its signal times a factor, or the confidence of a decision."
        ).example("sign"),
        .optional(
          "threshold", \.threshold, .number(.notNegative),
          "With `sign`: smaller signals count as 0."
        ).absent("0").example("0.1").beside("by: sign"),
        .optional(
          "factor", \.factor, .number(.positive),
          "With `proportional`: what a signal is multiplied by."
        ).absent("1").example("2").beside("by: proportional"),
        .optional(
          "scale", \.scale, .number(.positive),
          "With `confidence`: how many deviations from 0 make a full position."
        ).absent("1").example("1.5").beside("by: confidence"),
      ],
      after: { table, sizing in
        let owners: [(String, Rule)] = [
          ("threshold", .sign), ("factor", .proportional), ("scale", .confidence),
        ]
        for (key, owner) in owners where table.node(key) != nil && sizing.rule != owner {
          table.report("'\(key)' goes with 'by: \(owner.rawValue)'", at: key)
        }
      })
  }
}

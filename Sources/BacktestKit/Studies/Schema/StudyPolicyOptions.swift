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
        .optionalTable(
          "conformal",
          "Intervals about predicted returns, learnt from how far earlier ones missed.",
          { _ in ConformalKeys.table }, rows: ConformalKeys.table.rows
        ) {
          $0.conformal.map(ConformalKeys.init)
        } set: {
          $0.conformal = $1.intervals
        }.absent("none"),
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

  enum Rule: String, CaseIterable { case sign, proportional, confidence, interval }

  init() {}

  init(_ sizing: PolicySizing) {
    switch sizing {
    case .sign(let threshold): (rule, self.threshold) = (.sign, threshold)
    case .proportional(let factor): (rule, self.factor) = (.proportional, factor)
    case .confidence(let scale): (rule, self.scale) = (.confidence, scale)
    case .interval: rule = .interval
    }
  }

  var sizing: PolicySizing {
    switch rule {
    case .sign: .sign(threshold: threshold ?? 0)
    case .proportional: .proportional(factor: factor ?? 1)
    case .confidence: .confidence(scale: scale ?? 1)
    case .interval: .interval
    }
  }

  static var table: StudyTable<SizingKeys> {
    StudyTable(
      initial: SizingKeys(),
      keys: [
        .required(
          "by", \.rule, .choice(),
          "The sign of a prediction, its signal times a factor, the confidence of a decision, or "
            + "the conformal interval of a predicted return."
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

/// The keys of `strategy.conformal`.
private struct ConformalKeys {
  var method = ConformalIntervals.Method.split
  var level = ConformalIntervals(.split).level
  var calibrationCount = ConformalIntervals(.split).calibrationCount
  var rate: Double?
  var abstainsAtZero = false

  init() {}

  init(_ intervals: ConformalIntervals) {
    (method, level) = (intervals.method, intervals.level)
    calibrationCount = intervals.calibrationCount
    rate = method == .adaptive ? intervals.rate : nil
    abstainsAtZero = intervals.abstainsAtZero
  }

  var intervals: ConformalIntervals {
    var intervals = ConformalIntervals(method)
    (intervals.level, intervals.calibrationCount) = (level, calibrationCount)
    if let rate { intervals.rate = rate }
    intervals.abstainsAtZero = abstainsAtZero
    return intervals
  }

  static var table: StudyTable<ConformalKeys> {
    StudyTable(
      initial: ConformalKeys(),
      keys: [
        .required(
          "method", \.method, .choice(),
          "`split`: widths learnt from the first forecasts and kept; `adaptive`: from the latest "
            + "ones, with a level that follows the misses."
        ).example("adaptive"),
        .value(
          "level", \.level, .number(.share),
          "The share of returns that the intervals should hold."
        ).example("0.8"),
        .value(
          "calibration", \.calibrationCount, .integer(.within(1...100_000)),
          "How many forecasts the width is learnt from; there is no interval before."
        ).example("126"),
        .optional(
          "rate", \.rate, .number(.share),
          "With `adaptive`: how far a miss moves the level."
        ).absent(ConformalIntervals(.adaptive).rate.description).example("0.01")
          .beside("method: adaptive"),
        .value(
          "abstain", \.abstainsAtZero, .flag,
          "Whether no position is held where the interval contains 0 or is not known yet."
        ).example("true"),
      ],
      after: { table, keys in
        if table.node("rate") != nil, keys.method != .adaptive {
          table.report("'rate' goes with 'method: adaptive'", at: "rate")
        }
      })
  }
}

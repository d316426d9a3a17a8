import BacktestCore
import BacktestFiles
package import BacktestPolicies

/// How a study combines policies.
package struct StudyEnsemble: Sendable {
  /// The policies, as the study gives them.
  package var members: [String] = []
  /// How the weights that they want become one.
  package var rule = EnsembleRule.mean
  /// How weights become positions.
  package var options = EnsembleOptions()

  init() {}

  /// The options of a member: what the ensemble does with weights is not for its members.
  func memberOptions(_ options: PolicyOptions) -> PolicyOptions {
    var options = options
    options.weights.rebalanceThreshold = 0
    options.weights.drift = .target
    return options
  }

  /// Takes over what the strategy's keys say about weights.
  mutating func takeOptions(_ policy: PolicyOptions) {
    options.weights = policy.weights
  }

  /// A name for reports.
  func name(of policies: [StudyPolicy]) -> String {
    "\(combination.rawValue) of \(listed(policies.map(\.manifest.name), "and"))"
  }
}

// Keys
extension StudyEnsemble {
  private enum Combination: String, CaseIterable {
    case mean, vote, confidence
    case bestRecent = "best-recent"

    /// The rule with its defaults.
    var rule: EnsembleRule {
      switch self {
      case .mean: .mean
      case .vote: .vote(targets: [])
      case .confidence: .confidence(.inverseVariance)
      case .bestRecent: .bestRecent(bars: 63)
      }
    }
  }

  private var combination: Combination {
    switch rule {
    case .mean: .mean
    case .vote: .vote
    case .confidence: .confidence
    case .bestRecent: .bestRecent
    }
  }

  /// The keys of `strategy.ensemble`.
  static var table: StudyTable<StudyEnsemble> {
    StudyTable(
      initial: StudyEnsemble(),
      keys: [
        .requiredList("members", \.members, of: .text, "The policies, two or more.")
          .values("list of folders or manifests")
          .example("[policies/ppo_discrete, policies/dqn_d3]"),
        .value(
          "combine", .choice(of: Combination.self),
          "How the weights that the policies want become one."
        ) {
          $0.combination
        } set: {
          $0.rule = $1.rule
        }.example("mean"),
        targets, confidence, window,
        .value(
          "member-state", \.options.memberState, .choice(),
          "Whether a policy sees the position that it would have alone, or the ensemble's."
        ).example("shared"),
        .optional(
          "maximum-disagreement", \.options.maximumDisagreement, .number(.notNegative),
          "Where the standard deviation of the policies' weights is larger, no position is held."
        ).absent("none").example("0.5"),
        .value(
          "fee", \.options.fee, .number(.notNegative),
          "What a policy's own account pays for a change of weight, as a fraction of the change."
        ).example("0.0005"),
      ],
      after: { table, ensemble in
        if ensemble.members.count == 1 {
          table.report("an ensemble needs two members or more", at: "members")
        }
        let owners: [(String, Combination)] = [
          ("window", .bestRecent), ("targets", .vote), ("confidence", .confidence),
        ]
        for (key, owner) in owners where table.node(key) != nil && ensemble.combination != owner {
          table.report("'\(key)' goes with 'combine: \(owner.rawValue)'", at: key)
        }
      })
  }

  private static var targets: StudyKey<StudyEnsemble> {
    .list("targets", of: .number(), "With `vote`: the weights that are voted on.") { ensemble in
      guard case .vote(let targets) = ensemble.rule else { return nil }
      return targets
    } set: {
      if case .vote = $0.rule { $0.rule = .vote(targets: $1) }
    }.values("list of numbers").absent("long, flat, short").example("[0, 1]")
      .beside("combine: vote")
  }

  private static var confidence: StudyKey<StudyEnsemble> {
    .value(
      "confidence", .choice(of: EnsembleRule.Confidence.self),
      "With `confidence`: what a policy's confidence is."
    ) { ensemble in
      guard case .confidence(let confidence) = ensemble.rule else { return nil }
      return confidence
    } set: {
      if case .confidence = $0.rule { $0.rule = .confidence($1) }
    }.absent("`inverse-variance`").example("signal").beside("combine: confidence")
  }

  private static var window: StudyKey<StudyEnsemble> {
    .value(
      "window", .integer(.atLeast(1)),
      "With `best-recent`: the bars over which the policies' own accounts are compared."
    ) { ensemble in
      guard case .bestRecent(let bars) = ensemble.rule else { return nil }
      return bars
    } set: {
      if case .bestRecent = $0.rule { $0.rule = .bestRecent(bars: $1) }
    }.absent("63").example("21").beside("combine: best-recent")
  }
}

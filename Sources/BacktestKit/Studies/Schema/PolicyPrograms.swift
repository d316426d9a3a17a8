import BacktestCore
import BacktestFiles
import BacktestPolicies

/// The programs in other processes that decide in the runs of a study.
///
/// Runs that follow each other share them. They end with the last copy.
struct PolicyPrograms: Sendable {
  /// For each policy of the study its program; `nil` where a network decides.
  let programs: [ExternalPolicy?]

  /// Prepares the programs of a study's policies without starting them; `interrupt` ends waiting
  /// for them.
  ///
  /// - Throws: `PolicyError` for an invalid command or manifest.
  init(_ policies: [StudyPolicy], interrupt: Interrupt = Interrupt()) throws(PolicyError) {
    var programs: [ExternalPolicy?] = []
    for policy in policies { programs.append(try policy.program(interrupt)) }
    self.programs = programs
  }

  /// Whether networks decide everywhere. A program decides for one run at a time.
  var isEmpty: Bool { programs.allSatisfy { $0 == nil } }

  /// Starts them.
  ///
  /// - Throws: `PolicyError` with why one did not start.
  func start() throws(PolicyError) {
    for program in programs { try program?.start() }
  }

  /// Throws why a program cannot decide any more; a run in which that happened counts for nothing.
  func check() throws(StudyError) {
    for program in programs {
      if let failure = program?.failure { throw StudyError(.policy, "\(failure)") }
    }
  }
}

extension StudyStrategy {
  /// The programs that decide in runs of the strategy; none of the catalogue.
  func programs(_ interrupt: Interrupt) throws(StudyError) -> PolicyPrograms {
    try StudyError.wrapping(.policy) { try PolicyPrograms(policies, interrupt: interrupt) }
  }

  /// The strategy as programs that run already decide in it.
  func definition(sharing programs: PolicyPrograms) -> StrategyDefinition {
    guard isPolicy else { return definition }
    return Self.definition(name: definition.name, policies, ensemble) { programs }
  }

  /// The strategy of some policies.
  ///
  /// - Parameter programs: gives those that decide in a run.
  static func definition(
    name: String, _ policies: [StudyPolicy], _ ensemble: StudyEnsemble?,
    programs: @escaping @Sendable () throws(PolicyError) -> PolicyPrograms
  ) -> StrategyDefinition {
    StrategyDefinition(name: name, summary: "A policy.") { _, universe in
      let members = zip(policies, try programs().programs).map { $0.member(deciding: $1) }
      guard let ensemble else { return try PolicyStrategy(members[0], universe: universe) }
      return try EnsembleStrategy(
        members, rule: ensemble.rule, universe: universe, options: ensemble.options)
    }
  }
}

extension StudyPolicy {
  /// Compares the golden decisions that have a date with the bars of a market.
  func checkDatedDecisions(in universe: Universe) throws(PolicyError) {
    // Changed bars are not those of the training.
    guard trained != nil, universe.changes.isEmpty else { return }
    try member(deciding: nil).checkDatedDecisions(in: universe)
  }

  /// How its features on some days, before an instant where one is given, differ from those of its
  /// training; `nil` where the training is not known.
  func featureDrift(
    in feed: Feed, on days: Set<CivilDate>, before end: Timestamp?
  ) throws(PolicyError) -> FeatureDrift? {
    guard manifest.observation.normaliser.knowsTraining else { return nil }
    return try member(deciding: program(Interrupt())).featureDrift(
      in: feed, on: days, before: end)
  }

  /// The program that decides, not started; `nil` where a network does.
  fileprivate func program(_ interrupt: Interrupt) throws(PolicyError) -> ExternalPolicy? {
    guard !command.isEmpty else { return nil }
    return try ExternalPolicy(command, folder: folder, manifest: manifest, interrupt: interrupt)
  }

  /// The policy with what belongs to it.
  fileprivate func member(deciding program: ExternalPolicy?) -> PolicyMember {
    guard let decides: any Policy = program ?? trained else {
      preconditionFailure("a policy is a network or a program")
    }
    return PolicyMember(
      decides, manifest: manifest, options: options, loadPredictor: loadPredictor)
  }

  /// Loads the policies whose predictions it observes.
  var loadPredictor: PolicyMember.PredictorLoader {
    let folder = manifest.folder
    return { (feature) throws(PolicyError) in
      let other = try TrainedPolicy(path: "\(folder)/\(feature.policy)")
      return ObservedPredictor(policy: other, observation: other.manifest.observation)
    }
  }
}

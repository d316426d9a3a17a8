import BacktestCore
import BacktestFiles
import BacktestPolicies

/// Runs of a study that differ by chance alone: several checkpoints of one algorithm.
package struct StudyReplicates: Sendable {
  /// Checkpoints that take the place of the policy's weights, as the study gives them.
  package var checkpoints: [String] = []
  /// Seeds that take the place of `{seed}` in the paths and commands of a walk-forward.
  package var seeds: [Int] = []
  /// The metric by which the run in the middle is found; `nil` takes that of the walk-forward, else
  /// the Sharpe ratio.
  package var objective: String?

  /// The number of runs.
  package var count: Int { checkpoints.isEmpty ? seeds.count : checkpoints.count }

  init() {}

  /// The keys of `replicates`.
  static var table: StudyTable<StudyReplicates> {
    StudyTable(
      initial: StudyReplicates(),
      keys: [
        .list(
          "checkpoints", \.checkpoints, of: .text,
          "Checkpoints that take the place of the policy's weights."
        ).values("list of files or policy folders").example("[a.zip, b.zip, c.zip]"),
        .list(
          "seeds", \.seeds, of: .integer(.notNegative),
          "The value of `{seed}` in the walk-forward's `checkpoints` or `retrain`."
        ).values("list of whole numbers").example("[1, 2, 3]"),
        .optional(
          "objective", \.objective, .objective,
          "The metric by which the middle run is found; of an even number the worse of the two is "
            + "shown."
        ).values("the name of a metric").absent("that of the walk-forward, else `sharpe`")
          .example("calmar"),
      ],
      after: { table, replicates in
        let (checkpoints, seeds) = (replicates.checkpoints, replicates.seeds)
        if checkpoints.isEmpty == seeds.isEmpty {
          table.report("replicates are 'checkpoints' or 'seeds'; give one list of them")
        } else if replicates.count < 2 {
          table.report("give two replicates or more; one run is not a distribution")
        }
        if Set(seeds).count != seeds.count { table.report("a seed is given twice", at: "seeds") }
        if Set(checkpoints).count != checkpoints.count {
          table.report("a checkpoint is given twice", at: "checkpoints")
        }
      })
  }

  /// What does not go with the rest of the study.
  func check(
    _ table: inout DocumentTable, _ strategy: StudyStrategy, _ training: StudyTraining?
  ) {
    if !strategy.takesCheckpoints {
      table.report("replicates are for a strategy with one trained 'policy'", at: "replicates")
    }
    if !checkpoints.isEmpty, training != nil {
      table.report(
        "the walk-forward takes a checkpoint for each fold; replicate it by 'seeds' and a {seed} "
          + "in its 'checkpoints' or 'retrain'", at: "replicates")
    }
    if !seeds.isEmpty, training?.template.usedPlaceholders.contains("seed") != true {
      table.report(
        "'seeds' need a {seed} in the walk-forward's 'checkpoints' or 'retrain'; without one each "
          + "run would be the same", at: "replicates")
    }
  }
}

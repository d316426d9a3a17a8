import BacktestCore
import BacktestFiles
package import BacktestPolicies

/// Where a walk-forward has the checkpoint of each fold from.
package struct StudyTraining: Sendable {
  /// A path, as a template of one word, or the command that trains.
  package var template: CommandTemplate
  /// Whether the template is a command, and not a path.
  package var isCommand: Bool
  /// The folder in which trained checkpoints are kept, as the study gives it.
  package var cache = ".checkpoints"
  /// The name of a trained checkpoint's file, or of its folder, whose ending tells its format.
  package var fileName = "model.zip"
  /// Files that the command reads without naming them.
  package var inputs: [String] = []
  /// Seconds that a training may take; `nil` for as long as it needs.
  package var limit: Double? = 3_600

  /// Whether each fold's checkpoint is asked for by the end of its train window.
  var namesTrainEnd: Bool { template.usedPlaceholders.contains("train_end") }
}

extension StudyTraining {
  /// How trainings are kept, with a template that has yet to come.
  fileprivate init() {
    template = .placeholder
    isCommand = true
  }

  /// The keys of `walk-forward.training`.
  fileprivate static var table: StudyTable<StudyTraining> {
    StudyTable(
      initial: StudyTraining(),
      keys: [
        .value(
          "cache", \.cache, .text,
          "Where checkpoints are kept, by the digest of what they are trained from."
        ).values("folder").example("trained"),
        .value(
          "file", \.fileName, .text, "What `{checkpoint}` is called; its ending gives the format."
        ).values("file name").example("model.safetensors"),
        .list(
          "inputs", \.inputs, of: .text,
          "Files that the program reads besides its arguments; a change of one trains anew."
        ).values("list of files").absent("none").example("[features.py]"),
        .value(
          "time-limit", .number(.positive), "Seconds that a training may take."
        ) {
          $0.limit
        } set: {
          $0.limit = $1
        }.example("600"),
      ],
      after: { table, training in
        if training.fileName.contains("/") {
          table.report("'file' is a name without folders, such as model.zip", at: "file")
        }
      })
  }
}

/// The keys of `walk-forward` about the checkpoints of folds.
struct TrainingKeys: Sendable {
  fileprivate var path: String?
  fileprivate var hasCommand = false
  /// The command in one line, or else its words.
  fileprivate var line: String?
  fileprivate var words: [String] = []
  fileprivate var details = StudyTraining()

  init() {}

  private static let dates = ["train_start", "train_end", "test_start", "test_end"]

  static var table: StudyTable<TrainingKeys> {
    var training = StudyKey.table(
      "training", \TrainingKeys.details, StudyTraining.table,
      "How `retrain` is run and what it leaves.")
    training.row.companion = "retrain"
    return StudyTable(
      initial: TrainingKeys(),
      keys: [
        .optional(
          "checkpoints", \.path, .text,
          "The checkpoint of each fold, or its folder with a manifest."
        ).values("path with placeholders").absent("the policy's own weights")
          .example("'checkpoints/{train_end}.zip'").beside("policy"),
        retrain, training,
      ])
  }

  private static var retrain: StudyKey<TrainingKeys> {
    var row = StudyRow(
      "retrain",
      "The program that trains each fold's checkpoint, as a line or a list of words, run without a "
        + "shell in the study's folder.")
    row.values = "command with placeholders"
    row.example =
      "python3 train.py --from {train_start} --to {train_end} --out {checkpoint}"
    row.companion = "policy"
    return StudyKey(row) { table, keys in
      guard let node = table.node("retrain") else { return }
      keys.hasCommand = true
      if node.kind == .text {
        keys.line = table.optional("retrain", .text)
      } else {
        keys.words = table.optionalList("retrain", of: .text) ?? []
      }
    }
  }

  /// What the keys say together; `nil` where no fold has its own checkpoint.
  func training(
    _ table: inout DocumentTable, for strategy: StudyStrategy
  ) -> StudyTraining? {
    if path != nil, hasCommand {
      table.report(
        "'checkpoints' are there already and 'retrain' makes them; give one of the two",
        at: "retrain")
    }
    guard path != nil || hasCommand else {
      if table.node("training") != nil {
        table.report("'training' goes with 'retrain'", at: "training")
      }
      return nil
    }
    let key = path != nil ? "checkpoints" : "retrain"
    if !strategy.takesCheckpoints {
      table.report(
        "a checkpoint for each fold needs a strategy with one trained 'policy', whose manifest "
          + "says what the checkpoints observe", at: key)
    }
    let names = Self.dates + ["fold", "seed"]
    var training = details
    do throws(PolicyError) {
      if let path {
        training.isCommand = false
        training.template = try CommandTemplate(words: [path], placeholders: names)
      } else {
        let all = names + ["checkpoint"]
        training.template =
          if let line {
            try CommandTemplate(line, placeholders: all)
          } else {
            try CommandTemplate(words: words, placeholders: all)
          }
        if !training.template.usedPlaceholders.contains("checkpoint") {
          table.report(
            "the command must say by {checkpoint} where its checkpoint goes", at: "retrain")
        }
      }
    } catch {
      table.report("\(error)", at: key)
    }
    return training
  }
}

extension CommandTemplate {
  /// Replaces a wrong template, which was reported.
  fileprivate static var placeholder: CommandTemplate {
    guard let template = try? CommandTemplate(words: ["-"], placeholders: []) else {
      preconditionFailure("a word without placeholders is a template")
    }
    return template
  }
}

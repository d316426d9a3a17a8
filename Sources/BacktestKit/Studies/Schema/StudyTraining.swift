import BacktestFiles
import BacktestNetworks
public import BacktestPolicies

/// Where a walk-forward has the checkpoint of each fold from.
public struct StudyTraining: Sendable {
  /// A path, as a template of one word, or the command that trains.
  public var template: CommandTemplate
  /// Whether the template is a command, and not a path.
  public var isCommand: Bool
  /// The folder in which trained checkpoints are kept, as the study gives it.
  public var cache = Self.defaultCache
  /// The name of a trained checkpoint's file, or of its folder, whose ending tells its format.
  public var fileName = "model.zip"
  /// Files that the command reads without naming them.
  public var inputs: [String] = []
  /// Seconds that a training may take; `nil` for as long as it needs.
  public var limit: Double? = 3_600

  static let defaultCache = ".checkpoints"
  private static let dates = ["train_start", "train_end", "test_start", "test_end"]

  /// Reads the keys `checkpoints` and `retrain` of a walk-forward; `nil` where neither is given.
  static func read(_ table: inout DocumentTable, for strategy: StudyStrategy) -> StudyTraining? {
    let path = table.optional("checkpoints", .text)
    let node = table.node("retrain")
    let isLine = node?.kind == .text
    let line = isLine ? table.optional("retrain", .text) : nil
    let words = isLine ? [] : table.optionalList("retrain", of: .text) ?? []
    let details = table.section("training") { StudyTraining(details: &$0) }
    if path != nil, node != nil {
      table.report(
        "'checkpoints' are there already and 'retrain' makes them; give one of the two",
        at: "retrain")
    }
    guard path != nil || node != nil else {
      if table.node("training") != nil {
        table.report("'training' goes with 'retrain'", at: "training")
      }
      return nil
    }
    if !strategy.takesCheckpoints {
      table.report(
        "a checkpoint for each fold needs a strategy with one trained 'policy', whose manifest "
          + "says what the checkpoints observe", at: path != nil ? "checkpoints" : "retrain")
    }
    let names = dates + ["fold", "seed"]
    var training = details
    do throws(PolicyError) {
      if let path {
        training.isCommand = false
        training.template = try CommandTemplate(words: [path], placeholders: names)
      } else {
        let all = names + ["checkpoint"]
        if let line {
          training.template = try CommandTemplate(line, placeholders: all)
        } else {
          training.template = try CommandTemplate(words: words, placeholders: all)
        }
        if !training.template.usedPlaceholders.contains("checkpoint") {
          table.report(
            "the command must say by {checkpoint} where its checkpoint goes", at: "retrain")
        }
      }
    } catch {
      table.report("\(error)", at: path != nil ? "checkpoints" : "retrain")
    }
    return training
  }

  /// Whether each fold's checkpoint is asked for by the end of its train window.
  var namesTrainEnd: Bool { template.usedPlaceholders.contains("train_end") }
}

extension StudyTraining {
  /// How trainings are kept, with a template that has yet to come.
  fileprivate init(details table: inout DocumentTable) {
    template = .placeholder
    isCommand = true
    cache = table.value("cache", .text, default: Self.defaultCache)
    fileName = table.value("file", .text, default: "model.zip")
    inputs = table.optionalList("inputs", of: .text) ?? []
    limit = table.value("time-limit", .number(.positive), default: 3_600)
    if fileName.contains("/") {
      table.report("'file' is a name without folders, such as model.zip", at: "file")
    }
  }
}

extension CommandTemplate {
  /// Stands where a template was wrong, which was reported.
  fileprivate static var placeholder: CommandTemplate {
    guard let template = try? CommandTemplate(words: ["-"], placeholders: []) else {
      preconditionFailure("a word without placeholders is a template")
    }
    return template
  }
}

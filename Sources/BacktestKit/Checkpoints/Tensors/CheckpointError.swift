import BacktestFiles

/// A file of weights that cannot be used: where, what was expected, what was found, what to do.
///
/// One line, whatever the file holds:
/// `model.zip: policy.pth: archive/data.pkl: names 'posix.system', …; save …`.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder as it was given.
  public var file: String
  /// The entry of the archive, or the tensor, that is wrong; empty for the file as a whole.
  public var entry: String
  /// What was expected and what was found.
  public var problem: String
  /// How to get a file that can be read; empty where there is nothing to advise.
  public var advice: String

  /// An error from its parts.
  public init(file: String = "", entry: String = "", problem: String, advice: String = "") {
    self.file = file
    self.entry = entry
    self.problem = problem
    self.advice = advice
  }

  /// `file: entry: problem; advice`.
  public var description: String {
    let parts = [file, entry, problem].filter { !$0.isEmpty }
    return parts.joined(separator: ": ") + (advice.isEmpty ? "" : "; \(advice)")
  }
}

extension CheckpointError {
  /// Refuses the file unless a condition holds.
  static func unless(
    _ condition: Bool, _ problem: @autoclosure () -> String, advice: @autoclosure () -> String = ""
  ) throws(CheckpointError) {
    if !condition { throw CheckpointError(problem: problem(), advice: advice()) }
  }

  /// Does a part of the reading whose errors are of one entry.
  static func inEntry<Value>(
    _ entry: String, _ body: () throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body()
    } catch {
      var located = error
      let name = shown(entry)
      located.entry = error.entry.isEmpty ? name : "\(name): \(error.entry)"
      throw located
    }
  }

  /// Does a part of the reading whose errors get an advice where they have none.
  static func advising<Value>(
    _ advice: String, _ body: () throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body()
    } catch {
      var advised = error
      if advised.advice.isEmpty { advised.advice = advice }
      throw advised
    }
  }

  /// Does the reading of one file.
  static func inFile<Value>(
    _ file: String, _ body: () throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body()
    } catch {
      var located = error
      if located.file.isEmpty { located.file = file }
      throw located
    }
  }

  /// A file that the system does not give.
  init(_ error: FileError) {
    self.init(file: error.path, problem: "cannot \(error.action): \(error.reason)")
  }

  /// A name out of a file, fit for a message.
  private static func shown(_ entry: String) -> String {
    String(quotedForMessage(entry, limit: 120).dropFirst().dropLast())
  }
}

/// How to write a file that can be read, one line of Python each.
enum ReexportAdvice {
  static let stateDictionary = #"save torch.save(model.state_dict(), "model.pt")"#
  static let safetensors =
    "save safetensors.torch.save_file({k: v.contiguous().clone() for k, v in "
    + #"model.state_dict().items()}, "model.safetensors")"#
  static let stableBaselines = #"save the model again with model.save("model.zip")"#
  static let again = "the file is damaged or was made by hand: save or download it again"
}

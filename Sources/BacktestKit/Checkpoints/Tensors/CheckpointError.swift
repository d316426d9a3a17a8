import BacktestFiles

/// Why a file of weights cannot be read: where, what was expected, what was found, what to do.
///
/// The message is one line, whatever the file holds:
/// `model.zip: policy.pth: archive/data.pkl: global 'posix.system' is not allowed: …; save …`.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder as it was given; `nil` where it is not known yet.
  public var file: String?
  /// The entry of the archive, or the tensor, that is wrong; `nil` for the file as a whole.
  public var entry: String?
  /// What was expected and what was found.
  public var problem: String
  /// How to get a file that can be read; `nil` where there is no advice.
  public var advice: String?

  /// An error from its parts.
  public init(
    file: String? = nil, entry: String? = nil, problem: String, advice: String? = nil
  ) {
    self.file = file
    self.entry = entry
    self.problem = problem
    self.advice = advice
  }

  /// `file: entry: problem; advice`.
  public var description: String {
    [file, entry, problem].compactMap(\.self).joined(separator: ": ")
      + (advice.map { "; \($0)" } ?? "")
  }
}

extension CheckpointError {
  /// Throws an error unless a condition holds.
  static func unless(
    _ condition: Bool, _ problem: @autoclosure () -> String,
    advice: @autoclosure () -> String? = nil
  ) throws(CheckpointError) {
    if !condition { throw CheckpointError(problem: problem(), advice: advice()) }
  }

  /// Reads one entry; errors get its name.
  static func inEntry<Value>(
    _ entry: String, _ body: () throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body()
    } catch {
      var located = error
      let name = shown(entry)
      located.entry = error.entry.map { "\(name): \($0)" } ?? name
      throw located
    }
  }

  /// Reads a part whose errors get this advice where they have none.
  static func advising<Value>(
    _ advice: String, _ body: () throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body()
    } catch {
      var advised = error
      advised.advice = error.advice ?? advice
      throw advised
    }
  }

  /// Reads one file; errors get its name where they have none.
  static func inFile<Value>(
    _ file: String, _ body: () throws(CheckpointError) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body()
    } catch {
      var located = error
      located.file = error.file ?? file
      throw located
    }
  }

  /// A file that the system could not open or read.
  init(_ error: FileError) {
    self.init(file: error.path, problem: "cannot \(error.action): \(error.reason)")
  }

  /// A name from a file, safe for a message.
  private static func shown(_ entry: String) -> String {
    String(quotedForMessage(entry, limit: 120).dropFirst().dropLast())
  }
}

/// How to write a file that can be read, one line of Python for each format.
enum ReexportAdvice {
  static let stateDictionary = #"save torch.save(model.state_dict(), "model.pt")"#
  static let safetensors =
    "save safetensors.torch.save_file({k: v.contiguous().clone() for k, v in "
    + #"model.state_dict().items()}, "model.safetensors")"#
  static let stableBaselines = #"save the model again with model.save("model.zip")"#
  static let again = "the file is damaged or was made by hand: save or download it again"
}

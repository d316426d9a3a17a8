/// How a command ended, as the shell sees it.
public enum ExitCode: Int32, Sendable, CaseIterable {
  /// Done, and a gate passed; warnings and ruin in a run are no failures.
  case done = 0
  /// A gate failed.
  case gateFailed = 1
  /// The input or the command line is wrong.
  case wrongInput = 2
  /// A fault of the program, or a run that does not reproduce its fingerprint.
  case fault = 3
  /// The user interrupted; no file is half written.
  case interrupted = 130

  /// What help screens say about it.
  var meaning: String {
    switch self {
    case .done: "Done; a gate passed."
    case .gateFailed: "A gate failed."
    case .wrongInput: "The input or the command line is wrong."
    case .fault: "A fault of the program, or a run that does not reproduce its fingerprint."
    case .interrupted: "Interrupted; no file is half written."
    }
  }
}

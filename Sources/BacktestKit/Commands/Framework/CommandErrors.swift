/// A command line that cannot be understood.
struct UsageError: Error, Equatable {
  /// What is wrong and what to do.
  var message: String
}

/// A command that ends without success for a reason that the user must know.
///
/// Any other error that a command throws is shown by its description and ends it with
/// ``ExitCode/wrongInput``, since the library throws only about input; faults of ours trap.
struct CommandFailure: Error, Equatable {
  /// How the program ends.
  var status: ExitCode
  /// What went wrong and what to do.
  var message: String

  /// The user asked to stop.
  static let interrupted = CommandFailure(
    status: .interrupted, message: "interrupted; no file is half written")
}

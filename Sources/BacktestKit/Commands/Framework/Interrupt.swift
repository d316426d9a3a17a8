internal import Glibc
internal import Synchronization

/// Whether the user asked to stop.
struct Interrupt: Sendable {
  /// Whether it was asked.
  let isRaised: @Sendable () -> Bool

  /// Nobody asks.
  static let never = Interrupt { false }
}

/// What the process does with signals. Only the main of a program calls it.
///
/// A signal belongs to the process and its handler may hold no context, so the flag that it sets
/// cannot be passed in; everything else sees it through ``Interrupt``.
enum ProcessSignals {
  private static let isInterrupted = Atomic<Bool>(false)

  /// Lets the first interrupt or termination signal ask the command to stop. The system's own
  /// handling comes back with it, so a second one ends a command that does not listen.
  static func interrupt() -> Interrupt {
    // The first use may initialise the flag, which is no work for a signal handler.
    isInterrupted.store(false, ordering: .relaxed)
    listen(to: SIGINT)
    listen(to: SIGTERM)
    return Interrupt { isInterrupted.load(ordering: .relaxed) }
  }

  private static func listen(to signal: Int32) {
    var action = sigaction()
    sigaction(signal, nil, &action)
    // A job in the background was started deaf to the keyboard, and stays so.
    let present = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    guard present != unsafeBitCast(SIG_IGN, to: Int.self) else { return }
    action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      ProcessSignals.isInterrupted.store(true, ordering: .relaxed)
    }
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigaction(signal, &action, nil)
  }

  /// Makes writing to a closed pipe an error instead of a signal.
  static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Ends the process.
  static func exit(_ status: ExitCode) -> Never { Glibc.exit(status.rawValue) }
}

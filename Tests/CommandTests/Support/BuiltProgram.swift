import Foundation
import Glibc
import Synchronization
import Testing

/// The built `bt-run`, run as a process of its own.
enum BuiltProgram {
  /// The program beside the test bundle.
  static let path: String = {
    let bundle = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return ((bundle ?? "") as NSString).deletingLastPathComponent + "/bt-run"
  }()

  /// A process that may still run.
  struct Running {
    fileprivate let process: pid_t
    fileprivate let streams: WorkFolder

    /// Waits until the process handles interrupts itself, which it does before its work.
    func waitUntilItListens() throws {
      for _ in 0..<10_000 {
        // Before it runs its program, the process is a copy of this one, and listens like it.
        let program = try? FileManager.default.destinationOfSymbolicLink(
          atPath: "/proc/\(process)/exe")
        guard program?.hasSuffix("/bt-run") ?? false else {
          sched_yield()
          continue
        }
        let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let caught = line.flatMap { UInt64($0.split(separator: "\t")[1], radix: 16) } ?? 0
        if caught >> UInt64(SIGINT - 1) & 1 == 1 { return }
        sched_yield()
      }
      throw NeverEnded()
    }

    /// The nanoseconds of processor time that the process has used; `nil` after its end.
    var processorTime: Int? {
      let folder = "/proc/\(process)/task"
      guard let threads = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
        return nil
      }
      let times = threads.compactMap { thread -> Int? in
        let text = try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)
        return text?.split(separator: " ").first.flatMap { Int($0) }
      }
      return times.isEmpty ? nil : times.reduce(0, +)
    }

    /// Waits until something can be observed or the process ends, whichever comes first.
    ///
    /// - Returns: Whether it was observed.
    func wait(until isObserved: () throws -> Bool) throws -> Bool {
      var information = siginfo_t()
      while try !isObserved() {
        // Looks whether the process has ended and leaves its status to `finish`.
        information.si_signo = 0
        waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        if information.si_signo == SIGCHLD { return false }
        sched_yield()
      }
      return true
    }

    /// Sends a signal.
    func send(_ signal: Int32) { kill(process, signal) }

    /// Waits for the end; a process that does not end is killed.
    func finish(within seconds: Int = 120) throws -> Ended {
      let isLate = Atomic<Bool>(false)
      let killer = DispatchWorkItem { [process] in
        isLate.store(true, ordering: .relaxed)
        kill(process, SIGKILL)
      }
      DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds), execute: killer)
      // Until its status is taken the number of the process belongs to nobody else.
      var information = siginfo_t()
      while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
      killer.cancel()
      var (status, usage) = (Int32(0), rusage())
      while wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
      if isLate.load(ordering: .relaxed) { throw NeverEnded() }
      let signal = status & 0x7F
      return Ended(
        status: signal == 0 ? (status >> 8) & 0xFF : -signal, output: try streams.text("output"),
        errors: try streams.text("errors"),
        processorTime: nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime))
    }

    private func nanoseconds(_ time: timeval) -> Int {
      Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_usec) * 1_000
    }
  }

  /// What a process left behind.
  struct Ended {
    /// The exit status; a signal that ended the process is negative.
    var status: Int32
    var output: String
    var errors: String
    /// The nanoseconds of processor time that it used.
    var processorTime: Int
  }

  struct NeverEnded: Error {}
  struct NotStarted: Error { var code: Int32 }

  /// Starts the program in a folder.
  ///
  /// - Parameter environment: variables that are different there.
  static func start(
    _ words: [String], in folder: WorkFolder, environment: [String: String] = [:]
  ) throws -> Running {
    let streams = try WorkFolder()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(streams.path)/output", flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(streams.path)/errors", flags, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A test run in the background is deaf to interrupts; what it starts must not be.
    var listening = sigset_t()
    sigemptyset(&listening)
    posix_spawnattr_setsigmask(&attributes, &listening)
    sigaddset(&listening, SIGINT)
    posix_spawnattr_setsigdefault(&attributes, &listening)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    var process: pid_t = 0
    // The shell goes to the folder and becomes the program. Only tests that name a store use one.
    let script = "cd \"$0\" && export BACKTESTKIT_STORE=none && exec \"$@\""
    let shell =
      ["sh", "-c", script, folder.path, "/usr/bin/env"]
      + environment.map { "\($0.key)=\($0.value)" } + [path]
    var arguments = (shell + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, &arguments, environ)
    guard code == 0 else { throw NotStarted(code: code) }
    return Running(process: process, streams: streams)
  }

  /// Runs the program to its end.
  static func run(_ words: String..., in folder: WorkFolder) throws -> Ended {
    try run(words, in: folder)
  }

  /// Runs the program to its end.
  static func run(
    _ words: [String], in folder: WorkFolder, environment: [String: String] = [:]
  ) throws -> Ended {
    try start(words, in: folder, environment: environment).finish()
  }
}

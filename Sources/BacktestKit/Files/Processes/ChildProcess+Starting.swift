internal import Glibc
internal import Synchronization

extension ChildState {
  /// One program starts at a time: between the making of a pipe and the mark that keeps it from
  /// other programs, one started by another thread would hold its end open.
  private static let starting = Mutex(())

  static func start(
    _ command: [String], folder: String?, streams: ChildProcess.Streams
  ) throws(ChildProcessError) -> ChildState {
    try starting.withLock { (_) throws(ChildProcessError) in
      try startAlone(command, folder, streams)
    }
  }

  private static func startAlone(
    _ command: [String], _ folder: String?, _ streams: ChildProcess.Streams
  ) throws(ChildProcessError) -> ChildState {
    guard let program = command.first, !program.isEmpty else {
      throw ChildProcessError("a command needs a program")
    }
    guard !(command + [folder ?? ""]).contains(where: { $0.utf8.contains(0) }) else {
      throw ChildProcessError("a command must not hold a NUL character")
    }
    if let folder, !FolderTree.isFolder(folder) {
      throw ChildProcessError("there is no folder \(quotedForMessage(folder, limit: 200))")
    }
    var pipes: [(read: Int32, write: Int32)] = []
    func closeAll() { for pipe in pipes { closeBoth(pipe) } }
    for _ in 0..<(streams == .lines ? 3 : 1) {
      guard let pipe = makePipe() else {
        let reason = String(cString: strerror(errno))
        closeAll()
        throw ChildProcessError("\(quotedForMessage(program)) gets no pipe: \(reason)")
      }
      pipes.append(pipe)
    }
    var process: pid_t = 0
    let code = spawn(command, folder, pipes, &process)
    guard code == 0 else {
      closeAll()
      throw ChildProcessError(code: code, program: program, folder: folder)
    }
    if streams == .captured {
      Glibc.close(pipes[0].write)
      return own(process, input: -1, output: pipes[0].read, errors: -1, isCaptured: true)
    }
    Glibc.close(pipes[0].read)
    Glibc.close(pipes[1].write)
    Glibc.close(pipes[2].write)
    return own(
      process, input: pipes[0].write, output: pipes[1].read, errors: pipes[2].read,
      isCaptured: false)
  }

  private static func own(
    _ process: pid_t, input: Int32, output: Int32, errors: Int32, isCaptured: Bool
  ) -> ChildState {
    for descriptor in [input, output, errors] where descriptor >= 0 {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
    return ChildState(
      process: process, input: input, output: output, errors: errors, isCaptured: isCaptured)
  }

  /// A pipe that other programs do not inherit, its ends clear of the standard streams.
  private static func makePipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for index in ends.indices {
      if ends[index] > 2 {
        _ = fcntl(ends[index], F_SETFD, FD_CLOEXEC)
      } else {
        // A process without standard streams gets their numbers, which the child is about to need.
        let moved = fcntl(ends[index], F_DUPFD_CLOEXEC, 3)
        Glibc.close(ends[index])
        ends[index] = moved
      }
    }
    if ends[0] >= 0, ends[1] >= 0 { return (ends[0], ends[1]) }
    closeBoth((ends[0], ends[1]))
    return nil
  }

  private static func closeBoth(_ pipe: (read: Int32, write: Int32)) {
    if pipe.read >= 0 { Glibc.close(pipe.read) }
    if pipe.write >= 0 { Glibc.close(pipe.write) }
  }

  private typealias FolderAction =
    @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32

  /// The action that makes a program start in a folder. POSIX has it since 2024; C libraries had it
  /// before under this name, which Swift's module of the library leaves out.
  private static let changeFolder = dlsym(nil, "posix_spawn_file_actions_addchdir_np").map {
    unsafeBitCast($0, to: FolderAction.self)
  }

  /// Starts the program with the pipes as its streams; gives 0 or an error code.
  private static func spawn(
    _ command: [String], _ folder: String?, _ pipes: [(read: Int32, write: Int32)],
    _ process: inout pid_t
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if pipes.count == 3 {
      posix_spawn_file_actions_adddup2(&actions, pipes[0].read, 0)
      posix_spawn_file_actions_adddup2(&actions, pipes[1].write, 1)
      posix_spawn_file_actions_adddup2(&actions, pipes[2].write, 2)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      posix_spawn_file_actions_adddup2(&actions, pipes[0].write, 1)
      posix_spawn_file_actions_adddup2(&actions, pipes[0].write, 2)
    }
    if let folder {
      guard let changeFolder else { return ENOSYS }
      _ = changeFolder(&actions, folder)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What this process ignores or holds back is nothing that the other should inherit.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGTERM, SIGINT, SIGCHLD] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var words = command.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    return posix_spawnp(&process, command[0], &actions, &attributes, &words, environ)
  }
}

internal import Glibc
internal import Synchronization

extension ChildState {
  /// One program starts at a time: between the making of a pipe and the mark that keeps it from
  /// other programs, one started by another thread would hold its end open.
  private static let starting = Mutex(())

  static func start(
    _ command: [String], folder: String?, streams: ChildProcess.Streams
  ) throws(FileError) -> ChildState {
    try starting.withLock { (_) throws(FileError) in
      try startAlone(command, folder, streams)
    }
  }

  private static func startAlone(
    _ command: [String], _ folder: String?, _ streams: ChildProcess.Streams
  ) throws(FileError) -> ChildState {
    guard let program = command.first, !program.isEmpty else {
      throw FileError(starting: "", "a command needs a program")
    }
    guard !(command + [folder ?? ""]).contains(where: { $0.utf8.contains(0) }) else {
      throw FileError(starting: program, "a command must not hold a NUL character")
    }
    if let folder, !FolderTree.isFolder(folder) {
      throw FileError(
        starting: program, "there is no folder \(quotedForMessage(folder, limit: 200))")
    }
    var pipes: [(read: Int32, write: Int32)] = []
    func closeAll() { for pipe in pipes { closeBoth(pipe) } }
    for _ in 0..<(streams == .lines ? 3 : 1) {
      guard let pipe = makePipe() else {
        let reason = String(cString: strerror(errno))
        closeAll()
        throw FileError(starting: program, "it gets no pipe: \(reason)")
      }
      pipes.append(pipe)
    }
    var process: pid_t = 0
    let code = spawn(command, folder, pipes, &process)
    guard code == 0 else {
      closeAll()
      throw FileError(starting: program, in: folder, code: code)
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
    for signal in [SIGPIPE, SIGTERM, SIGINT, SIGCHLD, SIGXFSZ] { sigaddset(&signals, signal) }
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

extension ChildState {
  /// Sends a line and waits for one. All streams move together, so that neither side can wait for
  /// the other to empty a full pipe.
  mutating func exchange(
    _ line: [UInt8], deadline: Deadline, _ interrupt: Interrupt
  ) -> ChildLine {
    var rest = line[...]
    while true {
      if rest.isEmpty, let line = takeLine() { return .line(line) }
      if unread.count > Self.lineLimit { return .tooLong }
      if output < 0 { return .closed }
      let left = deadline.milliseconds
      if left == 0 { return .timedOut }
      if interrupt.isRaised { return .interrupted }
      let sent = rest.withUnsafeBytes { move(writing: $0, milliseconds: min(left, 50)) }
      rest.removeFirst(sent)
      // A process that reads no more may still say why.
      if input < 0 { rest = [] }
    }
  }

  private mutating func takeLine() -> [UInt8]? {
    guard let end = unread[scanned...].firstIndex(of: 0x0A) else {
      scanned = unread.count
      return nil
    }
    guard end <= Self.lineLimit else { return nil }
    let line = Array(unread[..<end])
    unread.removeSubrange(...end)
    scanned = 0
    return line
  }

  /// Waits until something can be written or read, writes and reads what goes without waiting, and
  /// gives the number of bytes written.
  @discardableResult
  mutating func move(writing bytes: UnsafeRawBufferPointer?, milliseconds: Int32) -> Int {
    let wantsToWrite = input >= 0 && bytes?.isEmpty == false
    // A negative descriptor is left out by poll.
    var waits = [
      pollfd(fd: wantsToWrite ? input : -1, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&waits, nfds_t(waits.count), milliseconds) > 0 else { return 0 }
    if waits[1].revents != 0 { readOutput() }
    if waits[2].revents != 0 { readErrors() }
    guard let bytes, waits[0].revents != 0 else { return 0 }
    let (count, code) = writeWithoutSignal(bytes)
    if count < 0, code != EAGAIN, code != EINTR { ChildState.close(&input) }
    return max(count, 0)
  }

  /// Takes what an ended process has left in its pipes.
  mutating func drain() {
    // Bounded, since a process that left its group may hold the other end and write on.
    for _ in 0..<64 where !readOutput() { break }
    for _ in 0..<64 where !readErrors() { break }
  }

  @discardableResult
  private mutating func readOutput() -> Bool {
    let piece = Self.read(&output)
    if isCaptured {
      tail.append(piece)
    } else if unread.count <= Self.lineLimit {
      unread += piece
    }
    return !piece.isEmpty
  }

  @discardableResult
  private mutating func readErrors() -> Bool {
    let piece = Self.read(&errors)
    tail.append(piece)
    return !piece.isEmpty
  }

  /// What can be read at once, one piece at most; a stream at its end is closed.
  private static func read(_ descriptor: inout Int32) -> [UInt8] {
    guard descriptor >= 0 else { return [] }
    let source = descriptor
    let piece = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      let count = Glibc.read(source, buffer.baseAddress, buffer.count)
      if count < 0, errno == EAGAIN || errno == EINTR { return nil as [UInt8]? }
      return Array(buffer.prefix(max(count, 0)))
    }
    if piece?.isEmpty == true { close(&descriptor) }
    return piece ?? []
  }

  /// Writes without the signal that writing to a closed pipe sends: it is held back in this thread
  /// and taken away, unless it was waiting already.
  private func writeWithoutSignal(_ bytes: UnsafeRawBufferPointer) -> (count: Int, code: Int32) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    var waiting = sigset_t()
    sigpending(&waiting)
    let wasWaiting = sigismember(&waiting, SIGPIPE) == 1
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    let count = write(input, bytes.baseAddress, bytes.count)
    let code = errno
    if count < 0, code == EPIPE, !wasWaiting {
      var noTime = timespec()
      while sigtimedwait(&signals, nil, &noTime) < 0, errno == EINTR {}
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    return (count, code)
  }
}

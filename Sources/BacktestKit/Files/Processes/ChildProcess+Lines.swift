internal import Glibc

extension ChildState {
  /// Sends a line and waits for one. All streams move together, so that neither side can wait for
  /// the other to empty a full pipe.
  mutating func exchange(_ line: [UInt8], deadline: Deadline) -> ChildLine {
    var rest = line[...]
    while true {
      if rest.isEmpty, let line = takeLine() { return .line(line) }
      if unread.count > Self.lineLimit { return .tooLong }
      if output < 0 { return .closed }
      let left = deadline.milliseconds
      if left == 0 { return .timedOut }
      let sent = rest.withUnsafeBytes { move(writing: $0, milliseconds: left) }
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

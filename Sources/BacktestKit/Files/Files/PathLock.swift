internal import Glibc

/// A lock on a file or a folder against other processes and threads. The system releases it when
/// its owner lets go of it or ends, however it ends.
package final class PathLock: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The outcome of asking for a lock.
  package enum Attempt {
    case locked(PathLock)
    /// Somebody else has it.
    case isHeld
    /// The entry is gone, was replaced meanwhile, or cannot be locked on its file system.
    case isGone
  }

  /// Asks for a lock on a folder, also through links to it, and does not wait for it.
  package static func attempt(folder path: String) -> Attempt {
    guard !path.utf8.contains(0), let real = realpath(path, nil) else { return .isGone }
    defer { free(real) }
    return attempt(String(cString: real))
  }

  /// Asks for a lock and does not wait for it.
  package static func attempt(_ path: String) -> Attempt {
    guard !path.utf8.contains(0) else { return .isGone }
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return .isGone }
    let lock = PathLock(descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      return errno == EWOULDBLOCK ? .isHeld : .isGone
    }
    return lock.holds(path) ? .locked(lock) : .isGone
  }

  /// A lock; `nil` where it cannot be had at once.
  package convenience init?(_ path: String) {
    guard case .locked(let lock) = Self.attempt(path) else { return nil }
    self.init(fcntl(lock.descriptor, F_DUPFD_CLOEXEC, 3))
  }

  /// Whether the locked entry is still the one of this name.
  package func holds(_ path: String) -> Bool {
    var (ours, named) = (stat(), stat())
    return fstat(descriptor, &ours) == 0 && lstat(path, &named) == 0
      && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino
  }
}

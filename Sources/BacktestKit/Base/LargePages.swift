internal import Glibc

/// Asks the system to back a large block with large pages, before it is first written.
///
/// A run streams through a dozen columns and reads a few of them here and there. With pages of
/// 4 KiB a column of a million numbers takes two thousand faults to write, and most of its stray
/// reads have to look their page up first. Where the system does not grant the wish, nothing
/// changes but the speed.
func adviseLargePages(_ start: UnsafeMutableRawPointer, byteCount: Int) {
  guard byteCount >= 4 << 20 else { return }
  let page: UInt = 4_096
  let first = (UInt(bitPattern: start) + page - 1) & ~(page - 1)
  let end = (UInt(bitPattern: start) + UInt(byteCount)) & ~(page - 1)
  guard first < end, let range = UnsafeMutableRawPointer(bitPattern: first) else { return }
  madvise(range, Int(end - first), MADV_HUGEPAGE)
}

/// Memory for `free()` to release; a large block lies on large pages from its first byte. `nil`
/// where there is none.
func allocateOnLargePages(byteCount: Int) -> UnsafeMutableRawPointer? {
  guard byteCount >= 4 << 20 else { return malloc(byteCount) }
  var memory: UnsafeMutableRawPointer?
  guard posix_memalign(&memory, 2 << 20, byteCount) == 0 else { return nil }
  memory.map { adviseLargePages($0, byteCount: byteCount) }
  return memory
}

internal import Glibc

/// Asks the system to back a large block with large pages, before it is first written.
///
/// A run streams through a dozen columns and reads a few of them here and there. With pages of
/// 4 KiB a column of a million numbers takes two thousand faults to write, and most of its stray
/// reads have to look their page up first. Where the system does not grant the wish, nothing
/// changes but the speed.
package func adviseLargePages(_ start: UnsafeMutableRawPointer, byteCount: Int) {
  guard byteCount >= 4 << 20 else { return }
  let page: UInt = 4_096
  let first = (UInt(bitPattern: start) + page - 1) & ~(page - 1)
  let end = (UInt(bitPattern: start) + UInt(byteCount)) & ~(page - 1)
  guard first < end, let range = UnsafeMutableRawPointer(bitPattern: first) else { return }
  madvise(range, Int(end - first), MADV_HUGEPAGE)
}

internal import Glibc

/// A moment up to which another process may take its time.
///
/// A run asks no clock, and no result depends on one: what a passed deadline causes is an error
/// that ends the run. Nothing else in the library may use it.
package struct Deadline {
  private let end: Double

  /// The moment in so many seconds from now.
  package init(seconds: Double) { end = Deadline.now + seconds }

  /// What is left in milliseconds, rounded up; 0 when the moment has passed.
  package var milliseconds: Int32 {
    let left = (1_000 * (end - Deadline.now)).rounded(.up)
    return left > 0 ? Int32(min(left, 1e9)) : 0
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

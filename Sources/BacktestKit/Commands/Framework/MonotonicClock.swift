internal import Glibc

/// Time that only goes on, for progress and durations; never for results.
protocol MonotonicClock: Sendable {
  /// Seconds since some fixed moment.
  var seconds: Double { get }
}

/// The monotonic clock of the system.
struct SystemClock: MonotonicClock {
  var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

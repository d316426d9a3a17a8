import Glibc

/// Seconds that this process has used, or a difference of two such readings.
struct ProcessTime {
  /// Seconds of wall time.
  var wall: Double
  /// Seconds in user mode, all threads together.
  var user: Double
  /// Seconds in the kernel, all threads together.
  var system: Double

  /// Seconds of user and system time.
  var cpu: Double { user + system }

  static let zero = ProcessTime(wall: 0, user: 0, system: 0)

  static var now: ProcessTime {
    var clock = timespec()
    clock_gettime(CLOCK_MONOTONIC, &clock)
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return ProcessTime(
      wall: Double(clock.tv_sec) + Double(clock.tv_nsec) * 1e-9,
      user: Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) * 1e-6,
      system: Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) * 1e-6)
  }

  static func - (a: ProcessTime, b: ProcessTime) -> ProcessTime {
    ProcessTime(wall: a.wall - b.wall, user: a.user - b.user, system: a.system - b.system)
  }

  static func + (a: ProcessTime, b: ProcessTime) -> ProcessTime {
    ProcessTime(wall: a.wall + b.wall, user: a.user + b.user, system: a.system + b.system)
  }

  static func / (a: ProcessTime, divisor: Double) -> ProcessTime {
    ProcessTime(wall: a.wall / divisor, user: a.user / divisor, system: a.system / divisor)
  }
}

/// The memory of this process.
enum ProcessMemory {
  /// The largest resident set so far, in MiB; NaN where the kernel does not tell.
  static var peakMegabytes: Double { megabytes("VmHWM:") }

  /// The resident set, in MiB; NaN where the kernel does not tell.
  static var residentMegabytes: Double { megabytes("VmRSS:") }

  private static func megabytes(_ key: String) -> Double {
    guard let file = fopen("/proc/self/status", "r") else { return .nan }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let fields = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self
      )
      .split { $0 == " " || $0 == "\t" }
      if fields.count > 1, fields[0] == key, let kibibytes = Double(fields[1]) {
        return kibibytes / 1_024
      }
    }
    return .nan
  }
}

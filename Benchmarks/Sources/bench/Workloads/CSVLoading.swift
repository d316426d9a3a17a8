import BacktestKit
import Glibc

/// W4: one million minute bars from text into columns, parsed each time, and from the column cache.
struct CSVLoading: Workload {
  static let name = "W4"

  func run(on data: BenchData, repeats: Int) throws -> [Measurement] {
    var template = Array((P_tmpdir + "/backtestkit-bench-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw BenchError("no folder for temporary files") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeFolder(folder) }
    let path = try data.minuteFile(in: folder)
    let megabytes = try megabytes(of: path)

    var options = CSVReadOptions()
    options.calendar = .alwaysOpen
    let reader = CSVReader(options)
    var (cold, series) = try Measurement.rate("MB/s", units: megabytes, repeats: repeats) {
      try reader.load(path)
    }
    cold.engine = "backtestkit_cold"
    cold.extras = [
      ("rows", Double(series[0].count)), ("checksum_close", series[0].close.reduce(0, +)),
    ]

    options.cacheDirectory = folder
    let caching = CSVReader(options)
    _ = try caching.load(path)
    var (cached, again) = try Measurement.rate("MB/s", units: megabytes, repeats: repeats) {
      try caching.load(path)
    }
    cached.engine = "backtestkit_cached"
    cached.extras = [
      ("rows", Double(again[0].count)), ("checksum_close", again[0].close.reduce(0, +)),
    ]
    return [cold, cached]
  }

  private func megabytes(of path: String) throws -> Double {
    var status = stat()
    guard stat(path, &status) == 0 else { throw BenchError("\(path): cannot be read") }
    return Double(status.st_size) / 1e6
  }

  private func removeFolder(_ path: String) {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
      // The system's memory may end with the name, before the end of the field.
      let bytes = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
      let name = String(cString: bytes.assumingMemoryBound(to: CChar.self))
      unlink(path + "/" + name)
    }
    closedir(folder)
    rmdir(path)
  }
}

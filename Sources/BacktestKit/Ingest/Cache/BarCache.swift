import BacktestCore
import BacktestFiles
internal import Glibc

/// Bars kept in binary columns beside their text, so that the second load maps them instead of
/// reading them again.
///
/// A cached file is named by the digests of the text and of the options, so it is found by content
/// whatever the text is called. Anything about it that does not fit is as good as no cache: the
/// text is read and the cached file replaced.
struct BarCache {
  let directory: String
  /// The digest of all options that decide what the columns hold.
  let options: ContentDigest.Value
  let calendar: (any TradingCalendar)?
  let priceBasis: BarSeries.PriceBasis

  /// The cached series of a text; `nil` where there are none.
  ///
  /// - Throws: `DataError` when the text itself cannot be read.
  func series(of path: String, symbol: String) throws(DataError) -> [BarSeries]? {
    let (digest, byteCount) = try BarCache.digest(of: path)
    let key = BarCacheKey(
      content: digest, byteCount: byteCount, options: options)
    guard let file = BarCacheFile(path: self.path(of: key), key: key) else { return nil }
    let source = DataSource(path: path, byteCount: byteCount, digest: digest.hexadecimal)
    return file.series(
      calendar: calendar, priceBasis: priceBasis, symbol: symbol, source: source)
  }

  /// Keeps series just read from a text. Failing to write the cache is no error.
  func store(_ series: [BarSeries], symbol: String, _ interrupt: Interrupt) {
    guard let source = series.first?.source,
      let digest = ContentDigest.Value(hexadecimal: source.digest)
    else { return }
    let key = BarCacheKey(
      content: digest, byteCount: source.byteCount, options: options)
    do throws(FileError) {
      try BarCacheFile.write(
        series, symbol: symbol, key: key, to: path(of: key), interrupt: interrupt)
    } catch {
      return
    }
  }

  private func path(of key: BarCacheKey) -> String { "\(directory)/\(key.name).bars" }

  private static func digest(
    of path: String
  ) throws(DataError) -> (ContentDigest.Value, byteCount: Int) {
    do throws(FileError) {
      let input = try FileInput(path: path)
      // Pieces that stay in the second-level cache between reading and digesting.
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
      defer { chunk.deallocate() }
      var digest = ContentDigest()
      var byteCount = 0
      while case let count = try input.read(into: chunk), count > 0 {
        digest.update(UnsafeRawBufferPointer(rebasing: chunk[0..<count]))
        byteCount += count
      }
      return (digest.value, byteCount)
    } catch {
      throw DataError(error, file: path)
    }
  }
}

/// What a cached file must agree with.
struct BarCacheKey: Equatable {
  var content: ContentDigest.Value
  var byteCount: Int
  var options: ContentDigest.Value

  /// The name of the cached file without its ending.
  var name: String { content.hexadecimal.prefix(20) + "-" + options.hexadecimal.prefix(12) }
}

extension ContentDigest.Value {
  /// Reads what `hexadecimal` writes.
  init?(hexadecimal text: String) {
    guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }
}

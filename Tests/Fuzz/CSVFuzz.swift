// modules: Core Files Ingest

/// Any bytes as a CSV file: they must give series that hold together, or an error with a text,
/// and the same over both lanes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCSV(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  // The first byte chooses the options, the rest is the file.
  guard count > 0 else { return 0 }
  let choice = start[0]
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  var options = CSVReadOptions()
  options.quality = choice & 1 == 0 ? .strict : .repair
  options.priceBasis = choice & 2 == 0 ? .raw : .adjusted
  options.calendar = choice & 4 == 0 ? nil : AlwaysOpenCalendar()
  options.allowsNonPositivePrices = choice & 8 != 0
  options.mapping.timestamps = choice & 16 == 0 ? .open : .close
  if choice & 32 != 0 { options.mapping.timeFormat = .pattern("d/M/yy H:m") }
  if choice & 64 != 0 { options.mapping.headers = ["time", "open", "high", "low", "close"] }
  var reader = CSVReader(options)
  let fast = fuzzOutcome(of: reader, bytes)
  reader.usesPlainRowParser = false
  precondition(fast == fuzzOutcome(of: reader, bytes), "the lanes differ")
  return 0
}

private func fuzzOutcome(of reader: CSVReader, _ bytes: [UInt8]) -> String {
  do throws(DataError) {
    let all = try reader.load(bytes: bytes, name: "fuzz.csv")
    return all.map(fuzzSummary).joined(separator: "\n")
  } catch {
    precondition(!error.description.isEmpty && error.issueCount >= error.issues.count)
    return error.description
  }
}

private func fuzzSummary(_ series: BarSeries) -> String {
  precondition(series.count > 0)
  for row in 0..<series.count {
    let bar = series[row]
    precondition(bar.low <= min(bar.open, bar.close) && max(bar.open, bar.close) <= bar.high)
    precondition(!(bar.volume < 0) && bar.high.isFinite && bar.low.isFinite)
    precondition(bar.openTime < bar.closeTime, "a bar ends before it begins")
    guard row > 0 else { continue }
    precondition(series.closeTimes[row - 1] < bar.closeTime, "closes do not ascend")
    precondition(series.openTimes[row - 1] <= bar.openTime, "opens do not ascend")
  }
  for target in [Timeframe.session, .week, .month, .year] {
    do throws(MarketError) {
      let count = try series.resampled(to: target).count
      precondition(count > 0 && count <= series.count)
    } catch {
      precondition(!error.description.isEmpty)
    }
  }
  let bits = [series.open, series.high, series.low, series.close, series.volume].map { column in
    column.map { String($0.bitPattern, radix: 16) }.joined(separator: " ")
  }
  return "\(series.instrument.symbol) \(series.timeframe) \(bits) \(series.issues)"
}

@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestIngest
import TestSupport
import Testing

struct BarCacheTests {
  private let folder: ScratchFolder
  private let path: String
  private let text = """
    date,symbol,open,high,low,close,volume
    2020-01-06,A,10,12,9,11,100
    2020-01-06,B,10,12,9,11,100
    2020-01-07,A,11,13,10,12,0
    2020-01-07,B,30,30,30,30,100
    2020-01-09,A,12,14,11,13,300
    2020-01-09,B,NaN,14,11,13,300

    """

  init() throws {
    folder = try ScratchFolder()
    path = folder.path + "/prices.csv"
    try FileBytes.write(text, to: path)
  }

  private var options: CSVReadOptions {
    var options = CSVReadOptions()
    options.calendar = PlainWeekdays()
    options.quality = .repair
    options.cacheDirectory = folder.path
    return options
  }

  private var cachedNames: [String] { folder.names.filter { $0.hasSuffix(".bars") } }

  private func describe(_ all: [BarSeries]) -> String {
    all.map { series in
      let rows = (0..<series.count).map { "\(series[$0])" }
      return "\(series.instrument.symbol) \(series.timeframe) \(series.priceBasis) \(rows) "
        + "\(series.issues) \(String(describing: series.source))"
    }.joined(separator: "\n")
  }

  @Test func theSecondLoadGivesTheSameFromTheCache() throws {
    var plain = options
    plain.cacheDirectory = nil
    let expected = describe(try CSVReader(plain).load(path))
    #expect(describe(try CSVReader(options).load(path)) == expected)
    #expect(cachedNames.count == 1)
    let key = try BarCache(directory: folder.path, options: options).series(
      of: path, symbol: "prices")
    #expect(describe(try #require(key)) == expected)
    #expect(describe(try CSVReader(options).load(path)) == expected)
  }

  @Test func aCopyUnderAnotherNameUsesTheSameCache() throws {
    _ = try CSVReader(options).load(path)
    let other = folder.path + "/other.csv"
    try FileBytes.write(text, to: other)
    let all = try CSVReader(options).load(other)
    #expect(cachedNames.count == 1 && all[0].source?.path == other)
    #expect(all[1].issues.allSatisfy { $0.file == other } && !all[1].issues.isEmpty)
  }

  @Test func aFileWithoutSymbolsIsNamedByWhoAsks() throws {
    let single = folder.path + "/one.csv"
    try FileBytes.write(threeDays, to: single)
    #expect(try CSVReader(options).load(single)[0].instrument.symbol == "one")
    #expect(try CSVReader(options).load(single, symbol: "X")[0].instrument.symbol == "X")
    #expect(cachedNames.count == 1)
  }

  /// Whatever the cache holds, whoever asks gets what the text gives, findings included.
  @Test func aChangedSymbolChangesFindings() throws {
    let gap = "2020-01-06,1,2,1,2,0\n2020-01-10,1,2,1,2,5\n2020-01-13,9,9,9,9,5\n"
    let single = folder.path + "/one.csv"
    try FileBytes.write("date,open,high,low,close,volume\n" + gap, to: single)
    let long = String(repeating: "long ", count: 30)
    for symbol in ["X", "Y", "one", long, "X: X", "é", "e\u{301}"] {
      var plain = options
      plain.cacheDirectory = nil
      let expected = describe(try CSVReader(plain).load(single, symbol: symbol))
      #expect(describe(try CSVReader(options).load(single, symbol: symbol)) == expected)
      #expect(expected.contains("3 sessions of") && expected.contains("no volume"))
    }
    #expect(cachedNames.count == 1)
  }

  /// A file that names one symbol keeps it, also where whoever asked first gave the same.
  @Test func theSymbolOfAFileIsItsOwn() throws {
    let single = folder.path + "/one.csv"
    try FileBytes.write("symbol,date,open,high,low,close\nX,2020-01-06,1,2,1,2\n", to: single)
    for symbol in ["X", "Y", "X"] {
      #expect(try CSVReader(options).load(single, symbol: symbol)[0].instrument.symbol == "X")
    }
  }

  /// Damaged caches are made anew or refused, and never give other numbers.
  @Test func threeHundredDamagedCaches() throws {
    let expected = describe(try CSVReader(options).load(path))
    let cached = folder.path + "/" + cachedNames[0]
    let whole = try FileBytes.read(cached)
    var random = TestRandom(seed: 8)
    for index in 0..<300 {
      var bytes = whole
      switch index % 4 {
      case 0: bytes.removeLast(1 + random.below(whole.count))
      case 1:
        for _ in 0...random.below(8) { bytes[random.below(bytes.count)] ^= 1 << random.below(8) }
      case 2:
        let start = random.below(bytes.count)
        for place in start..<min(bytes.count, start + 1 + random.below(200)) {
          bytes[place] = UInt8(random.below(256))
        }
      default: bytes += (0...random.below(100)).map { _ in UInt8(random.below(256)) }
      }
      try overwrite(cached, bytes)
      #expect(describe(try CSVReader(options).load(path)) == expected, "damage \(index)")
    }
  }

  @Test func otherContentsAndOtherOptionsHaveCachesOfTheirOwn() throws {
    _ = try CSVReader(options).load(path)
    var other = options
    other.calendar = nil
    _ = try CSVReader(other).load(path)
    #expect(cachedNames.count == 2)
    try FileBytes.write(text.replacing("300", with: "301"), to: path)
    #expect(try CSVReader(options).load(path)[0].volume[2] == 301)
    #expect(cachedNames.count == 3)
  }

  @Test func aCacheCutAnywhereIsBuiltAnew() throws {
    let expected = describe(try CSVReader(options).load(path))
    let cached = folder.path + "/" + cachedNames[0]
    let whole = try FileBytes.read(cached)
    #expect(whole.count % 64 == 0)
    for length in stride(from: 0, to: whole.count, by: 1) {
      try overwrite(cached, Array(whole[0..<length]))
      let opened = try BarCache(directory: folder.path, options: options).series(
        of: path, symbol: "prices")
      #expect(opened == nil, "cut at \(length)")
    }
    #expect(describe(try CSVReader(options).load(path)) == expected)
    #expect(try FileBytes.read(cached) == whole)
  }

  @Test func aCacheWithAChangedDirectoryIsBuiltAnew() throws {
    _ = try CSVReader(options).load(path)
    let cached = folder.path + "/" + cachedNames[0]
    let whole = try FileBytes.read(cached)
    // All up to the columns: prologue and directory, without the zeros that fill the last line.
    let columns = whole.count - 2 * 7 * 64
    let end = whole[..<columns].lastIndex { $0 != 0 } ?? 0
    for position in 0..<end {
      var changed = whole
      changed[position] ^= 0x04
      try overwrite(cached, changed)
      let opened = try BarCache(directory: folder.path, options: options).series(
        of: path, symbol: "prices")
      #expect(opened == nil, "changed at \(position)")
    }
  }

  @Test func aCacheWithChangedColumnsIsBuiltAnew() throws {
    let expected = describe(try CSVReader(options).load(path))
    let cached = folder.path + "/" + cachedNames[0]
    let whole = try FileBytes.read(cached)
    var missingTail = whole
    for position in (whole.count - 14 * 64)..<whole.count { missingTail[position] = 0 }
    try overwrite(cached, missingTail)
    #expect(describe(try CSVReader(options).load(path)) == expected)
    // Columns are padded to lines of 64 bytes; a line that holds nothing but zeros is padding.
    for position in stride(from: whole.count - 14 * 64, to: whole.count, by: 64) {
      var changed = whole
      changed[position] ^= 0x04
      try overwrite(cached, changed)
      let opened = try BarCache(directory: folder.path, options: options).series(
        of: path, symbol: "prices")
      #expect(opened == nil, "changed at \(position)")
    }
  }

  @Test func aFolderThatDoesNotExistIsNoReasonToFail() throws {
    var other = options
    other.cacheDirectory = folder.path + "/missing"
    #expect(try CSVReader(other).load(path).count == 2)
  }

  /// Writes without flushing to the disk, which would take long a thousand times.
  private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    try PlainFile.write(bytes, to: path)
  }
}

import Foundation
import Testing

/// The column cache changes how long a run takes, and no byte of what it prints and writes.
struct CachedRunTests {
  /// Prices with findings: a gap, days without volume, a jump.
  private func prices() -> String {
    var lines = SampleStudy.prices(seed: 5).split(separator: "\n").map(String.init)
    lines.removeSubrange(100..<104)
    for row in [50, 51, 120] {
      lines[row] = lines[row].split(separator: ",").dropLast().joined(separator: ",") + ",0"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func cachedAndUncachedRunsGiveTheSameBytes() throws {
    let folder = try WorkFolder()
    try folder.write(prices(), to: "p.csv")
    for symbol in ["AAA", "BBB"] {
      let study = """
        data:
          calendar: weekdays
          cache: CACHE
          files: [{path: p.csv, symbol: \(symbol)}]
        strategy: {name: sma-crossover, parameters: {fast: 5, slow: 20}}
        regimes: [volatility]

        """
      try folder.write(study.replacing("CACHE", with: "cache"), to: "\(symbol).yaml")
      try folder.write(study.replacing("CACHE", with: "none/there"), to: "\(symbol)-plain.yaml")
    }
    func outcome(_ study: String, _ out: String) throws -> (files: [String: [UInt8]], text: String)
    {
      let ended = try BuiltProgram.run("run", "\(study).yaml", "--out", out, in: folder)
      #expect(ended.status == 0 && ended.errors == "")
      return (try folder.files(out), ended.output.replacing(out, with: ""))
    }
    // Cold and warm, and warm for another symbol than the one that filled the cache.
    let cold = try outcome("AAA", "cold")
    let warm = try outcome("AAA", "warm")
    #expect(cold.files == warm.files && cold.text == warm.text)
    // The closes as they are, and the adjusted ones, which the study leaves unused.
    #expect(folder.names("cache").count == 2, "\(folder.names("cache"))")
    let other = try outcome("BBB", "other")
    try FileManager.default.removeItem(atPath: folder.path + "/cache")
    let fresh = try outcome("BBB", "fresh")
    #expect(other.files == fresh.files && other.text == fresh.text)
    #expect(String(decoding: other.files["report.html"] ?? [], as: UTF8.self).contains("BBB: "))
    #expect(!String(decoding: other.files["report.html"] ?? [], as: UTF8.self).contains("AAA"))
    // Without a cache all is the same but for the key in the record of the study.
    for (symbol, cached) in [("AAA", cold), ("BBB", fresh)] {
      var plain = try outcome("\(symbol)-plain", "plain-\(symbol)")
      var files = cached.files
      files["result.json"] = nil
      plain.files["result.json"] = nil
      #expect(plain.files == files && plain.text == cached.text)
    }
  }
}

import Foundation
import Testing

/// Price files that are cut, damaged or no price files at all.
struct GarbageTests {
  /// A short price file.
  private static let whole = Array(SampleStudy.prices(seed: 3, days: 30).utf8)

  /// What is done with a file, and whether whatever it holds can be bars.
  private struct Damage {
    var name: String
    var bytes: [UInt8]
    var ending = "csv"
  }

  private static var damages: [Damage] {
    var damages: [Damage] = []
    for end in stride(from: 0, to: whole.count, by: 50) {
      damages.append(Damage(name: "cut after \(end)", bytes: Array(whole[..<end])))
    }
    for seed in UInt64(1)...8 {
      var state = seed
      func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
      }
      damages.append(
        Damage(name: "noise \(seed)", bytes: (0..<400).map { _ in UInt8(next() % 256) }))
      var bytes = whole
      bytes[Int(next() % UInt64(bytes.count - 80)) + 60] = [0, 0xFF, 0x22, 0x2C][Int(seed) % 4]
      damages.append(Damage(name: "one byte \(seed)", bytes: bytes))
    }
    damages.append(Damage(name: "zeros", bytes: Array(repeating: 0, count: 500)))
    damages.append(Damage(name: "wide", bytes: [0xFF, 0xFE] + whole.flatMap { [$0, 0] }))
    damages.append(Damage(name: "no gzip", bytes: whole, ending: "csv.gz"))
    damages.append(Damage(name: "page", bytes: Array("<html>404</html>\n".utf8)))
    return damages
  }

  @Test func everyDamageIsToldWithItsPlace() throws {
    let folder = try SampleStudy.folder()
    let damages = Self.damages
    for (index, damage) in damages.enumerated() {
      try folder.write(damage.bytes, to: "damaged-\(index).\(damage.ending)")
    }
    // One process for each would take long: a batch goes on behind a file that fails.
    let names = damages.indices.map { "damaged-\($0).\(damages[$0].ending)" }
    let check = try BuiltProgram.run(["data", "check"] + names, in: folder)
    #expect(check.status == 2)
    let messages = check.errors.split(separator: "\n")
    let good = Set(check.output.split(separator: "\n").map { $0.prefix { $0 != ":" } })
    for (name, damage) in zip(names, damages) {
      let stem = name.prefix { $0 != "." }
      let told = messages.filter { $0.hasPrefix(name + ":") }
      #expect(told.isEmpty == good.contains(stem), "\(damage.name): \(told)")
      if good.contains(stem) {
        #expect(Self.holdsWholeRows(damage.bytes), "\(damage.name) was taken for bars")
      }
      let hasLines = damage.name.hasPrefix("one byte") || damage.name.hasPrefix("noise")
      if hasLines, let first = told.first {
        let line = first.dropFirst(name.count + 1).prefix { $0.isNumber }
        #expect(!line.isEmpty, "\(damage.name): \(first)")
      }
    }
    #expect(good.count < damages.count / 2, "\(good)")

    // A study over each says the same.
    for (index, name) in names.enumerated() where index % 4 == 0 {
      let run = try BuiltProgram.run(
        "run", "study.yaml", "--set", "data.files[0].path=\(name)", in: folder)
      let isGood = good.contains(name.prefix { $0 != "." })
      #expect(run.status == (isGood ? 0 : 2), "\(damages[index].name): \(run)")
      #expect(isGood || run.errors.contains(name), "\(damages[index].name): \(run.errors)")
    }
  }

  /// Whether a text ends where a row ends, or in its last field, which may be shorter unseen.
  private static func holdsWholeRows(_ bytes: [UInt8]) -> Bool {
    let rows = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return rows.count > 1
      && rows.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 7 }
  }

  /// A compressed file that is cut anywhere is no file, wherever the cut lies.
  @Test func aCutGzipFileIsRefused() throws {
    let folder = try WorkFolder()
    try folder.write(Self.whole, to: "whole.csv")
    _ = try Shell.output("cd '\(folder.path)' && gzip -nk whole.csv")
    let bytes = try folder.bytes("whole.csv.gz")
    #expect(try BuiltProgram.run("data", "check", "whole.csv.gz", in: folder).status == 0)
    var names: [String] = []
    for end in stride(from: 0, to: bytes.count, by: 50) {
      names.append("cut-\(end).csv.gz")
      try folder.write(Array(bytes[..<end]), to: names.last ?? "")
    }
    let ended = try BuiltProgram.run(["data", "check"] + names, in: folder)
    #expect(ended.status == 2 && ended.output == "")
    for name in names { #expect(ended.errors.contains("\(name): E_DATA_FILE: "), "\(name)") }
  }
}

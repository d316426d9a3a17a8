import Foundation
import TestSupport
import Testing

/// Input that cannot be used, generated from a seed: the exit status is 2, standard error has one
/// line of at most 300 characters for each, and nothing is written.
struct BadInputTests {
  /// A case, the study that runs it, and how a message about it may begin.
  private struct Case {
    var fault: String
    var study: String
    var prefixes: [String]

    func begins(_ line: Substring) -> Bool { prefixes.contains { line.hasPrefix($0) } }
  }

  @Test func hundredsOfPriceFiles() throws {
    let folder = try SampleStudy.folder()
    var generator = BadPrices(seed: 600)
    let cases = try (0..<Torture.size(of: 100, full: 600)).map { index in
      let bad = generator.next()
      let name = "bad-\(index).\(bad.ending)"
      try folder.write(bad.bytes, to: name)
      let text = SampleStudy.text.replacing("prices/a.csv", with: name)
      try folder.write(text, to: "study-\(index).yaml")
      return Case(fault: bad.fault, study: "study-\(index).yaml", prefixes: ["\(name):"])
    }
    try check(cases, in: folder)
  }

  @Test func hundredsOfStudies() throws {
    let folder = try SampleStudy.folder()
    var generator = BadStudies(seed: 800)
    let cases = try (0..<Torture.size(of: 200, full: 800)).map { index in
      let bad = generator.next()
      let name = "bad-\(index).\(bad.ending)"
      try folder.write(bad.text, to: name)
      return Case(fault: bad.fault, study: name, prefixes: ["\(name):", "prices/a.csv:"])
    }
    try check(cases, in: folder)
  }

  private func check(_ cases: [Case], in folder: WorkFolder) throws {
    let before = folder.listing
    // One process runs many studies, one after another.
    for start in stride(from: 0, to: cases.count, by: 100) {
      let some = cases[start..<min(start + 100, cases.count)]
      let ended = try BuiltProgram.run(["run"] + some.map(\.study) + ["--out", "out"], in: folder)
      #expect(ended.status == 2 && ended.output == "", "\(ended.output.prefix(300))")
      var lines = ended.errors.split(separator: "\n", omittingEmptySubsequences: false)[...]
      for one in some {
        guard let line = lines.popFirst() else { break }
        #expect(one.begins(line) && line.count <= 300, "\(one.study), \(one.fault): \(line)")
        // What does not begin with the name of the next case is a second line of this one.
        while let next = lines.first, !cases.contains(where: { $0.begins(next) }),
          !next.hasPrefix("bt-run run: ")
        {
          Issue.record("\(one.study), \(one.fault): a second line: \(next)")
          lines.removeFirst()
        }
      }
      #expect(lines.count == 2 && lines.first?.hasPrefix("bt-run run: 100 of 100") == true)
    }
    // A sample alone, as most are run.
    for one in cases.enumerated().filter({ $0.offset % 40 == 0 }).map(\.element) {
      let ended = try BuiltProgram.run("walkforward", one.study, in: folder)
      #expect(ended.status == 2 && ended.output == "", "\(one.study): \(ended)")
      #expect(
        ended.errors.count { $0 == "\n" } == 1 && ended.errors.count <= 301, "\(ended.errors)")
    }
    #expect(folder.listing == before)
  }
}

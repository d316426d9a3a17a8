import Foundation
import Testing

/// Several studies at once: one that fails does not keep the others from being done.
struct BatchTests {
  @Test func oneOfTwoIsBroken() throws {
    let folder = try SampleStudy.folder()
    try folder.write(
      SampleStudy.text.replacing("slippage:", with: "slipage:"), to: "broken.yaml")
    try folder.write(
      SampleStudy.text.replacing("prices/a.csv", with: "prices/gone.csv"), to: "gone.yaml")
    try folder.write(
      SampleStudy.text.replacing("BBB", with: "AAA"), to: "twice.yaml")
    var transcript = Transcript(in: folder)
    try transcript.run("run", "broken.yaml", "gone.yaml", "twice.yaml", "study.yaml", "-q")
    try transcript.run("walkforward", "broken.yaml", "study.yaml", "-q", "--out", "all")
    try transcript.check("batch")
    #expect(folder.names("Reports") == ["study-run"])
    #expect(folder.names("all") == ["study"])
    #expect(folder.exists("Reports/study-run/result.json"))
    #expect(folder.exists("all/study/folds.csv"))
  }

  @Test func twoStudiesOfOneNameDoNotReplaceEachOther() throws {
    let folder = try SampleStudy.folder()
    for name in ["study.yaml", "prices/a.csv", "prices/b.csv"] {
      try folder.write(try folder.bytes(name), to: "other/\(name)")
    }
    let ended = try BuiltProgram.run("run", "study.yaml", "other/study.yaml", "-q", in: folder)
    #expect(ended.status == 2)
    #expect(
      ended.errors == """
        other/study.yaml: its results would overwrite those of study.yaml in Reports/study-run; \
        give each study another output folder
        bt-run run: 1 of 2 studies failed: other/study.yaml

        """)
  }

  @Test func jsonOfSeveralIsOneDocumentEach() throws {
    let folder = try SampleStudy.folder()
    try folder.write(SampleStudy.text, to: "again.yaml")
    let ended = try BuiltProgram.run("run", "study.yaml", "again.yaml", "--json", in: folder)
    let (first, second) = (
      try folder.text("Reports/study-run/result.json"),
      try folder.text("Reports/again-run/result.json")
    )
    #expect(ended.output == first + second && ended.errors == "")
  }

  @Test func quietIsSilent() throws {
    let folder = try SampleStudy.folder()
    for command in ["run", "walkforward", "regimes"] {
      let ended = try BuiltProgram.run(command, "study.yaml", "--quiet", in: folder)
      #expect(ended.status == 0 && ended.output == "" && ended.errors == "")
    }
    let asked = try BuiltProgram.run("run", "study.yaml", "--quiet", "--json", in: folder)
    #expect(asked.output == (try folder.text("Reports/study-run/result.json")))
  }

  @Test func regimesWriteOnlyWhereTheyAreTold() throws {
    let folder = try SampleStudy.folder()
    var transcript = Transcript(in: folder)
    try transcript.run("regimes", "study.yaml", "--by", "bull-bear")
    try transcript.check("regimes")
    #expect(folder.names() == ["prices", "study.yaml"])
    let json = try BuiltProgram.run("regimes", "study.yaml", "--json", in: folder)
    let value = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    let regimes = try #require(value?["regimes"] as? [[String: Any]])
    #expect(regimes.map { $0["told-by"] as? String } == ["AAA", "AAA"])
    let parts = try #require(regimes[0]["causal"] as? [[String: Any]])
    #expect(parts.compactMap { $0["bars"] as? Int }.reduce(0, +) == value?["returns"] as? Int)
    #expect(try BuiltProgram.run("regimes", "study.yaml", "--out", "x", in: folder).status == 0)
    #expect(folder.exists("x/regimes.csv"))
  }
}

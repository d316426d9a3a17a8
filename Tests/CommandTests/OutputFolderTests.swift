import Foundation
import Glibc
import TestSupport
import Testing

/// Where results go, and what they never replace.
struct OutputFolderTests {
  /// A folder with two studies of the same prices.
  private func workplace() throws -> WorkFolder {
    let folder = try SampleStudy.folder()
    try folder.write(SampleStudy.text, to: "other.yaml")
    return folder
  }

  private func run(_ words: String..., in folder: WorkFolder) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(words + ["-q"], in: folder)
  }

  @Test func theDefaultFolderIsNamedAfterStudyAndCommand() throws {
    let folder = try workplace()
    for command in ["run", "walkforward", "regimes"] {
      #expect(try run(command, "study.yaml", "other.yaml", in: folder).status == 0)
    }
    #expect(
      folder.names("Reports") == [
        "other-run", "other-walkforward", "study-run", "study-walkforward",
      ])
  }

  @Test func theResultOfAnotherStudyIsKept() throws {
    let folder = try workplace()
    #expect(try run("run", "study.yaml", "--out", "out", in: folder).status == 0)
    let old = try folder.files("out")
    let refused = try run("run", "other.yaml", "--out", "out", in: folder)
    #expect(refused.status == 2 && refused.output == "")
    #expect(
      refused.errors == """
        bt-run run: out holds the result of another study, '../study.yaml'; choose another folder, \
        or replace it with --force

        """)
    #expect(try folder.files("out") == old)
    // The same study may do something else, be changed, and be named by another path.
    #expect(try run("walkforward", "./study.yaml", "--out", "out", in: folder).status == 0)
    try folder.write(SampleStudy.text.replacing("Two shares", with: "Three"), to: "study.yaml")
    #expect(
      try run("run", "study.yaml", "--out", "../" + name(folder) + "/out", in: folder).status == 0)
    #expect(try run("run", "other.yaml", "--out", "out", "--force", in: folder).status == 0)
    #expect(try folder.text("out/result.json").contains("\"study-file\": \"other.yaml\""))
    // What runs a result again is the study of that result.
    #expect(try run("run", "out/result.json", "--out", "again", in: folder).status == 0)
    #expect(try run("run", "other.yaml", "--out", "again", in: folder).status == 0)
    #expect(try run("run", "study.yaml", "--out", "again", in: folder).status == 2)
  }

  private func name(_ folder: WorkFolder) -> String { (folder.path as NSString).lastPathComponent }

  @Test func aFolderOfSomethingElseIsRefused() throws {
    let folder = try workplace()
    try folder.write("mine", to: "out/notes.txt")
    try folder.write("{}", to: "out/result.json")
    let refused = try run("run", "study.yaml", "--out", "out", in: folder)
    #expect(refused.status == 2)
    #expect(
      refused.errors == """
        bt-run run: out is no folder of results: it holds 'notes.txt, result.json'; choose another \
        folder, or write into it with --force

        """)
    #expect(folder.names("out") == ["notes.txt", "result.json"])
    #expect(try run("run", "study.yaml", "--out", ".", in: folder).status == 2)
    #expect(try run("run", "study.yaml", "--out", "out", "--force", in: folder).status == 0)
    #expect(try folder.text("out/notes.txt") == "mine" && folder.exists("out/equity.csv"))
    // An empty folder, or one with hidden files, is nobody's.
    try folder.write("", to: "empty/.keep")
    #expect(try run("run", "study.yaml", "--out", "empty", in: folder).status == 0)
    #expect(folder.exists("empty/.keep"))
  }

  /// Not by any of its names, and not by force.
  @Test func whatIsReadIsNeverReplaced() throws {
    let folder = try workplace()
    let prices = try folder.bytes("prices/a.csv")
    for link in ["none", "hard", "soft"] {
      try folder.write(prices, to: "\(link)/source.csv")
      switch link {
      case "none": rename(folder.path + "/none/source.csv", folder.path + "/none/equity.csv")
      case "hard": Glibc.link(folder.path + "/hard/source.csv", folder.path + "/hard/equity.csv")
      default: symlink("source.csv", folder.path + "/soft/equity.csv")
      }
      let input = link == "soft" ? "soft/equity.csv" : "\(link)/equity.csv"
      let before = folder.listing
      let refused = try run(
        "run", "study.yaml", "--set", "data.files[1].path=\(input)", "--out", link, "--force",
        in: folder)
      #expect(refused.status == 2 && folder.listing == before)
      #expect(
        refused.errors == """
          bt-run run: \(link)/equity.csv: cannot replace it: it is one of the files that are read; \
          choose another output folder

          """)
    }
    // A file that a run would remove is replaced as well.
    try folder.write(prices, to: "other/folds.csv")
    let fold = try run(
      "run", "study.yaml", "--set", "data.files[1].path=other/folds.csv", "--out", "other",
      "--force", in: folder)
    #expect(try folder.bytes("other/folds.csv") == prices && fold.status == 2)
    // Nor does a run replace the result that it runs again.
    #expect(try run("run", "study.yaml", "--out", "out", in: folder).status == 0)
    #expect(try run("run", "out/result.json", "--out", "out", in: folder).status == 2)
  }

  @Test func importsReplaceNoInput() throws {
    let folder = try workplace()
    let prices = try folder.bytes("prices/a.csv")
    func importing(_ words: String...) throws -> BuiltProgram.Ended {
      try BuiltProgram.run(["data", "import"] + words, in: folder)
    }
    let before = folder.listing
    let refused = try importing("prices/a.csv", "--out", "prices")
    #expect(refused.status == 2 && refused.output == "" && folder.listing == before)
    #expect(
      refused.errors == """
        bt-run data import: prices/a.csv: cannot replace it: it is one of the files that are read; \
        choose another output folder

        """)
    // Nor one of the other files of the command.
    #expect(try importing("prices/b.csv", "prices/a.csv", "--out", "prices").status == 2)
    #expect(try importing("prices/a.csv", "--out", "prices", "--symbol", "b").status == 2)
    #expect(folder.listing == before)
    #expect(
      try importing("prices/a.csv", "--out", "prices", "--symbol", "b", "--force").status == 0)
    // What an import has written, the next one replaces.
    #expect(try importing("prices/a.csv", "--out", "prices", "--symbol", "b").status == 0)
    #expect(try folder.bytes("prices/a.csv") == prices)
  }

  @Test func aNULInAPathMakesNothing() throws {
    let folder = try workplace()
    let before = folder.listing
    for key in ["output.folder", "data.cache", "data.files[0].path", "benchmark.file"] {
      let ended = try run("run", "study.yaml", "--set", "\(key)=\"a\\0b\"", in: folder)
      #expect(ended.status == 2 && ended.errors.contains("remove the NUL character"), "\(ended)")
    }
    #expect(folder.listing == before)
  }

  @Test func aTextIsNoList() throws {
    let folder = try workplace()
    for override in ["regimes=bull-bear", "walk-forward.grid.fast=3", "data.columns.headers=a"] {
      let ended = try run("run", "study.yaml", "--set", override, in: folder)
      #expect(ended.status == 2 && ended.errors.contains("must be a list"), "\(ended)")
    }
  }

  /// Of two jobs that begin at once, one writes, and the other writes later or says why not.
  @Test func pairsOfJobsNeverMix() throws {
    let folder = try workplace()
    var wanted: [[String: [UInt8]]] = []
    for name in ["left", "right"] {
      #expect(
        try run("run", "study.yaml", "--set", "name=\(name)", "--out", name, in: folder).status == 0
      )
      wanted.append(try folder.files(name))
    }
    for round in 0..<Torture.size(of: 4, full: 100) {
      // Every other pair finds no folder yet.
      let out = "out\(round / 2)"
      let jobs = try ["left", "right"].map { name in
        try BuiltProgram.start(
          ["run", "study.yaml", "--set", "name=\(name)", "--out", out, "-q"], in: folder)
      }
      let ended = try jobs.map { try $0.finish() }
      #expect(ended.contains { $0.status == 0 })
      for one in ended where one.status != 0 {
        #expect(one.status == 2 && one.errors.contains("another job"), "\(one)")
      }
      #expect(wanted.contains(try folder.files(out)), "round \(round): \(folder.names(out))")
      #expect(!folder.names().contains { $0.hasSuffix(".partial") })
    }
  }
}

import BacktestFiles
import BacktestKit
import Strategies
import Testing
import TestSupport

/// Which files a study reads, and how.
struct StudyFilesTests {
  private let rows = "2024-01-02,1,1,1,1,5\n2024-01-03,2,2,2,2,5\n2024-01-04,2,2,2,2,5\n"

  private func study(_ folder: ScratchFolder, _ data: String) throws -> Study {
    let text = "strategy: {name: buy-and-hold}\ndata:\n  calendar: weekdays\n" + data
    try FileBytes.write(text, to: folder.path + "/study.yaml")
    return try Study(path: folder.path + "/study.yaml", catalogue: .standard)
  }

  private func prices(_ folder: ScratchFolder, _ names: String...) throws {
    for name in names {
      try FileBytes.write("date,open,high,low,close,volume\n" + rows, to: folder.path + "/" + name)
    }
  }

  private func paths(_ folder: ScratchFolder, _ data: String) throws -> [String] {
    try study(folder, data).priceFiles().map(\.path)
  }

  @Test func patternsAndFoldersAreTheFilesThatTheyName() throws {
    let folder = try ScratchFolder()
    try prices(folder, "B.csv", "A.csv", "c.csv.gz", "notes.txt", "A[1].csv")
    #expect(try paths(folder, "  files: '*.csv'") == ["A.csv", "A[1].csv", "B.csv"])
    #expect(try paths(folder, "  files: [B.csv, A.csv]") == ["B.csv", "A.csv"])
    #expect(try paths(folder, "  files: ['[AB].csv']") == ["A.csv", "B.csv"])
    #expect(try paths(folder, "  files: ['?.csv', {path: 'c*', symbol: C}]").count == 3)
    #expect(
      try paths(folder, "  files: [{path: .}]")
        == ["./A.csv", "./A[1].csv", "./B.csv", "./c.csv.gz"])
    // A file of just that name is no pattern.
    #expect(try paths(folder, "  files: ['A[1].csv']") == ["A[1].csv"])
    let market = try StudyMarket(study(folder, "  files: '?.csv'"))
    #expect(market.universe.series.map(\.instrument.symbol) == ["A", "B"])
  }

  @Test(arguments: [
    ("  files: 'x*.csv'", "no file matches 'x*.csv'"),
    ("  files: [{path: '*.csv', symbol: A}]", "names 2 files, which cannot all have the symbol A"),
    ("  files: [{path: empty}]", "holds no file with the ending .csv"),
  ])
  func whatNamesNoFileIsRefused(data: String, reason: String) throws {
    let folder = try ScratchFolder()
    try prices(folder, "A.csv", "B.csv")
    try FolderTree.make(folder.path + "/empty")
    #expect {
      _ = try StudyMarket(study(folder, data))
    } throws: {
      "\($0)".contains(reason)
    }
    try FolderTree.remove(folder.path + "/empty")
  }

  @Test func finerBarsDecideWhichOrderIsReachedFirst() throws {
    let folder = try ScratchFolder()
    let header = "time,open,high,low,close,volume\n"
    // The second day falls to 8 in its first half and rises to 12 in its second.
    try FileBytes.write(
      header + "2024-01-02,10,10,10,10,5\n2024-01-03,10,12,8,10,5\n2024-01-04,10,10,10,10,5\n",
      to: folder.path + "/A.csv")
    try FolderTree.make(folder.path + "/finer")
    try FileBytes.write(
      header + "2024-01-03 00:00,10,10,8,9,5\n2024-01-03 12:00,9,12,9,10,5\n",
      to: folder.path + "/finer/A.csv")
    let text = """
      strategy: {name: buy-and-hold}
      data: {calendar: 24x7, files: A.csv, detail: 'finer/*.csv'}
      """
    func market(_ changes: String...) throws -> StudyMarket {
      let document = try DocumentReader.read(Array(text.utf8), name: "s.yaml", format: .yaml)
      return try StudyMarket(
        Study(
          document: document, folder: folder.path, overrides: changes, catalogue: .standard))
    }
    let universe = try market().universe
    #expect(universe.series[0].detailedCount == 1)
    #expect(universe.series[0].detail?.timeframe == .intraday(seconds: 43_200))
    #expect(try market("data.detail=null").dataDigest != market().dataDigest)
    for (change, reason) in [
      ("data.detail=A.csv", ""), ("data.detail=B.csv", "B.csv"),
      ("stress=[{shock: -0.1}]", "does not change finer bars"),
    ] {
      do {
        _ = try market(change)
        #expect(reason.isEmpty)
      } catch {
        #expect(!reason.isEmpty && "\(error)".contains(reason), "\(error)")
      }
    }
  }

  @Test func eachFileMayHaveItsOwnCalendarAndColumns() throws {
    let folder = try ScratchFolder()
    try prices(folder, "A.csv")
    try FileBytes.write(
      "day;px\n2024-01-02;1,5\n2024-01-03;1,5\n2024-01-04;2\n", to: folder.path + "/B.csv")
    try FileBytes.write("date,X,Y\n2024-01-02,1,2\n2024-01-03,1,3\n", to: folder.path + "/W.csv")
    let own = try StudyMarket(
      study(
        folder,
        """
          columns: {time: date}
          files:
            - A.csv
            - path: B.csv
              calendar: XLON
              columns: {time: day, open: px, high: px, low: px, close: px, decimal: comma}
            - {path: W.csv, columns: {layout: wide}}
        """))
    let series = own.universe.series
    #expect(series.map(\.instrument.symbol) == ["A", "B", "X", "Y"])
    #expect(series.map { $0.calendar?.name } == ["weekdays", "XLON", "weekdays", "weekdays"])
    #expect(series[1].close.elementsEqual([1.5, 1.5, 2]))
    #expect(series[1].openTimes[0].description == "2024-01-02T08:00:00Z")
    #expect(series[3].close.elementsEqual([2, 3]))
  }

  @Test func calendarsComeFromAFileBesideTheStudy() throws {
    let folder = try ScratchFolder()
    try prices(folder, "A.csv")
    try FileBytes.write(
      "{name: own, zone: Asia/Tokyo, from: 2024-01-01, to: 2024-01-04, hours: '09:00-15:00'}",
      to: folder.path + "/own.yaml")
    let text = "strategy: {name: buy-and-hold}\ndata:\n  calendar: own.yaml\n  files: A.csv\n"
    try FileBytes.write(text, to: folder.path + "/study.yaml")
    let study = try Study(path: folder.path + "/study.yaml", catalogue: .standard)
    let market = try StudyMarket(study)
    #expect(market.universe.series[0].calendar?.name == "own")
    #expect(market.universe.series[0].closeTimes[0].description == "2024-01-02T06:00:00Z")
    try FileBytes.write("{name: own, zone: Asia/Tokyo}", to: folder.path + "/own.yaml")
    #expect {
      _ = try Study(path: folder.path + "/study.yaml", catalogue: .standard)
    } throws: {
      "\($0)".contains("own.yaml:1") && "\($0)".contains("key 'from' is missing")
    }
  }

  @Test func zonesOfTheMachineServeStudies() throws {
    let folder = try ScratchFolder()
    try FileBytes.write(
      "time,open,high,low,close\n2024-07-01 09:00,1,1,1,1\n2024-07-01 10:00,1,1,1,1\n",
      to: folder.path + "/A.csv")
    let market = try StudyMarket(
      study(folder, "  columns: {time-zone: Europe/Paris}\n  files: A.csv"))
    #expect(market.universe.series[0].openTimes[0].description == "2024-07-01T07:00:00Z")
    #expect {
      _ = try study(folder, "  columns: {time-zone: Europe/Paree}\n  files: A.csv")
    } throws: {
      "\($0)".contains("study.yaml:4") && "\($0)".contains("'Europe/Paree' is not in")
    }
  }
}

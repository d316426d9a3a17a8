import Foundation
import TestSupport
import Testing

/// `--pdf` with browsers of the test: one that prints, some that do not, and none.
struct PrintedPageTests {
  private static func folder(_ browser: String?) throws -> WorkFolder {
    let folder = try WorkFolder()
    try folder.write("date,return\n2020-01-02,0.01\n2020-01-03,-0.02\n", to: "fund.csv")
    try folder.write("", to: "bin/none")
    if let browser {
      try folder.write("#!/bin/sh\n\(browser)\n", to: "script")
      // Written here it could still be open in a process that another test starts, and busy.
      let copy = Process()
      copy.executableURL = URL(fileURLWithPath: "/usr/bin/install")
      copy.arguments = ["-m", "755", "\(folder.path)/script", "\(folder.path)/bin/chromium"]
      try copy.run()
      copy.waitUntilExit()
      try FileManager.default.removeItem(atPath: "\(folder.path)/script")
    }
    return folder
  }

  private static func print(
    _ words: [String], in folder: WorkFolder
  ) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(
      ["report", "--returns", "fund.csv"] + words, in: folder,
      environment: ["PATH": "\(folder.path)/bin"])
  }

  /// The page reaches the browser, and what it prints the file, whatever the names are.
  @Test(arguments: ["page.pdf", "a b/it's \"$HOME\" ; é 😀.pdf", "-x.pdf"])
  func aPageIsPrinted(name: String) throws {
    let folder = try Self.folder(
      "test -f page.html && while read -r line; do :; done < page.html; "
        + "printf '%%PDF-1.4 done' > page.pdf")
    let ended = try Self.print(["--pdf=\(name)", "--out", "page.html"], in: folder)
    #expect(ended.status == 0 && ended.output.contains("PDF: "), "\(ended)")
    #expect(try folder.text(name) == "%PDF-1.4 done")
    #expect(folder.names().filter { $0.contains("printing") } == [])
  }

  /// Where nothing is printed, nothing is written at all, and the reason is said.
  @Test(
    arguments: [
      (nil, "none of chromium, chromium-browser, google-chrome is installed"),
      ("echo 'no display' >&2; exit 1", "chromium ended with exit status 1 without a PDF file"),
      ("printf oops > page.pdf", "chromium ended with exit status 0 without a PDF file"),
      ("kill -9 $$", "chromium was ended by signal 9 (SIGKILL)"),
    ] as [(String?, String)])
  func aBrowserThatPrintsNothingIsSaid(browser: String?, part: String) throws {
    let folder = try Self.folder(browser)
    let ended = try Self.print(
      ["--pdf", "new/page.pdf", "--out", "page.html", "--markdown", "page.md"], in: folder)
    #expect(ended.status == 2 && ended.output == "" && ended.errors.contains(part), "\(ended)")
    #expect(folder.names() == ["bin", "fund.csv"])
  }

  /// A folder that has the name of the browser's is somebody's.
  @Test func aFolderOfThatNameIsKept() throws {
    let folder = try Self.folder("printf '%%PDF-1.4' > page.pdf")
    try folder.write("mine", to: "page.pdf.printing/mine.txt")
    let ended = try Self.print(["--pdf", "page.pdf", "--out", "page.html"], in: folder)
    #expect(ended.status == 0, "\(ended)")
    #expect(folder.names("page.pdf.printing") == ["mine.txt"])
    #expect(folder.names() == ["bin", "fund.csv", "page.html", "page.pdf", "page.pdf.printing"])
  }
}

import BacktestFiles

/// Prints a page as PDF, with a browser that is installed.
enum PagePrinter {
  private static let browsers = ["chromium", "chromium-browser", "google-chrome"]
  /// Seconds that a browser may take.
  private static let limit = 120.0

  /// The page as PDF, by the first browser that prints it.
  ///
  /// - Parameters:
  ///   - path: the file that it is for; the browser works in a folder beside it.
  ///   - interrupt: ends waiting for the browser.
  static func print(
    _ page: [UInt8], to path: String, unless interrupt: Interrupt
  ) throws -> [UInt8] {
    // The folder and the browser go, however this ends.
    try interrupt.shield {
      let work = freeName(beside: path)
      let made = try CommandError.wrapping { try FolderTree.make(work) }
      defer {
        try? FolderTree.remove(work)
        // What was made for it alone goes, too.
        for folder in made.dropLast().reversed()
        where (try? FolderTree.names(in: folder))?.isEmpty ?? false {
          try? FolderTree.remove(folder)
        }
      }
      try CommandError.wrapping { try FileBytes.write(page, to: "\(work)/page.html") }
      var reasons: [String] = []
      for browser in browsers {
        switch try printed(by: browser, in: work, unless: interrupt) {
        case .success(let bytes): return bytes
        case .failure(let problem): if let reason = problem.reason { reasons.append(reason) }
        }
      }
      if reasons.isEmpty {
        reasons = ["none of \(browsers.joined(separator: ", ")) is installed"]
      }
      throw CommandError.input(
        "\(path): the page was not printed: \(reasons.joined(separator: "; ")). Nothing was "
          + "written; write the page with '--out', and print it from any browser")
    }
  }

  /// Why a browser printed nothing; without a reason where it is not installed.
  private struct Problem: Error { var reason: String? }

  private static func printed(
    by browser: String, in work: String, unless interrupt: Interrupt
  ) throws -> Result<[UInt8], Problem> {
    // The page asks for nothing and its script is ours, so that it needs no sandbox, which a
    // container often cannot give.
    let words = [
      browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-extensions",
      "--no-pdf-header-footer", "--user-data-dir=profile", "--print-to-pdf=page.pdf",
      "page.html",
    ]
    let child: ChildProcess
    do throws(FileError) {
      child = try ChildProcess(words, folder: work, streams: .captured, interrupt: interrupt)
    } catch {
      return .failure(Problem(reason: error.isOfMissingProgram ? nil : error.description))
    }
    defer { child.terminate(grace: 1) }
    var ended: ChildExit?
    let deadline = Deadline(seconds: limit)
    while ended == nil, deadline.milliseconds > 0 {
      if interrupt.isRaised { throw CommandError.interrupted }
      ended = child.waitForExit(within: 0.2)
    }
    guard let ended else {
      return .failure(Problem(reason: "\(browser) did not finish within \(Int(limit)) seconds"))
    }
    guard let bytes = try? FileBytes.read("\(work)/page.pdf"),
      bytes.starts(with: Array("%PDF".utf8))
    else {
      let last = child.lastLines(1).first.map { " and said \(quotedForMessage($0, limit: 80))" }
      return .failure(Problem(reason: "\(browser) \(ended) without a PDF file\(last ?? "")"))
    }
    return .success(bytes)
  }

  /// A folder beside a file that is not there yet.
  private static func freeName(beside path: String) -> String {
    let base = "\(path).printing"
    var number = 1
    while fileExists(number == 1 ? base : "\(base)-\(number)") { number += 1 }
    return number == 1 ? base : "\(base)-\(number)"
  }
}

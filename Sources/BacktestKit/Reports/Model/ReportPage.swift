public import BacktestFiles

/// A page on results, in the forms in which it can be had.
///
///     let page: any ReportPage = try Report(result)
///     try page.write(to: "Reports/crossover.html")
public protocol ReportPage: Sendable {
  /// One HTML file that loads nothing, as UTF-8. Equal pages give equal bytes.
  func bytes() -> [UInt8]
  /// The main parts as Markdown: the verdict, caveats, figures and tables.
  func markdown() -> [UInt8]
  /// Every chart as a separate SVG file, with the name of its file: section and title, such as
  /// `equity-drawdown.svg`.
  func charts() -> [(name: String, svg: [UInt8])]
}

extension ReportPage {
  /// Writes the file; whoever reads it meanwhile finds the old file or the new one.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public func write(to path: String) throws(FileError) {
    try FileBytes.write(bytes(), to: path)
  }
}

import BacktestCore
import BacktestFiles
import BacktestReports

/// The files that a page goes to in its forms, none of which may be read.
struct ReportOutputs {
  /// The page, its Markdown and its print.
  var files: [String]
  /// The folder of the charts; `nil` where none are written.
  var pictures: String?
  /// The paths of what is read, and of what is kept for it.
  var inputs: [String]

  /// Finds out before the work that everything can be written, and replaces nothing that is read.
  func check() throws {
    try CommandError.wrapping {
      for path in files {
        guard !FolderTree.isFolder(path) else {
          throw CommandError.input("\(path): this is a folder; name a file in it")
        }
        try AtomicFile.check(path)
        try FileIdentity.check(
          writing: [lastPathComponent(of: path)], in: folderPath(of: path), reading: inputs)
        try AtomicFolder.check(folderPath(of: path))
      }
      if let pictures { try AtomicFolder.check(pictures) }
    }
    let places = files.map { relativePath(from: "/", to: $0) }
    for (index, place) in places.enumerated() where places[..<index].contains(place) {
      throw CommandError.input(
        "\(files[index]): two forms of the report would be written to this file; give each its own")
    }
  }

  /// Finds out that no chart replaces what is read.
  func check(_ charts: [(name: String, svg: [UInt8])]) throws {
    guard let pictures else { return }
    try CommandError.wrapping {
      try FileIdentity.check(writing: charts.map(\.name), in: pictures, reading: inputs)
    }
  }

  /// Makes the folders of the files.
  func makeFolders() throws {
    for path in files {
      _ = try CommandError.wrapping { try FolderTree.make(folderPath(of: path)) }
    }
  }
}

extension ReportPage {
  /// Writes every chart as a file of a folder.
  ///
  /// - Returns: what was written, for the terminal.
  func writePictures(
    _ charts: [(name: String, svg: [UInt8])], to folder: String
  ) throws -> String {
    try CommandError.wrapping {
      try FolderTree.make(folder)
      for chart in charts { try FileBytes.write(chart.svg, to: "\(folder)/\(chart.name)") }
    }
    return "\(NumberText.count(charts.count, "chart")) in \(folder)"
  }
}

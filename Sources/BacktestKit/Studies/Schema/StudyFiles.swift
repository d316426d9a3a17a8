import BacktestFiles
internal import Glibc

extension Study {
  /// A path of the study, from where the process runs.
  package func resolved(_ path: String) -> String { Study.path(path, in: folder) }

  /// A path of a study in a folder, from where the process runs.
  static func path(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : folder + "/" + path
  }

  /// The price files of the study, each with one path: folders and patterns as the files that they
  /// name, in the order of their bytes.
  ///
  /// - Throws: `StudyError` where a folder or pattern names no file, or gives several one symbol.
  package func priceFiles() throws(StudyError) -> [StudyFile] { try singleFiles(data.files) }

  /// The files of exchange rates, likewise.
  func rateFiles() throws(StudyError) -> [StudyFile] { try singleFiles(data.rates) }

  private func singleFiles(_ given: [StudyFile]) throws(StudyError) -> [StudyFile] {
    var files: [StudyFile] = []
    for file in given {
      let paths = try paths(of: file)
      if let symbol = file.symbol, paths.count > 1 {
        throw StudyError(
          .file,
          "\(path): '\(file.path)' names \(paths.count) files, which cannot all have the symbol "
            + "\(symbol); remove 'symbol' or name one file")
      }
      files += paths.map { path in
        var one = file
        one.path = path
        return one
      }
    }
    return files
  }

  /// The files of the finer bars, whatever folders and patterns stand for.
  package func detailFiles() throws(StudyError) -> [StudyFile] {
    guard let path = data.detail else { return [] }
    return try paths(of: StudyFile(path: path)).map { StudyFile(path: $0) }
  }

  /// The paths that a file stands for, as the study would give them.
  private func paths(of file: StudyFile) throws(StudyError) -> [String] {
    let place = resolved(file.path)
    if FolderTree.isFolder(place) {
      let names = try StudyError.wrapping(.file) { try FolderTree.names(in: place) }
      let base = file.path.hasSuffix("/") ? file.path : file.path + "/"
      let paths = names.filter(Self.isPriceFile).map { base + $0 }
      guard !paths.isEmpty else {
        throw StudyError(
          .file, "\(path): the folder '\(file.path)' holds no file with the ending .csv or .csv.gz")
      }
      return Self.sorted(paths)
    }
    guard file.path.contains(where: { "*?[".contains($0) }), !fileExists(place) else {
      return [file.path]
    }
    let found = Self.matches(of: place)
    guard !found.isEmpty else {
      throw StudyError(.file, "\(path): no file matches '\(file.path)'")
    }
    // As the study would write them: without the folder that its paths count from.
    let prefix = place.count - file.path.count
    return Self.sorted(found.map { String($0.dropFirst(prefix)) })
  }

  private static func isPriceFile(_ name: String) -> Bool {
    !name.hasPrefix(".") && (name.hasSuffix(".csv") || name.hasSuffix(".csv.gz"))
  }

  private static func sorted(_ paths: [String]) -> [String] {
    paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The files that match a pattern of the shell.
  private static func matches(of pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, GLOB_NOSORT, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { index in
      result.gl_pathv[index].map { String(cString: $0) }
    }.filter { FolderTree.isFile($0) }
  }
}

import BacktestCore
import BacktestFiles

extension ResultRecord.DataFile {
  /// The files from which the series of a universe were read.
  ///
  /// - Throws: `FileError` when a file cannot be read again for its SHA-256.
  static func all(
    of universe: Universe, _ study: Study
  ) throws(FileError) -> [ResultRecord.DataFile] {
    var files: [ResultRecord.DataFile] = []
    for series in universe.series + universe.rates {
      guard let source = series.source else { continue }
      var digest = files.first { $0.path == source.path }?.sha256
      if digest == nil { digest = try SHA256.hexadecimal(ofFile: study.resolved(source.path)) }
      files.append(
        ResultRecord.DataFile(
          symbol: series.instrument.symbol, path: source.path, byteCount: source.byteCount,
          sha256: digest ?? "", barCount: series.count, prices: series.priceBasis.rawValue))
    }
    return files
  }

  /// The file as `result.json` has it.
  var json: JSONValue {
    [
      "symbol": .text(symbol), "path": .text(path), "bytes": .integer(byteCount),
      "sha256": .text(sha256), "bars": .integer(barCount), "prices": .text(prices),
    ]
  }
}

extension ResultRecord.OtherFile {
  /// The files of a study beside those of prices.
  ///
  /// - Throws: `FileError` when a file cannot be read again for its digest.
  static func all(of study: Study) throws(FileError) -> [ResultRecord.OtherFile] {
    var files: [ResultRecord.OtherFile] = []
    for (key, path) in study.otherInputs {
      files.append(
        ResultRecord.OtherFile(
          key: key, path: path, sha256: try SHA256.hexadecimal(ofFile: study.resolved(path))))
    }
    return files
  }

  /// The file as `result.json` has it.
  var json: JSONValue {
    ["key": .text(key), "path": .text(path), "sha256": .text(sha256)]
  }
}

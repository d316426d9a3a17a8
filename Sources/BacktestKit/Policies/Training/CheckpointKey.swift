public import BacktestCore
import BacktestFiles

extension CheckpointCache {
  /// The digest of bars, for `Training.data`: symbols, times, prices and volumes.
  ///
  /// - Returns: 64 hexadecimal digits.
  public static func digest(of bars: [BarSeries]) -> String {
    var sha = SHA256()
    for series in bars {
      sha.update(part: series.instrument.symbol)
      sha.update(part: "\(series.count)")
      for times in [series.openTimes, series.closeTimes] {
        times.withUnsafeBufferPointer { sha.update(UnsafeRawBufferPointer($0)) }
      }
      for values in [series.open, series.high, series.low, series.close, series.volume] {
        values.withUnsafeBufferPointer { sha.update(UnsafeRawBufferPointer($0)) }
      }
    }
    return sha.hexadecimal
  }
}

/// What a training's checkpoint is known by.
enum CheckpointKey {
  /// The digest of the command, the data, and the files that the command names.
  static func key(of training: CheckpointCache.Training) throws(CheckpointCacheError) -> String {
    let words = words(of: training)
    var sha = SHA256()
    for part in ["backtestkit.checkpoint/1", training.fileName, training.data, "\(words.count)"] {
      sha.update(part: part)
    }
    for word in words { sha.update(part: word) }
    for file in files(of: training, words) {
      let digest = try CheckpointCacheError.file { () throws(FileError) in
        try SHA256.hexadecimal(ofFile: path(file, training))
      }
      sha.update(part: file)
      sha.update(part: digest)
    }
    return sha.hexadecimal
  }

  /// The command with its placeholder where the checkpoint goes, which differs each time.
  static func words(of training: CheckpointCache.Training) -> [String] {
    var values = training.values
    values["checkpoint"] = "{checkpoint}"
    return training.template.substituted(values)
  }

  /// The files that the command names, also as `--name=file`, and those that it is said to read.
  private static func files(
    of training: CheckpointCache.Training, _ words: [String]
  ) -> [String] {
    var named: [String] = []
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1)
      for candidate in [word] + (parts.count == 2 ? [String(parts[1])] : []) {
        if !named.contains(candidate),
          FolderTree.isFile(path(candidate, training))
        {
          named.append(candidate)
        }
      }
    }
    // An input that is not there is an error of reading it.
    return named + training.inputs
  }

  private static func path(_ file: String, _ training: CheckpointCache.Training) -> String {
    guard !file.hasPrefix("/"), let folder = training.folder else { return file }
    return "\(folder)/\(file)"
  }
}

extension SHA256 {
  /// Takes in a text with its length, so that two texts never look like one.
  fileprivate mutating func update(part text: String) {
    let bytes = Array("\(text.utf8.count):\(text)".utf8)
    bytes.withUnsafeBytes { update($0) }
  }
}

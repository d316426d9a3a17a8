package import BacktestCore
import BacktestFiles
import BacktestPolicies

extension StudyMarket {
  /// The digest of all bars that a run sees: symbols, times, prices and volumes.
  package var dataDigest: ContentDigest.Value {
    var digest = ContentDigest()
    for series in universe.series + (benchmark.map { [$0] } ?? []) {
      digest.update(text: "\(series.instrument.symbol) \(series.timeframe) \(series.count)")
      digest.update(column: series.openTimes)
      digest.update(column: series.closeTimes)
      for prices in [series.open, series.high, series.low, series.close, series.volume] {
        digest.update(column: prices)
      }
    }
    return digest.value
  }
}

extension Study {
  /// The digest of what is asked for, whatever the order of its keys, and of the policies' files.
  package var configurationDigest: ContentDigest.Value {
    var digest = ContentDigest()
    digest.update(text: JSONValue(document).canonicalStudy.text)
    for policy in strategy.policies {
      digest.update(text: "\(policy.manifestDigest) \(policy.trained?.weightsDigest ?? "")")
    }
    return digest.value
  }
}

extension ContentDigest {
  /// Takes in a text and where it ends.
  mutating func update(text: String) {
    let bytes = Array(text.utf8) + [0]
    bytes.withUnsafeBytes { update($0) }
  }

  /// Takes in the bytes of a column.
  fileprivate mutating func update(column: Column<some BitwiseCopyable>) {
    column.withUnsafeBufferPointer { update(UnsafeRawBufferPointer($0)) }
  }
}

package import BacktestCore
import BacktestFiles
import BacktestPolicies

extension StudyMarket {
  /// The digest of all bars that a run sees, the benchmark's included: symbols, times, prices and
  /// volumes.
  package var dataDigest: ContentDigest.Value {
    Self.digest(of: universe.series + universe.rates + (benchmark.map { [$0] } ?? []))
  }

  /// The digest of the bars of each series that a run sees, by symbol.
  var seriesDigests: [(symbol: String, digest: ContentDigest.Value)] {
    (universe.series + universe.rates + (benchmark.map { [$0] } ?? [])).map {
      ($0.instrument.symbol, Self.digest(of: [$0]))
    }
  }

  /// The digest of the bars on which a strategy trades.
  var tradedDigest: ContentDigest.Value { Self.digest(of: universe.series + universe.rates) }

  private static func digest(of all: [BarSeries]) -> ContentDigest.Value {
    var digest = ContentDigest()
    for series in all.flatMap({ [$0] + ($0.detail.map { [$0] } ?? []) }) {
      digest.update(text: "\(series.instrument.symbol) \(series.timeframe) \(series.count)")
      digest.update(column: series.openTimes)
      digest.update(column: series.closeTimes)
      for prices in [series.open, series.high, series.low, series.close, series.volume] {
        digest.update(column: prices)
      }
      for action in series.actions { digest.update(text: "\(action)") }
      for funding in series.funding { digest.update(text: "\(funding)") }
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
  /// Takes in the bytes of a column.
  fileprivate mutating func update(column: Column<some BitwiseCopyable>) {
    column.withUnsafeBufferPointer { update(UnsafeRawBufferPointer($0)) }
  }
}

public import BacktestCore
public import BacktestIngest
internal import Glibc

/// The bars of a study, read, checked and laid out.
public struct StudyMarket: Sendable {
  /// The series, in universe order.
  public let universe: Universe
  /// The universe laid out for replay.
  public let feed: Feed
  /// The series of the benchmark, where the study names one.
  public let benchmark: BarSeries?
  /// The folder of the study, from which paths count.
  let folder: String
  /// Series of raw closes beside which the data has adjusted ones that differ; only looked for
  /// where a policy of the study was trained on adjusted closes.
  private(set) var unadjustedPrices: [String] = []
  /// Series of raw closes beside which the data has no adjusted ones; only looked for as well.
  private(set) var untoldPrices: [String] = []
  /// What each series holds and what was odd about it.
  public let quality: [DataQualityReport]

  /// The series by which regimes are told: the benchmark, else the first of the universe.
  public var regimeSeries: BarSeries { benchmark ?? universe.series[0] }

  /// Reads all files of a study.
  ///
  /// - Throws: `StudyError` with everything that is wrong with the data.
  public init(_ study: Study) throws(StudyError) {
    var series: [BarSeries] = []
    var failures: [DataError] = []
    let looksForAdjusted =
      study.data.priceBasis == .raw
      && study.strategy.policies.contains(where: \.observesAdjustedCloses)
    for file in study.data.files {
      do throws(DataError) {
        let loaded = try study.load(file)
        series += loaded
        guard looksForAdjusted else { continue }
        // A file without adjusted closes cannot be read for them.
        if let adjusted = try? study.load(file, .adjusted) {
          unadjustedPrices += zip(loaded, adjusted).filter { !$0.close.elementsEqual($1.close) }
            .map(\.0.instrument.symbol)
        } else {
          untoldPrices += loaded.map(\.instrument.symbol)
        }
      } catch {
        failures.append(error)
      }
    }
    guard failures.isEmpty else { throw .data(failures) }
    if let target = study.data.resample {
      do throws(ResamplingError) {
        series = try series.map { (one) throws(ResamplingError) in try one.resampled(to: target) }
      } catch {
        throw .resampling(error)
      }
    }
    do throws(UniverseError) {
      universe = try Universe(series)
    } catch {
      throw .universe(error)
    }
    do throws(ConfigurationError) {
      try study.configuration.validate(for: universe)
    } catch {
      throw .configuration(error)
    }
    feed = Feed(universe)
    folder = study.folder
    benchmark = try study.loadBenchmark(from: universe)
    quality = universe.series.map(DataQualityReport.init)
  }
}

extension Study {
  /// A path of the study, from where the process runs.
  package func resolved(_ path: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : folder + "/" + path
  }

  /// How the study's files are read.
  private func readOptions(
    _ file: StudyFile, _ priceBasis: BarSeries.PriceBasis
  ) -> CSVReadOptions {
    var options = CSVReadOptions()
    options.mapping = data.mapping
    options.calendar = data.calendar
    options.timeframe = data.timeframe
    options.priceBasis = priceBasis
    options.quality = data.quality
    options.allowsNonPositivePrices = file.assetClass == .future
    options.from = data.from
    options.to = data.to
    if let cache = data.cache.map(resolved) {
      // A folder that cannot be made only means that nothing is cached.
      mkdir(cache, 0o777)
      options.cacheDirectory = cache
    }
    return options
  }

  fileprivate func load(
    _ file: StudyFile, _ priceBasis: BarSeries.PriceBasis? = nil
  ) throws(DataError) -> [BarSeries] {
    let options = readOptions(file, priceBasis ?? data.priceBasis)
    let loaded = try CSVReader(options).load(resolved(file.path), symbol: file.symbol)
    return loaded.map { series in
      var series = series
      series.instrument = file.instrument(series.instrument.symbol)
      series.source?.path = file.path
      return series
    }
  }

  fileprivate func loadBenchmark(from universe: Universe) throws(StudyError) -> BarSeries? {
    guard let benchmark, benchmark.hold == nil else { return nil }
    guard let path = benchmark.file else {
      let symbol = benchmark.symbol ?? ""
      guard let found = universe.instrument(symbol) else {
        let known = universe.series.map(\.instrument.symbol).joined(separator: ", ")
        throw .benchmark("there is no '\(symbol)' in the data; known are \(known)")
      }
      return universe[found]
    }
    var file = StudyFile(path: path)
    file.symbol = benchmark.symbol
    let series: [BarSeries]
    do throws(DataError) {
      series = try load(file)
    } catch {
      throw .data([error])
    }
    if let symbol = benchmark.symbol {
      guard let found = series.first(where: { $0.instrument.symbol == symbol }) else {
        throw .benchmark("there is no '\(symbol)' in \(path)")
      }
      return found
    }
    guard series.count == 1 else {
      throw .benchmark("\(path) holds several symbols; name one by 'symbol'")
    }
    return series[0]
  }
}

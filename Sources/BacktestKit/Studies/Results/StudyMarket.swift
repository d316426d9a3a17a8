package import BacktestCore
import BacktestEvidence
package import BacktestFiles
package import BacktestIngest
import BacktestPolicies
internal import Glibc

/// The bars of a study, read, checked and laid out.
package struct StudyMarket: Sendable {
  /// The series, in universe order.
  package private(set) var universe: Universe
  /// The universe laid out for replay.
  package private(set) var feed: Feed
  /// The series of the benchmark, where the study names one.
  package let benchmark: BarSeries?
  /// Series of raw closes beside which the data has adjusted ones that differ.
  private(set) var unadjustedPrices: [String] = []
  /// What those of them would change whose returns differ.
  private(set) var unusedAdjustments: [UnusedAdjustment] = []
  /// Series of raw closes beside which the data has no adjusted ones.
  private(set) var unknownPrices: [String] = []
  /// The returns of the study's factors.
  let factors: FactorReturns?
  /// The segments of the instruments, where the study names some.
  let segments: MarketSegments?
  /// What each series holds and what was odd about it.
  package let quality: [DataQualityReport]

  /// The market with other bars of the same instruments.
  func replacing(_ universe: Universe) -> StudyMarket {
    var market = self
    market.universe = universe
    market.feed = Feed(universe)
    return market
  }

  /// Reads all files of a study.
  ///
  /// - Parameters:
  ///   - interrupt: ends writing to the cache.
  ///   - progress: called now and then with the bytes read so far, and all of them.
  /// - Throws: `StudyError` with everything that is wrong with the data.
  package init(
    _ study: Study, interrupt: Interrupt = Interrupt(),
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(StudyError) {
    var series: [BarSeries] = []
    var funded: [(file: StudyFile, count: Int)] = []
    var failures: [DataError] = []
    let files = try study.priceFiles()
    let sizes = files.map { fileSize(study.resolved($0.path)) ?? 0 }
    let total = sizes.reduce(0, +)
    var reader = CSVReader()
    reader.interrupt = interrupt
    var before = 0
    for (file, size) in zip(files, sizes) {
      if let progress {
        let offset = before
        reader.progress = { done, _ in progress(offset + done, total) }
      }
      before += size
      do throws(DataError) {
        let loaded = try study.load(file, by: reader)
        series += loaded
        funded.append((file, loaded.count))
        guard study.data.priceBasis == .raw else { continue }
        // A file without adjusted closes cannot be read for them.
        if let adjusted = try? study.load(file, by: reader, .adjusted) {
          let pairs = zip(loaded, adjusted).filter { !$0.close.elementsEqual($1.close) }
          unadjustedPrices += pairs.map(\.0.instrument.symbol)
          unusedAdjustments += pairs.compactMap(UnusedAdjustment.init)
        } else {
          unknownPrices += loaded.map(\.instrument.symbol)
        }
      } catch {
        failures.append(error)
      }
    }
    guard failures.isEmpty else {
      if let mistake = failures.lazy.compactMap(study.mistakenColumns).first {
        throw StudyError(.file, mistake)
      }
      let more = failures.count - 1
      let others = more > 0 ? "; \(more) more of the study's files cannot be used" : ""
      throw StudyError(.file, "\(failures[0])\(others)")
    }
    let bars = try study.addingFunding(of: funded, to: series)
    let actions = try study.loadActions(of: bars)
    let references = try study.loadReferences()
    factors = try study.loadFactors()
    let finer = try study.loadDetail()
    let rates = try study.loadRates()
    let given = try StudyError.wrapping(.data) {
      var bars = bars
      if let target = study.data.resample { bars = try bars.map { try $0.resampled(to: target) } }
      if study.data.detail != nil { bars = try bars.detailed(by: finer) }
      return try Universe(bars).adding(actions).with(references: references).with(rates: rates)
    }
    let universe = try StudyError.wrapping(.stress) {
      try given.stressed(by: study.stress, seed: study.seed)
    }
    try study.validateConfiguration(for: universe)
    if let factors { try factors.check(against: universe, study) }
    segments = try study.loadSegments(universe)
    self.universe = universe
    feed = Feed(universe)
    benchmark = try study.loadBenchmark(from: universe)
    quality = universe.series.map(DataQualityReport.init)
    trustActions()
  }

  /// What the actions of shares tell, adjusted prices need not.
  private mutating func trustActions() {
    for one in universe.series where !one.actions.isEmpty {
      unadjustedPrices.removeAll { $0 == one.instrument.symbol }
      unusedAdjustments.removeAll { $0.symbol == one.instrument.symbol }
      unknownPrices.removeAll { $0 == one.instrument.symbol }
    }
  }
}

extension StudyMarket {
  /// The prices by which regimes are defined: equal parts of the instruments in `regimeUniverse`.
  ///
  /// - Throws: `StudyError` for an instrument that is not there, or prices that are not above zero.
  func regimeSeries(_ settings: StudyRegimes) throws(StudyError) -> RegimeSeries {
    let universe = try regimeUniverse(settings)
    return try StudyError.wrapping(.regimes) { try RegimeSeries(equalPartsOf: universe) }
  }

  /// The instruments whose prices tell the regimes: the one that the study names, else the
  /// benchmark, else all.
  ///
  /// - Throws: `StudyError` for an instrument that is not there.
  func regimeUniverse(_ settings: StudyRegimes) throws(StudyError) -> Universe {
    func only(_ series: BarSeries) throws(StudyError) -> Universe {
      try StudyError.wrapping(.regimes) { try Universe([series]) }
    }
    if let symbol = settings.of, symbol != StudyRegimes.equalParts {
      if let found = universe.instrument(symbol) { return try only(universe[found]) }
      if let benchmark, benchmark.instrument.symbol == symbol { return try only(benchmark) }
      let known = universe.series.map(\.instrument.symbol) + [StudyRegimes.equalParts]
      throw StudyError(
        .regimes,
        "'of' names '\(symbol)', which is not in the data; known are "
          + "\(NearestName.list(known, near: symbol))")
    }
    if settings.of == nil, let benchmark { return try only(benchmark) }
    return universe
  }
}

extension Study {
  /// How the study's files are read.
  private func readOptions(
    _ file: StudyFile, _ priceBasis: BarSeries.PriceBasis
  ) -> CSVReadOptions {
    var options = CSVReadOptions()
    options.mapping = file.mapping ?? data.mapping
    options.calendar = file.calendar ?? data.calendar
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
    _ file: StudyFile, by reader: CSVReader, _ priceBasis: BarSeries.PriceBasis? = nil,
    isDetail: Bool = false
  ) throws(DataError) -> [BarSeries] {
    var reader = reader
    reader.options = readOptions(file, priceBasis ?? data.priceBasis)
    if isDetail { reader.options.timeframe = nil }
    let loaded = try reader.load(resolved(file.path), symbol: file.symbol)
    return loaded.map { series in
      var series = series
      series.instrument = file.instrument(series.instrument.symbol)
      series.source?.path = file.path
      return series
    }
  }

  /// What happened to the shares, where the study names a file of it.
  ///
  /// - Throws: `StudyError` with the rows that cannot be read, or where no symbol of the file is
  ///   among the study's.
  fileprivate func loadActions(of series: [BarSeries]) throws(StudyError) -> [CorporateAction] {
    guard let path = data.actions else { return [] }
    let actions = try StudyError.wrapping(.file) {
      try CorporateActionFile().load(resolved(path))
    }
    let known = series.map(\.instrument.symbol)
    let symbols = Set(actions.flatMap { [$0.symbol, $0.kind.newSymbol ?? $0.symbol] })
    guard let first = symbols.min(), symbols.isDisjoint(with: known) else { return actions }
    throw StudyError(
      .file,
      "\(path): no symbol of the study is in this file of actions; it has "
        + "\(NearestName.list(symbols.sorted(), near: known[0])), and the study "
        + "\(NearestName.list(known, near: first))")
  }

  /// The finer bars inside those of the study, where it names files of them.
  ///
  /// - Throws: `StudyError` with the first file that cannot be read.
  fileprivate func loadDetail() throws(StudyError) -> [BarSeries] {
    var series: [BarSeries] = []
    for file in try detailFiles() {
      series += try StudyError.wrapping(.file) {
        try load(file, by: CSVReader(), isDetail: true)
      }
    }
    return series
  }

  /// The exchange rates, whole: what was known before the period counts.
  fileprivate func loadRates() throws(StudyError) -> [BarSeries] {
    var all: [BarSeries] = []
    for file in try rateFiles() {
      var whole = self
      (whole.data.from, whole.data.to) = (nil, nil)
      let study = whole
      all += try StudyError.wrapping(.file) { try study.load(file, by: CSVReader(), .raw) }
    }
    return all
  }

  fileprivate func loadBenchmark(from universe: Universe) throws(StudyError) -> BarSeries? {
    guard let benchmark, benchmark.hold == nil else { return nil }
    guard let path = benchmark.file else {
      let symbol = benchmark.symbol ?? ""
      guard let found = universe.instrument(symbol) else {
        let known = NearestName.list(
          universe.series.map(\.instrument.symbol), near: symbol)
        throw StudyError(.benchmark, "there is no '\(symbol)' in the data; known are \(known)")
      }
      return universe[found]
    }
    var file = StudyFile(path: path)
    file.symbol = benchmark.symbol
    let wanted = file
    let series = try StudyError.wrapping(.file) { try load(wanted, by: CSVReader()) }
    if let symbol = benchmark.symbol {
      guard let found = series.first(where: { $0.instrument.symbol == symbol }) else {
        throw StudyError(.benchmark, "there is no '\(symbol)' in \(path)")
      }
      return found
    }
    guard series.count == 1 else {
      throw StudyError(.benchmark, "\(path) holds several symbols; name one by 'symbol'")
    }
    return series[0]
  }
}

extension Study {
  /// What the study says of columns that a file contradicts, with the line that says it; `nil`
  /// where the study leaves it open and the fault is the file's.
  fileprivate func mistakenColumns(_ error: DataError) -> String? {
    guard let first = error.issues.first else { return nil }
    let isAboutTimes = error.issues.allSatisfy { $0.code == .badTime }
    let key: String
    if isAboutTimes, data.mapping.timeFormat != .automatic {
      key = "time-format"
    } else if first.code == .badHeader, data.mapping.separator != nil {
      key = "separator"
    } else {
      return nil
    }
    guard let node = document["data"]?["columns"]?[key] else { return nil }
    let fault = first.message.split(separator: ";")[0]
    let line = first.line.map { " line \($0)" } ?? ""
    return "\(node.place): 'data.columns.\(key)' does not fit \(first.file)\(line): \(fault)"
  }
}

extension DocumentNode {
  /// The value of a key of a table.
  fileprivate subscript(key: String) -> DocumentNode? {
    guard case .table(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }
}

extension StudyStrategy {
  /// A strategy ready for one run.
  ///
  /// - Throws: `StudyError` where it cannot run on the study's market.
  func make(
    sharing programs: PolicyPrograms, in market: StudyMarket
  ) throws(StudyError) -> any Strategy {
    let strategy = try StudyError.wrapping(isPolicy ? .policy : .strategy) {
      try definition(sharing: programs).make(parameters, for: market.universe)
    }
    try StudyError.wrapping(.policy) {
      try market.checkPrices(of: policies)
      try programs.start()
    }
    return strategy
  }
}

extension StudyMarket {
  /// Refuses policies of adjusted closes on raw ones.
  func checkPrices(of policies: [StudyPolicy]) throws(PolicyError) {
    guard !unadjustedPrices.isEmpty,
      let policy = policies.first(where: \.observesAdjustedCloses)
    else { return }
    throw PolicyError(
      source: policy.path,
      "\(policy.manifest.name) was trained on adjusted closes ('price: adjusted_close'), but those "
        + "of \(NumberText.list(unadjustedPrices)) are raw; give "
        + "'data: {price: adjusted}'")
  }
}

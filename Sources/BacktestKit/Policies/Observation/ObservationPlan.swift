import BacktestCore

/// Collects how each column of an observation is computed, while the builder is set up.
struct ObservationPlan {
  private let definition: ObservationDefinition
  private let symbols: [String]
  /// Those and the inputs, which have streams and no columns.
  private let observed: [String]
  private let market: ObservedMarket
  /// Bars from the newest row of the window to the newest bar.
  let offset: Int
  /// The columns that show features, by asset.
  private(set) var signalColumns: ContiguousArray<ContiguousArray<SignalColumn>>
  /// The columns that show the account.
  private(set) var stateColumns: ContiguousArray<StateColumn> = []
  /// The columns that show covariances.
  private(set) var covarianceColumns: ContiguousArray<CovarianceColumn> = []
  /// The number of columns, each of which is one number of a row.
  private(set) var width = 0
  /// The number of bars that each asset needs before the first observation.
  private(set) var needs: ContiguousArray<Int>
  /// The number of instants with closes of all assets that the covariance needs; 0 without one.
  private(set) var covarianceNeed = 0
  /// The state features of past rows.
  private(set) var keptStates: ContiguousArray<StateHistory.Column> = []
  /// What is written into the streams beside their bars.
  private(set) var references: ContiguousArray<ContiguousArray<ReferenceSignal>>
  private(set) var calendars: ContiguousArray<ContiguousArray<CalendarSignal>>
  private(set) var crosses: ContiguousArray<CrossSignal> = []
  /// The predictors of each asset.
  private(set) var predictors: ContiguousArray<ContiguousArray<PredictionStream>>
  private var predictorPositions: [PredictorKey: Int] = [:]
  private var predictorSignals: [SignalKey: Int] = [:]
  private var streams: [FeatureStreamPlan]
  private var covariance: MarketFeature?
  private var covarianceDepth = 1
  /// The number of entries of the matrix that have columns so far.
  private var covarianceEntries = 0

  private struct PredictorKey: Hashable {
    var policy: String
    var asset: Int
  }
  private struct SignalKey: Hashable {
    var predictor: PredictorKey
    var field: PredictionFeature.Field
  }

  /// A plan without columns.
  init(_ definition: ObservationDefinition, symbols: [String], market: ObservedMarket) {
    self.definition = definition
    self.symbols = symbols
    self.market = market
    observed = symbols + definition.inputs
    offset = definition.windowEnd == .previous ? 1 : 0
    needs = ContiguousArray(repeating: 1, count: observed.count)
    predictors = ContiguousArray(repeating: [], count: observed.count)
    references = ContiguousArray(repeating: [], count: observed.count)
    calendars = ContiguousArray(repeating: [], count: observed.count)
    signalColumns = ContiguousArray(repeating: [], count: observed.count)
    streams = Array(repeating: FeatureStreamPlan(), count: observed.count)
  }

  /// The rows that are kept, the newest bar's among them.
  var depth: Int { definition.window + offset }

  /// Adds every column of the definition.
  mutating func addColumns(
    _ predictor: (PredictionFeature) throws(PolicyError) -> ObservedPredictor
  ) throws(PolicyError) {
    guard definition.window >= 1 else {
      throw PolicyError("an observation has at least 1 bar, not \(definition.window)")
    }
    for (feature, asset) in try definition.expanded(over: symbols) {
      switch feature {
      case .state(let state): add(state, asset)
      case .prediction(let prediction): try add(prediction, asset, predictor)
      case .reference(let reference): try add(reference, asset)
      case .calendar(let calendar): add(calendar, asset)
      case .cross(let cross): try add(cross, asset)
      case .market(let market) where market.kind == .covariance: try addCovariance(market, asset)
      case .market(let market): try add(market, asset)
      }
      width += 1
    }
  }

  /// Where the numbers go.
  var frame: ObservationFrame {
    ObservationFrame(
      width: width, window: definition.window, offset: offset,
      isZeroPadded: definition.padding == .zero, isZeroWhereMissing: definition.missing == .zero)
  }

  /// The streams, ready for the first bar.
  func finishedStreams() -> ContiguousArray<FeatureStream> {
    ContiguousArray(
      streams.map { plan in
        var stream = plan.stream
        stream.layOut()
        return stream
      })
  }

  /// The covariance matrix; `nil` where no feature asks for one.
  func covariances() -> CovarianceStream? {
    covariance.map {
      CovarianceStream($0.period, of: $0.divisor, count: symbols.count, depth: covarianceDepth)
    }
  }

  /// The bars after which a value with this warm-up fills what the definition asks for.
  private func need(warmup: Int, lag: Int) -> Int {
    switch (definition.padding, definition.missing) {
    case (.wait, _): warmup + lag + depth - 1
    case (.zero, .refuse): warmup + lag + offset
    case (.zero, .zero): 1 + offset
    }
  }

  private mutating func add(_ feature: MarketFeature, _ asset: Int) throws(PolicyError) {
    guard feature.lag >= 0 else {
      throw PolicyError("the 'lag' of '\(feature.kind.rawValue)' is \(feature.lag), below 0")
    }
    let signal = try streams[asset].add(feature, depth: feature.lag + depth)
    let warmup = streams[asset].stream.signals[signal].warmup
    needs[asset] = max(needs[asset], need(warmup: warmup, lag: feature.lag))
    signalColumns[asset].append(
      SignalColumn(place: width, signal: signal, lag: feature.lag, scale: feature.scale))
  }

  private mutating func add(_ feature: StateFeature, _ asset: Int) {
    let isKept = depth > 1 && !feature.isRepeated
    stateColumns.append(
      StateColumn(
        place: width, kind: feature.kind, asset: asset, kept: isKept ? keptStates.count : nil,
        scale: feature.scale))
    if isKept { keptStates.append(StateHistory.Column(kind: feature.kind, asset: asset)) }
  }

  private mutating func addCovariance(
    _ feature: MarketFeature, _ asset: Int
  ) throws(PolicyError) {
    let count = symbols.count
    if let covariance,
      covariance.period != feature.period
        || covariance.deltaDegrees != feature.deltaDegrees
    {
      throw PolicyError("an observation has one covariance, not several of different periods")
    }
    let stored = (count + count * (count + 1) / 2) * (feature.period + feature.lag + depth)
    guard feature.lag >= 0, feature.period > feature.deltaDegrees, feature.period > 0,
      stored <= FeatureStreamPlan.storedLimit
    else {
      throw PolicyError(
        "a covariance of \(count) assets over \(feature.period) returns cannot be computed: it "
          + "needs more returns than its 'ddof', and at most \(FeatureStreamPlan.storedLimit) "
          + "numbers")
    }
    covariance = feature
    covarianceDepth = max(covarianceDepth, feature.lag + depth)
    covarianceNeed = max(
      covarianceNeed, need(warmup: feature.period + 1, lag: feature.lag))
    // The columns come row by row.
    let row = covarianceEntries / count
    covarianceEntries = (covarianceEntries + 1) % (count * count)
    covarianceColumns.append(
      CovarianceColumn(
        place: width, row: row, column: asset, lag: feature.lag, scale: feature.scale))
  }

  private mutating func add(
    _ feature: PredictionFeature, _ asset: Int,
    _ load: (PredictionFeature) throws(PolicyError) -> ObservedPredictor
  ) throws(PolicyError) {
    let key = PredictorKey(policy: feature.policy, asset: asset)
    let position = predictorPositions[key] ?? predictors[asset].count
    if position == predictors[asset].count {
      let predictor = try load(feature)
      predictors[asset].append(
        try PredictionStream(predictor, name: feature.policy, symbol: observed[asset]))
      predictorPositions[key] = position
    }
    let warmup = predictors[asset][position].warmup
    let name = SignalKey(predictor: key, field: feature.field)
    let signal: Int
    if let known = predictorSignals[name] {
      signal = known
    } else {
      signal = streams[asset].addGiven(warmup: warmup, depth: depth)
      predictorSignals[name] = signal
      predictors[asset][position].outputs.append((feature.field, signal))
    }
    needs[asset] = max(needs[asset], need(warmup: warmup, lag: 0))
    signalColumns[asset].append(
      SignalColumn(place: width, signal: signal, lag: 0, scale: feature.scale))
  }
}

extension ObservationPlan {
  private mutating func add(_ feature: ReferenceFeature, _ asset: Int) throws(PolicyError) {
    let series = try market.reference(feature.name(of: observed[asset]))
    let value = streams[asset].addGiven(
      warmup: 1, depth: feature.period + 1 + feature.lag + depth)
    let changed =
      feature.change == .none
      ? nil : streams[asset].addGiven(warmup: feature.period + 1, depth: feature.lag + depth)
    references[asset].append(
      ReferenceSignal(feature, series: series, signal: value, changed: changed))
    addColumn(
      changed ?? value, asset, warmup: feature.period + 1, lag: feature.lag, scale: feature.scale)
  }

  private mutating func add(_ feature: CalendarFeature, _ asset: Int) {
    let signal = streams[asset].addGiven(warmup: 1, depth: feature.lag + depth)
    calendars[asset].append(
      CalendarSignal(feature, calendar: market.calendar(asset), signal: signal))
    addColumn(signal, asset, warmup: 1, lag: feature.lag, scale: feature.scale)
  }

  private mutating func add(_ feature: CrossFeature, _ asset: Int) throws(PolicyError) {
    var other = asset
    if let name = feature.other {
      guard let place = observed.firstIndex(of: name) else {
        throw PolicyError(
          "'\(feature.kind.rawValue)' is with '\(name)', which is neither an asset nor an input of "
            + "the policy; known are \(NearestName.list(observed, near: name))")
      }
      other = place
    }
    let warmup: Int
    switch feature.kind {
    case .spread, .logRatio: warmup = 1
    case .ratioScore: warmup = feature.period
    case .correlation, .rank: warmup = feature.period + 1
    }
    var closes: ContiguousArray<Int> = []
    if feature.kind == .rank {
      for index in symbols.indices {
        closes.append(streams[index].addCloses(feature.period))
        needs[index] = max(needs[index], warmup)
      }
    }
    let signal = streams[asset].addGiven(warmup: warmup, depth: feature.lag + depth)
    crosses.append(
      CrossSignal(feature, asset: asset, other: other, closes: closes, signal: signal))
    needs[other] = max(needs[other], warmup)
    addColumn(signal, asset, warmup: warmup, lag: feature.lag, scale: feature.scale)
  }

  /// The next column shows a signal of an asset.
  private mutating func addColumn(
    _ signal: Int, _ asset: Int, warmup: Int, lag: Int, scale: Double
  ) {
    needs[asset] = max(needs[asset], need(warmup: warmup, lag: lag))
    signalColumns[asset].append(
      SignalColumn(place: width, signal: signal, lag: lag, scale: scale))
  }
}

/// A column that shows the account.
struct StateColumn: Sendable, BitwiseCopyable {
  /// The position in a row.
  var place: Int
  var kind: StateFeature.Kind
  var asset: Int
  /// The position among the values of past rows; `nil` shows that of now in every row.
  var kept: Int?
  /// What the value is multiplied by.
  var scale: Double
}

/// A column that shows an entry of the covariance matrix.
struct CovarianceColumn: Sendable, BitwiseCopyable {
  /// The position in a row.
  var place: Int
  var row: Int
  var column: Int
  /// Returns before the row's own.
  var lag: Int
  /// What the value is multiplied by.
  var scale: Double
}

extension ObservationDefinition {
  /// The features in the order of the observation's columns, each with its asset; a feature of all
  /// assets at once gets the first.
  ///
  /// - Throws: `PolicyError` where an asset or the shape does not fit.
  func expanded(over symbols: [String]) throws(PolicyError) -> [(feature: Feature, asset: Int)] {
    let bound = try features.map { (feature) throws(PolicyError) in
      try feature.boundAsset(among: symbols + inputs)
    }
    try checkShape(assetCount: symbols.count, bound)
    let assets = symbols.indices
    var columns: [(Feature, Int)] = []
    switch layout {
    case .matrix:
      for feature in features {
        let rows = feature.isCovariance ? symbols.count : 1
        for _ in 0..<rows { columns += assets.map { (feature, $0) } }
      }
    case .featureMajor:
      for (feature, bound) in zip(features, bound) {
        columns += bound.map { [(feature, $0)] } ?? assets.map { (feature, $0) }
      }
    case .assetMajor:
      var run: [Feature] = []
      for (feature, bound) in zip(features, bound) {
        guard let bound else {
          run.append(feature)
          continue
        }
        for asset in assets { columns += run.map { ($0, asset) } }
        run = []
        columns.append((feature, bound))
      }
      for asset in assets { columns += run.map { ($0, asset) } }
    }
    return columns
  }

  /// Checks that the features fill the shape, before they are repeated for each asset.
  private func checkShape(assetCount: Int, _ bound: [Int?]) throws(PolicyError) {
    if layout == .matrix, bound.contains(where: { $0 != nil }) {
      throw PolicyError(
        "in the layout 'matrix' each feature is a row over all \(assetCount) assets, so none "
          + "can be of one asset or of the account")
    }
    if layout != .matrix, features.contains(where: \.isCovariance) {
      throw PolicyError(
        "'covariance' is a block of rows over all assets and needs the layout 'matrix'")
    }
    var rows = 0
    var columns = 0
    for (feature, bound) in zip(features, bound) {
      rows += feature.isCovariance ? assetCount : 1
      columns += bound == nil ? assetCount : 1
    }
    if layout == .matrix { columns = rows * assetCount }
    let numbers = columns * window
    var shapes = [[numbers], [window, columns]]
    if layout == .matrix { shapes.append([window, rows, assetCount]) }
    if layout == .matrix, window == 1 { shapes.append([rows, assetCount]) }
    guard !shapes.contains(shape) else { return }
    let given = features.count == 1 ? "1 feature" : "\(features.count) features"
    let over = assetCount == 1 ? "" : " over \(assetCount) assets"
    throw PolicyError(
      "the 'shape' \(shape) is \(count) numbers, but \(given)\(over) in a window of \(window) make "
        + "\(shapes.last.map { "\($0)" } ?? "\(numbers)"); name the features and the 'window' with "
        + "which the policy was trained")
  }
}

extension ObservationDefinition.Feature {
  /// Whether it is the covariance matrix.
  fileprivate var isCovariance: Bool {
    if case .market(let feature) = self { feature.kind == .covariance } else { false }
  }

  /// The asset that the feature belongs to: the one it names, or the first for a feature of the
  /// whole account; `nil` where it is repeated for each asset.
  fileprivate func boundAsset(among symbols: [String]) throws(PolicyError) -> Int? {
    if let name = asset {
      guard let position = symbols.firstIndex(of: name) else {
        let advice =
          NearestName.find(name, among: symbols).map { "did you mean '\($0)'?" }
          ?? "its assets are \(symbols.joined(separator: ", ")); other instruments are 'inputs'"
        throw PolicyError(
          "a feature is of '\(name)', which is not one of the policy's assets; \(advice)")
      }
      return position
    }
    if case .state(let feature) = self, feature.kind == .cash { return 0 }
    return nil
  }
}

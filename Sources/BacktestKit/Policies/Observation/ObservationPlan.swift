import BacktestNetworks

/// How the columns of an observation are computed, while it is put together.
struct ObservationPlan {
  private let definition: ObservationDefinition
  private let symbols: [String]
  /// Bars from the newest row of the window to the newest bar.
  let offset: Int
  /// The columns that show features, by asset.
  private(set) var signalColumns: ContiguousArray<ContiguousArray<SignalColumn>>
  /// The columns that show the account.
  private(set) var stateColumns: ContiguousArray<StateColumn> = []
  /// The columns that show covariances.
  private(set) var covarianceColumns: ContiguousArray<CovarianceColumn> = []
  /// The columns there are, each of which is one number of a row.
  private(set) var width = 0
  /// The bars that each asset needs before the first observation.
  private(set) var needs: ContiguousArray<Int>
  /// The instants at which all assets closed that the covariance needs; 0 without one.
  private(set) var covarianceNeed = 0
  /// The state features of past rows.
  private(set) var keptStates: ContiguousArray<StateHistory.Column> = []
  /// The predictors of each asset.
  private(set) var predictors: ContiguousArray<ContiguousArray<HostedPredictor>>
  private var predictorPositions: [PredictorKey: Int] = [:]
  private var predictorSignals: [SignalKey: Int] = [:]
  private var streams: [FeatureStreamPlan]
  private var covariance: MarketFeature?
  private var covarianceDepth = 1
  /// The entries of the matrix that have columns.
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
  init(_ definition: ObservationDefinition, symbols: [String]) {
    self.definition = definition
    self.symbols = symbols
    offset = definition.windowEnd == .previous ? 1 : 0
    needs = ContiguousArray(repeating: 1, count: symbols.count)
    predictors = ContiguousArray(repeating: [], count: symbols.count)
    signalColumns = ContiguousArray(repeating: [], count: symbols.count)
    streams = Array(repeating: FeatureStreamPlan(), count: symbols.count)
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

  /// The bars after which a value with a warm-up of its own fills what the definition asks for.
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
    // The definition's columns come row by row.
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
        try HostedPredictor(predictor, name: feature.policy, symbol: symbols[asset]))
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

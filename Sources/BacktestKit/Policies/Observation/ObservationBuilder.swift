import BacktestCore

/// Turns closed bars into a policy's observations, one bar at a time, by the definition in its
/// manifest.
///
///     let manifest = try PolicyManifest(path: "policies/ppo")
///     var builder = try ObservationBuilder(
///       manifest.observation, instruments: [apple], symbols: ["AAPL"])
///     var numbers = [Double](repeating: 0, count: builder.count)
///     // at each close, in `onBars`:
///     builder.update(bars, state: state)
///     let status = numbers.withUnsafeMutableBufferPointer { builder.fill($0, state: state) }
///     if status == .ready { … }   // before normalisation: a `Policy` normalises by itself
///
/// It is a value: a copy is independent of the original, and the same bars give the same bits,
/// whatever comes after them. A bar takes constant time for each distinct feature, not for each lag
/// or row, and neither an update nor an observation allocates memory.
///
/// **Order.** A row holds the features in the order of the definition. Features that name no asset
/// are repeated for each: runs of them asset by asset (`asset_major`), each of them over all assets
/// (`feature_major`), or as the rows of a matrix whose columns are assets (`matrix`, where the
/// covariance takes one row for each asset). `cash` and features that name an asset occur once, at
/// their place. The rows of a window are sorted oldest first.
///
/// **Time.** Lags and rows count the closed bars of the feature's own asset: an asset that did not
/// close keeps its features. Rows of the account count the instants at which any of the assets
/// closed; a past row shows the account as it was then, before the decision of that bar, and zeros
/// before the first.
struct ObservationBuilder: Sendable {
  /// The number of values in an observation.
  let count: Int
  /// The closed bars of each asset until the first observation; the first decision is possible at
  /// the close of the last of them.
  let warmup: Int

  private let instruments: ContiguousArray<InstrumentID>
  private let frame: ObservationFrame
  private let signalColumns: ContiguousArray<ContiguousArray<SignalColumn>>
  private let stateColumns: ContiguousArray<StateColumn>
  private let covarianceColumns: ContiguousArray<CovarianceColumn>
  private let keptStates: ContiguousArray<StateHistory.Column>
  /// The bars that each asset needs.
  private let needs: ContiguousArray<Int>
  private let covarianceNeed: Int
  private var streams: ContiguousArray<FeatureStream>
  /// Assets come first among the instruments, then inputs.
  private let assetCount: Int
  private var predictors: ContiguousArray<ContiguousArray<PredictionStream>>
  private var references: ContiguousArray<ContiguousArray<ReferenceSignal>>
  private let calendars: ContiguousArray<ContiguousArray<CalendarSignal>>
  private var crosses: ContiguousArray<CrossSignal>
  private var covariances: CovarianceStream?
  private var history: StateHistory

  /// A builder that has seen no bar.
  ///
  /// - Parameters:
  ///   - definition: what is observed.
  ///   - instruments: the policy's assets, in the policy's order; one for a policy of one
  ///     instrument. Then the inputs of the definition.
  ///   - symbols: the names of the assets as the definition writes them, in the same order.
  ///   - market: the data beside bars that features may need.
  ///   - predictor: gives the policy that a prediction feature names.
  /// - Throws: `PolicyError` where features do not fill the shape, an asset or indicator does not
  ///   exist, or a period is too short; and what `predictor` throws.
  init(
    _ definition: ObservationDefinition, instruments: [InstrumentID], symbols: [String],
    market: ObservedMarket = .unknown,
    predictor: (PredictionFeature) throws(PolicyError) -> ObservedPredictor =
      ObservationBuilder.noPredictor
  ) throws(PolicyError) {
    guard !symbols.isEmpty, instruments.count == symbols.count + definition.inputs.count else {
      throw PolicyError(
        "an observation is of at least one instrument with a name each, not of "
          + "\(instruments.count) with \(symbols.count) names")
    }
    var plan = ObservationPlan(definition, symbols: symbols, market: market)
    try plan.addColumns(predictor)
    count = definition.count
    self.instruments = ContiguousArray(instruments)
    assetCount = symbols.count
    frame = plan.frame
    signalColumns = plan.signalColumns
    stateColumns = plan.stateColumns
    covarianceColumns = plan.covarianceColumns
    needs = plan.needs
    covarianceNeed = plan.covarianceNeed
    warmup = max(needs.max() ?? 1, covarianceNeed)
    streams = plan.finishedStreams()
    predictors = plan.predictors
    references = plan.references
    calendars = plan.calendars
    crosses = plan.crosses
    covariances = plan.covariances()
    keptStates = plan.keptStates
    history = StateHistory(columns: keptStates, depth: plan.depth)
  }

  /// Refuses every prediction feature: the predictor of definitions without one.
  static func noPredictor(
    _ feature: PredictionFeature
  ) throws(PolicyError) -> ObservedPredictor {
    throw PolicyError(
      "a feature is the prediction of '\(feature.policy)', but no loader for policies was given")
  }

  /// Takes in the bars that closed; call it at every instant at which bars close, before `fill`.
  ///
  /// - Parameters:
  ///   - bars: the bars of the universe; those of other instruments are ignored.
  ///   - state: the account before the decision of this instant.
  mutating func update(_ bars: BarSlice, state: PolicyAccountState) {
    var closed = 0
    for asset in instruments.indices {
      guard let bar = bars[instruments[asset]] else { continue }
      take(bar, asset: asset)
      if asset < assetCount { closed += 1 }
    }
    for index in crosses.indices where bars[instruments[crosses[index].asset]] != nil {
      let other = bars[instruments[crosses[index].other]] != nil
      crosses[index].update(&streams, otherClosed: other)
    }
    guard closed > 0 else { return }
    if closed == assetCount, covariances != nil { updateCovariances() }
    history.append(state)
  }

  /// Takes in a bar of one asset.
  @inline(__always)
  mutating func take(_ dayBar: Bar, asset: Int) {
    // Features know no splits.
    let bar = dayBar.continuous
    streams[asset].update(bar)
    for index in references[asset].indices {
      references[asset][index].update(bar.closeTime, &streams[asset])
    }
    for signal in calendars[asset] { signal.update(bar.closeTime, &streams[asset]) }
    guard !predictors[asset].isEmpty else { return }
    for index in predictors[asset].indices {
      predictors[asset][index].update(bar)
      for (field, signal) in predictors[asset][index].outputs {
        streams[asset].set(signal, to: predictors[asset][index].value(of: field))
      }
    }
  }

  private mutating func updateCovariances() {
    let streams = streams
    covariances?.update { streams[$0].close }
  }
}

extension ObservationBuilder {
  /// Writes the observation after the last update: features times their scales, in 64 bits, neither
  /// normalised nor rounded (except for the weights that trainers kept in 32 bits).
  ///
  /// - Parameters:
  ///   - observation: room for `count` numbers, row-major.
  ///   - state: the account now, before the decision.
  /// - Returns: `.ready` when all numbers are written; otherwise the numbers must not be used.
  func fill(
    _ observation: UnsafeMutableBufferPointer<Double>, state: PolicyAccountState
  ) -> ObservationStatus {
    precondition(observation.count == count, "an observation of another size")
    guard isFull, let target = observation.baseAddress else { return .waiting }
    var missing = Int.max
    for asset in streams.indices {
      missing = min(missing, streams[asset].write(signalColumns[asset], frame, to: target))
    }
    if !stateColumns.isEmpty { missing = min(missing, writeStates(state, to: target)) }
    if let covariances { missing = min(missing, writeCovariances(covariances, to: target)) }
    return missing == .max ? .ready : .missing(column: missing)
  }

  /// The positions of numbers about the account, which bars do not determine.
  var accountNumbers: Set<Int> {
    var marks = [Double](repeating: 0, count: count)
    marks.withUnsafeMutableBufferPointer { marks in
      guard let target = marks.baseAddress else { return }
      for column in stateColumns {
        _ = frame.write(column: column.place, to: target, warmup: 0, count: .max) { _ in 1 }
      }
    }
    return Set(marks.indices.filter { marks[$0] == 1 })
  }

  /// The number of values in a row of the window.
  var rowWidth: Int { frame.width }

  /// The numbers about the account, one by one.
  var accountCells: ContiguousArray<AccountCell> {
    var cells: ContiguousArray<AccountCell> = []
    for column in stateColumns {
      for row in 0..<frame.window {
        let age = frame.window - 1 - row + frame.offset
        cells.append(
          AccountCell(
            position: column.place + row * frame.width, kind: column.kind, asset: column.asset,
            kept: age > 0 ? column.kept : nil, age: age, scale: column.scale))
      }
    }
    return cells
  }

  /// The account features of past rows, before the first; `depth` rows are kept.
  var emptyHistory: StateHistory { StateHistory(columns: keptStates, depth: depth) }

  /// The rows of the account that an observation shows.
  var depth: Int { frame.window + frame.offset }

  private func writeStates(
    _ state: PolicyAccountState, to target: UnsafeMutablePointer<Double>
  ) -> Int {
    var missing = Int.max
    for column in stateColumns {
      let now = column.scale * column.kind.value(state, asset: column.asset)
      let first = frame.write(column: column.place, to: target, warmup: 0, count: .max) { age in
        guard age > 0, let kept = column.kept else { return now }
        return column.scale * history.value(kept, age: age)
      }
      missing = min(missing, first)
    }
    return missing
  }

  private func writeCovariances(
    _ covariances: CovarianceStream, to target: UnsafeMutablePointer<Double>
  ) -> Int {
    var missing = Int.max
    for column in covarianceColumns {
      let count = covariances.returnCount - column.lag
      let first = frame.write(
        column: column.place, to: target, warmup: covariances.period, count: count
      ) { age in
        column.scale * covariances.value(column.row, column.column, age: age + column.lag)
      }
      missing = min(missing, first)
    }
    return missing
  }

  /// Whether every asset has closed often enough.
  private var isFull: Bool {
    for asset in needs.indices where streams[asset].barCount < needs[asset] { return false }
    return covarianceNeed == 0 || (covariances?.returnCount ?? 0) + 1 >= covarianceNeed
  }
}

/// Whether an observation is complete.
enum ObservationStatus: Sendable, Equatable {
  /// Every number is there.
  case ready
  /// Too few bars have closed; nothing was written.
  case waiting
  /// A feature has no value, which the definition does not allow; `column` is its position in the
  /// observation, from 0.
  case missing(column: Int)
}

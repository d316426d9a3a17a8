package import BacktestCore

/// How the features of a policy in a backtest differ from those of its training, as far as its
/// normaliser knows the training: by mean and standard deviation.
///
/// The bars are replayed once without trading, so that nothing is counted while the policy decides.
/// Only the newest row of a window is looked at; the older rows are earlier ones of the same
/// features. Numbers about the account are left out, because bars do not determine them.
package struct FeatureDrift: Sendable, Equatable {
  /// One number of the observation.
  package struct Item: Sendable, Equatable {
    /// What it is.
    package let name: String
    /// Its place in the observation, from 0.
    package let position: Int
    /// The mean in training, in the unit of the feature.
    package let trainingMean: Double
    /// The standard deviation in training, as the normaliser divides by it.
    package let trainingDeviation: Double
    /// The mean over the observations of the backtest.
    package fileprivate(set) var mean = 0.0
    /// The sum of squared differences from the mean.
    fileprivate var squares = 0.0
    /// The observations looked at.
    package fileprivate(set) var count = 0
    /// The observations in which the normaliser cut the value off; `nil` where it cuts nothing.
    package fileprivate(set) var clippedCount: Int?

    /// The standard deviation over the backtest, of all its observations (divided by their number),
    /// as trainers compute it.
    package var deviation: Double { (squares / Double(count)).squareRoot() }
    /// The mean less that of training, in standard deviations of training.
    package var shift: Double { (mean - trainingMean) / trainingDeviation }
    /// The standard deviation over that of training.
    package var ratio: Double { deviation / trainingDeviation }
    /// The part of the values that was cut off; `nil` where nothing is.
    package var clippedShare: Double? { clippedCount.map { Double($0) / Double(count) } }

    /// Whether the network saw numbers unlike those of its training: the mean more than one
    /// standard deviation away, a standard deviation more than twice as large, or more than one
    /// value in twenty cut off.
    package var isFar: Bool {
      abs(shift) > FeatureDrift.farShift || ratio > FeatureDrift.farRatio
        || (clippedShare ?? 0) > FeatureDrift.farShare
    }
  }

  /// The most that a mean may differ, in standard deviations of training.
  package static let farShift = 1.0
  /// The most that a standard deviation may be, in those of training.
  package static let farRatio = 2.0
  /// The largest part of the values that may be cut off.
  package static let farShare = 0.05

  /// The observations looked at, of all instruments on which a copy of the policy decides.
  package private(set) var observationCount = 0
  /// The observations on these days that were refused, because a feature had no value.
  package fileprivate(set) var refusedCount = 0
  /// The numbers that bars determine, in the order of the observation.
  package private(set) var items: [Item]

  /// Nothing looked at yet; `nil` where the normaliser does not know the training.
  fileprivate init?(_ normaliser: Normaliser, positions: [(position: Int, name: String)]) {
    let isClipped = normaliser.limit.isFinite
    items = positions.compactMap { position, name in
      normaliser.training(at: position).map {
        Item(
          name: name, position: position, trainingMean: $0.mean, trainingDeviation: $0.deviation,
          clippedCount: isClipped ? 0 : nil)
      }
    }
    guard !items.isEmpty else { return nil }
  }

  /// Takes in an observation that is not normalised.
  fileprivate mutating func add(_ numbers: [Double], limit: Double) {
    observationCount += 1
    for index in items.indices {
      let value = numbers[items[index].position]
      items[index].count += 1
      let difference = value - items[index].mean
      items[index].mean += difference / Double(items[index].count)
      items[index].squares += difference * (value - items[index].mean)
      guard let clipped = items[index].clippedCount else { continue }
      let scaled = (value - items[index].trainingMean) / items[index].trainingDeviation
      if abs(scaled) > limit { items[index].clippedCount = clipped + 1 }
    }
  }
}

extension Normaliser {
  /// Whether it has the means and the standard deviations of the training.
  package var knowsTraining: Bool { training(at: 0) != nil }

  /// The mean and the standard deviation in training of a number of the observation; `nil` where
  /// they are not known.
  fileprivate func training(at position: Int) -> (mean: Double, deviation: Double)? {
    switch self {
    case .zScore(let mean, let deviation):
      (mean[position % mean.count], deviation[position % mean.count])
    case .runningStatistics(let mean, let variance, let epsilon, _):
      (mean[position % mean.count], (variance[position % mean.count] + epsilon).squareRoot())
    case .none, .minimumMaximum, .scale: nil
    }
  }

  /// Beyond how many standard deviations it cuts off.
  fileprivate var limit: Double {
    if case .runningStatistics(_, _, _, let limit) = self { limit } else { .infinity }
  }
}

extension PolicyMember {
  /// The features of this policy on some days of a market, compared with its training, before an
  /// instant where one is given; `nil` where its normaliser has no mean and standard deviation, or
  /// no bar of these days is observed.
  ///
  /// - Throws: `PolicyError` where the policy does not fit the market.
  package func featureDrift(
    in feed: Feed, on days: Set<CivilDate>, before end: Timestamp? = nil
  ) throws(PolicyError) -> FeatureDrift? {
    var found: FeatureDrift?
    for var runner in try runners(in: feed.universe) {
      if found == nil {
        let positions = try runner.featurePositions(of: manifest.observation)
        found = FeatureDrift(manifest.observation.normaliser, positions: positions)
      }
      guard found != nil else { return nil }
      let limit = manifest.observation.normaliser.limit
      var numbers = [Double](repeating: 0, count: runner.builder.count)
      for instant in feed.instants.indices {
        let bars = BarSlice(feed: feed, instant: instant, since: instant)
        if let end, bars.time >= end { break }
        let closed = runner.countCloses(bars)
        runner.takeInputs(bars)
        guard closed > 0, runner.isDue(closed),
          days.contains(feed.universe.sessionDate(of: bars.time))
        else { continue }
        let status = numbers.withUnsafeMutableBufferPointer {
          runner.builder.fill($0, state: runner.state)
        }
        switch status {
        case .ready: found?.add(numbers, limit: limit)
        case .missing: found?.refusedCount += 1
        case .waiting: break
        }
      }
    }
    return found.flatMap { $0.observationCount > 1 ? $0 : nil }
  }
}

extension PolicyRunner {
  /// The places of the newest row that bars determine, and what is there.
  fileprivate func featurePositions(
    of definition: ObservationDefinition
  ) throws(PolicyError) -> [(position: Int, name: String)] {
    let account = builder.accountNumbers
    let first = builder.count - builder.rowWidth
    let columns = try definition.expanded(over: symbols)
    return columns.enumerated().compactMap { index, column in
      guard !account.contains(first + index) else { return nil }
      let asset = symbols.count > 1 && column.asset < symbols.count ? symbols[column.asset] : nil
      return (first + index, column.feature.name(of: asset))
    }
  }
}

extension ObservationDefinition.Feature {
  /// The feature with its period and lag, so that those of one kind are distinct.
  ///
  /// - Parameter asset: the asset that it is of, where there are several.
  fileprivate func name(of asset: String?) -> String {
    var name = label
    let (period, lag, own): (Int, Int, String?) =
      switch self {
      case .market(let feature): (feature.period, feature.lag, feature.asset)
      case .reference(let feature): (feature.period, feature.lag, feature.asset)
      case .calendar(let feature): (1, feature.lag, feature.asset)
      case .cross(let feature): (feature.period, feature.lag, feature.asset)
      case .prediction, .state: (1, 0, nil)
      }
    if period > 1 { name += " (\(period))" }
    if let asset, own == nil { name += " of \(asset)" }
    return lag > 0 ? "\(name), lag \(lag)" : name
  }

  /// The name as the manifest gives it.
  package var label: String {
    switch self {
    case .market(let feature):
      [feature.indicator?.name ?? feature.kind.rawValue, feature.asset].compactMap(\.self)
        .joined(separator: " of ")
    case .state(let feature): feature.kind.rawValue
    case .prediction(let feature): "\(feature.field.rawValue) of \(feature.policy)"
    case .reference(let feature):
      feature.change == .none ? feature.name : "\(feature.change.rawValue) of \(feature.name)"
    case .calendar(let feature):
      feature.encoding == .value
        ? feature.field.rawValue : "\(feature.encoding.rawValue) of \(feature.field.rawValue)"
    case .cross(let feature):
      [feature.kind.rawValue, feature.other].compactMap(\.self).joined(separator: " with ")
    }
  }
}

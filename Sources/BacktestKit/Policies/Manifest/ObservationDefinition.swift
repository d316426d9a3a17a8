import BacktestCore
import BacktestFiles

/// What a policy observes: which numbers, of how many bars, in which order, and how normalised.
///
/// A row holds the features of one bar in the order of the manifest; a window of several bars has
/// its rows oldest first, row-major. Where a policy has several assets and its features name none,
/// they are repeated for each asset, as the layout says.
package struct ObservationDefinition: Sendable, Equatable {
  /// The shape of the network's input, without a batch dimension.
  package var shape: [Int]
  /// The number of bars in an observation.
  package var window = 1
  /// The newest bar of the window.
  package var windowEnd = WindowEnd.now
  /// The order of features and assets.
  package var layout = Layout.assetMajor
  /// The prices from which the trainer computed features.
  package var price = Price.close
  /// The features, in the order of the observation.
  package var features: [Feature]
  /// Instruments of the data that the policy observes and does not trade.
  package var inputs: [String] = []
  /// How the trainer normalised observations.
  package var normaliser = Normaliser.none
  /// What replaces bars before the first.
  package var padding = Padding.wait
  /// What happens where a feature has no value.
  package var missing = Missing.refuse

  /// One column of an observation.
  package enum Feature: Sendable, Equatable {
    /// From bars.
    case market(MarketFeature)
    /// From the account.
    case state(StateFeature)
    /// From another policy.
    case prediction(PredictionFeature)
    /// From a series of values that the market did not make.
    case reference(ReferenceFeature)
    /// From the calendar.
    case calendar(CalendarFeature)
    /// From several instruments.
    case cross(CrossFeature)

    /// Its asset, where the manifest names one.
    package var asset: String? {
      switch self {
      case .market(let feature): feature.asset
      case .state(let feature): feature.asset
      case .prediction(let feature): feature.asset
      case .reference(let feature): feature.asset
      case .calendar(let feature): feature.asset
      case .cross(let feature): feature.asset
      }
    }

    /// The instrument that it compares its asset with.
    var otherAsset: String? {
      if case .cross(let feature) = self { feature.other } else { nil }
    }
  }

  /// The newest bar of a window.
  package enum WindowEnd: String, Sendable, CaseIterable {
    /// The bar that has just closed.
    case now = "t"
    /// The bar before it.
    case previous = "t-1"
  }

  /// The order of features and assets.
  package enum Layout: String, Sendable, CaseIterable {
    /// All features of the first asset, then all of the second, and so on.
    case assetMajor = "asset_major"
    /// The first feature of all assets, then the second, and so on.
    case featureMajor = "feature_major"
    /// Rows are features (a covariance takes a row for each asset), columns are assets.
    case matrix
  }

  /// The prices from which features are computed.
  package enum Price: String, Sendable, CaseIterable {
    /// As traded.
    case close
    /// Scaled for splits and dividends.
    case adjustedClose = "adjusted_close"
  }

  /// What replaces bars before the first.
  package enum Padding: String, Sendable, CaseIterable {
    /// Nothing: the policy waits until its window is full.
    case wait
    /// Zeros, at the top of the window.
    case zero
  }

  /// What happens where a feature has no value.
  package enum Missing: String, Sendable, CaseIterable {
    /// The policy refuses to decide.
    case refuse
    /// It counts as zero.
    case zero
  }

  /// An observation of some features.
  package init(shape: [Int], features: [Feature]) {
    self.shape = shape
    self.features = features
  }

  /// The number of values in an observation.
  package var count: Int { shape.reduce(1, *) }
}

extension ObservationDefinition {
  /// - Parameter readNormaliser: reads a normaliser from the file that the manifest names.
  init(
    _ table: inout DocumentTable,
    readNormaliser: (_ file: String, _ digest: String?) throws(DocumentError) -> Normaliser
  ) {
    shape = table.list("shape", of: .integer(.within(1...1_000_000)), takesSingle: false)
    if case .list(let sizes)? = table.node("shape")?.content, sizes.count == shape.count {
      if shape.reduce(1.0, { $0 * Double($1) }) > 1_000_000 {
        table.report("an observation has at most 1,000,000 numbers", at: "shape")
        shape = []
      }
    } else {
      // One message is enough: nothing is compared with a shape that could not be read.
      shape = []
    }
    _ = table.value("dtype", .choice(of: ElementName.self), default: .float32)
    window = table.value("window", .integer(.within(1...100_000)), default: 1)
    windowEnd = table.value("window_end", .choice(), default: .now)
    layout = table.value("layout", .observationLayout, default: .assetMajor)
    price = table.value("price", .choice(), default: .close)
    padding = table.value("pad", .choice(), default: .wait)
    missing = table.value("nan", .choice(), default: .refuse)
    features = table.sections("features") { Feature(&$0) }
    inputs = table.optionalList("inputs", of: .text, takesSingle: false) ?? []
    checkInputs(&table)
    if features.isEmpty { table.report("an observation needs features", at: "features") }
    normaliser = table.section("normalise") { Normaliser(&$0, read: readNormaliser) }
  }

  /// Reports inputs that are named twice, or that no feature is of.
  private func checkInputs(_ table: inout DocumentTable) {
    for (index, name) in inputs.enumerated() {
      if inputs[..<index].contains(name) {
        table.report("'inputs' names \(quotedForMessage(name)) twice", at: "inputs")
      } else if !features.contains(where: { $0.asset == name || $0.otherAsset == name }) {
        table.report(
          "no feature uses the input \(quotedForMessage(name)); name it as the 'asset' or 'with' "
            + "of a feature, or take it out", at: "inputs")
      }
    }
  }

  /// The one element type of observations.
  private enum ElementName: String, CaseIterable { case float32 }
}

extension ObservationDefinition.Feature {
  init(_ table: inout DocumentTable) {
    if table.keys.contains("state") {
      self = .state(StateFeature(&table))
    } else if table.keys.contains("prediction") {
      self = .prediction(PredictionFeature(&table))
    } else if table.keys.contains("reference") {
      self = .reference(ReferenceFeature(&table))
    } else if table.keys.contains("calendar") {
      self = .calendar(CalendarFeature(&table))
    } else if table.keys.contains("cross") {
      self = .cross(CrossFeature(&table))
    } else {
      self = .market(MarketFeature(&table))
    }
  }
}

extension DocumentTable {
  /// What a feature is multiplied by before it is rounded to 32 bits.
  mutating func featureScale() -> Double {
    let scale = value("scale", .number(), default: 1)
    if Float(scale) == 0 || !Float(scale).isFinite {
      report("'scale' must be a number of 32 bits other than 0, not \(scale)", at: "scale")
    }
    return scale
  }
}

extension DocumentRule where Value == ObservationDefinition.Layout {
  static var observationLayout: DocumentRule {
    var rule = choice(of: Value.self)
    let convert = rule.convert
    rule.convert = { node in
      // The sentence in which trainers' exports describe a window of one asset.
      if case .text("rows are bars, oldest first; flattened row-major") = node.content {
        return .assetMajor
      }
      return convert(node)
    }
    return rule
  }
}

/// A number about the account, as in the trainer's environment.
///
///     {"state": "position_weight"}
///     {"state": "asset_weight", "asset": "AAPL"}
package struct StateFeature: Sendable, Equatable {
  /// Which number it is.
  package var kind: Kind
  /// Its asset; `nil` for the policy's one instrument or each of its assets.
  package var asset: String?
  /// What the value is multiplied by before it is rounded.
  package var scale = 1.0
  /// Whether every row of a window shows the current value, instead of that of the row's bar.
  package var isRepeated = false

  /// The numbers that a policy can observe of the account.
  package enum Kind: String, Sendable, CaseIterable, BitwiseCopyable {
    /// The policy's last target weight of its instrument, rounded to 32 bits; not the drifted one.
    case positionWeight = "position_weight"
    /// The policy's last target weight of an asset, rounded to 32 bits.
    case assetWeight = "asset_weight"
    /// The share of equity that the position has now.
    case realPosition = "real_position"
    /// Cash in account currency.
    case cash
    /// Units held.
    case shares
    /// The open position's return on its average cost, signed by its side; 0 when flat.
    case unrealizedReturn = "unrealized_return"
    /// 0 short, 0.5 flat, 1 long.
    case positionCode = "position_code"
    /// Bars since the position was entered; 0 when flat.
    case tradeDuration = "trade_duration"
    /// The number of the last discrete action, or the last value of a box; 0 at the start.
    case lastAction = "last_action"
    /// Bars since the last trade, counted down from the environment's cooldown to 0.
    case cooldown
  }

  /// A feature of a kind.
  package init(_ kind: Kind, asset: String? = nil) {
    self.kind = kind
    self.asset = asset
  }

  init(_ table: inout DocumentTable) {
    kind = table.value("state", .choice())
    asset = table.optional("asset", .text)
    scale = table.featureScale()
    isRepeated = table.value("every_row", .flag, default: false)
    _ = table.optional("note", .text)
  }
}

/// The prediction of another policy as a feature of this one, a hybrid.
///
///     {"prediction": "../cnn_lstm", "field": "signal"}
package struct PredictionFeature: Sendable, Equatable {
  /// The folder or manifest of the other policy, relative to this manifest.
  package var policy: String
  /// Which number of the prediction is taken.
  package var field: Field
  /// The asset whose bars the other policy sees; `nil` as for market features.
  package var asset: String?
  /// What the value is multiplied by before it is rounded.
  package var scale = 1.0

  /// The numbers of a prediction.
  package enum Field: String, Sendable, CaseIterable {
    /// The signed signal: the difference of up and down probabilities, or the expected return.
    case signal
    /// The probability of a rise.
    case probabilityUp = "probability_up"
    /// The expected return of the next bar.
    case expectedReturn = "expected_return"
    /// The standard deviation of that return.
    case deviation
  }

  init(_ table: inout DocumentTable) {
    policy = table.value("prediction", .text)
    field = table.value("field", .choice(), default: .signal)
    asset = table.optional("asset", .text)
    scale = table.featureScale()
  }
}

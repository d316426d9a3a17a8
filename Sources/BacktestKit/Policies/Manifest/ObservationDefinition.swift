import BacktestFiles

/// What a policy observes: which numbers, of how many bars, in which order, how normalised.
///
/// The numbers of one bar are its features in the order of the manifest; a window of more than one
/// bar stacks them, oldest first, row-major. A policy of several assets whose features name none
/// repeats them for each asset, as the layout says.
public struct ObservationDefinition: Sendable, Equatable {
  /// The shape of the network's input, without a batch dimension.
  public var shape: [Int]
  /// The bars of an observation.
  public var window = 1
  /// The newest bar of the window.
  public var windowEnd = WindowEnd.now
  /// How features and assets follow each other.
  public var layout = Layout.assetMajor
  /// The prices from which the trainer computed features.
  public var price = Price.close
  /// The features, in the order of the observation.
  public var features: [Feature]
  /// How the trainer normalised observations.
  public var normaliser = Normaliser.none
  /// What stands for bars before the first.
  public var padding = Padding.wait
  /// What becomes of a feature that cannot be computed.
  public var missing = Missing.refuse

  /// One column of an observation.
  public enum Feature: Sendable, Equatable {
    /// From bars.
    case market(MarketFeature)
    /// From the account.
    case state(StateFeature)
    /// From another policy.
    case prediction(PredictionFeature)

    /// Whose it is, where the manifest says so.
    public var asset: String? {
      switch self {
      case .market(let feature): feature.asset
      case .state(let feature): feature.asset
      case .prediction(let feature): feature.asset
      }
    }
  }

  /// The newest bar of a window.
  public enum WindowEnd: String, Sendable, CaseIterable {
    /// The bar that has just closed.
    case now = "t"
    /// The bar before it.
    case previous = "t-1"
  }

  /// How features and assets follow each other.
  public enum Layout: String, Sendable, CaseIterable {
    /// All features of the first asset, then all of the second.
    case assetMajor = "asset_major"
    /// The first feature of all assets, then the second.
    case featureMajor = "feature_major"
    /// Rows are features (a covariance is as many rows as assets), columns are assets.
    case matrix
  }

  /// The prices from which features are computed.
  public enum Price: String, Sendable, CaseIterable {
    /// As traded.
    case close
    /// Scaled for splits and dividends.
    case adjustedClose = "adjusted_close"
  }

  /// What stands for bars before the first.
  public enum Padding: String, Sendable, CaseIterable {
    /// The policy waits until its window is full.
    case wait
    /// Zeros, at the top of the window.
    case zero
  }

  /// What becomes of a feature that cannot be computed.
  public enum Missing: String, Sendable, CaseIterable {
    /// The policy refuses to decide.
    case refuse
    /// It counts as zero.
    case zero
  }

  /// An observation of some features.
  public init(shape: [Int], features: [Feature]) {
    self.shape = shape
    self.features = features
  }

  /// The numbers of an observation.
  public var count: Int { shape.reduce(1, *) }
}

extension ObservationDefinition {
  /// - Parameter readNormaliser: reads a normaliser from the file that the manifest names.
  init(
    _ table: inout DocumentTable,
    readNormaliser: (_ file: String, _ digest: String?) throws(DocumentError) -> Normaliser
  ) {
    shape = table.list("shape", of: .integer(.within(1...1_000_000)))
    if shape.reduce(1.0, { $0 * Double($1) }) > 1_000_000 {
      table.report("an observation has at most 1,000,000 numbers", at: "shape")
      shape = [1]
    }
    _ = table.value("dtype", .choice(of: ElementName.self), default: .float32)
    window = table.value("window", .integer(.within(1...100_000)), default: 1)
    windowEnd = table.value("window_end", .choice(), default: .now)
    layout = table.value("layout", .observationLayout, default: .assetMajor)
    price = table.value("price", .choice(), default: .close)
    padding = table.value("pad", .choice(), default: .wait)
    missing = table.value("nan", .choice(), default: .refuse)
    features = table.sections("features") { Feature(&$0) }
    if features.isEmpty { table.report("an observation needs features", at: "features") }
    normaliser = table.section("normalise") { Normaliser(&$0, read: readNormaliser) }
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
    } else {
      self = .market(MarketFeature(&table))
    }
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

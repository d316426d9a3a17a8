import BacktestCore
import BacktestNetworks

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
  /// The features in the order of the observation's columns, each with its asset; where a feature
  /// belongs to all assets at once its asset is the first.
  ///
  /// - Throws: an asset or a shape that does not fit.
  func expanded(over symbols: [String]) throws(PolicyError) -> [(feature: Feature, asset: Int)] {
    let bound = try features.map { (feature) throws(PolicyError) in
      try feature.boundAsset(among: symbols)
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

  /// Checks that the features fill the shape, before they are spread over assets.
  private func checkShape(assetCount: Int, _ bound: [Int?]) throws(PolicyError) {
    if layout == .matrix, bound.contains(where: { $0 != nil }) {
      throw PolicyError(
        "in the layout 'matrix' each feature is a row over all \(assetCount) assets; none can be "
          + "of one asset or of the account")
    }
    if layout != .matrix, features.contains(where: \.isCovariance) {
      throw PolicyError("'covariance' is rows over all assets and needs the layout 'matrix'")
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
  /// Whether it is rows of the covariance matrix.
  fileprivate var isCovariance: Bool {
    if case .market(let feature) = self { feature.kind == .covariance } else { false }
  }

  /// The one asset that the feature is of: the one it names, or the first for what is of the whole
  /// account; `nil` where it is repeated over assets.
  fileprivate func boundAsset(among symbols: [String]) throws(PolicyError) -> Int? {
    if let name = asset {
      guard let position = symbols.firstIndex(of: name) else {
        let advice =
          NearestName.find(name, among: symbols).map { "did you mean '\($0)'?" }
          ?? "its assets are \(symbols.joined(separator: ", "))"
        throw PolicyError("a feature is of '\(name)', which is no asset of the policy; \(advice)")
      }
      return position
    }
    if case .state(let feature) = self, feature.kind == .cash { return 0 }
    return nil
  }
}

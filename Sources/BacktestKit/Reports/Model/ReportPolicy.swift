package import BacktestPolicies

/// A policy that decided, as the report describes it: what it observes, what its actions mean, and
/// where it comes from.
package struct ReportPolicy: Sendable {
  /// What the policy is.
  var manifest: PolicyManifest
  /// The folder or manifest as the study names it.
  var path: String
  /// The SHA-256 digest of the manifest.
  var manifestDigest: String?
  /// The file of weights that was read; `nil` for a policy in a separate process.
  var weightsPath: String?
  /// The SHA-256 digest of that file.
  var weightsDigest: String?
  /// Whether each fold of a walk-forward had its own weights, so that these were not used.
  package var foldsHaveWeights = false
  /// Its network on one line, such as `17 -> 64 tanh -> 3`.
  package var network: String?
  /// How its features differ from those of its training.
  package var drift = Drift.unknown("the backtest was not made from a study")
  /// The command that decides, for a policy in a separate process.
  package var command: [String] = []

  /// What is known of the difference between training and backtest.
  package enum Drift: Sendable {
    /// The features compared.
    case measured(FeatureDrift)
    /// Nothing is, with the reason.
    case unknown(String)
  }

  /// A policy as its manifest says it.
  package init(
    _ manifest: PolicyManifest, path: String? = nil, digest: String? = nil,
    weightsPath: String? = nil, weightsDigest: String? = nil
  ) {
    self.manifest = manifest
    self.path = path ?? manifest.path
    manifestDigest = digest
    self.weightsPath = weightsPath
    self.weightsDigest = weightsDigest
  }
}

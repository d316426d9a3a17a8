/// The version of this library.
public enum BacktestKitVersion {
  /// The version, by semantic versioning.
  public static let current = "0.1.0"
}

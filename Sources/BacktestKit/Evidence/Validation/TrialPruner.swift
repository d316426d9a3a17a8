/// Ends trials early that do worse than others did after as many folds.
package enum TrialPruner: String, Sendable, CaseIterable {
  /// Every trial goes through all folds.
  case none
  /// Ends a trial whose mean so far is worse than the median of the earlier trials' at that fold.
  /// > D. Golovin et al., "Google Vizier", KDD 2017.
  case median
  /// Successive halving without waiting: after 1, 3, 9, … folds only the best third goes on.
  /// > L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020.
  case asha

  /// Trials that go through all folds before the median is believed.
  private static let startCount = 5
  /// One in so many goes on.
  private static let reduction = 3

  /// Whether a trial ends here.
  ///
  /// - Parameters:
  ///   - mean: the mean of the trial over its first folds, the last of them included.
  ///   - foldCount: the number of these folds.
  ///   - earlier: the trials of earlier batches.
  func ends(
    _ mean: Double, after foldCount: Int, _ earlier: [TuningTrial], isBetterHigher: Bool
  ) -> Bool {
    let sign = isBetterHigher ? 1.0 : -1.0
    let others = earlier.compactMap { $0.mean(ofFirst: foldCount) }.map { $0 * sign }
    switch self {
    case .none: return false
    case .median:
      guard others.count >= Self.startCount else { return false }
      let sorted = others.sorted()
      let middle = sorted.count / 2
      let median =
        sorted.count.isMultiple(of: 2)
        ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
      return mean * sign < median
    case .asha:
      var rung = 1
      while rung < foldCount { rung *= Self.reduction }
      guard rung == foldCount, others.count + 1 >= Self.reduction else { return false }
      let better = others.count { $0 > mean * sign }
      return better >= max((others.count + 1) / Self.reduction, 1)
    }
  }
}

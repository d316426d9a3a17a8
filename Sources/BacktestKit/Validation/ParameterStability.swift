/// How much a searched parameter moved from fold to fold: one that jumps was fitted to noise.
public struct ParameterStability: Hashable, Sendable {
  /// The name of the parameter.
  public var name: String
  /// The number of different values that folds chose.
  public var distinctCount: Int
  /// The value chosen most often; of equally frequent ones the first in the grid.
  public var mostFrequent: ParameterValue
  /// The share of folds that chose it, from 0 to 1.
  public var mostFrequentShare: Double
  /// The mean of |step| between neighbouring folds over the range of the grid's values: 0 never
  /// moves, 1 jumps from end to end each time. `nil` for one fold, or values that are no numbers or
  /// all the same.
  public var meanRelativeStep: Double?
}

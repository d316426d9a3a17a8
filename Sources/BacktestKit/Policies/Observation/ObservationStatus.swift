/// Whether an observation can be decided on.
public enum ObservationStatus: Sendable, Equatable {
  /// Every number is there.
  case ready
  /// Too few bars have closed; nothing was written.
  case waiting
  /// A feature has no value, and the definition refuses that.
  ///
  /// - Parameter column: the position of its number in the observation, from 0.
  case missing(column: Int)
}

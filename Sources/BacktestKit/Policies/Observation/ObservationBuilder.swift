/// Builds a policy's observations.
public struct ObservationBuilder: Sendable {
  /// The numbers of an observation.
  public let count: Int
  /// Bars until the first observation.
  public let warmup: Int

  /// A builder.
  public init(
    _ definition: ObservationDefinition, instruments: [InstrumentID], symbols: [String],
    predictor: (PredictionFeature) throws(PolicyError) -> ObservedPredictor =
      { (feature) throws(PolicyError) in throw PolicyError("no predictor for \(feature.policy)") }
  ) throws(PolicyError) {
    count = definition.count
    warmup = 1
  }

  /// Takes in the bars that closed.
  public mutating func update(_ bars: BarSlice, state: PolicyAccountState) {}

  /// Writes the observation.
  public func fill(
    _ observation: UnsafeMutableBufferPointer<Double>, state: PolicyAccountState
  ) -> ObservationStatus { .waiting }
}

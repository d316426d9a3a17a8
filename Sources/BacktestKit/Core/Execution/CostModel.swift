/// A model of what trading costs.
///
/// A model of your own goes by its type's name in reports and result files. It says more where it
/// describes itself:
///
///     struct OpenSpread: SlippageModel {
///       var points = 5.0
///       func fraction(for trade: ProspectiveTrade) -> Double { points / 10_000 }
///       func description(in currency: String) -> CostDescription {
///         CostDescription(
///           model: "open-spread", values: ["points": points],
///           sentence: "\(points) basis points of the price.")
///       }
///     }
public protocol CostModel: Sendable {
  /// What reports and result files say of the model.
  ///
  /// - Parameter currency: the currency of the account, ISO 4217, for models that charge money.
  func description(in currency: String) -> CostDescription
}

extension CostModel {
  /// The type's name, without values.
  public func description(in currency: String) -> CostDescription {
    CostDescription(model: "\(Self.self)", sentence: "\(Self.self), a model defined in code.")
  }
}

/// What a cost model says of itself.
public struct CostDescription: Hashable, Sendable {
  /// The name of the model; for one that studies can name, its key there: `basis-points`.
  public var model: String
  /// Its numbers by name, in order; the names are those of a study's keys where it has them.
  public var values: [Value]
  /// What it charges, as one sentence of a report.
  public var sentence: String
  /// What it takes of the traded value as a fraction, where that is all it does.
  public var share: Double?

  /// A number of a model.
  public struct Value: Hashable, Sendable {
    /// What the number is called.
    public var name: String
    /// The number.
    public var number: Double
  }

  /// A description from its parts.
  public init(
    model: String, values: KeyValuePairs<String, Double> = [:], sentence: String,
    share: Double? = nil
  ) {
    self.model = model
    self.values = values.map { Value(name: $0.key, number: $0.value) }
    self.sentence = sentence
    self.share = share
  }
}

/// A cost model as studies name it: by a key of the table `slippage` or `commission`.
package struct CostModelDefinition<Model> {
  /// A number of the model.
  package struct Key {
    /// The key.
    package var name: String
    /// What it means, as one sentence for documents.
    package var help: String
    /// A value for documents.
    package var example: String
    /// The value where it is not given; `nil` for the key that chooses the model.
    package var fallback: Double?
  }

  /// The key that chooses the model, which is also the model's name, and those that go with it. All
  /// their numbers are 0 or more.
  package var keys: [Key]
  /// The model of these numbers, in the order of the keys.
  package var make: ([Double]) -> Model

  init(
    _ name: String, _ help: String, example: String, _ others: [Key] = [],
    make: @escaping ([Double]) -> Model
  ) {
    keys = [Key(name: name, help: help, example: example)] + others
    self.make = make
  }
}

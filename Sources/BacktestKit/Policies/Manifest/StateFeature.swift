import BacktestFiles

/// A number about the account, as a trainer's environment gave it to the policy.
///
///     {"state": "position_weight"}
///     {"state": "asset_weight", "asset": "AAPL"}
public struct StateFeature: Sendable, Equatable {
  /// What is told.
  public var kind: Kind
  /// Of which asset; `nil` takes the policy's one instrument or, by the layout, each asset.
  public var asset: String?
  /// What the value is multiplied by before it is rounded.
  public var scale = 1.0
  /// Whether each row of a window shows the value of now, instead of that of its own bar.
  public var isRepeated = false

  /// What a policy can know about the account.
  public enum Kind: String, Sendable, CaseIterable, BitwiseCopyable {
    /// The weight that the policy last stated for its instrument, rounded to 32 bits; not the
    /// drifted one.
    case positionWeight = "position_weight"
    /// The weight that the policy last stated for an asset, rounded to 32 bits.
    case assetWeight = "asset_weight"
    /// The share of equity that the position is worth now.
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
  public init(_ kind: Kind, asset: String? = nil) {
    self.kind = kind
    self.asset = asset
  }

  init(_ table: inout DocumentTable) {
    kind = table.value("state", .choice())
    asset = table.optional("asset", .text)
    scale = table.value("scale", .number(), default: 1)
    isRepeated = table.value("every_row", .flag, default: false)
    _ = table.optional("note", .text)
  }
}

/// What another policy predicts, as a feature of this one: a hybrid.
///
///     {"prediction": "../cnn_lstm", "field": "signal"}
public struct PredictionFeature: Sendable, Equatable {
  /// The folder or manifest of the other policy, relative to this manifest.
  public var policy: String
  /// Which of its figures is taken.
  public var field: Field
  /// Of which asset's bars; `nil` as for market features.
  public var asset: String?
  /// What the value is multiplied by before it is rounded.
  public var scale = 1.0

  /// The figures of a prediction.
  public enum Field: String, Sendable, CaseIterable {
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
    scale = table.value("scale", .number(), default: 1)
  }
}

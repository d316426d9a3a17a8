import BacktestCore

/// An order on its way, live or ended.
struct SimulatedOrder {
  let number: Int
  let instrument: Int
  var kind: Order.Kind
  var timeInForce: Order.TimeInForce
  var isPostOnly: Bool
  /// Its place among orders that compete.
  var turn: Int
  /// The best price that a trailing stop has seen.
  var best = Double.nan
  var wokeInside = false
  /// Whether the match under way takes what the market gives.
  var isTaking = false
  /// How often a trigger was reached that only armed something.
  var armedTimes = 0
  var group: Int
  /// Whether a fill makes the others of the group smaller.
  var isOfLadder = false
  var reduceOnly: Bool
  /// The exit of the run that it is, and which of several targets.
  var exitRule: Order.ExitRule?
  var targetPlace = 0
  /// The number of the entry to which an exit belongs, or 0.
  var parent = 0
  /// The standing target from which it is sized when it meets a price.
  var target: ScriptedRequest.Stated?
  var isTarget = false
  /// Units asked for, signed, on the lot.
  var wanted: Double
  var filled = 0.0
  var notional = 0.0
  var fillCount = 0
  var commission = 0.0
  /// The part that rested: fills of a limit order inside bars.
  var makerUnits = 0.0
  var makerMoney = 0.0
  /// What was traded in the month before its first fill.
  var month = SimulatedMonth()
  var liveAt: Timestamp
  var expiry: Timestamp?
  var isLive = false
  var hasEnded = false
  /// Whether a stop has become a market order.
  var isTriggered = false
  /// Whether it answers a margin call.
  var isLiquidation = false
  /// Known when the order became live, for models that ask for the past.
  var deviation = Double.nan
  var meanVolume = Double.nan
  var spread = Double.nan

  var remaining: Double { wanted - filled }
  var isBuy: Bool { wanted > 0 }
  var isFilledWhole = false
  /// Whether it begins when its parent has filled whole, and is no exit.
  var isOther = false
  var isImmediate: Bool { timeInForce == .immediateOrCancel || timeInForce == .fillOrKill }
}

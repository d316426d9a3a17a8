extension Order {
  /// Whether it can rest in the book until somebody else trades with it.
  var canRest: Bool {
    if case .limit = kind { !timeInForce.isImmediate } else { false }
  }

  /// At what price an order may trade, and what it waits for.
  ///
  /// An order with a trigger rests until the market reaches it: a stop is reached against the
  /// trader's side (a buy stop by a rise), a touch on it (a buy touch by a fall). What trades as
  /// its trigger is reached takes what the market gives there, so it pays slippage, though never
  /// beyond a limit.
  public enum Kind: Hashable, Sendable, BitwiseCopyable {
    /// At the next price that the fill rule names.
    case market
    /// At that price or better.
    case limit(Double)
    /// At market once that price has been reached.
    case stop(Double)
    /// A limit order once the stop price has been reached.
    case stopLimit(stop: Double, limit: Double)
    /// A stop that follows the best price since the order became live, or since the entry to which
    /// it belongs filled, and never goes back.
    case trailingStop(Trail)
    /// At market once the price has come so far to the trader's side: a buy waits for a fall.
    case marketIfTouched(Double)
    /// A limit order once the price has come so far to the trader's side.
    case limitIfTouched(touch: Double, limit: Double)
    /// A stop order once the price has come so far to the side of a limit: a sell waits for a rise
    /// to `touch`, and then protects what is above `stop`.
    case stopIfTouched(touch: Double, stop: Double)
    /// At the open of the next bar, whatever the rule for market orders is.
    case marketOnOpen
    /// At the close of the bar in which it is live, whatever the rule for market orders is.
    case marketOnClose

    /// The price that the market has to reach before anything trades; `nil` without one. That of a
    /// trailing stop moves, and is not known here.
    public var triggerPrice: Double? {
      switch self {
      case .market, .limit, .trailingStop, .marketOnOpen, .marketOnClose: nil
      case .stop(let price), .marketIfTouched(let price): price
      case .stopLimit(let price, _), .limitIfTouched(let price, _): price
      case .stopIfTouched(let price, _): price
      }
    }

    /// The worst price at which it may trade; `nil` where any price will do.
    public var limitPrice: Double? {
      switch self {
      case .limit(let price), .stopLimit(_, let price), .limitIfTouched(_, let price): price
      default: nil
      }
    }

    /// The first price that it waits for: the trigger, else the limit; `nil` for market orders and
    /// trailing stops.
    public var price: Double? { triggerPrice ?? limitPrice }

    /// How far a trailing stop stays behind; `nil` for other orders.
    public var trail: Trail? { if case .trailingStop(let trail) = self { trail } else { nil } }

    /// Whether it rests until a trigger is reached.
    package var hasTrigger: Bool { triggerPrice != nil || trail != nil }

    /// Whether it is a market order that names where it trades.
    package var isAtMarket: Bool {
      switch self {
      case .market, .marketOnOpen, .marketOnClose: true
      default: false
      }
    }

    /// Its name in files: `stop-limit`.
    public var word: String {
      switch self {
      case .market: "market"
      case .limit: "limit"
      case .stop: "stop"
      case .stopLimit: "stop-limit"
      case .trailingStop: "trailing-stop"
      case .marketIfTouched: "market-if-touched"
      case .limitIfTouched: "limit-if-touched"
      case .stopIfTouched: "stop-if-touched"
      case .marketOnOpen: "market-on-open"
      case .marketOnClose: "market-on-close"
      }
    }

    /// Whether its prices and distances can be: above 0 and finite.
    var isSound: Bool {
      func isPrice(_ price: Double) -> Bool { price > 0 && price.isFinite }
      switch self {
      case .market, .marketOnOpen, .marketOnClose: return true
      case .limit(let price), .stop(let price), .marketIfTouched(let price): return isPrice(price)
      case .stopLimit(let trigger, let second), .limitIfTouched(let trigger, let second),
        .stopIfTouched(let trigger, let second):
        return isPrice(trigger) && isPrice(second)
      case .trailingStop(let trail): return trail.isSound
      }
    }
  }

  /// How far a trailing stop stays behind the best price.
  public enum Trail: Hashable, Sendable, BitwiseCopyable {
    /// By so much money; `.amount(3 * atr)` trails by three average true ranges.
    case amount(Double)
    /// By a percentage of the best price: `.percent(5)` is 5 %.
    case percent(Double)

    /// The stop price behind a best price.
    @inline(__always)
    func stop(behind best: Double, isBuy: Bool) -> Double {
      switch self {
      case .amount(let distance): isBuy ? best + distance : best - distance
      case .percent(let percent):
        isBuy ? best * (1 + percent / 100) : best * (1 - percent / 100)
      }
    }

    /// In few signs, as files have it: `2.5` or `5%`.
    package var text: String {
      switch self {
      case .amount(let distance): NumberText.exact(distance)
      case .percent(let percent): NumberText.exact(percent) + "%"
      }
    }

    var isSound: Bool {
      switch self {
      case .amount(let distance): distance > 0 && distance.isFinite
      case .percent(let percent): percent > 0 && percent < 100
      }
    }
  }

  /// How long an order lives.
  public enum TimeInForce: Hashable, Sendable, BitwiseCopyable {
    /// Until it is filled or cancelled.
    case goodTilCancelled
    /// Until the first session end after it became live.
    case day
    /// Until a time: what has not filled at the closes up to then expires.
    case goodTil(Timestamp)
    /// For the first moment at which it could trade, where what cannot fill expires. An order with
    /// a trigger has that moment when it is reached.
    case immediateOrCancel
    /// Like `immediateOrCancel`, but it fills whole or not at all.
    case fillOrKill

    /// Its usual abbreviation: `GTC`, `DAY`, `GTD`, `IOC` or `FOK`.
    public var code: String {
      switch self {
      case .goodTilCancelled: "GTC"
      case .day: "DAY"
      case .goodTil: "GTD"
      case .immediateOrCancel: "IOC"
      case .fillOrKill: "FOK"
      }
    }

    /// The time until which it lives; `nil` where another rule ends it.
    package var end: Timestamp? { if case .goodTil(let end) = self { end } else { nil } }

    /// Whether it lives for one moment only.
    package var isImmediate: Bool { self == .immediateOrCancel || self == .fillOrKill }
  }
}
